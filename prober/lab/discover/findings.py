"""What is odd about an endpoint, in words; and what its repeated replies say of temperature and caches. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median
from typing import Literal

from prober.model.reply import Reply

FindingKind = Literal[
    "temperature_ignored",  # another temperature makes no difference
    "reply_cache",  # something in between repeats old replies
    "no_variety",  # nothing varies: greedy decoding or a cache, which cannot be told apart
    "fixed_seed",  # our own seed fixes every reply
    "logprobs_missing",  # asked for, never given
    "logprobs_impossible",  # not probabilities
    "logprobs_frozen",  # the same figures for different prompts
    "logprobs_unrelated",  # of other tokens than those the texts begin with
    "logprobs_disagree",  # the texts do not follow them
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know before trusting this endpoint's replies."""

    kind: FindingKind
    words: str
    """What was seen, what it means, and what to do."""


ALIKE = 0.9
"""Share of equal pairs from which replies count as always the same."""
APART = 0.5
"""Share of equal pairs up to which replies count as varied; for replies that should be fixed, `FREE` is the bar."""
FREE = 0.1
FAST = 0.5
"""A repeated reply that takes less than this share of the time of a new one came from somewhere else."""
FEWEST_PAIRS = 3


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
    same = f"{_percent(repeated)} of repeated replies to open prompts are equal to the letter"
    if _from_elsewhere(seen):
        return Finding("reply_cache", f"{same}, and come in less than half the time of new ones. {_SWITCH_OFF}")
    if seen.seeded:
        return Finding(
            "fixed_seed",
            f"{same}: the seed in `parameters` fixes them. Samples of one prompt then say the same thing; "
            "take the seed out, so that a round sees a distribution.",
        )
    if nudged is not None and nudged <= APART:
        return Finding("reply_cache", f"{same}, while temperatures a hair apart bring others. {_SWITCH_OFF}")
    if nudged is not None and nudged >= ALIKE:
        return Finding(
            "temperature_ignored",
            f"{same}, though temperature 1 was sent, and at 0.99 nothing changes either: the temperature is ignored, "
            "or another parameter (top_k, top_p) leaves no choice. Only prompts on a border can vary.",
        )
    return Finding(
        "no_variety",
        f"{same}: greedy decoding or a cache, which cannot be told apart"
        + ("" if noted is None else f" ({_percent(noted)} are equal with a number behind the prompt)")
        + ". Declare a temperature of 1, and see that no gateway caches.",
    )


_SWITCH_OFF = "Switch the cache off for the prober: a cached reply says nothing about the model of today."


def _from_elsewhere(seen: Variety) -> bool:
    """Whether repeated replies come much sooner than new ones.

    New are those to prompts with a number behind: a provider that keeps what it read of a prompt (which is no cache of
    replies) is as quick with these. Without them, those at other temperatures, or the first to each prompt.
    """
    again = _latencies([each[1:] for each in seen.repeated])
    new = _latencies(seen.noted) or _latencies(seen.nudged) or _latencies([each[:1] for each in seen.repeated])
    return len(again) >= FEWEST_PAIRS and len(new) >= FEWEST_PAIRS and median(again) < FAST * median(new)


def _latencies(replies: Sequence[Sequence[Reply]]) -> list[float]:
    return [reply.latency_s for each in replies for reply in each if reply.latency_s is not None]


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
