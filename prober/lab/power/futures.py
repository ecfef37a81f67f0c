"""Rounds to come, drawn from the reference and changed from the first on, and the very judge that reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS
from prober.judging.explain.summary import weights
from prober.judging.judge import advance, passes_permutation_check
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.lab.power.changes import Change
from prober.lab.power.history import Past
from prober.model.evidence import Round

JUDGED: Final = 3
"""Channels a change is judged by."""
_PILOT: Final = 2**32
"""Number of the future that chooses them, which nobody else sees."""
_PILOT_ROUNDS: Final = 24


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
