r"""From answers to probabilities.

Any set of at most two causes may be at work. A check answers `yes` if any cause of the set brings that about, or by
itself (a noisy or; Pearl 1988, section 4.3):

$$P(\text{yes} \mid S) = 1 - (1 - l) \prod_{c \in S} (1 - p_c)$$

with $l$ how often it answers yes while nothing changed. $l$ and $p_c$ are counts of scripted incidents with one cause
(`likelihoods`); a cause that hardly raises the share of yes, or by chance, does not count as bringing it about.
`unknown` says nothing. Checks are not independent given the causes, so the sum of their log
likelihoods is divided by `TEMPERATURE`, fitted on the same incidents. The posterior over all sets is exact, for there
are only 56. The probability of a cause is that of all sets which hold it. A cause that no answered check can show, such
as a shift of inputs without live samples, is left out: the probabilities are those of what can be seen.

A refused key, a model that the provider does not know and a request that it refuses are not weighed: the provider says
so. They are causes by themselves; replies that were answered may be evidence of another one beside them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import combinations
from math import comb, exp, log, prod
from typing import Final

from prober.incidents.triage.likelihoods import COUNTS, TEMPERATURE
from prober.model.triage import CAUSES, CERTAIN, Cause, Check, Ranked

NOTHING: Final = 0.25
"""Prior probability that nothing changed."""
TWO: Final = 0.25
"""Prior probability of two causes at once, more than there are: to miss the second is worse. The rest is one."""
CLEARLY: Final = 0.15
"""By how much a cause must raise the share of yes to count as bringing it about."""
BY_CHANCE: Final = 0.02
"""p-value above which the difference of two shares may be chance."""
NAMED: Final = 0.75
"""Probability from which on a cause is named."""
OPEN: Final = 0.15
"""Probability of any further cause from which on none is named: two must not be named as one."""
UNEXPLAINED: Final = 0.05
"""Chance of a yes, under the causes that would be named, below which something else must be at work too."""
FURTHER: Final = 0.2
"""The same chance, below which something else may be at work too."""
TELLING: Final = 2.0
"""Likelihood ratio from which on an answer supports or contradicts a cause."""
COMPARED: Final = frozenset({"untouched_moved", "edited_moved"})
"""The checks that compare replies before and since."""
Table = Mapping[str, Mapping[str, tuple[int, int]]]
Answered = tuple[Check, float, Mapping[Cause, float]]
"""A check, how often it answers yes by itself, and cause → probability that it does not bring a yes about."""

SETTLES: Final[Mapping[Cause, tuple[str, str]]] = {
    "prompt": ("ask the present model the old prompt", "prober triage {endpoint} --ask 120"),
    "configuration": ("ask with the old parameters", "prober triage {endpoint} --ask 120"),
    "model": (
        "ask the last snapshot or a fallback the same prompts",
        "prober triage {endpoint} --ask 120 --fallback NAME",
    ),
    "system_prompt": ("ask the provider directly, around the gateway, and compare the input tokens", ""),
    "routing": ("declare the same model in a second region as another endpoint", ""),
    "gateway_cache": ("ask once with the cache switched off for this request", ""),
    "input_shift": ("ask the inputs of last week again, and compare the replies", ""),
    "retrieval": ("ask with the passages retrieved last week", ""),
    "provider_outage": ("see the provider's status page", ""),
    "budget": ("see what was spent", "prober status"),
    "key_refused": ("check the key and the library that signs in", "prober doctor"),
    "model_gone": ("see which models the provider lists", ""),
    "request_refused": ("correct what the provider names, and ask once", "prober once"),
    "none": ("wait for more rounds", ""),
}
"""Cause → the measurement that would settle it, and the command that makes it."""


def rank(checks: Sequence[Check], endpoint: str, counts: Table = COUNTS, temperature: float = TEMPERATURE) -> tuple[
    Ranked, ...
]:  # fmt: skip
    """All causes that the answers can show, and `none`; the likeliest first."""
    answered: list[Answered] = [
        (one, leak(one.name, counts), _silent(one.name, counts))
        for one in checks
        if one.answer != "unknown" and one.name in counts
    ]
    weights: dict[tuple[Cause, ...], float] = {}
    visible = [cause for cause in CAUSES if any(silent[cause] < 1 for _, _, silent in answered)]
    for causes in sets(visible):
        likelihoods = sum(log(_chance(one, by_itself, silent, causes)) for one, by_itself, silent in answered)
        weights[causes] = log(prior(causes)) + likelihoods / temperature
    most = max(weights.values())
    total = sum(exp(weight - most) for weight in weights.values())
    shares = {causes: exp(weight - most) / total for causes, weight in weights.items()}
    odds: dict[Cause, float] = {
        cause: sum(share for causes, share in shares.items() if cause in causes) for cause in visible
    }
    said: dict[str, Check] = {one.name: one for one in checks if one.name in CERTAIN and one.answer == "yes"}
    if not said:
        odds["none"] = shares[()]
    ranked = [Ranked(cause, odds[cause], *_reasons(cause, answered), *_settles(cause, endpoint)) for cause in odds]
    ranked += [
        Ranked(cause, 1.0, (said[cause].details,), (), *_settles(cause, endpoint)) for cause in CERTAIN if cause in said
    ]
    return tuple(sorted(ranked, key=lambda one: -one.probability))


def _settles(cause: Cause, endpoint: str) -> tuple[str, str]:
    measurement, command = SETTLES[cause]
    return measurement, command.format(endpoint=endpoint)


def sets(of: Sequence[Cause] = CAUSES) -> list[tuple[Cause, ...]]:
    """Nothing, each cause alone, every two."""
    return [(), *((cause,) for cause in of), *combinations(of, 2)]


def prior(causes: tuple[Cause, ...]) -> float:
    """Probability of exactly these causes, before any check."""
    many = len(CAUSES)
    if not causes:
        return NOTHING
    return (1 - NOTHING - TWO) / many if len(causes) == 1 else TWO / (many * (many - 1) / 2)


def named(ranking: Sequence[Ranked], checks: Sequence[Check], counts: Table = COUNTS) -> tuple[Cause, ...]:
    """The causes that are certain enough. None where another cause cannot be ruled out, or where they do not explain a
    check that answers yes or is still open. Causes of `CERTAIN` are always named; that nothing changed is named only
    where replies before and since could be compared."""
    certain = tuple(one.cause for one in ranking if one.cause in CERTAIN)
    sure = [one.cause for one in ranking if one.probability >= NAMED]
    if "none" in sure and all(one.answer == "unknown" for one in checks if one.name in COMPARED):
        return certain
    rest = [one for one in ranking if one.cause not in sure and one.cause != "none"]
    if not sure or any(one.probability >= OPEN for one in rest):
        return certain
    asked = [one for one in checks if (one.answer == "yes" or one.is_open) and one.name not in CERTAIN]
    if any(_of_yes(one, sure, counts) < UNEXPLAINED for one in asked):
        return certain
    return tuple(sorted(sure, key=(*CERTAIN, *CAUSES, "none").index))


def further(causes: Sequence[Cause], checks: Sequence[Check], counts: Table = COUNTS) -> tuple[Check, ...]:
    """The checks that answer yes although the one named cause seldom leads to that: another cause may be at work too.
    None where two causes are named, or none."""
    if len(causes) != 1 or "none" in causes:
        return ()
    asked = [one for one in checks if one.answer == "yes" and one.name not in CERTAIN]
    return tuple(one for one in asked if _of_yes(one, causes, counts) < FURTHER)


def _of_yes(check: Check, causes: Sequence[Cause], counts: Table) -> float:
    """Chance of a yes, if these causes are at work."""
    silent = _silent(check.name, counts)
    return _chance(
        replace(check, answer="yes"), leak(check.name, counts), silent, [one for one in causes if one in CAUSES]
    )


def leak(check: str, counts: Table) -> float:
    """How often a check answers yes by itself: counted while nothing changed, and under every cause that does not bring
    it about."""
    of = counts.get(check, {})
    pairs = [of[cause] for cause in of if cause == "none" or not brings_about(check, cause, counts)]
    return (sum(yes for yes, _ in pairs) + 0.5) / (sum(many for _, many in pairs) + 1)


def brings_about(check: str, cause: str, counts: Table) -> bool:
    """Whether a check answers yes clearly more often under a cause than while nothing changed, and by no chance than
    there and under the causes that do not raise it."""
    of = counts.get(check, {})
    if not _is_clear(of, cause):
        return False
    others = [of[one] for one in of if not _is_clear(of, one)]
    return _is_more(*of[cause], sum(yes for yes, _ in others), sum(many for _, many in others))


def _is_clear(of: Mapping[str, tuple[int, int]], cause: str) -> bool:
    here, idle = of.get(cause, (0, 0)), of.get("none", (0, 0))
    return here[0] / max(here[1], 1) > idle[0] / max(idle[1], 1) + CLEARLY


@lru_cache(maxsize=10_000)
def _is_more(yes: int, many: int, idle_yes: int, idle: int) -> bool:
    """Fisher's exact test, one-sided."""
    total, all_ = yes + idle_yes, many + idle
    tail = sum(comb(many, k) * comb(idle, total - k) for k in range(yes, min(many, total) + 1))
    return tail / comb(all_, total) <= BY_CHANCE


def likelihood(check: str, cause: str, counts: Table = COUNTS) -> float:
    """How often a check answers yes under one cause alone, or under `none`. Half an answer is added to either side
    (Jeffreys 1946)."""
    if cause == "none" or not brings_about(check, cause, counts):
        return leak(check, counts)
    yes, of = counts[check][cause]
    return (yes + 0.5) / (of + 1)


def _silent(check: str, counts: Table) -> dict[Cause, float]:
    """Cause → probability that it does not bring a yes about."""
    by_itself = leak(check, counts)
    return {cause: min(1.0, (1 - likelihood(check, cause, counts)) / (1 - by_itself)) for cause in CAUSES}


def _chance(check: Check, by_itself: float, silent: Mapping[Cause, float], causes: Sequence[Cause]) -> float:
    """Of the answer given, if these causes are at work."""
    no = (1 - by_itself) * prod(silent[cause] for cause in causes)
    no = min(max(no, 1e-4), 1 - 1e-4)
    return 1 - no if check.answer == "yes" else no


def _reasons(cause: Cause, answered: Sequence[Answered]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Details of the checks that raise its probability, and of those that lower it."""
    ratios: list[tuple[float, Check]] = []
    for one, by_itself, silent in answered:
        idle = _chance(one, by_itself, silent, ())
        if cause == "none":
            ratio = idle * len(CAUSES) / sum(_chance(one, by_itself, silent, (other,)) for other in CAUSES)
        else:
            ratio = _chance(one, by_itself, silent, (cause,)) / idle
        ratios.append((ratio, one))
    ratios.sort(key=lambda pair: pair[0])
    against = tuple(one.details for ratio, one in ratios if ratio <= 1 / TELLING)
    return tuple(one.details for ratio, one in reversed(ratios) if ratio >= TELLING), against
