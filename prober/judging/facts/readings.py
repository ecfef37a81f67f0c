"""What one round says of who answered: the parts of a provider's own words, and what is deterministic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

from prober.model.evidence import NONE, FactKind, Observation, Round

SNAPSHOTS: Final = frozenset(
    f"header.{name}" for name in ("openai-model", "x-ms-served-model", "body:resolved_model", "body:model_version")
)
FILES: Final = frozenset(f"header.{name}" for name in ("x-sha", "x-build-commit"))
"""Headers that name the very files that answered."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The values of one part in one round."""

    kind: FactKind
    part: str
    probe: str = ""
    """Where it depends on the probe."""
    series: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    """Value → replies."""
    in_replies: bool = True

    @property
    def key(self) -> str:
        return f"{self.part}\x1f{self.series}" if self.series else self.part


@dataclass(frozen=True, slots=True)
class Readings:
    """All parts of one round."""

    round: str
    of: Mapping[str, Reading]
    answered: int
    """Replies."""
    requested: str = ""
    """The model that was asked for; empty where that is not known."""


def read(round_: Round, requested: str = "", metadata: Mapping[str, str] | None = None) -> Readings:
    """The parts of a round. `requested` is the declared model, where a reply does not name it itself; `metadata` is
    what the endpoint says of itself, None where it was not asked or did not answer."""
    said: list[tuple[_Part, str]] = []
    probes: dict[str, str] = {"": ""}
    answered = 0
    for one in round_.observations:
        if one.fingerprint is None:
            continue
        answered += 1
        requested = one.reply.requested_model or requested
        probes.setdefault(one.series, one.probe)
        said += _values(one, requested)
    counts: dict[_Part, Counter[str]] = {}
    for (part, value), replies in Counter(said).items():
        counts.setdefault(part, Counter())[value] = replies
    for (_, _, series), values in counts.items():
        if not series and (silent := answered - values.total()):
            values[NONE] += silent
    of = [Reading(kind, part, probes[series], series, dict(values)) for (kind, part, series), values in counts.items()]
    for name, value in (metadata or {}).items():
        of.append(Reading("metadata", f"metadata.{name}", counts={value: 1}, in_replies=False))
    return Readings(round_.label, {reading.key: reading for reading in of}, answered, requested)


_Part: TypeAlias = tuple[FactKind, str, str]
"""Kind, part, and the series where it depends on the probe; else empty."""


_SAID: Final = "identity."
"""With this begin the categories of a fingerprint that say who answered."""


def _values(one: Observation, requested: str) -> Iterator[tuple[_Part, str]]:
    """What one reply says."""
    fingerprint, reply = one.fingerprint, one.reply
    assert fingerprint is not None
    for key, value in fingerprint.categories.items():
        if key.startswith(_SAID):
            yield _part_of(key), value
    served = fingerprint.categories.get("identity.model", NONE)
    if requested and served != NONE:
        value = requested if is_requested(requested, served) else served
        yield ("requested_model", "requested_model", ""), value
    if (tokens := fingerprint.numbers.get("identity.input_tokens")) is not None:
        yield ("token_count", "input_tokens", one.series), f"{tokens:.0f}"
    is_empty = reply.text == "" and not reply.tool_calls and not reply.refusal
    yield ("empty", "text", one.series), "empty" if is_empty else "not empty"
    if (outcome := fingerprint.categories.get("expectation.all")) is not None:
        yield ("check", "expect", one.series), {"pass": "holds", "fail": "fails"}.get(outcome, outcome)


@lru_cache(maxsize=1024)
def _part_of(key: str) -> _Part:
    """Of a category of a fingerprint that says who answered."""
    part = key.removeprefix(_SAID)
    return kind_of(part), part, ""


def kind_of(part: str) -> FactKind:
    if part == "model":
        return "model_name"
    if part == "system_fingerprint":
        return "fingerprint"
    return "snapshot" if part in SNAPSHOTS else "metadata" if part in FILES else "serving"


_SEPARATORS: Final = re.compile(r"[-_@:.\s]+")
_STAGES: Final = frozenset({"latest", "preview", "exp", "experimental", "beta", "stable", "default", "free", "online"})
"""Words that say how far a model is, not which it is."""


@lru_cache(maxsize=1024)
def is_requested(requested: str, served: str) -> bool:
    """Whether `served` may be what the provider calls `requested`, such as `gpt-4o-2024-08-06` for `gpt-4o`.

    Providers add dates and versions, and gateways the name of an owner. What distinguishes models may not differ:
    `gpt-4o-mini` is not `gpt-4o`, `llama-3-8b` not `llama-3-70b`, `gpt-4-turbo` not `gpt-3.5-turbo`.
    """
    wanted, answered = _parts(requested), _parts(served)
    if _names(wanted) != _names(answered):
        return False
    is_alias = "latest" in wanted
    numbers, found = _numbers(wanted), _numbers(answered)
    return is_alias or found[: len(numbers)] == numbers


def _parts(name: str) -> tuple[str, ...]:
    bare = name.strip().casefold().rpartition("/")[2]
    return tuple(part for part in _SEPARATORS.split(bare) if part)


def _names(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(part for part in parts if not _is_version(part) and part not in _STAGES))


def _numbers(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(part for part in parts if _is_version(part))


def _is_version(part: str) -> bool:
    return re.fullmatch(r"v?\d+", part) is not None
