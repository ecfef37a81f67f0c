r"""Is the candidate not worse? A sequential test of paired outcomes, from which one may stop at any look.

Each probe is asked of both sides; a pair gives $d \in \{-1, 0, 1\}$, candidate minus reference, where an outcome is 1
if the reply passes. $\theta$ is the mean of $d$ over probes, $m$ the margin, $r = m/2$. Two null hypotheses are tested:

- $\theta \le -m$ (the candidate is worse by the margin): rejected, the verdict is `not_worse`;
- $\theta \ge -r$ (it is hardly worse): rejected, the verdict is `worse`.

Each has a test martingale by betting (Waudby-Smith & Ramdas 2024, "Estimating means of bounded random variables by
betting", section 4): the mean over a few $\lambda$ of $\prod_i (1 + \lambda (d_i + m))$, and of
$\prod_i (1 + \lambda (-d_i - r))$. Under its null hypothesis each is 1 in expectation at most, so by Ville's inequality
it ever reaches $1/\alpha$ with probability at most $\alpha$, however often one looks. Probes may differ: a block asks
each probe once, $\lambda$ is the same within a block, and a product of means is at most the power of their mean.

At the end of the budget one more test is made, of a fixed size, which finds what betting leaves undecided: Tango's
score test for the difference of paired proportions (Tango 1998, "Equivalence test and confidence interval for the
difference in proportions for the paired-sample design"). It has a share of alpha of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, inf, isfinite, log, sqrt
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Verdict = Literal["not_worse", "worse", "undecided"]

STAKES: Final = np.array([0.2, 0.4, 0.65, 0.95])
"""Shares of the largest stake that may be bet without going bankrupt. Small ones find small differences."""
AT_THE_END: Final = 0.2
"""Share of alpha that is kept for the test at the end of the budget."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What the pairs of one criterion say so far."""

    margin: float
    """Of one: 0.1 is ten points."""
    pairs: int = 0
    passed_reference: int = 0
    passed_candidate: int = 0
    worse: int = 0
    """Pairs in which only the reference passed."""
    better: int = 0
    """Pairs in which only the candidate passed."""
    log_not_worse: tuple[float, ...] = (0.0,) * len(STAKES)
    """ln of the betting product of each stake, against "worse by the margin"."""
    log_worse: tuple[float, ...] = (0.0,) * len(STAKES)
    """ln of the betting product of each stake, against "hardly worse"."""
    most_not_worse: float = 0.0
    """The largest ln e-value at any look so far; it may be acted on at any later time."""
    most_worse: float = 0.0

    def after(self, block: Sequence[tuple[bool, bool]]) -> Evidence:
        """With one more block of pairs (reference passed, candidate passed): at most one pair a probe."""
        if not block:
            return self
        reference, candidate = (np.array(side, dtype=np.float64) for side in zip(*block, strict=True))
        difference = candidate - reference
        towards = self.margin / 2
        not_worse = self.log_not_worse + _won(STAKES / (1 - self.margin), difference + self.margin)
        worse = self.log_worse + _won(STAKES / (1 + towards), -difference - towards)
        return Evidence(
            margin=self.margin,
            pairs=self.pairs + len(block),
            passed_reference=self.passed_reference + int(reference.sum()),
            passed_candidate=self.passed_candidate + int(candidate.sum()),
            worse=self.worse + int((difference < 0).sum()),
            better=self.better + int((difference > 0).sum()),
            log_not_worse=tuple(not_worse.tolist()),
            log_worse=tuple(worse.tolist()),
            most_not_worse=max(self.most_not_worse, _mean(not_worse)),
            most_worse=max(self.most_worse, _mean(worse)),
        )

    @property
    def difference(self) -> float:
        """Candidate minus reference, of one; 0 before the first pair."""
        return (self.better - self.worse) / self.pairs if self.pairs else 0.0

    def interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """Where the difference lies (Agresti & Min 2005: half a pair of each kind is added). For reading, at one look;
        the verdict does not depend on it. None before the first pair."""
        if not self.pairs:
            return None
        n, worse, better = self.pairs + 2, self.worse + 0.5, self.better + 0.5
        middle = (better - worse) / n
        error = sqrt(max(0.0, (better + worse) / n - middle**2) / n)
        half = NormalDist().inv_cdf((1 + confidence) / 2) * error
        return max(-1.0, middle - half), min(1.0, middle + half)


def verdict(criteria: Sequence[Evidence], alpha: float, *, at_the_end: bool = False) -> Verdict:
    """The verdict over all criteria: not worse in each of them, or worse in any.

    Wrong with probability at most `alpha`: a candidate that is worse by the margin in some criterion is called
    `not_worse`, or one that is hardly worse in any is called `worse`. The first needs no correction for several
    criteria, for all of them must agree (Berger 1982); the second divides alpha by their number.
    """
    if any(one.most_worse >= log(len(criteria) / alpha) for one in criteria):
        return "worse"
    share = alpha * AT_THE_END
    enough = -log(alpha - share)
    passed = [
        one.most_not_worse >= enough or (at_the_end and one.pairs > 0 and p_value(one) <= share) for one in criteria
    ]
    return "not_worse" if criteria and all(passed) else "undecided"


def p_value(evidence: Evidence) -> float:
    """Of "worse by the margin", by Tango's score test, one-sided. 1 before the first pair."""
    n, better, worse, delta = evidence.pairs, evidence.better, evidence.worse, -evidence.margin
    if not n:
        return 1.0
    # The share of worse pairs that is likeliest if the difference is delta: Tango 1998, equation 12.
    b = (2 * n - better + worse) * delta - better - worse
    c = -worse * delta * (1 - delta)
    likeliest = (sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * likeliest + delta * (1 - delta))
    score = (better - worse - n * delta) / sqrt(variance) if variance > 0 else inf
    return 1 - NormalDist().cdf(score)


def more_pairs(criteria: Sequence[Evidence], alpha: float) -> int | None:
    """About how many more pairs would decide, if what was seen so far goes on; None where nothing points to an end."""
    enough = -log(alpha * (1 - AT_THE_END))
    until_not_worse = [
        0 if one.most_not_worse >= enough else _at_rate(one.log_not_worse, enough, one.pairs) for one in criteria
    ]
    until_worse = [_at_rate(one.log_worse, log(len(criteria) / alpha), one.pairs) for one in criteria]
    return ceil(more) if isfinite(more := min(max(until_not_worse, default=inf), *until_worse, inf)) else None


def _at_rate(logs: Sequence[float], needed: float, pairs: int) -> float:
    """Pairs until the mean of all stakes is `needed`, at the rate of the one that has won most."""
    won = max(logs)
    return max(1.0, (needed + log(len(logs)) - won) * pairs / won) if won > 0 else inf


def _won(stakes: Floats, gains: Floats) -> Floats:
    """ln of what each stake made of a block."""
    won: Floats = np.log1p(np.outer(stakes, gains)).sum(axis=1)
    return won


def _mean(logs: Floats) -> float:
    """ln of the mean."""
    most = float(logs.max())
    return most + log(sum(exp(one - most) for one in logs.tolist()) / len(logs))
