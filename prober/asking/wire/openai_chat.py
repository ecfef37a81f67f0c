"""OpenAI's wire formats. Chat Completions is here; Responses, which newer models prefer, is in `openai_responses`.

With `base_url` Chat Completions also serves Azure, OpenRouter, Mistral, DeepSeek, xAI, vLLM, llama.cpp and Ollama;
their own signals are read where they have any. Gateways that pass on Ollama's own answers, those of Cohere's v2 or of
OpenAI's old Completions are read as well: they say the same in other places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from prober.asking.error_body import parse
from prober.asking.wire.format import (
    THINKING,
    BrokenWire,
    Path,
    Request,
    arguments_of,
    as_json,
    body_signals,
    dig,
    explained,
    first_choice,
    first_of,
    index_of,
    items,
    logprobs_of,
    text_of,
)
from prober.asking.wire.usage import CHAT, tokens_of
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import is_at
from prober.model.reply import Ending, Reply, ToolCall, ending_of

MODEL: Final[tuple[Path, ...]] = (("model",), ("model_id",))
TIER: Final[tuple[Path, ...]] = (("service_tier",), ("usage", "service_tier"), ("x_groq", "service_tier"))
USAGE: Final[tuple[Path, ...]] = (
    ("usage", "tokens"),  # Cohere's v2
    ("usage",),
    ("x_groq", "usage"),
    ("choices", 0, "usage"),  # Moonshot, streamed
    ("meta", "tokens"),  # Cohere
    ("timings",),  # llama.cpp, streamed
)
"""Where servers of this format put the model, its tier and the token counts; the first place that has one counts."""

ROUTING: Final[tuple[Path, ...]] = tuple(
    (*holder, metadata, "gateway", "routing")
    for holder in (("message",), ())
    for metadata in ("provider_metadata", "providerMetadata")
)
"""Where Vercel's gateway says who answered, and as which model: in the choice, or in the body."""
BODY_SIGNALS: Final[Mapping[str, Path]] = {
    "provider": ("provider",),  # OpenRouter: who answered
    "model_version": ("model_version",),  # watsonx
}
CHOICE_SIGNALS: Final[Mapping[str, Path]] = {
    "native_finish_reason": ("native_finish_reason",),  # OpenRouter
}
ROUTING_SIGNALS: Final[Mapping[str, Path]] = {
    "final_provider": ("finalProvider",),
    "resolved_model": ("resolvedProviderApiModelId",),
}
"""Signals of routers and gateways → where they stand in the body, and in the choice.

Left out on purpose, as they differ with every reply: `x_groq.id`, `generationId`, `created`.
"""

COUNT_STREAMS: Final = ("openai.com", "azure.com", "openrouter.ai", "deepseek.com", "x.ai", "together.xyz", "groq.com")
"""Domains that count the tokens of a stream where `stream_options` asks them to. Others may refuse the parameter."""

MAY_BE_SILENT: Final[frozenset[Ending]] = frozenset({"filtered", "bad_call", "bad_output", "failed"})
"""Endings after which a choice may have no message."""
MEDIA: Final[Mapping[str, str]] = {
    "images": "an image", "audio": "audio", "reasoning_content": THINKING, "reasoning": THINKING
}  # fmt: skip
"""Fields of a message that stand in place of text → what they hold."""


class ChatCompletions:
    """POST /chat/completions."""

    title = "Chat Completions"

    def objections(self, endpoint: Endpoint) -> Mapping[str, str]:
        if "max_output_tokens" in endpoint.parameters and is_at(endpoint, "openai.com", "azure.com"):
            return {"max_output_tokens": "Chat Completions has no max_output_tokens; write max_completion_tokens"}
        return {}

    def headers(self, endpoint: Endpoint) -> Mapping[str, str]:
        return {}

    def request(self, endpoint: Endpoint, probe: Probe) -> Request:
        messages = [{"role": "system", "content": probe.system}] if probe.system else []
        messages += [{"role": message.role, "content": message.content} for message in probe.conversation]
        body: dict[str, object] = {"model": endpoint.model, "messages": messages}
        if probe.tools:
            body["tools"] = [
                {"type": "function", "function": tool.model_dump(exclude_defaults=True)} for tool in probe.tools
            ]
        if endpoint.stream:
            body["stream"] = True
            if is_at(endpoint, *COUNT_STREAMS) and "stream_options" not in endpoint.parameters:
                body["stream_options"] = {"include_usage": True}
        return Request("/chat/completions", body)

    def has_content(self, event: object) -> bool:
        delta = _delta(_choice(event))
        return bool(_spoken(dig(delta, "content"))) or any(
            dig(delta, name) for name in ("refusal", "tool_calls", "function_call")
        )

    def assemble(self, events: Sequence[object], done: bool = False) -> object:
        whole: dict[str, object] = {}
        choice: dict[str, object] = {}
        logprobs: list[object] = []
        answer = _Answer()
        for event in events:
            if isinstance(event, dict):
                whole |= {name: value for name, value in event.items() if value is not None}
            first = _choice(event)
            answer.add(_delta(first))
            logprobs += items(dig(first, "logprobs", "content"))
            if isinstance(first, dict):
                choice |= {name: value for name, value in first.items() if value is not None}
        if not choice or not (_finish_reason(choice) or done or _ends_in_usage(events)):
            raise BrokenWire("the stream broke off before a finish_reason")
        return whole | {"choices": [choice | {"message": answer.message(), "logprobs": {"content": logprobs}}]}

    def read(self, body: object, at: datetime) -> Reply:
        choice = _choice(body)
        message = _message(choice)
        finish_reason = _finish_reason(choice)
        ending = ending_of(finish_reason)
        # Azure leaves the message out where its filter stopped the answer, Gemini where a call could not be read.
        if not isinstance(message, dict) and ending not in MAY_BE_SILENT:
            raise BrokenWire("no choices[0].message")
        tokens = tokens_of(first_of(_filled, body, USAGE) or body, CHAT)  # Ollama counts at the top
        first = dig(choice, "logprobs", "content", 0)
        routing = first_of(_filled, choice, ROUTING) or first_of(_filled, body, ROUTING)
        content = dig(message, "content")
        reply = Reply(
            at=at,
            text=_spoken(content),
            model=first_of(text_of, body, MODEL),
            reply_id=text_of(dig(body, "id")),
            system_fingerprint=text_of(dig(body, "system_fingerprint")),
            service_tier=first_of(text_of, body, TIER),
            finish_reason=finish_reason,
            refusal=_refusal(message) or (finish_reason if ending == "filtered" else None),
            tool_calls=_tool_calls(message),
            headers=body_signals(body, BODY_SIGNALS)
            | body_signals(choice, CHOICE_SIGNALS)
            | body_signals(routing, ROUTING_SIGNALS),
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            reasoning_tokens=tokens.reasoning,
            cached_tokens=tokens.cached,
            top_logprobs=logprobs_of(items(dig(first, "top_logprobs")) or [first]),
        )
        thought = any(dig(part, "type") in ("thinking", "reasoning") for part in items(content))
        held = (name for field, name in MEDIA.items() if dig(message, field))
        return explained(reply, next(held, THINKING if thought else ""))


class _Answer:
    """A message in pieces: text, refusal and tool calls as they arrive."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._refusal: list[str] = []
        self._calls: list[_Call] = []
        self._newest: dict[int, _Call] = {}
        """Index → the call that its next piece belongs to."""
        self._last: dict[str, object] = {}

    def add(self, delta: object) -> None:
        self._text.append(_spoken(dig(delta, "content")))
        self._refusal.append(_refusal(delta) or "")
        if isinstance(delta, dict):
            self._last |= {name: value for name, value in delta.items() if value is not None}
        calls = dig(delta, "tool_calls")
        for position, call in enumerate(calls if isinstance(calls, list) else [calls]):
            if isinstance(call, dict):
                self._add_call(index_of(call.get("index", position)), text_of(call.get("id")), *_called(call))
        if isinstance(legacy := dig(delta, "function_call"), dict):
            self._add_call(-1, None, text_of(legacy.get("name")), legacy.get("arguments"))

    def _add_call(self, index: int, call_id: str | None, name: str | None, arguments: object) -> None:
        call, piece = self._newest.get(index), arguments_of(arguments)
        if call is None or (name is not None and call.is_over(call_id, name, piece)):
            call = self._newest[index] = _Call(call_id)
            self._calls.append(call)
        if name is not None and call.name != name:  # some repeat the name with every piece
            call.name += name
        call.arguments += piece

    def message(self) -> dict[str, object]:
        calls = [{"function": {"name": call.name, "arguments": call.arguments}} for call in self._calls]
        said = {"content": "".join(self._text), "refusal": "".join(self._refusal)}
        return self._last | said | {"tool_calls": calls, "function_call": None}


@dataclass(slots=True)
class _Call:
    """A tool call in pieces."""

    call_id: str | None
    name: str = ""
    arguments: str = ""

    def is_over(self, call_id: str | None, name: str, piece: str) -> bool:
        """Whether a named piece at the same index begins another call.

        Gemini gives every call of a reply index 0, and an id of its own; some servers send neither.
        """
        if call_id is not None and self.call_id is not None:
            return call_id != self.call_id
        if not self.arguments:
            return False
        return name != self.name or (bool(piece) and isinstance(parse(self.arguments.encode()), dict))


def _choice(body: object) -> object:
    """The first choice; of those who write it at the top, such as Ollama's own API and Cohere's v2, the body itself."""
    is_one = isinstance(dig(body, "message"), dict) or isinstance(dig(body, "response"), str)
    return body if is_one and dig(body, "choices") is None else first_choice(dig(body, "choices"))


def _message(choice: object) -> object:
    """What a choice says; Completions and Ollama's `/api/generate` have a text in place of a message."""
    message, said = dig(choice, "message"), (dig(choice, "text"), dig(choice, "response"))
    text = next((one for one in said if isinstance(one, str)), None)
    return {"content": text} if message is None and text is not None else message


def _finish_reason(choice: object) -> str | None:
    return text_of(dig(choice, "finish_reason")) or text_of(dig(choice, "done_reason"))


def _delta(choice: object) -> object:
    """What a chunk adds; some send a whole message in its place."""
    delta = dig(choice, "delta")
    return delta if isinstance(delta, dict) else _message(choice)


def _spoken(content: object) -> str:
    """A message's text. Some write a list of parts, thinking among them; some a JSON value; null is nothing said."""
    if content is None or isinstance(content, str):
        return content or ""
    parts = content if isinstance(content, list) else [content]
    if all(isinstance(part, str) or _is_part(part, alone=parts is not content) for part in parts):
        return "".join(part if isinstance(part, str) else _text_in(part) for part in parts)
    return as_json(content)


def _is_part(value: object, alone: bool) -> bool:
    """Whether a value is a part of content, not JSON that the model wrote. One alone is a part only as text."""
    if alone:
        return dig(value, "type") == "text" and text_of(dig(value, "text")) is not None
    return text_of(dig(value, "type")) is not None or (isinstance(value, dict) and value.keys() == {"text"})


def _text_in(part: object) -> str:
    return (text_of(dig(part, "text")) or "") if dig(part, "type") in ("text", "output_text", None) else ""


def _refusal(message: object) -> str | None:
    parts = (text_of(dig(part, "refusal")) or "" for part in items(dig(message, "content")))
    return text_of(dig(message, "refusal")) or "".join(parts) or None


def _called(call: object) -> tuple[str | None, object]:
    """(name, arguments) of a tool call: of a function, or of a custom tool, whose input is plain text."""
    holder = next((held for kind in ("custom", "function") if isinstance(held := dig(call, kind), dict)), call)
    passed = (dig(holder, name) for name in ("arguments", "input", "parameters"))
    return text_of(dig(holder, "name")), next((value for value in passed if value is not None), None)


def _tool_calls(message: object) -> tuple[ToolCall, ...]:
    calls = dig(message, "tool_calls")
    found = [_called(call) for call in (calls if isinstance(calls, list) else [calls])]
    found.append((text_of(dig(message, "function_call", "name")), dig(message, "function_call", "arguments")))
    return tuple(ToolCall(name, arguments_of(arguments)) for name, arguments in found if name is not None)


def _filled(value: object) -> object:
    """An object that holds something, such as counts of tokens, or None."""
    return value if isinstance(value, dict) and value else None


def _ends_in_usage(events: Sequence[object]) -> bool:
    """Whether the last event, and no earlier one, counts tokens: Snowflake says no finish_reason, and counts last."""
    counting = [first_of(_filled, event, USAGE) is not None for event in events]
    return bool(counting) and counting[-1] and not any(counting[:-1])
