"""The smallest size of a change that is caught in time, by bisection over simulated futures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, sqrt
from typing import Final

from prober.judging.promise import Promise
from prober.lab.power.changes import Change
from prober.lab.power.futures import Past, Trial, telling_channels, trial

POWER: Final = 0.8
"""The share of futures in which a change must be caught."""
DAYS_PER_YEAR: Final = 365.25


@dataclass(frozen=True, slots=True)
class Caught:
    """How often changes of one size were caught in time."""

    size: float
    caught: int
    futures: int

    @property
    def share(self) -> float:
        return self.caught / self.futures

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share (Wilson 1927)."""
        return wilson(self.caught, self.futures)


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What is caught of one kind of change within one span of time."""

    change: Change
    days: float
    rounds: int
    """Rounds of the plan in that time."""
    channels: tuple[str, ...]
    """It is judged by; none where nothing asked now would show it."""
    smallest: Caught | None
    """The smallest size caught in at least `POWER` of the futures; None where not even the largest is, or nothing could
    be tried."""
    largest: Caught | None
    """The largest size, where that was not enough either."""


def sensitivity(
    past: Past,
    changes: Sequence[Change],
    promise: Promise,
    spans: Sequence[float] = (1.0, 7.0),
    replications: int = 20,
    seed: int = 0,
    tell: Callable[[str], None] = lambda words: None,
) -> tuple[Sensitivity, ...]:
    """For every kind of change and every span in days, ascending: the smallest size that is caught.

    `tell` hears what was just finished, once a kind and span.
    """
    found = []
    for change in changes:
        channels = telling_channels(past, change, promise, seed)
        trials = _Trials(past, channels, change, promise, seed)
        places = len(change.sizes)
        for days in spans:
            rounds = int(promise.rounds_per_year / DAYS_PER_YEAR * days + 1e-9)
            smallest = largest = None
            if rounds and channels:
                # What is caught in a shorter time is caught in a longer one.
                places = _first(places, partial(trials.enough, rounds=rounds, replications=replications))
                if places < len(change.sizes):
                    smallest = trials.count(places, rounds, replications)
                else:
                    largest = trials.count(places - 1, rounds, replications)
            found.append(Sensitivity(change, days, rounds, channels, smallest, largest))
            tell(f"{change.name}, {days:g} days")
    return tuple(found)


class _Trials:
    """The futures of one kind of change, each begun when first wanted and kept, to be taken further."""

    def __init__(self, past: Past, channels: tuple[str, ...], change: Change, promise: Promise, seed: int) -> None:
        self._begun: dict[tuple[int, int], Trial] = {}
        self._sizes = change.sizes
        self._begin = partial(trial, past, channels, change, promise, seed)

    def caught(self, place: int, number: int, rounds: int) -> bool:
        key = (place, number)
        if key not in self._begun:
            self._begun[key] = self._begin(size=self._sizes[place], number=number)
        return self._begun[key].caught_within(rounds)

    def enough(self, place: int, rounds: int, replications: int) -> bool:
        """Whether `count` would reach `POWER`; stops as soon as that is settled."""
        needed = ceil(POWER * replications)
        caught = 0
        for number in range(replications):
            caught += self.caught(place, number, rounds)
            if caught >= needed or caught + replications - number - 1 < needed:
                break
        return caught >= needed

    def count(self, place: int, rounds: int, replications: int) -> Caught:
        caught = sum(self.caught(place, number, rounds) for number in range(replications))
        return Caught(self._sizes[place], caught, replications)


def _first(end: int, holds: Callable[[int], bool]) -> int:
    """The first place before `end` where it holds, by bisection; `end` where it holds nowhere."""
    begin = 0
    while begin < end:
        middle = (begin + end) // 2
        begin, end = (begin, middle) if holds(middle) else (middle + 1, end)
    return begin


def wilson(successes: int, tries: int, z: float = 1.959964) -> tuple[float, float]:
    """Interval of a share (Wilson, *Probable inference*, 1927)."""
    share, square = successes / tries, z * z
    middle = (share + square / (2 * tries)) / (1 + square / tries)
    half = z * sqrt(share * (1 - share) / tries + square / (4 * tries * tries)) / (1 + square / tries)
    return max(0.0, middle - half), min(1.0, middle + half)
