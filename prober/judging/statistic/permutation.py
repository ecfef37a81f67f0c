"""Whether the order in which things came is a rare one: a permutation test."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np

from prober.judging.statistic.table import Floats, Ints

PERMUTATIONS: Final = 999


def is_rare(statistics: Callable[[Ints], Floats], things: int, level: float) -> bool:
    """Whether random orders of so many things have one of the statistics as high as the order seen, 0, 1, 2 …, no more
    often than `level`, which the statistics share.

    `statistics` gives them, shape (statistics,), of an order of indices. Stops where it has decided.
    """
    # The seed is fixed, so that the same things are always judged the same way.
    rng = np.random.default_rng(0)
    seen = statistics(np.arange(things))
    most = level / len(seen) * (1 + PERMUTATIONS)
    as_high = np.ones(len(seen))  # the order that was seen is one of them
    for _ in range(PERMUTATIONS):
        as_high += statistics(rng.permutation(things)) >= seen
        if as_high.min() > most:
            return False
    return True
