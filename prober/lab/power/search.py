"""The smallest size of a change that is caught in time, and how sure that is: rounds to come are drawn from the
reference, changed from the first on, and read by the judge itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count, islice
from math import ceil, exp, isnan
from typing import Final

import numpy as np

from prober.judging.alarm_checks import passes_permutation_check
from prober.judging.channels import CHANNELS
from prober.judging.explain.summary import weights
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.objectives import wilson
from prober.judging.promise import Promise
from prober.judging.steps import step_each
from prober.lab.power.changes import Change
from prober.lab.power.history import ReferenceHistory
from prober.model.evidence import Round
from prober.text import count as number_of

JUDGED: Final = 3
"""Channels a change is judged by."""
_PILOT: Final = 2**32
"""Number of the future that chooses them, which nobody else sees."""
_PILOT_ROUNDS: Final = 24
POWER: Final = 0.8
"""The share of futures in which a change must be caught."""
DAYS_PER_YEAR: Final = 365.25
MOST_ROUNDS: Final = 168
"""Rounds of a future that are judged at most: a week of hourly ones. What is caught in them is caught in the time that
is asked for; in the rest of it, smaller changes may be too."""


class Trial:
    """One future before the judge, judged as far as anybody asked and no further."""

    def __init__(
        self,
        history: Sequence[Round],
        rounds: Iterator[Round],
        memory: Memory,
        shares: Mapping[str, float],
        promise: Promise,
    ) -> None:
        self.judged = 0
        self.alarm = 0
        """Number of the round that raised the alarm, from 1; 0 while there is none."""
        self._seen = list(history)
        self._rounds = rounds
        self._memory = memory
        self._shares = shares
        self._promise = promise

    @staticmethod
    def go_on(trials: Sequence[Trial], rounds: int) -> None:
        """Judge each until it raises an alarm, or so many rounds of it are judged; together those that are as far."""
        while going := [one for one in trials if not one.alarm and one.judged < rounds]:
            least = min(one.judged for one in going)
            these = [one for one in going if one.judged == least]
            drawn = [next(one._rounds) for one in these]
            memories = step_each([one._memory for one in these], [one.observations for one in drawn], drawn[0])
            for one, round_, memory in zip(these, drawn, memories, strict=True):
                one._take(round_, memory)

    def _take(self, round_: Round, memory: Memory) -> None:
        self._seen.append(round_)
        self._memory = memory
        self.judged += 1
        log_es = {name: held.statistic.log_e for name, held in memory.channels.items()}
        evidence = sum(
            self._shares[name] * exp(min(log_e, 700.0)) for name, log_e in log_es.items() if not isnan(log_e)
        )
        if evidence >= self._promise.threshold and passes_permutation_check(memory, self._seen):
            self.alarm = self.judged

    def caught_within(self, rounds: int) -> bool:
        """Whether an alarm is raised in so many rounds since the change."""
        Trial.go_on([self], rounds)
        return 0 < self.alarm <= rounds


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
    judged: int
    """The first of them, at most `MOST_ROUNDS`, in which the change must be caught."""
    channels: tuple[str, ...]
    """It is judged by; none where nothing asked now would show it."""
    smallest: Caught | None
    """The smallest size caught in at least `POWER` of the futures; None where not even the largest is, or nothing could
    be tried."""
    largest: Caught | None
    """The largest size, where that was not enough either."""


class _Trials:
    """The futures of one kind of change, each begun when first wanted and kept, to be taken further."""

    def __init__(
        self, history: ReferenceHistory, channels: tuple[str, ...], change: Change, promise: Promise, seed: int
    ) -> None:
        self._begun: dict[tuple[int, int], Trial] = {}
        self._sizes = change.sizes
        self._begin = partial(trial, history, channels, change, promise, seed)

    def caught(self, place: int, numbers: Iterable[int], rounds: int) -> int:
        """How many of these futures are caught in so many rounds."""
        keys = [(place, number) for number in numbers]
        for key in keys:
            if key not in self._begun:
                self._begun[key] = self._begin(size=self._sizes[place], number=key[1])
        trials = [self._begun[key] for key in keys]
        Trial.go_on(trials, rounds)
        return sum(one.caught_within(rounds) for one in trials)

    def enough(self, place: int, rounds: int, replications: int) -> bool:
        """Whether `count` would reach `POWER`; stops as soon as that is settled."""
        needed = ceil(POWER * replications)
        allowed = replications - needed
        caught = tried = 0
        while caught < needed and tried - caught <= allowed:
            few = min(needed - caught, allowed + 1 - (tried - caught))  # any fewer would settle nothing
            caught += self.caught(place, range(tried, tried + few), rounds)
            tried += few
        return caught >= needed

    def count(self, place: int, rounds: int, replications: int) -> Caught:
        return Caught(self._sizes[place], self.caught(place, range(replications), rounds), replications)


def future(history: ReferenceHistory, change: Change, size: float, rng: np.random.Generator) -> Iterator[Round]:
    """Whole rounds of the reference, drawn again and again, every reply met by the change. Never ends.

    Whole rounds keep what replies of one round share. How often each is drawn is itself drawn, uniformly from all
    weightings (Rubin, *The Bayesian Bootstrap*, 1981): the truth is not the reference, it is about as far from it as
    another reference would be.
    """
    weights = rng.exponential(size=len(history.rounds))
    alter = change.prepare(history, rng)
    for step in count():
        kind = history.kinds[step % len(history.kinds)]
        among = np.cumsum(weights[list(kind)])
        drawn = history.rounds[kind[int(np.searchsorted(among, rng.random() * among[-1], side="right"))]]
        chances = rng.random((len(drawn.observations), 2)).tolist()
        yield replace(
            drawn,
            label=f"{step:06d}",
            at=None,
            observations=tuple(alter(o, size, *pair) for o, pair in zip(drawn.observations, chances, strict=True)),
        )


def informative_channels(history: ReferenceHistory, change: Change, promise: Promise, seed: int) -> tuple[str, ...]:
    """The channels that win most against a gross change in a future of their own; none where it shows in none."""
    channels = _moved_channels(history, change, seed)
    if len(channels) <= JUDGED:
        return channels
    memory = replace(history.memory, channels={name: history.memory.channels[name] for name in channels})
    size = change.sizes[-2]  # a slight one would leave the choice to chance
    shares = shares_of(history)
    evidence = dict.fromkeys(channels, 0.0)
    for round_ in islice(future(history, change, size, np.random.default_rng([seed, _PILOT])), _PILOT_ROUNDS):
        memory, judgement = advance(memory, round_, lambda _: (), promise)
        evidence |= {verdict.channel: shares[verdict.channel] * verdict.e_value for verdict in judgement.verdicts}
    return tuple(sorted(channels, key=lambda name: -evidence[name])[:JUDGED])


def trial(
    history: ReferenceHistory,
    channels: tuple[str, ...],
    change: Change,
    promise: Promise,
    seed: int,
    size: float,
    number: int,
) -> Trial:
    """Future `number` of a seed: the same rounds and the same direction at every size.

    Only these channels are judged, each with the share it has among all. Evidence of the others is never negative, so
    there is no more of it than with all of them, at a fraction of the cost.
    """
    memory = replace(history.memory, channels={name: history.memory.channels[name] for name in channels})
    rng = np.random.default_rng([seed, number])
    return Trial(history.rounds, future(history, change, size, rng), memory, shares_of(history), promise)


def sensitivity(
    history: ReferenceHistory,
    changes: Sequence[Change],
    promise: Promise,
    spans: Sequence[float] = (1.0, 7.0),
    replications: int = 20,
    seed: int = 0,
    progress: Callable[[str], None] = lambda words: None,
) -> tuple[Sensitivity, ...]:
    """For every kind of change and every span in days, ascending: the smallest size that is caught.

    `progress` is called with what was just finished, once a kind and span.
    """
    found = []
    for change in changes:
        channels = informative_channels(history, change, promise, seed)
        trials = _Trials(history, channels, change, promise, seed)
        places = len(change.sizes)
        for days in spans:
            planned = int(promise.rounds_per_year / DAYS_PER_YEAR * days + 1e-9)
            rounds = min(planned, MOST_ROUNDS)
            smallest = largest = None
            if rounds and channels:
                # What is caught in a shorter time is caught in a longer one.
                places = first_place(places, partial(trials.enough, rounds=rounds, replications=replications))
                if places < len(change.sizes):
                    smallest = trials.count(places, rounds, replications)
                else:
                    largest = trials.count(places - 1, rounds, replications)
            found.append(Sensitivity(change, days, planned, rounds, channels, smallest, largest))
            progress(f"{change.name}, {number_of(days, 'day')}")
    return tuple(found)


def _moved_channels(history: ReferenceHistory, change: Change, seed: int) -> tuple[str, ...]:
    """Those in which the change at its largest shows at all."""
    alter = change.prepare(history, np.random.default_rng(seed))
    met = [
        (o.fingerprint, alter(o, change.sizes[-1], 0.0, which).fingerprint)
        for o in history.observations
        for which in (0.01, 0.5, 0.99)
    ]
    return tuple(
        name
        for name in history.memory.channels
        if any(a is not None and b is not None and CHANNELS[name].read(a) != CHANNELS[name].read(b) for a, b in met)
    )


def shares_of(history: ReferenceHistory) -> dict[str, float]:
    """What each channel's evidence counts where all of them are judged."""
    return dict(zip(history.memory.channels, map(float, weights(history.memory)), strict=True))


def first_place(end: int, holds: Callable[[int], bool]) -> int:
    """The first place before `end` where it holds, by bisection; `end` where it holds nowhere."""
    begin = 0
    while begin < end:
        middle = (begin + end) // 2
        begin, end = (begin, middle) if holds(middle) else (middle + 1, end)
    return begin
