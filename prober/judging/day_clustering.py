"""Whether the rounds of one day are correlated. If so, a day is the unit of evidence, not a round.

Where a day's requests all go to one machine, 24 hourly rounds say as much of the endpoint as one. Judged one by one,
every machine that was not on duty before would look like a change that lasts.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from itertools import groupby
from math import inf
from typing import Final

import numpy as np

from prober.judging.lasting_noise import NEWEST, normalised
from prober.judging.permutation_check import is_rare
from prober.judging.statistic.readings import Bools, Floats
from prober.model.evidence import Round

LEVEL: Final = 0.02
"""Share of the endpoints whose rounds are not correlated that are judged by days all the same."""
LEVEL_BEFORE_ALARM: Final = 0.005
"""The same, for each of two tests before an alarm: there are more rounds by then, and a real change is at stake."""
SOON_S: Final = (300.0, 7200.0)
"""Seconds within which a round that was asked again a minute, or an hour, later has its pair."""
LEVEL_SOON: Final = 0.01
"""Share of the endpoints whose rounds are not correlated where such pairs count as one round all the same, for each."""
NEAR: Final = 3
"""Rounds between two that count as near in time, at most."""
ROUNDS_A_DAY: Final = 1.5
"""Rounds in 24 hours from which the question arises: two, of which one in four may be missing."""


def day_of(round_: Round) -> str:
    """The UTC day of a round; its label where its time is not known, so that it is a day of its own."""
    return round_.label if round_.at is None else round_.at.date().isoformat()


def whole_days(rounds: Sequence[Round]) -> list[Round]:
    """The rounds of each day as one, without the newest day, which is not over yet."""
    days = [list(of_day) for _, of_day in groupby(rounds, key=day_of)]
    return [_as_one(of_day) for of_day in days[:-1]]


def _as_one(rounds: Sequence[Round]) -> Round:
    first = rounds[0]
    return Round(first.label, first.endpoint, first.at, tuple(o for r in rounds for o in r.observations))


def together(rounds: Sequence[Round], apart_s: float) -> list[Round]:
    """Rounds at most so many seconds after the first of them as one."""
    if not apart_s:
        return list(rounds)
    found: list[list[Round]] = []
    for one in rounds:
        first = found[-1][0].at if found else None
        if first is not None and one.at is not None and (one.at - first).total_seconds() <= apart_s:
            found[-1].append(one)
        else:
            found.append([one])
    return [_as_one(some) for some in found]


def repeats(surplus: Collection[Floats], rounds: Sequence[Round], apart_s: float) -> bool:
    """Whether rounds at most so many seconds apart are more alike than others: a permutation test of their order."""
    at = [one.at.timestamp() if one.at is not None else inf for one in rounds]
    with np.errstate(invalid="ignore"):
        pairs = np.abs(np.subtract.outer(at, at)) <= apart_s
    return _is_alike(surplus, pairs[None], LEVEL_SOON)


def can_be_clustered(rounds: Sequence[Round]) -> bool:
    """Whether there are several rounds in 24 hours, and another day to compare them with.

    Calendar days are not counted: a week of rounds every six hours touches eight of them, two only in part.
    """
    at = [round_.at for round_ in rounds if round_.at is not None]
    if len({moment.date() for moment in at}) < 2:
        return False
    return len(at) - 1 >= ROUNDS_A_DAY * ((max(at) - min(at)) / timedelta(days=1))


def is_clustered(surplus: Collection[Floats], rounds: Sequence[Round], level: float = LEVEL) -> bool:
    """Whether rounds of one day, or near in time, are correlated: a permutation test of their order.

    `surplus` has one matrix a channel, shape (rounds, features): what each round had more than expected, in units of
    chance. Two statistics, each at half the level: the mean inner product of rounds of one day, and of those at most
    NEAR apart, which finds nights that differ from days. Channels are scaled to equal variance. Of a long history the
    newest NEWEST rounds are tested.
    """
    number = np.arange(len(rounds))
    _, day = np.unique([day_of(round_) for round_ in rounds], return_inverse=True)
    pairs = np.stack([day[:, None] == day, np.abs(np.subtract.outer(number, number)) <= NEAR])
    return _is_alike(surplus, pairs, level)


def _is_alike(surplus: Collection[Floats], pairs: Bools, level: float) -> bool:
    """Whether one of several kinds of pairs, shape (kinds, rounds, rounds), is more alike than in random orders."""
    pairs = pairs[:, -NEWEST:, -NEWEST:] & ~np.eye(min(pairs.shape[1], NEWEST), dtype=np.bool_)
    if not surplus or not pairs.any(axis=(1, 2)).all():
        return False
    products: Floats = np.sum([normalised(matrix[-NEWEST:] @ matrix[-NEWEST:].T) for matrix in surplus], axis=0)
    return is_rare(lambda order: (products[np.ix_(order, order)] * pairs).sum(axis=(1, 2)), len(products), level)
