"""What a wire format is: how one vendor writes an ask and an answer. Pure."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import ClassVar, Final, Protocol, TypeAlias, TypeVar

from prober.model.declaration import Endpoint, Probe
from prober.model.reply import LARGEST_COUNT, Ending, Reply
from prober.text import count, shows_nothing, whole_characters, without_thinking

T = TypeVar("T")
Path: TypeAlias = tuple[str | int, ...]
"""Keys and list positions, from the outside in."""

_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
LARGEST_INDEX: Final = 10**4
"""No answer has more blocks or tool calls."""
WHY_EMPTY: Final[Mapping[Ending, str]] = {
    "bad_call": "the model called a tool in a way that the provider could not read or did not allow",
    "bad_output": "the provider could not read what the model wrote",
    "paused": "the provider paused the turn before the first word",
    "no_image": "the provider expected an image, and the model made none",
}
"""What an ending means for a reply that says nothing."""
THINKING: Final = "its thinking"
"""What a reply may hold in place of an answer."""
WINDOW: Final = "model_context_window_exceeded"
"""The finish reason that some providers give for a full context window, apart from a reached output limit."""


class BrokenWire(Exception):
    """A successful answer that is not what the wire format says; the text says why. Never leaves this package."""


@dataclass(frozen=True, slots=True)
class Request:
    """One POST, without its key."""

    path: str
    """Appended to the path of the base address; may carry a query."""
    body: Mapping[str, object]
    """JSON, without the declared parameters."""


class WireFormat(Protocol):
    """How one vendor writes an ask and an answer."""

    title: ClassVar[str]
    """What its vendor calls it."""

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        """Parameters with which this endpoint cannot be asked → why, and what to write."""
        ...

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        """Request headers of the format itself; the key and what is declared come on top."""
        ...

    def request(self, endpoint: Endpoint, probe: Probe) -> Request: ...

    def has_content(self, event: object) -> bool:
        """Whether this stream event carries a first piece of the answer (text, refusal or tool call; not reasoning)."""
        ...

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        """Stream events → the body a plain ask would have brought. Raises BrokenWire where the stream did not end.

        `done`: whether the stream said `[DONE]` at its end.
        """
        ...

    def read(self, body: object, at: datetime) -> Reply:
        """Body of a successful answer → Reply, without headers and timing. Raises BrokenWire."""
        ...


def dig(value: object, *path: str | int) -> object:
    """The value under `path` in parsed JSON; None where any step is missing or of another shape."""
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and len(value) > step else None
    return value


def filled(value: object) -> dict[str, object]:
    """The fields of an object that say something: a later piece of a stream may repeat the others empty."""
    return (
        {name: one for name, one in value.items() if one not in (None, "", [], {})} if isinstance(value, dict) else {}
    )


def snaked(value: object) -> dict[str, object]:
    """An object with its names as most write them: `finish_reason`, where some write `finishReason`."""
    named = filled(value)
    return {_CAPITAL.sub("_", name).lower(): one for name, one in named.items()} | named


def items(value: object) -> list[object]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """A text that says something, or None."""
    return value if isinstance(value, str) and value else None


def count_of(value: object) -> int | None:
    """A count of tokens, which some write as `12.0`, `"12"` or `"12.0"`; None where it is absent or absurd."""
    value = value.removesuffix(".0") if isinstance(value, str) else value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(LARGEST_COUNT)):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_COUNT else None


def index_of(value: object) -> int:
    """Position of a block, a choice or a tool call in a stream; 0 where it is missing or absurd."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_INDEX else 0


def total_of(*values: object) -> int | None:
    """Sum of the counts that are there; None where none is."""
    counts = [count for count in map(count_of, values) if count is not None]
    return sum(counts) if counts else None


def first_of(read: Callable[[object], T | None], value: object, places: Iterable[Path]) -> T | None:
    """What `read` makes of the first of the places where it finds something."""
    found = (read(dig(value, *place)) for place in places)
    return next((one for one in found if one is not None), None)


def first_choice(choices: object) -> object:
    """The choice or candidate of index 0, which may have no index; None where there is none."""
    return next((choice for choice in items(choices) if index_of(dig(choice, "index")) == 0), None)


def logprobs_of(candidates: Iterable[object], key: str = "logprob") -> tuple[tuple[str, float], ...]:
    """Candidates for one token → (token, natural-log probability), best first; unreadable ones are left out."""
    pairs = [
        (token, logprob)
        for token, logprob in ((dig(candidate, "token"), _logprob(dig(candidate, key))) for candidate in candidates)
        if isinstance(token, str) and logprob is not None
    ]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


def _logprob(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # Neither NaN nor infinite, nor an integer that no double holds.
    return float(value) if abs(value) <= sys.float_info.max else None


def body_signals(body: object, names: Mapping[str, Path]) -> dict[str, str]:
    """Signals that a provider puts in the body and `Reply` has no field for → `{"body:<name>": text}`."""
    found = {f"body:{name}": text_of(dig(body, *path)) for name, path in names.items()}
    return {name: text for name, text in found.items() if text is not None}


def as_json(value: object) -> str:
    """Parsed JSON → compact text, such as a tool's arguments. Raises BrokenWire."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except (RecursionError, ValueError):
        raise BrokenWire("a value is nested too deeply, or a number is too long") from None


def arguments_of(value: object) -> str:
    """A tool call's arguments as text: most providers send text, some an object, some nothing."""
    return value if isinstance(value, str) else "" if value is None else as_json(value)


def explained(reply: Reply, other: str = "") -> Reply:
    """The reply; where it says nothing at all, with the reason. `other`: what it holds in place of text.

    A failure where the provider broke off, perhaps in the middle of the answer.
    """
    if reply.ending == "failed":
        return Reply(
            at=reply.at,
            error="provider_error",
            error_detail=f"finish reason {reply.finish_reason}: the provider failed",
        )
    said = whole_characters(reply.text or "")
    reply = replace(
        reply, text=said if reply.text else reply.text, refusal=reply.refusal and whole_characters(reply.refusal)
    )
    if not shows_nothing(without_thinking(said)) or reply.tool_calls or reply.refusal:
        return reply
    thought, limited = reply.reasoning_tokens or 0, reply.ending == "length"
    if reply.ending in WHY_EMPTY:
        why = f"{WHY_EMPTY[reply.ending]} (finish reason {reply.finish_reason})"
    elif limited and (reply.finish_reason or "").lower() == WINDOW:
        why = "the context window was full before the first word; shorten the prompt, or raise the window"
    elif thought and limited:
        why = (
            f"{thought} of {count(reply.output_tokens or thought, 'output token')} were thinking; raise "
            "the output limit"
        )
    elif other and not (other == THINKING and (limited or thought)):
        why = f"the reply holds only {other}"
    elif not limited and not shows_nothing(said):
        why = f"the reply holds only {THINKING}"
    elif limited:
        why = "the output limit was reached before the first word; raise it"
    elif thought:
        why = f"the model thought for {count(thought, 'token')} and said nothing"
    else:
        why = f"the model said nothing (finish reason {reply.finish_reason or 'not said'})"
    return replace(reply, empty_because=why)


_RESPONSES: Final = "declare `provider: openai` and `api: responses`"
_COHERE: Final = "declare Cohere's OpenAI-compatible address, https://api.cohere.ai/compatibility/v1"
OTHERS: Final[tuple[tuple[frozenset[str], str, str], ...]] = (
    (frozenset({"candidates"}), "Google's generateContent", "declare `provider: google`"),
    (frozenset({"content", "stop_reason", "role"}), "Anthropic's Messages", "declare `provider: anthropic`"),
    (frozenset({"output", "stopReason"}), "Bedrock's Converse", "declare `provider: bedrock`"),
    (frozenset({"output", "status", "object"}), "OpenAI's Responses", _RESPONSES),
    (frozenset({"choices"}), "Chat Completions", "declare `provider: openai` and `api: chat`"),
    (frozenset({"generations"}), "Cohere's first API", _COHERE),
    (frozenset({"generated_text"}), "Hugging Face's text generation", "declare its address that ends in /v1"),
    (frozenset({"message_start"}), "Anthropic's Messages", "declare `provider: anthropic`"),
    (frozenset({"messageStart"}), "Bedrock's Converse", "declare `provider: bedrock`"),
    (frozenset({"response.created"}), "OpenAI's Responses", _RESPONSES),
    (frozenset({"message-start"}), "Cohere's v2", _COHERE),
    (frozenset({"stream-start"}), "Cohere's first API", _COHERE),
)
"""Keys of a body, or the type of a stream's first event → the wire format that has them, and what to do."""


def other_format(said: object, title: str) -> str:
    """Which wire format a body, or the first event of a stream, seems to have that is not the one called `title`; empty
    where none is known."""
    body = said[0] if isinstance(said, list) and said else said
    keys = {*body, text_of(body.get("type"))} if isinstance(body, dict) else set()
    row = next((one for one in OTHERS if one[0] <= keys), None)
    return "" if row is None or row[1] == title else f"; this looks like {row[1]}: {row[2]}"


def system_text(probe: Probe) -> str | None:
    """Everything said in the system's voice, for formats that keep it apart from the conversation."""
    parts = [probe.system] if probe.system else []
    parts += [message.content for message in probe.conversation if message.role == "system"]
    return "\n\n".join(parts) or None
