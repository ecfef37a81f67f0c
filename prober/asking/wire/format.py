"""What a wire format is: how one vendor writes an ask and an answer. Pure: no network, no clock, no secret kept."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply

LARGEST = 2**31 - 1
"""No count of tokens and no index is larger; what is, was not meant."""


class BrokenWire(Exception):
    """A successful answer that is not what the wire format says; the text says why. Never leaves the room."""


@dataclass(frozen=True, slots=True)
class Request:
    """One POST, without its key."""

    path: str
    """Appended to the path of the base address; may carry a query."""
    body: Mapping[str, object]
    """JSON, without the declared parameters."""


class WireFormat(Protocol):
    """How one vendor writes an ask and an answer."""

    base_url: str
    """The vendor's own address, used where the endpoint declares none."""

    def objection(self, endpoint: Endpoint) -> str | None:
        """Why this endpoint cannot be asked as declared, and what to write; None when it can."""
        ...

    def headers(self, endpoint: Endpoint, key: str | None) -> Mapping[str, str]:
        """Request headers, the key among them where there is one."""
        ...

    def request(self, endpoint: Endpoint, probe: Probe) -> Request: ...

    def has_content(self, event: object) -> bool:
        """Whether this stream event carries a first piece of the answer (text, refusal or tool call; not reasoning)."""
        ...

    def assemble(self, events: Sequence[object]) -> object:
        """Stream events → the body a plain ask would have brought. Raises BrokenWire where the stream did not end."""
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


def items(value: object) -> list[object]:
    """The list, or an empty one."""
    return value if isinstance(value, list) else []


def text_of(value: object) -> str | None:
    """A text that says something, or None."""
    return value if isinstance(value, str) and value else None


def count_of(value: object) -> int | None:
    """A count of tokens; None where it is absent, or negative, which some gateways write for unknown, or absurd."""
    number = whole_of(value)
    return None if number is None or number < 0 else number


def whole_of(value: object) -> int | None:
    """A whole number of at most 31 bits, such as the index of a piece of a stream; None for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST else None


def total_of(*values: object) -> int | None:
    """Sum of the counts that are there; None where none is."""
    counts = [count for count in map(count_of, values) if count is not None]
    return sum(counts) if counts else None


def logprobs_of(candidates: Iterable[object], key: str = "logprob") -> tuple[tuple[str, float], ...]:
    """Candidates for one token → (token, natural-log probability), best first; unreadable ones are left out."""
    pairs = [
        (token, float(logprob))
        for token, logprob in ((dig(candidate, "token"), dig(candidate, key)) for candidate in candidates)
        # Neither NaN nor infinite, nor an integer that no double holds.
        if isinstance(token, str) and isinstance(logprob, (int, float)) and abs(logprob) <= sys.float_info.max
    ]
    return tuple(sorted(pairs, key=lambda pair: -pair[1]))


def body_signals(body: object, names: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """Signals that a provider puts in the body and `Reply` has no field for → `{"body:<name>": text}`."""
    found = {f"body:{name}": text_of(dig(body, *path)) for name, path in names.items()}
    return {name: text for name, text in found.items() if text is not None}


def as_json(value: object) -> str:
    """Parsed JSON → compact text, such as a tool's arguments. Raises BrokenWire where it is nested too deeply."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        raise BrokenWire("JSON is nested too deeply") from None


def system_text(probe: Probe) -> str | None:
    """Everything said in the system's voice, for formats that keep it apart from the conversation."""
    parts = [probe.system] if probe.system else []
    parts += [message.content for message in probe.conversation if message.role == "system"]
    return "\n\n".join(parts) or None
