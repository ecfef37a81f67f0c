"""Whether the rounds of one day resemble one another; if so, days are the rounds that the judge may take as evidence.

Where a day's requests all go to one machine, 24 hourly rounds say as much of the endpoint as one. Judged one by one,
every machine that was not on duty before would look like a change that lasts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import groupby
from typing import Final

import numpy as np

from prober.judging.statistic.permutation import is_rare
from prober.judging.statistic.table import Floats
from prober.model.evidence import Round

LEVEL: Final = 0.02
"""Share of the endpoints whose rounds do not resemble one another that are judged by days all the same."""
AGAIN: Final = 0.005
"""The same of each of two questions put before an alarm: they are of more rounds, and a real change is at stake."""
NEAR: Final = 3
"""Rounds between two that count as near in time, at most."""
MOST: Final = 504
"""Rounds that are asked at most: three weeks of hourly ones."""
OFTEN: Final = 4
"""Rounds a day from which the question arises."""


def day_of(round_: Round) -> str:
    """The UTC day of a round; its label where its time is not known, so that it is a day of its own."""
    return round_.label if round_.at is None else round_.at.date().isoformat()


def whole_days(rounds: Sequence[Round]) -> list[Round]:
    """The rounds of each day as one, without the newest day, which is not over yet."""
    days = [list(of_day) for _, of_day in groupby(rounds, key=day_of)]
    return [
        Round(of_day[0].label, of_day[0].endpoint, of_day[0].at, tuple(o for r in of_day for o in r.observations))
        for of_day in days[:-1]
    ]


def often(rounds: Sequence[Round]) -> bool:
    """Whether there are several rounds a day, and another day to compare them with."""
    days = {day_of(round_) for round_ in rounds}
    return len(days) > 1 and len(rounds) >= OFTEN * len(days)


def resemble(surplus: Collection[Floats], rounds: Sequence[Round], level: float = LEVEL) -> bool:
    """Whether rounds of one day, or near in time, are more alike than others are: a permutation test of their order.

    `surplus` has one matrix a channel, shape (rounds, features): what each round had more than expected, in units of
    chance. Two statistics, each at half the level: the mean inner product of rounds of one day, and of those at most
    NEAR apart, which finds nights that differ from days. Channels are scaled to equal variance. Of a long history the
    newest MOST rounds are asked.
    """
    if not surplus:
        return False
    alike: Floats = np.sum([_normalised(matrix[-MOST:] @ matrix[-MOST:].T) for matrix in surplus], axis=0)
    number = np.arange(len(alike))
    _, day = np.unique([day_of(round_) for round_ in rounds[-MOST:]], return_inverse=True)
    pairs = np.stack([day[:, None] == day, np.abs(np.subtract.outer(number, number)) <= NEAR])
    pairs &= number[:, None] != number
    return is_rare(lambda order: (alike[np.ix_(order, order)] * pairs).sum(axis=(1, 2)), len(alike), level)


def _normalised(gram: Floats) -> Floats:
    scale = float(np.trace(gram))
    scaled: Floats = gram / scale if scale > 0 else np.zeros_like(gram)
    return scaled
