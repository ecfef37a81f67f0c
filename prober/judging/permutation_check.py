r"""The permutation check: before an alarm, whether rounds from one on differ from those before it.

The e-detector bets against a model of unchanged rounds. Where rounds are like nothing in the model - machines that take
turns, of which a short reference saw few - it wins now and then though nothing changes. A permutation test needs no
model: unchanged rounds, however alike their replies are, might as well have come in another order. A change shows in
the order.

With \(x_i\) the rounds, centred, the statistic is that of the onset that fits best,

    max over m of  |x_{n-m+1} + … + x_n|² / (m (n-m) / n),

compared with its values after random permutations of the rounds (Antoch & Hušková, "Permutation tests in change point
analysis", 2001). The maximum is taken anew in each, so that choosing the onset costs nothing of the level.
"""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import Final

import numpy as np

from prober.judging.statistic.readings import Floats, Ints

PERMUTATIONS: Final = 999
LEVEL: Final = 0.02
"""Share of unchanged endpoints for which the check finds a change all the same."""
RAREST: Final = 3.0
"""Where the change is in the newest one or two rounds, the level is at least this, divided by the number of ways to
choose as many rounds: the most extreme order of all has the p-value of two of these, and an alarm must not have to wait
for a second changed round."""


def rejects_no_change(surplus: Floats, level: float = LEVEL) -> bool:
    """Whether random orders of the rounds rarely differ before and after some round as much as the true order does.

    `surplus`, shape (rounds, features), is what each round had more than expected, in units of chance. Fewer than two
    rounds cannot be permuted: nothing is held against the alarm, so True.
    """
    n = len(surplus)
    if n < 2:
        return True
    centred = surplus - surplus.mean(axis=0)
    newest = min(n - 1 - int(np.argmax(by_onset(centred, np.arange(n)))), 3)
    least = max(level, RAREST / comb(n, newest))
    return is_rare(lambda order: by_onset(centred, order).max(keepdims=True), n, least)


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


def by_onset(centred: Floats, order: Ints) -> Floats:
    """The statistic of every onset but the first, shape (rounds - 1,), after reordering."""
    before = np.arange(1, len(order))
    sums = np.cumsum(centred[order], axis=0)[:-1]  # what comes from the onset on is minus what comes before
    statistic: Floats = (sums * sums).sum(axis=1) / (before * (len(order) - before) / len(order))
    return statistic
