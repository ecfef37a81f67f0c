r"""Whether the order of the rounds speaks of a change: asked before an alarm, of the rounds themselves.

The e-detector bets against a model of still rounds. Where these are like nothing in the model - machines that take
turns, of which a short reference saw few - it wins now and then though nothing changes. A shuffle needs no model: still
rounds, however alike their replies are, might as well have come in another order, and a change is one in time.

With \(x_i\) the rounds, centred, the statistic is that of the most telling onset,

    max over m of  |x_{n-m+1} + … + x_n|² / (m (n-m) / n),

held against its values after random permutations of the rounds (Antoch & Hušková, "Permutation tests in change point
analysis", 2001). The maximum is taken anew in each, so that choosing the onset costs nothing of the level.
"""

from __future__ import annotations

from math import comb
from typing import Final

import numpy as np

from prober.judging.statistic.permutation import is_rare
from prober.judging.statistic.table import Floats, Ints

LEVEL: Final = 0.02
"""Share of the still orders that speak of a change."""
RAREST: Final = 3.0
"""Where a change of the newest one or two rounds is seen, the level is at least so much of one in the ways to choose as
many: the most telling order of all is as rare as two of these, and a first changed round is not to wait for a second.
"""


def speaks(surplus: Floats) -> bool:
    """Whether rounds from one on differ from those before it as few shuffled ones do.

    `surplus`, shape (rounds, features), is what each round had more than expected, in units of chance. Fewer than two
    rounds have no order that could speak against it.
    """
    n = len(surplus)
    if n < 2:
        return True
    centred = surplus - surplus.mean(axis=0)
    newest = min(n - 1 - int(np.argmax(_by_onset(centred, np.arange(n)))), 3)
    level = max(LEVEL, RAREST / comb(n, newest))
    return is_rare(lambda order: _by_onset(centred, order).max(keepdims=True), n, level)


def _by_onset(centred: Floats, order: Ints) -> Floats:
    """The statistic of every onset but the first, shape (rounds - 1,), after reordering."""
    before = np.arange(1, len(order))
    sums = np.cumsum(centred[order], axis=0)[:-1]  # what comes from the onset on is minus what comes before
    statistic: Floats = (sums * sums).sum(axis=1) / (before * (len(order) - before) / len(order))
    return statistic
