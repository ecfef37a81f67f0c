r"""Is the candidate not worse? A group-sequential test of paired outcomes.

Each probe is asked of both sides; a pair gives $d \in \{-1, 0, 1\}$, candidate minus reference, where an outcome is 1
if the reply passes. $\theta$ is the mean of $d$ over probes, $m$ the margin, $r = m/2$. Two null hypotheses are tested:

- $\theta \le -m$ (the candidate is worse by the margin): rejected, the verdict is `not_worse`;
- $\theta \ge -r$ (it is hardly worse): rejected, the verdict is `worse`.

Each by the score test for the difference of paired proportions (Tango 1998, "Equivalence test and confidence interval
for the difference in proportions for the paired-sample design"), at a few looks before the end of what may be asked.
How large the score must be at a look follows from how alpha is spent (Lan & DeMets 1983, "Discrete sequential
boundaries for clinical trials"): by part $t$ of the pairs, $\alpha t$ of it. Under a null hypothesis the scores at the
looks behave as a Brownian motion at the times $t$, so the boundaries come from integrating its density from look to
look (Armitage, McPherson & Rowe 1969). That is an approximation for many pairs, as is Tango's; what it costs in few
pairs is measured in the tests.

Probes may differ: the variance of $d$ holds what differs between them too, so that the test is conservative there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, inf, isfinite, sqrt
from statistics import NormalDist
from typing import Final, Literal

import numpy as np
import numpy.typing as npt

Verdict = Literal["not_worse", "worse", "undecided"]

GROWTH, STEP = 1.5, 1 / 12
"""The next look comes when the pairs are so many times those of the last look, or so large a part of all more."""
Floats = npt.NDArray[np.float64]
GRID: Final = 200
"""Points at which the density between two looks is known."""
NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the pairs of one criterion say so far."""

    margin: float
    """A share of one: 0.1 is ten points."""
    pairs: int = 0
    passed_reference: int = 0
    passed_candidate: int = 0
    worse: int = 0
    """Pairs in which only the reference passed."""
    better: int = 0
    """Pairs in which only the candidate passed."""

    def after(self, block: Sequence[tuple[bool, bool]]) -> Evidence:
        """With more pairs (reference passed, candidate passed)."""
        return Evidence(
            margin=self.margin,
            pairs=self.pairs + len(block),
            passed_reference=self.passed_reference + sum(reference for reference, _ in block),
            passed_candidate=self.passed_candidate + sum(candidate for _, candidate in block),
            worse=self.worse + sum(reference > candidate for reference, candidate in block),
            better=self.better + sum(candidate > reference for reference, candidate in block),
        )

    @property
    def difference(self) -> float:
        """Candidate minus reference, of one; 0 before the first pair."""
        return (self.better - self.worse) / self.pairs if self.pairs else 0.0

    @property
    def score_not_worse(self) -> float:
        """Against "worse by the margin": standard normal if it is worse by just that, larger if it is better."""
        return score(self.pairs, self.better, self.worse, self.margin)

    @property
    def score_worse(self) -> float:
        """Against "worse by half the margin": standard normal if it is worse by just that, larger if it is worse."""
        return score(self.pairs, self.worse, self.better, -self.margin / 2)

    def interval(self, confidence: float = 0.95) -> tuple[float, float] | None:
        """Where the difference lies (Agresti & Min 2005: half a pair of each kind is added). For reading, at one look;
        the verdict does not depend on it. None before the first pair."""
        if not self.pairs:
            return None
        n, worse, better = self.pairs + 2, self.worse + 0.5, self.better + 0.5
        middle = (better - worse) / n
        error = sqrt(max(0.0, (better + worse) / n - middle**2) / n)
        half = NORMAL.inv_cdf((1 + confidence) / 2) * error
        return max(-1.0, middle - half), min(1.0, middle + half)


@dataclass(frozen=True, slots=True)
class Looks:
    """The looks so far, and what they say.

    The verdict is wrong with probability about `alpha`: a candidate that is worse by the margin in some criterion is
    called `not_worse`, or one that is hardly worse in any is called `worse`. The first needs no correction for several
    criteria, for all of them must agree (Berger 1982); the second divides alpha by their number.
    """

    alpha: float
    parts: tuple[float, ...] = ()
    """Of all the pairs that may come, those at each look, increasing; 1 at the last."""
    not_worse: frozenset[int] = field(default_factory=frozenset)
    """Places of the criteria that were found not worse at a look."""
    verdict: Verdict = "undecided"

    def is_due(self, part: float) -> bool:
        """Whether to look again, now that this part of the pairs has come."""
        last = self.parts[-1] if self.parts else 0.0
        return last < part and (part >= 1 or part >= min(GROWTH * last, last + STEP) - 1e-9)

    def after(self, part: float, criteria: Sequence[Evidence]) -> Looks:
        """With one more look. `criteria`: the same at every look. `part` is 1 if no more pairs come."""
        parts = (*self.parts, part)
        needed = boundary(parts, self.alpha)
        found = {place for place, one in enumerate(criteria) if one.pairs and one.score_not_worse >= needed}
        not_worse = self.not_worse | found
        verdict: Verdict = "not_worse" if criteria and len(not_worse) == len(criteria) else "undecided"
        if any(self.is_worse(one, parts, len(criteria)) for one in criteria):
            verdict = "worse"
        return Looks(self.alpha, parts, not_worse, verdict)

    def of(self, place: int, criterion: Evidence, criteria: int) -> Verdict:
        """The verdict on one of the criteria, at the last look."""
        if self.parts and self.is_worse(criterion, self.parts, criteria):
            return "worse"
        return "not_worse" if place in self.not_worse else "undecided"

    def is_worse(self, one: Evidence, parts: tuple[float, ...], criteria: int) -> bool:
        return one.pairs > 0 and one.score_worse >= boundary(parts, self.alpha / criteria)


def score(pairs: int, better: int, worse: int, margin: float) -> float:
    """Tango's score against a difference of -margin, which stands for more the better it is. 0 before any pair."""
    n, delta = pairs, -margin
    if not n:
        return 0.0
    # The share of worse pairs that is likeliest if the difference is delta: Tango 1998, equation 12.
    b = (2 * n - better + worse) * delta - better - worse
    c = -worse * delta * (1 - delta)
    likeliest = (sqrt(max(0.0, b * b - 8 * n * c)) - b) / (4 * n)
    variance = n * (2 * likeliest + delta * (1 - delta))
    return (better - worse - n * delta) / sqrt(variance) if variance > 0 else 0.0


@lru_cache(maxsize=10_000)
def boundary(parts: tuple[float, ...], alpha: float) -> float:
    """How large a score must be at the last of these looks, if none before it was large enough."""
    return _integrated(parts, alpha)[0]


@lru_cache(maxsize=200)
def _integrated(parts: tuple[float, ...], alpha: float) -> tuple[float, Floats, Floats]:
    """The boundary at the last look; and below it, where the Brownian motion may stand, with the probability that it
    does so and never crossed."""
    from scipy.special import ndtr  # slow to import

    now = parts[-1]
    if len(parts) == 1:
        needed = sqrt(now) * NORMAL.inv_cdf(1 - alpha * now)
        grid, step = _grid(now, needed)
        return needed / sqrt(now), grid, _density(grid / sqrt(now)) / sqrt(now) * step
    _, before, mass = _integrated(parts[:-1], alpha)
    spread, spent = sqrt(now - parts[-2]), alpha * (now - parts[-2])
    low, high = -6.0, 12.0
    while high - low > 1e-6:
        middle = (low + high) / 2
        crosses = float(mass @ ndtr((before - middle) / spread))
        low, high = (middle, high) if crosses > spent else (low, middle)
    grid, step = _grid(now, high)
    return high / sqrt(now), grid, mass @ _density((grid - before[:, None]) / spread) / spread * step


def _grid(now: float, needed: float) -> tuple[Floats, float]:
    """The middles of as many intervals, up to the boundary, and how wide they are."""
    step = (needed + 6 * sqrt(now)) / GRID
    return needed - (np.arange(GRID, dtype=np.float64)[::-1] + 0.5) * step, step


def more_pairs(criteria: Sequence[Evidence], looks: Looks) -> int | None:
    """About how many more pairs would decide, if what was seen so far goes on; None where nothing points to an end."""
    if not looks.parts:
        return None
    needed = boundary(looks.parts, looks.alpha), boundary(looks.parts, looks.alpha / len(criteria))
    until_not_worse = [
        0.0 if place in looks.not_worse else _until(one.score_not_worse, needed[0], one.pairs)
        for place, one in enumerate(criteria)
    ]
    until_worse = [_until(one.score_worse, needed[1], one.pairs) for one in criteria]
    return ceil(more) if isfinite(more := min(max(until_not_worse, default=inf), *until_worse, inf)) else None


def _until(reached: float, needed: float, pairs: int) -> float:
    """More pairs until the score is large enough; it grows with the root of their number."""
    return max(1.0, pairs * ((needed / reached) ** 2 - 1)) if reached > 0 else inf


def _density(at: Floats) -> Floats:
    density: Floats = np.exp(-at * at / 2) / sqrt(2 * np.pi)
    return density
