"""Rounds to come: drawn from the rounds of the reference, changed from the first on, and read by the judge itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count, islice
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS
from prober.judging.explain.summary import weights
from prober.judging.judge import advance, passes_permutation_check
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.lab.power.changes import Change
from prober.model.declaration import ReferenceRule
from prober.model.errors import NotEnough
from prober.model.evidence import Observation, Round

JUDGED: Final = 3
"""Channels a change is judged by."""
_PILOT: Final = 2**32
"""Number of the future that chooses them, which nobody else sees."""
_PILOT_ROUNDS: Final = 24


@dataclass(frozen=True, slots=True)
class Past:
    """The reference of one endpoint."""

    rounds: tuple[Round, ...]
    """In label order, with the answered observations of the series that are asked now."""
    kinds: tuple[tuple[int, ...], ...]
    """One a round: the indices of all rounds that ask the same series. Probe sets take turns on an endpoint, and a
    simulated round may only stand in for one of its own set."""
    memory: Memory
    """Of a judge that has learnt these rounds and judged none yet."""

    @property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(observation for round_ in self.rounds for observation in round_.observations)

    def by_series(self) -> dict[str, list[Observation]]:
        """Series → its answered observations."""
        found: dict[str, list[Observation]] = {}
        for observation in self.observations:
            found.setdefault(observation.series, []).append(observation)
        return found


class Trial:
    """One future before the judge, judged as far as anybody asked and no further."""

    def __init__(
        self,
        past: Sequence[Round],
        rounds: Iterator[Round],
        memory: Memory,
        shares: Mapping[str, float],
        promise: Promise,
    ) -> None:
        self._seen = list(past)
        self._rounds = rounds
        self._memory = memory
        self._shares = shares
        self._promise = promise
        self._judged = 0
        self._alarm = 0
        """Number of the round that raised the alarm, from 1; 0 while there is none."""

    def caught_within(self, rounds: int) -> bool:
        """Whether an alarm is raised in so many rounds since the change."""
        while not self._alarm and self._judged < rounds:
            self._seen.append(next(self._rounds))
            self._memory, judgement = advance(self._memory, self._seen[-1], lambda _: (), self._promise)
            self._judged += 1
            evidence = sum(self._shares[verdict.channel] * verdict.e_value for verdict in judgement.verdicts)
            if evidence >= self._promise.threshold and passes_permutation_check(self._memory, self._seen):
                self._alarm = self._judged
        return 0 < self._alarm <= rounds


def past_of(rounds: Sequence[Round], series: Collection[str]) -> Past:
    """From the rounds of a complete reference and the series that are asked now.

    Raises NotEnough where the rounds hold no answer of these series.
    """
    asked = [
        replace(round_, observations=tuple(o for o in round_.observations if o.series in series)) for round_ in rounds
    ]
    asked = [round_ for round_ in asked if any(o.fingerprint is not None for o in round_.observations)]
    if not asked:
        raise NotEnough("the reference holds no answer of the probes that are declared now; `prober run` gathers one")
    sets = [frozenset(o.series for o in round_.observations) for round_ in asked]
    answered = [
        replace(round_, observations=tuple(o for o in round_.observations if o.fingerprint is not None))
        for round_ in asked
    ]
    return Past(
        rounds=tuple(answered),
        kinds=tuple(tuple(i for i, other in enumerate(sets) if other == one) for one in sets),
        memory=_learnt(answered),
    )


def future(past: Past, change: Change, size: float, rng: np.random.Generator) -> Iterator[Round]:
    """Whole rounds of the reference, drawn again and again, every reply met by the change. Never ends.

    Whole rounds keep what replies of one round share. How often each is drawn is itself drawn, uniformly from all
    weightings (Rubin, *The Bayesian Bootstrap*, 1981): the truth is not the reference, it is about as far from it as
    another reference would be.
    """
    weights = rng.exponential(size=len(past.rounds))
    alter = change.prepare(past, rng)
    for step in count():
        kind = past.kinds[step % len(past.kinds)]
        among = np.cumsum(weights[list(kind)])
        drawn = past.rounds[kind[int(np.searchsorted(among, rng.random() * among[-1], side="right"))]]
        chances = rng.random((len(drawn.observations), 2)).tolist()
        yield replace(
            drawn,
            label=f"{step:06d}",
            at=None,
            observations=tuple(alter(o, size, *pair) for o, pair in zip(drawn.observations, chances, strict=True)),
        )


def telling_channels(past: Past, change: Change, promise: Promise, seed: int) -> tuple[str, ...]:
    """The channels that win most against a gross change in a future of their own; none where it shows in none."""
    channels = _moved_channels(past, change, seed)
    if len(channels) <= JUDGED:
        return channels
    memory = replace(past.memory, channels={name: past.memory.channels[name] for name in channels})
    size = change.sizes[-2]  # a slight one would leave the choice to chance
    shares = _shares(past)
    evidence = dict.fromkeys(channels, 0.0)
    for round_ in islice(future(past, change, size, np.random.default_rng([seed, _PILOT])), _PILOT_ROUNDS):
        memory, judgement = advance(memory, round_, lambda _: (), promise)
        evidence |= {verdict.channel: shares[verdict.channel] * verdict.e_value for verdict in judgement.verdicts}
    return tuple(sorted(channels, key=lambda name: -evidence[name])[:JUDGED])


def trial(
    past: Past, channels: tuple[str, ...], change: Change, promise: Promise, seed: int, size: float, number: int
) -> Trial:
    """Future `number` of a seed: the same rounds and the same direction at every size.

    Only these channels are judged, each with the share it has among all. Evidence of the others is never negative, so
    there is no more of it than with all of them, at a fraction of the cost.
    """
    memory = replace(past.memory, channels={name: past.memory.channels[name] for name in channels})
    rng = np.random.default_rng([seed, number])
    return Trial(past.rounds, future(past, change, size, rng), memory, _shares(past), promise)


def _learnt(rounds: Sequence[Round]) -> Memory:
    """All rounds are reference, however few: that they suffice was decided when they were gathered."""
    promise = Promise(reference=ReferenceRule.model_construct(rounds=1, hours=0.0))
    memory = Memory()
    for round_ in reversed(rounds):  # each call learns every series of its round; most are known after the first
        if {o.series for o in round_.observations} - set(memory.series):
            memory, _ = advance(memory, round_, lambda series: _with(rounds, series), promise)
    return memory


def _with(rounds: Sequence[Round], series: Collection[str]) -> list[Round]:
    kept = (replace(r, observations=tuple(o for o in r.observations if o.series in series)) for r in rounds)
    return [round_ for round_ in kept if round_.observations]


def _moved_channels(past: Past, change: Change, seed: int) -> tuple[str, ...]:
    """Those in which the change at its largest shows at all."""
    alter = change.prepare(past, np.random.default_rng(seed))
    met = [
        (o.fingerprint, alter(o, change.sizes[-1], 0.0, which).fingerprint)
        for o in past.observations
        for which in (0.01, 0.5, 0.99)
    ]
    return tuple(
        name
        for name in past.memory.channels
        if any(a is not None and b is not None and CHANNELS[name].read(a) != CHANNELS[name].read(b) for a, b in met)
    )


def _shares(past: Past) -> dict[str, float]:
    """What each channel's evidence counts where all of them are judged."""
    return dict(zip(past.memory.channels, map(float, weights(past.memory)), strict=True))
