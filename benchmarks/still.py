"""The promise, measured: false alarms of the whole judge on endpoints that never change.

`python -m benchmarks.still --years 60 [--kinds replicas,redrawn]` prints one row a kind.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from math import ceil
from zlib import crc32

import numpy as np
from scipy.stats import gamma

from benchmarks import worlds
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.lab import replay
from prober.model.declaration import ReferenceRule


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


def measure(
    kind: str, count: int, days: int | None = None, workers: int = 2, rule: ReferenceRule | None = None
) -> StillResult:
    """`count` endpoints of one kind of `worlds.KINDS`, each judged for `days` days (else the kind's) after its
    reference, which is the default one where no `rule` is given."""
    days = worlds.KINDS[kind].days if days is None else days
    with ProcessPoolExecutor(workers) as pool:
        alarms = list(pool.map(alarms_of, range(count), repeat(kind), repeat(days), repeat(rule), chunksize=4))
    return StillResult(kind, count * days / 365.25, sum(alarms), sum(n > 0 for n in alarms), count)


def alarms_of(seed: int, kind: str, days: int, rule: ReferenceRule | None = None) -> int:
    """Alarms of one seeded endpoint; after each, judging starts anew, as the daemon's would."""
    rng = np.random.default_rng([seed, crc32(kind.encode())])
    world = worlds.KINDS[kind].draw(rng)
    promise = Promise(1.0, HOURS_PER_YEAR / world.every_h, rule or ReferenceRule())
    reference = max(promise.reference.rounds, ceil(promise.reference.hours / world.every_h)) + 1
    rounds = list(worlds.rounds(rng, world, reference + round(days * 24 / world.every_h)))
    return len(replay.replay(rounds, promise).alarms)


def rows(kinds: list[str], years: float, workers: int, rule: ReferenceRule | None = None) -> Iterator[str]:
    """A table in Markdown, line by line as it is measured: about so many endpoint-years of each kind."""
    yield "| still world | endpoints | years | false alarms | a year (95 % interval) | endpoints with any | minutes |"
    yield "|---|---|---|---|---|---|---|"
    for kind in kinds:
        began = time.monotonic()
        result = measure(kind, max(round(years * 365.25 / worlds.KINDS[kind].days), 1), workers=workers, rule=rule)
        low, high = result.interval
        yield (
            f"| {kind}: {worlds.KINDS[kind].says} | {result.worlds} | {result.years:.1f} | {result.alarms} "
            f"| {result.rate:.3f} ({low:.3f}–{high:.3f}) | {result.worlds_with_alarm} of {result.worlds} "
            f"| {(time.monotonic() - began) / 60:.1f} |"
        )


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.still", description=__doc__)
    arguments.add_argument("--years", type=float, default=60, help="endpoint-years of each kind")
    arguments.add_argument("--kinds", default=",".join(worlds.KINDS), help="names from worlds.KINDS, with commas")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--reference-hours", type=float, help="hours a reference must span; else the default")
    chosen = arguments.parse_args()
    kinds = chosen.kinds.split(",")
    if unknown := sorted(set(kinds) - set(worlds.KINDS)):
        arguments.error(f"unknown kinds: {', '.join(unknown)}; known are {', '.join(worlds.KINDS)}")
    rule = None if chosen.reference_hours is None else ReferenceRule(hours=chosen.reference_hours)
    for line in rows(kinds, chosen.years, chosen.workers, rule):
        print(line, flush=True)


if __name__ == "__main__":
    main()
