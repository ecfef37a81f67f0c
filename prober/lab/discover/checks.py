"""The first asks: does anything vary, does the temperature matter, does a cache repeat old replies? And what is odd."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Final, Literal

from pydantic import JsonValue

from prober.asking.interface import Ask
from prober.fingerprint.caches import cache_hit
from prober.lab.discover.asker import PatientAsker, ask_of
from prober.model.declaration import Endpoint, Probe
from prober.model.providers import PROVIDERS
from prober.model.reply import Reply
from prober.text import count

FindingKind = Literal[
    "temperature_ignored",  # another temperature makes no difference
    "reply_cache",  # something in between repeats old replies
    "no_variety",  # nothing varies: greedy decoding or a cache, which look the same
    "fixed_seed",  # our own seed fixes every reply
    "logprobs_missing",  # asked for, never given
    "logprobs_impossible",  # not probabilities
    "logprobs_frozen",  # the same figures for different prompts
    "logprobs_unrelated",  # of other tokens than those the texts begin with
    "logprobs_disagree",  # the texts do not follow them
]
ALIKE = 0.9
"""Share of equal pairs from which replies count as always the same."""
APART = 0.5
"""Share of equal pairs up to which replies count as varied; for replies that should be fixed, `FREE` is the bar."""
FREE = 0.1
FAST = 0.5
"""A repeated reply that takes less than this share of the time of a new one came from somewhere else."""
SOONER_S = 0.05
"""Seconds by which it must come sooner as well: between answers of a few milliseconds it is chance."""
FEWEST_PAIRS = 3
_SWITCH_OFF = "Switch the cache off for the prober: a cached reply says nothing about the model of today."
OPEN: Final[Mapping[str, str]] = {
    "letters": "Write twelve random letters in a row, with nothing before, between or after them.",
    "names": "Make up names for a village, a river and a ship. Write the three names only.",
    "numbers": "Write three random whole numbers below one million, with spaces between them and nothing else.",
}
"""Prompts whose answers hardly ever repeat at temperature 1."""
REPEATS, NUDGES, NOTES, COLD = 4, 3, 3, 3
SHARE: Final = 0.2
"""Share of the budget that is spent on checks, at most."""
_SEEDS: Final = frozenset({"seed", "random_seed"})


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know before trusting this endpoint's replies."""

    kind: FindingKind
    words: str
    """What was seen, what it means, and what to do."""


@dataclass(frozen=True, slots=True)
class Variety:
    """Replies to a few open prompts, whose answers hardly ever repeat at temperature 1."""

    repeated: Sequence[Sequence[Reply]]
    """Prompt by prompt: the same ask, again and again; at temperature 1 where it can be set."""
    nudged: Sequence[Sequence[Reply]] = ()
    """The same prompts at temperatures a hair below 1: another request to a cache, the same one to a model."""
    noted: Sequence[Sequence[Reply]] = ()
    """The same prompts with a number to be ignored behind them: another prompt to everyone."""
    cold: Sequence[Sequence[Reply]] = ()
    """The same prompts at temperature 0."""
    temperature_set: bool = False
    """Whether temperature 1 was sent."""
    seeded: bool = False
    """Whether the endpoint's own parameters fix a seed."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the first asks showed."""

    finding: Finding | None
    unchecked: str = ""
    """What could not be checked, and why; empty where all was."""


def equal_share(replies: Sequence[Sequence[Reply]]) -> float | None:
    """Share of the pairs of replies to the same prompt that are equal, letter for letter; None for too few pairs."""
    pairs = [(a.text, b.text) for each in replies for a, b in combinations(each, 2)]
    return sum(a == b for a, b in pairs) / len(pairs) if len(pairs) >= FEWEST_PAIRS else None


def variety_finding(seen: Variety) -> Finding | None:
    """What the replies say of temperature and caches; None where all is as it should be, or too little was seen."""
    repeated, nudged, noted, cold = map(equal_share, (seen.repeated, seen.nudged, seen.noted, seen.cold))
    if repeated is None:
        return None
    if repeated < ALIKE:
        if cold is not None and seen.temperature_set and repeated <= FREE and cold <= FREE:
            return Finding(
                "temperature_ignored",
                f"At temperature 0 replies to open prompts vary as at 1 ({_percent(cold)} and {_percent(repeated)} of "
                "pairs equal): the temperature sent is ignored. Ask several samples a probe, whatever the temperature.",
            )
        return None
    same = f"{_percent(repeated)} of repeated replies to open prompts are identical"
    if _from_elsewhere(seen):
        return Finding("reply_cache", f"{same}, and come in less than half the time of new ones. {_SWITCH_OFF}")
    if seen.seeded:
        return Finding(
            "fixed_seed",
            f"{same}: the seed in `parameters` fixes them. Samples of one prompt then say the same thing; "
            "take the seed out, so that a round sees a distribution.",
        )
    if nudged is not None and nudged <= APART:
        return Finding("reply_cache", f"{same}, but slightly different temperatures give others. {_SWITCH_OFF}")
    if nudged is not None and nudged >= ALIKE:
        return Finding(
            "temperature_ignored",
            f"{same}, though temperature 1 was sent, and at 0.99 nothing changes either: the temperature is ignored, "
            "or another parameter (top_k, top_p) leaves no choice. Only prompts on a border can vary.",
        )
    return Finding(
        "no_variety",
        f"{same}: greedy decoding or a cache, which look the same"
        + ("" if noted is None else f" ({_percent(noted)} are equal with a number after the prompt)")
        + ". Declare a temperature of 1, and see that no gateway caches.",
    )


def check(asker: PatientAsker, endpoint: Endpoint, seed: int) -> Checked:
    """Ask the open prompts in several ways. At most a fifth of the budget; raises GivenUp.

    One sample after the other, all prompts at once: a cache cannot repeat what is still being written.
    """
    hot, cold = at_temperature(endpoint, 1.0), at_temperature(endpoint, 0.0)
    probes = [Probe(id=f"open-{name}", prompt=text) for name, text in OPEN.items()]
    until = asker.walked + SHARE * asker.budget_tokens

    def series(asked: Sequence[Ask | None]) -> list[Reply | None]:
        asks = [ask for ask in asked if ask]
        return asker.ask(asks) if asks and asker.walked < until else [None] * len(asks)

    if hot is not None and not any(series([ask_of(hot, probe, 0) for probe in probes])):
        hot = cold = None  # models that take no temperature say so; they are asked as declared
    repeated = [series([ask_of(hot or endpoint, probe, sample) for probe in probes]) for sample in range(REPEATS)]
    nudged = [
        series([ask_of(each, probe, 0) for probe in probes])
        for nudge in range(1, NUDGES + 1)
        if hot is not None and (each := at_temperature(endpoint, 1 - nudge / 100))
    ]
    noted = [
        series([ask_of(hot or endpoint, _noted(probe, seed, note), 0) for probe in probes])
        for note in range(1, NOTES + 1)
    ]
    chilled = [series([ask_of(cold, probe, sample) for probe in probes]) for sample in range(COLD) if cold]
    seen = Variety(
        _by_prompt(repeated), _by_prompt(nudged), _by_prompt(noted), _by_prompt(chilled), hot is not None,
        bool(_SEEDS & _names(endpoint.parameters)),
    )  # fmt: skip
    if sum(map(len, seen.repeated)) < REPEATS * len(OPEN):
        return Checked(None, "temperature and caches: too little budget, or too few answers")
    missing = "" if hot else "temperature: it cannot be set for this endpoint, so nobody can see whether it is ignored"
    return Checked(variety_finding(seen), missing)


def cache_finding(replies: Sequence[Reply]) -> Finding | None:
    """A cache that says so itself, in its headers."""
    hits = [whose for reply in replies if (whose := cache_hit(reply.headers))]
    if not hits:
        return None
    words = (
        f"{hits[0]} says that it answered in place of the model ({len(hits)} of "
        f"{count(len(replies), 'ask')}): switch it off"
    )
    return Finding("reply_cache", f"{words} for the prober.")


def at_temperature(endpoint: Endpoint, temperature: float) -> Endpoint | None:
    """The endpoint with another temperature; None where it is known to take none."""
    if endpoint.capabilities.temperature is False:
        return None
    where = _path(endpoint.parameters) or PROVIDERS[endpoint.provider].temperature
    if not where:
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


def _from_elsewhere(seen: Variety) -> bool:
    """Whether repeated replies come much sooner than new ones.

    New are those to prompts with a number behind: a provider that keeps what it read of a prompt (which is no cache of
    replies) is as quick with these. Without them, those at other temperatures, or the first to each prompt.
    """
    again = _latencies([each[1:] for each in seen.repeated])
    new = _latencies(seen.noted) or _latencies(seen.nudged) or _latencies([each[:1] for each in seen.repeated])
    if len(again) < FEWEST_PAIRS or len(new) < FEWEST_PAIRS:
        return False
    return median(again) < min(FAST * median(new), median(new) - SOONER_S)


def _latencies(replies: Sequence[Sequence[Reply]]) -> list[float]:
    return [reply.latency_s for each in replies for reply in each if reply.latency_s is not None]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


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
