"""The promise, measured: false alarms of the whole judge on endpoints that never change."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from scipy.stats import gamma

from benchmarks import worlds
from prober import replay
from prober.detectors.promise import Promise


@dataclass(frozen=True)
class StillResult:
    """False alarms on one kind of still world."""

    kind: str
    years: float
    alarms: int
    worlds_with_alarm: int
    worlds: int

    @property
    def rate(self) -> float:
        """False alarms an endpoint and year."""
        return self.alarms / self.years

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of the rate, as if alarms were Poisson (Garwood 1936)."""
        low = gamma.ppf(0.025, self.alarms) if self.alarms else 0.0
        return float(low / self.years), float(gamma.ppf(0.975, self.alarms + 1) / self.years)


def measure(kind: str, count: int, days: int = 365, workers: int = 2) -> StillResult:
    """`count` endpoints of one kind, each judged daily for `days` days after its reference."""
    with ProcessPoolExecutor(workers) as pool:
        alarms = list(pool.map(alarms_of, range(count), repeat(kind), repeat(days), chunksize=4))
    return StillResult(kind, count * days / 365.25, sum(alarms), sum(n > 0 for n in alarms), count)


def alarms_of(seed: int, kind: str, days: int) -> int:
    """Alarms of one seeded endpoint; after each, judging starts anew, as the daemon's would."""
    rng = np.random.default_rng([seed, sorted({"independent", "clustered"}).index(kind)])
    world = worlds.still(rng, clustered=kind == "clustered")
    promise = Promise(false_alarms_per_year=1.0, rounds_per_year=365.25)
    rounds = list(worlds.rounds(rng, world, promise.reference.rounds + 1 + days))
    return len(replay.replay(rounds, promise).alarms)
