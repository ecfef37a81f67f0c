"""Block by block: each probe is asked once of both sides, and the outcomes are added to the evidence, until decided."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from prober.asking.gates import says_unreached
from prober.fingerprint.fingerprint import fingerprint
from prober.judging.channels import CHANNELS
from prober.judging.noninferiority import Evidence, Looks, Verdict, more_pairs
from prober.lab.compare import Compared, compare
from prober.lab.gate.sides import Probes, Side
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Check, Probe
from prober.model.errors import ConfigurationError, NotEnough
from prober.model.reply import Reply
from prober.model.watch import cause_in_words
from prober.text import count

ALL_CHECKS: Final = "all checks"
"""The criterion that is always tested: a reply passes if it passes every check of its probe."""
ANSWERED: Final = "is answered"
"""What a probe without checks is held to."""
_DECIDING: Final = frozenset({"expectation", "identity", "serving"})
"""Channels that are left out of the comparison beside the gate: when to stop depends on the checks, and who answers was
chosen."""
MOST_FAILED: Final = 0.5
"""Share of the pairs without a reply above which nothing can be said."""
PATIENCE: Final = 2
"""Blocks after which that is looked at."""
MOSTLY_FAILED: Final = "most asks fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRule:
    """What a candidate must keep to, and how much may be asked to find out."""

    margin: float = 0.1
    """Of one; how much worse the candidate may be by all checks of a probe together."""
    margins: Mapping[str, float] = field(default_factory=dict)
    """The same by the check of that label."""
    alpha: float = 0.05
    """Probability of a wrong verdict, in either direction."""
    budget: int = 600
    """Asks of both sides together; it is never passed."""
    unchanged: bool = False
    """Whether a candidate that behaves differently is refused, too."""


@dataclass(frozen=True, slots=True)
class Checked:
    """How often one check held on both sides, over all pairs. For reading; only criteria decide."""

    check: str
    pairs: int
    reference: int
    candidate: int


@dataclass(frozen=True, slots=True)
class Gated:
    """What the gate says, and what was seen beside it."""

    criteria: Mapping[str, Evidence]
    """`all checks` first, then those with a margin of their own."""
    looks: Looks
    asks: int
    """Made by this run, of both sides."""
    checks: tuple[Checked, ...]
    replies: tuple[tuple[LoggedReply, ...], tuple[LoggedReply, ...]]
    """Of the reference and of the candidate; failed asks among them."""
    failures: tuple[Reply | None, Reply | None]
    """The newest failed ask of each side."""
    behaviour: Compared | None
    """Whether the behaviour differs, apart from the checks; None where too little was seen."""
    reason: str = ""
    """Why it is undecided."""
    more_pairs: int | None = None
    """About how many more would decide, at the rate so far."""

    @property
    def verdict(self) -> Verdict:
        return self.looks.verdict

    @property
    def pairs(self) -> int:
        """Pairs of replies that were compared."""
        return self.criteria[ALL_CHECKS].pairs


@dataclass
class _Seen:
    """What has come in."""

    reference: list[LoggedReply] = field(default_factory=list)
    candidate: list[LoggedReply] = field(default_factory=list)
    checks: dict[str, list[int]] = field(default_factory=dict)
    failures: list[Reply | None] = field(default_factory=lambda: [None, None])
    blocks: int = 0
    failed: int = 0
    pairs: int = 0


def gate(
    reference: Side,
    candidate: Side,
    probes: Probes,
    rule: GateRule,
    progress: Callable[[int], object] = lambda asks: None,
) -> Gated:
    """Compare the candidate with the reference until it is decided, the budget does not hold another block, or a log
    has no more replies, a budget of the declarations is spent, or a side answers nothing. Two logs are read to their
    end. `progress` is called with the asks made so far.

    Raises:
        ConfigurationError: a margin names a check that no probe has, or the budget does not hold one block.
        NotEnough: not one pair could be compared.
    """
    keys = sorted(probes)
    cost = len(keys) * (reference.asks_each + candidate.asks_each)
    _check(probes, rule, cost)
    criteria = {ALL_CHECKS: Evidence(rule.margin), **{name: Evidence(one) for name, one in rule.margins.items()}}
    seen = _Seen()
    looks, most = Looks(rule.alpha), rule.budget // cost if cost else 0
    asks, reason = 0, ""
    lost: Side | None = None
    while looks.verdict == "undecided" and not reason:
        if asks + cost > rule.budget:
            reason = f"the budget of {count(rule.budget, 'ask')} is spent"
            break
        first = reference.block(keys)
        # Where the reference answers nothing, no pair can come of what the candidate answers.
        replies = first, [None] * len(keys) if says_unreached(reference.ended) else candidate.block(keys)
        for side, answers in zip((reference, candidate), replies, strict=True):
            asks += side.asks_each * sum(one is not None for one in answers)
        progress(asks)
        outcomes = _taken_in(seen, keys, probes, replies, list(rule.margins))
        criteria = {name: one.after(outcomes.get(name, [])) for name, one in criteria.items()}
        if looks.is_due(part := seen.blocks / most if most else 0.0) and part < 1:
            looks = looks.after(part, list(criteria.values()))
        lost = next((one for one in (reference, candidate) if says_unreached(one.ended)), None)
        if lost is not None:
            reason = f"{lost.name} does not answer: {cause_in_words(lost.ended)}"
        elif all(first is None or second is None for first, second in zip(*replies, strict=True)):
            ended = reference.ended or candidate.ended
            reason = cause_in_words(ended) if ended else "there are no more replies"
        elif seen.blocks >= PATIENCE and seen.failed > MOST_FAILED * seen.pairs:
            reason = MOSTLY_FAILED
    if looks.verdict == "undecided" and reason != MOSTLY_FAILED and lost is None:
        looks = looks.after(1.0, list(criteria.values()))
    if not seen.pairs:
        refused = next((cause_in_words(one.ended) for one in (reference, candidate) if one.asks_each and one.ended), "")
        no_pair = "not one probe has a reply on both sides: a log must have the probe ids of the probe sets"
        raise NotEnough((reason if lost is not None else refused) or no_pair)
    return Gated(
        criteria=criteria,
        looks=looks,
        asks=asks,
        checks=tuple(Checked(name, *counts) for name, counts in seen.checks.items()),
        replies=(tuple(seen.reference), tuple(seen.candidate)),
        failures=(seen.failures[0], seen.failures[1]),
        behaviour=_behaviour(seen),
        reason=reason if looks.verdict == "undecided" else "",
        more_pairs=more_pairs(list(criteria.values()), looks) if looks.verdict == "undecided" else None,
    )


def _check(probes: Probes, rule: GateRule, cost: int) -> None:
    if rule.budget < cost:
        raise ConfigurationError(
            f"asking every probe once of both sides takes {count(cost, 'ask')}; raise --budget to {cost} or more"
        )
    checks = [check for probe in probes.values() for check in probe.expect]
    unknown = [name for name in rule.margins if not any(_is_named(check, name) for check in checks)]
    if unknown:
        labels = sorted({check.label for check in checks})
        known = f"; there are {', '.join(labels)}" if labels else "; the probes have no checks"
        raise ConfigurationError(f"no probe has the check {unknown[0]}{known}")


def _taken_in(
    seen: _Seen,
    keys: Sequence[str],
    probes: Probes,
    replies: tuple[Sequence[Reply | None], Sequence[Reply | None]],
    margins: Sequence[str],
) -> dict[str, list[tuple[bool, bool]]]:
    """Criterion → outcomes of one block. A pair with a failed ask is left out."""
    outcomes: dict[str, list[tuple[bool, bool]]] = {}
    label = f"{seen.blocks:06d}"
    seen.blocks += 1
    for key, first, second in zip(keys, *replies, strict=True):
        if first is None or second is None:
            continue
        seen.pairs += 1
        for side, reply in enumerate((first, second)):
            log = seen.candidate if side else seen.reference
            log.append(LoggedReply(label, "gate", key, reply, prompt=probes[key].prompt, expect=probes[key].expect))
            if not reply.answered:
                seen.failures[side] = reply
        if not (first.answered and second.answered):
            seen.failed += 1
            continue
        reference, candidate = (outcomes_of(reply, probes[key]) for reply in (first, second))
        for criterion in (ALL_CHECKS, *margins):
            labels = _labels(probes[key], criterion)
            if labels:
                both = all(reference[label] for label in labels), all(candidate[label] for label in labels)
                outcomes.setdefault(criterion, []).append(both)
        for name, passed in reference.items():
            counts = seen.checks.setdefault(name, [0, 0, 0])
            counts[0] += 1
            counts[1] += passed
            counts[2] += candidate[name]
    return outcomes


def outcomes_of(reply: Reply, probe: Probe) -> dict[str, bool]:
    """`all checks` and each check of the probe → whether the reply passes. What cannot be judged does not pass."""
    if not probe.expect:
        is_answered = not reply.empty_because and bool(reply.text or reply.tool_calls)
        return {ALL_CHECKS: is_answered, ANSWERED: is_answered}
    categories = fingerprint(reply, probe).categories
    passed = {check.label: categories.get(f"expectation.{check.label}") == "pass" for check in probe.expect}
    return {ALL_CHECKS: categories.get("expectation.all") == "pass", **passed}


def _labels(probe: Probe, criterion: str) -> list[str]:
    """The outcomes of a probe that a criterion is about."""
    if criterion == ALL_CHECKS:
        return [ALL_CHECKS]
    return [check.label for check in probe.expect if _is_named(check, criterion)]


def _is_named(check: Check, name: str) -> bool:
    """A check is named by its label, such as `contains("1")`, or by its kind."""
    return name in {check.label, check.type, check.base}


def _behaviour(seen: _Seen) -> Compared | None:
    channels = {name: channel for name, channel in CHANNELS.items() if name not in _DECIDING}
    try:
        return compare(seen.reference, seen.candidate, channels=channels)
    except NotEnough:
        return None
