r"""When the change began: a posterior over the candidate onsets that the statistic keeps.

A candidate \(j\) stands for the rounds between its neighbours, which were merged into one of them. With a prior that is
flat over rounds it has the weight \(g_j \exp(l_j)\), where \(g_j\) is half the distance of its neighbours in rounds and
\(l_j\) its ln likelihood ratio. What is cut is five in a hundred at each end, and what is left reaches to the
neighbours, because the rounds in between cannot be told apart any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from prober.judging.statistic.edetector import Onsets, State
from prober.judging.statistic.table import Floats, posterior
from prober.model.evidence import Between

TAIL: Final = 0.05
"""Belief left out at each end."""


def between(statistic: State, recent: Sequence[str]) -> Between | None:
    """The rounds in which the change began, with 90 % belief given that there was one.

    `recent` are the labels of the newest rounds that the statistic was stepped with, oldest first. Ends older than
    these are named by the nearest candidate within the interval. None while no onset is likelier than none at all.
    """
    onsets, known = statistic.onsets, statistic.rounds - len(recent)
    log_ratio = onsets.log_ratio
    if log_ratio.max(initial=0.0) <= 0:
        return None
    first, last = _interval(onsets, log_ratio, statistic.rounds)
    born = [(int(number), label) for number, label in zip(onsets.born, onsets.labels, strict=True)]
    earliest = recent[first - known] if first >= known else min(one for one in born if one[0] >= first)[1]
    latest = recent[last - known] if last >= known else max(one for one in born if one[0] <= last)[1]
    return earliest, latest


def _interval(onsets: Onsets, log_ratio: Floats, rounds: int) -> tuple[int, int]:
    """Numbers of the first and last round of the interval."""
    born = [int(number) for number in onsets.born]
    before, after = [born[0] - 1, *born[:-1]], [*born[1:], rounds]
    width = (np.array(after) - np.array(before)) / 2
    below = np.cumsum(posterior(log_ratio + np.log(width)))
    low = int(np.searchsorted(below, TAIL, side="right"))
    high = min(int(np.searchsorted(below, 1 - TAIL)), len(born) - 1)
    low = min(low, high)
    return before[low] + 1, after[high] - 1
