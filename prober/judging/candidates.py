"""How a candidate compares with what is in force, over pairs of replies from the same rounds. Pure.

Whether it passes its checks as often is decided by the group-sequential test of the gate (`noninferiority`), at several
looks as rounds come. Whether it answers otherwise is the permutation test of `strata`, the round as the unit.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, exp, log, log2, sqrt
from typing import Final

import numpy as np

from prober.fingerprint.fingerprint import fingerprint
from prober.judging.channels import longer, percent, relative
from prober.judging.noninferiority import Evidence, Looks, Verdict
from prober.judging.strata import movement
from prober.model.comparison import Pair
from prober.model.declaration import Probe
from prober.model.evidence import Observation, Round
from prober.model.reply import Reply
from prober.text import count

ALPHA: Final = 0.05
"""Probability of a wrong verdict, in either direction."""
SURE: Final = 0.99
"""Confidence from which on a length or a cost counts as another."""
LITTLE: Final = 0.02
"""Differences of length and cost below it are not worth a word."""
Cost = Callable[[Reply], float | None]
"""What a reply cost, in dollars; None if unknown."""


@dataclass(frozen=True, slots=True)
class PairComparison:
    """What the pairs so far say."""

    verdict: Verdict
    evidence: Evidence
    rounds: int
    words: str
    """Such as `passes its checks as before, 12 % longer, same cost`."""


def compare_pairs(
    pairs: Sequence[Pair],
    probes: Mapping[str, Probe],
    margin: float,
    costs: tuple[Cost, Cost],
    part: float,
) -> PairComparison:
    """Compare both sides. `probes`: those of the candidate, by `set/probe id`; its checks hold for both. `margin`: a
    share, by which the candidate may pass less often. `part`: how much of the comparison is over, 1 if no more pairs
    come."""
    outcomes: dict[str, list[tuple[bool, bool]]] = {one.round: [] for one in pairs}
    both = [one for one in pairs if one.reference.answered and one.candidate.answered and one.probe in probes]
    for one in both:
        sides = _passes(one.reference, probes[one.probe]), _passes(one.candidate, probes[one.probe])
        outcomes[one.round].append(sides)
    evidence, looks = Evidence(margin), Looks(ALPHA)
    for number, label in enumerate(sorted(outcomes), start=1):
        evidence = evidence.after(outcomes[label])
        so_far = part * number / len(outcomes)
        if looks.verdict == "undecided" and looks.is_due(so_far):
            looks = looks.after(so_far, [evidence])
    said = looks.verdict
    has_checks = any(probes[one.probe].expect for one in both)
    words = [_checks(said, evidence, has_checks), _length(both), _cost(both, costs)]
    words += [*_behaviour(both, probes), *_failures(pairs)]
    return PairComparison(said, evidence, len(outcomes), ", ".join(one for one in words if one))


def worse_probes(
    pairs: Sequence[Pair], probes: Mapping[str, Probe], alpha: float = ALPHA
) -> list[tuple[str, int, int, int]]:
    """(`set/probe id`, passes of the reference, of the candidate, pairs) of each probe that the candidate passes less
    often: exact sign test of the pairs that differ, one-sided at `alpha`, the clearest first."""
    from scipy.stats import binomtest  # slow to import

    found = []
    for key in sorted({one.probe for one in pairs if one.probe in probes}):
        both = [
            (_passes(one.reference, probes[key]), _passes(one.candidate, probes[key]))
            for one in pairs
            if one.probe == key and one.reference.answered and one.candidate.answered
        ]
        lost = sum(first and not second for first, second in both)
        won = sum(second and not first for first, second in both)
        p_value = float(binomtest(lost, lost + won, alternative="greater").pvalue) if lost > won else 1.0
        if p_value <= alpha:
            passes = (sum(first for first, _ in both), sum(second for _, second in both))
            found.append((p_value, (key, *passes, len(both))))
    return [row for _, row in sorted(found)]


def blocks_needed(probes: int) -> int:
    """Replies to each probe from which on one that always passed, and always fails now, is seen among so many."""
    return ceil(log2(probes / ALPHA))


def _passes(reply: Reply, probe: Probe) -> bool:
    if not probe.expect:
        return not reply.empty_because and bool(reply.text or reply.tool_calls)
    return fingerprint(reply, probe, embedder=None).categories.get("expectation.all") == "pass"


def _checks(said: Verdict, evidence: Evidence, has_checks: bool) -> str:
    if not evidence.pairs:
        return "no pair of replies yet"
    does = "passes its checks" if has_checks else "is answered"
    counts = f"{percent(evidence.passed_candidate / evidence.pairs)} instead of "
    counts += percent(evidence.passed_reference / evidence.pairs)
    match said:
        case "not_worse":
            return f"{does} as before" if evidence.worse == evidence.better == 0 else f"{does} as before ({counts})"
        case "worse":
            return f"{does} less often: {counts}"
        case _:
            return f"whether it {does} as often is open ({counts}, {count(evidence.pairs, 'pair')})"


def _behaviour(pairs: Sequence[Pair], probes: Mapping[str, Probe]) -> list[str]:
    """What moved most besides checks and length, where the order of the rounds rules chance out."""
    labels = sorted({one.round for one in pairs})
    sides = [
        [
            Round(label, "", None, tuple(_seen(one, probes, side) for one in pairs if one.round == label))
            for label in labels
        ]
        for side in (0, 1)
    ]
    found = movement(sides[0], sides[1], set(probes), (), ("refusal", "choice", "format"))
    return [found.words] if found is not None and found.moved else []


def _seen(pair: Pair, probes: Mapping[str, Probe], side: int) -> Observation:
    reply = (pair.reference, pair.candidate)[side]
    read = fingerprint(reply, probes[pair.probe], embedder=None)
    return Observation(pair.probe, pair.probe, pair.sample, reply, read)


def _length(pairs: Sequence[Pair]) -> str:
    ratio = _ratio(pairs, lambda one: (len(one.reference.text or "") + 1.0, len(one.candidate.text or "") + 1.0))
    return "" if ratio is None else longer(ratio, 1.0) if ratio != 1 else "as long"


def _cost(pairs: Sequence[Pair], costs: tuple[Cost, Cost]) -> str:
    ratio = _ratio(pairs, lambda one: (costs[0](one.reference), costs[1](one.candidate)))
    if ratio is None:
        ratio = _ratio(pairs, lambda one: (one.reference.tokens, one.candidate.tokens))
        if ratio is None:
            return ""
        if ratio == 1:
            return "as many tokens"
        return relative(ratio, "more tokens", "fewer tokens", "times as many tokens")
    return "same cost" if ratio == 1 else relative(ratio, "dearer", "cheaper", "times as dear")


def _ratio(pairs: Sequence[Pair], read: Callable[[Pair], tuple[float | None, float | None]]) -> float | None:
    """Candidate over reference, as the geometric mean over rounds; 1 where it may be 1, or is about 1; None where
    fewer than three rounds say it."""
    from scipy.special import stdtrit  # slow to import

    rounds: dict[str, list[float]] = {}
    for one in pairs:
        first, second = read(one)
        if first and second:
            rounds.setdefault(one.round, []).append(log(second / first))
    means = np.array([np.mean(of) for of in rounds.values()])
    if len(means) < 3:
        return None
    half = stdtrit(len(means) - 1, (1 + SURE) / 2) * means.std(ddof=1) / sqrt(len(means))
    ratio = exp(float(means.mean()))
    return 1.0 if abs(means.mean()) <= half or abs(ratio - 1) < LITTLE else ratio


def _failures(pairs: Sequence[Pair]) -> list[str]:
    failed = [one.candidate.failure for one in pairs if not one.candidate.answered]
    return [f"{len(failed)} of {count(len(pairs), 'ask')} failed, the last with {failed[-1]}"] if failed else []
