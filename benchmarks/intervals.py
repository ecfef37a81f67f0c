"""How sure a measured number is: means and areas under the curve, each with its 95 % interval."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.special import stdtrit

Floats = npt.NDArray[np.float64]

RESAMPLES: Final = 2000
"""Behind a bootstrap interval."""
_SEED: Final = 7


@dataclass(frozen=True)
class Estimate:
    """A number and its 95 % interval."""

    value: float
    low: float
    high: float


def mean(values: Floats) -> Estimate:
    """With Student's interval; as wide as all numbers where there is but one value."""
    value = float(values.mean())
    if len(values) < 2:
        return Estimate(value, float("-inf"), float("inf"))
    half = float(stdtrit(len(values) - 1, 0.975)) * float(values.std(ddof=1)) / sqrt(len(values))
    return Estimate(value, value - half, value + half)


def wins(still: Floats, changed: Floats) -> Floats:
    """Shape (still, changed): 1 where the changed one scores higher, ½ where they tie. Its mean is the area."""
    won: Floats = (changed[None] > still[:, None]) + 0.5 * (changed[None] == still[:, None])
    return won


def area(won: Floats) -> Estimate:
    """The area under the curve. Repetition i gave both the i-th row and column, so they are resampled together."""
    low, high = np.quantile(_resampled(won), [0.025, 0.975])
    return Estimate(float(won.mean()), float(low), float(high))


def is_above(ours: Floats, theirs: Floats) -> bool:
    """Whether their area is above ours, on the same repetitions, by more than its 95 % interval."""
    return bool(np.quantile(_resampled(theirs - ours), 0.025) > 0)


def _resampled(won: Floats) -> Floats:
    n = len(won)
    times = np.random.default_rng(_SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    areas: Floats = ((times @ won) * times).sum(axis=1) / n**2
    return areas
