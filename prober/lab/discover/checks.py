"""The first asks: does anything vary, does the temperature matter, does something in between repeat old replies?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic import JsonValue

from prober.asking.headers import cache_hit
from prober.lab.discover.asker import Ask, Asker
from prober.lab.discover.findings import Finding, Variety, variety_finding
from prober.model.declaration import Endpoint, Probe, ProviderName
from prober.model.reply import Reply

OPEN: Final[Mapping[str, str]] = {
    "letters": "Write twelve random letters in a row, with nothing before, between or after them.",
    "names": "Make up names for a village, a river and a ship. Write the three names only.",
    "numbers": "Write three random whole numbers below one million, with spaces between them and nothing else.",
}
"""Prompts whose answers hardly ever repeat at temperature 1."""
REPEATS, NUDGES, NOTES, COLD = 4, 3, 3, 3
SHARE: Final = 0.2
"""Of the budget, at most."""

_WHERE: Final[Mapping[ProviderName, tuple[str, ...]]] = {
    "openai": ("temperature",),
    "anthropic": ("temperature",),
    "google": ("generationConfig", "temperature"),
}
"""Where a provider's format takes the temperature, if the endpoint does not declare it; others take none."""
_SEEDS: Final = frozenset({"seed", "random_seed"})


@dataclass(frozen=True, slots=True)
class Checked:
    """What the first asks showed."""

    finding: Finding | None
    unchecked: str = ""
    """What could not be looked at, and why; empty where all was."""


def check(asker: Asker, endpoint: Endpoint, seed: int) -> Checked:
    """Ask the open prompts in several ways. At most a fifth of the budget; raises GivenUp.

    One sample after the other, all prompts at once: a cache cannot repeat what is still being written.
    """
    hot, cold = at_temperature(endpoint, 1.0), at_temperature(endpoint, 0.0)
    probes = [Probe(id=f"open-{name}", prompt=text) for name, text in OPEN.items()]
    until = asker.walked + SHARE * asker.budget_tokens

    def series(asked: Sequence[Ask | None]) -> list[Reply | None]:
        asks = [ask for ask in asked if ask]
        return asker.ask(asks) if asks and asker.walked < until else [None] * len(asks)

    if hot is not None and not any(series([Ask(hot, probe, 0) for probe in probes])):
        hot = cold = None  # models that take no temperature say so; they are asked as declared
    repeated = [series([Ask(hot or endpoint, probe, sample) for probe in probes]) for sample in range(REPEATS)]
    nudged = [
        series([Ask(each, probe, 0) for probe in probes])
        for nudge in range(1, NUDGES + 1)
        if hot is not None and (each := at_temperature(endpoint, 1 - nudge / 100))
    ]
    noted = [
        series([Ask(hot or endpoint, _noted(probe, seed, note), 0) for probe in probes]) for note in range(1, NOTES + 1)
    ]
    chilled = [series([Ask(cold, probe, sample) for probe in probes]) for sample in range(COLD) if cold]
    seen = Variety(
        _by_prompt(repeated), _by_prompt(nudged), _by_prompt(noted), _by_prompt(chilled), hot is not None,
        bool(_SEEDS & _names(endpoint.parameters)),
    )  # fmt: skip
    if sum(map(len, seen.repeated)) < REPEATS * len(OPEN):
        return Checked(None, "temperature and caches: the budget or the answers did not suffice")
    missing = "" if hot else "temperature: it cannot be set for this endpoint, so that ignoring it cannot be seen"
    return Checked(variety_finding(seen), missing)


def cache_finding(replies: Sequence[Reply]) -> Finding | None:
    """A cache that says so itself, in its headers."""
    hits = [whose for reply in replies if (whose := cache_hit(reply.headers))]
    if not hits:
        return None
    words = f"{hits[0]} says that it answered in place of the model ({len(hits)} of {len(replies)} asks): switch it off"
    return Finding("reply_cache", f"{words} for the prober.")


def at_temperature(endpoint: Endpoint, temperature: float) -> Endpoint | None:
    """The endpoint with another temperature; None where it is known to take none."""
    if endpoint.capabilities.temperature is False:
        return None
    where = _path(endpoint.parameters) or _WHERE.get(endpoint.provider)
    if where is None:
        return None
    return endpoint.model_copy(update={"parameters": _with(endpoint.parameters, where, temperature)})


def temperature_of(parameters: Mapping[str, JsonValue]) -> float | None:
    """The declared temperature, wherever the provider's format puts it; None where there is none."""
    for name, value in parameters.items():
        if name == "temperature" and isinstance(value, (int, float)):
            return float(value)
        if isinstance(value, dict) and (inner := temperature_of(value)) is not None:
            return inner
    return None


def asks_for_logprobs(parameters: Mapping[str, JsonValue]) -> bool:
    """Whether the parameters ask for log-probabilities."""
    wanted = ("logprobs", "top_logprobs", "responseLogprobs")
    return any(
        bool(value) if name in wanted else isinstance(value, dict) and asks_for_logprobs(value)
        for name, value in parameters.items()
    )


def _path(parameters: Mapping[str, JsonValue]) -> tuple[str, ...] | None:
    if "temperature" in parameters:
        return ("temperature",)
    inner = ((name, _path(value)) for name, value in parameters.items() if isinstance(value, dict))
    return next(((name, *path) for name, path in inner if path), None)


def _with(parameters: Mapping[str, JsonValue], where: Sequence[str], value: float) -> dict[str, JsonValue]:
    if len(where) == 1:
        return {**parameters, where[0]: value}
    inner = parameters.get(where[0])
    return {**parameters, where[0]: _with(inner if isinstance(inner, dict) else {}, where[1:], value)}


def _noted(probe: Probe, seed: int, note: int) -> Probe:
    number = 10_000 + (seed * 7919 + note * 104_729) % 90_000
    return Probe(id=f"{probe.id}-note-{note}", prompt=f"{probe.prompt} (Request {number}; ignore this number.)")


def _by_prompt(rows: Sequence[Sequence[Reply | None]]) -> list[list[Reply]]:
    """Rows of one reply a prompt → the replies of each prompt."""
    return [[row[i] for row in rows if i < len(row) and row[i]] for i in range(len(OPEN))]  # type: ignore[misc]


def _names(parameters: Mapping[str, JsonValue]) -> set[str]:
    inner = (_names(value) for value in parameters.values() if isinstance(value, dict))
    return set(parameters).union(*inner)
