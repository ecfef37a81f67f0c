"""What is caught, and how soon: simulated endpoints that change after a quiet stretch."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat

import numpy as np

from benchmarks import worlds
from prober.judging.promise import Promise
from prober.lab import replay

QUIET, CHANGED = 30, 60
"""Rounds before the change (8 of them reference) and after it."""
SHARES = (0.05, 0.1, 0.16, 0.25, 0.5, 1.0)
"""Shares of the traffic that another model answers."""


@dataclass(frozen=True)
class ChangeResult:
    """How one share was caught over many worlds."""

    share: float
    worlds: int
    early: int
    """Worlds with an alarm before the change; left out of the rest."""
    delays: tuple[int, ...]
    """Rounds from the change to its alarm, 1 for the first changed round; of the worlds where it was caught."""

    @property
    def caught(self) -> float:
        return len(self.delays) / max(self.worlds - self.early, 1)


def measure(share: float, count: int, rounds_per_year: float, workers: int = 2) -> ChangeResult:
    """`count` clustered endpoints, of which this share of the traffic moves to another model."""
    with ProcessPoolExecutor(workers) as pool:
        first = list(pool.map(partial(delay_of, rounds_per_year), range(count), repeat(share), chunksize=4))
    delays = tuple(delay for delay in first if delay is not None and delay > 0)
    return ChangeResult(share, count, sum(delay is not None and delay <= 0 for delay in first), delays)


def delay_of(rounds_per_year: float, seed: int, share: float) -> int | None:
    """Rounds from the change to the first alarm; 0 or less for one before it, None for none."""
    rng = np.random.default_rng([seed, round(share * 1000)])
    world = worlds.still(rng, clustered=True)
    before = list(worlds.rounds(rng, world, QUIET))
    after = list(worlds.rounds(rng, worlds.mixed(rng, world, share), CHANGED, first=QUIET))
    alarms = replay.replay([*before, *after], Promise(1.0, rounds_per_year)).alarms
    return int(alarms[0].round) - QUIET + 1 if alarms else None
