"""The promise, measured: false alarms of the whole judge on endpoints that never change.

`python -m benchmarks.still --years 60 [--kinds replicas,redrawn-hourly]` prints one row a kind. An endpoint
is a line of `results/still.jsonl` as soon as it is measured, and another run goes on from there, unless the statistic
has changed.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from math import ceil, inf
from pathlib import Path
from typing import Any, Final
from zlib import crc32

import numpy as np
from scipy.special import gammaincinv

from benchmarks import worlds
from benchmarks.part import ALARM, DAYS, JUDGE, LASTING, RESULTS, known, once, statistic
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.lab import replay
from prober.model.reference import ReferenceRule

KEPT: Final = RESULTS / "still.jsonl"


@dataclass(frozen=True)
class Endpoint:
    """One endpoint that never changes."""

    kind: str
    seed: int
    days: int
    """For which it was asked after its reference."""
    years: float
    """For which it was judged: while a reference is gathered, nothing can alarm."""
    alarms: int


@dataclass(frozen=True)
class StillResult:
    """False alarms on one kind of unchanged world."""

    kind: str
    years: float
    alarms: int
    worlds_with_alarm: int
    worlds: int

    @property
    def rate(self) -> float:
        """False alarms an endpoint and year."""
        return self.alarms / self.years if self.years else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """Exact 95 % interval of the rate, as if alarms were Poisson (Garwood 1936)."""
        if not self.years:
            return 0.0, inf
        low = gammaincinv(self.alarms, 0.025) if self.alarms else 0.0
        return float(low / self.years), float(gammaincinv(self.alarms + 1, 0.975) / self.years)


def measure(counts: Mapping[str, int], workers: int = 2, kept: Path = KEPT, minutes: float = inf) -> list[StillResult]:
    """So many endpoints of each of these kinds of `worlds.KINDS`, each judged for the kind's days after its reference;
    those that are in the file `kept` are not judged again. All kinds proceed alike, so that a run that is interrupted
    tells as much of one as of another."""
    items = [(kind, worlds.KINDS[kind].days, seed) for kind, count in counts.items() for seed in range(count)]
    in_turn = sorted(items, key=lambda item: (item[2] + 1) / counts[item[0]])
    once(_found, in_turn, kept, _statistic(), workers, minutes)
    return kept_results(kept)


def _found(item: tuple[str, int, int]) -> dict[str, Any]:
    kind, days, seed = item
    return asdict(watched(seed, kind, days))


def _statistic() -> str:
    return statistic(JUDGE + ALARM + DAYS + LASTING)


def result(kind: str, endpoints: Sequence[Endpoint]) -> StillResult:
    """All of one kind together."""
    return StillResult(
        kind=kind,
        years=sum(one.years for one in endpoints),
        alarms=sum(one.alarms for one in endpoints),
        worlds_with_alarm=sum(one.alarms > 0 for one in endpoints),
        worlds=len(endpoints),
    )


def kept_results(kept: Path = KEPT) -> list[StillResult]:
    """Of every kind that was measured with the statistic as it is."""
    endpoints = [Endpoint(**found) for found in known(kept, _statistic()).values()]
    return [
        result(kind, of_kind)
        for kind, of in worlds.KINDS.items()
        if (of_kind := [one for one in endpoints if (one.kind, one.days) == (kind, of.days)])
    ]


def watched(seed: int, kind: str, days: int, rule: ReferenceRule | None = None) -> Endpoint:
    """One seeded endpoint; after each alarm judging starts anew, as the daemon's would."""
    rng = np.random.default_rng([seed, crc32(kind.encode())])
    world = worlds.KINDS[kind].draw(rng)
    promise = Promise(1.0, HOURS_PER_YEAR / world.every_h, rule or ReferenceRule())
    reference = max(promise.reference.rounds, ceil(promise.reference.hours / world.every_h)) + 1
    rounds = list(worlds.rounds(rng, world, reference + round(days * 24 / world.every_h)))
    found = replay.replay(rounds, promise)
    judged = sum(judgement.state != "insufficient_evidence" for judgement in found.judgements)
    return Endpoint(kind, seed, days, judged * world.every_h / HOURS_PER_YEAR, len(found.alarms))


def rows(kinds: Sequence[str], years: float, workers: int) -> Iterator[str]:
    """A table in Markdown, line by line as it is measured: about so many endpoint-years of each kind."""
    yield "| kind | endpoints | years | false alarms | a year (95 % interval) | endpoints with any | minutes |"
    yield "|---|---|---|---|---|---|---|"
    for kind in kinds:
        began = time.monotonic()
        count = max(round(years * 365.25 / worlds.KINDS[kind].days), 1)
        [found] = [one for one in measure({kind: count}, workers) if one.kind == kind]
        low, high = found.interval
        yield (
            f"| {kind}: {worlds.KINDS[kind].says} | {found.worlds} | {found.years:.1f} | {found.alarms} "
            f"| {found.rate:.3f} ({low:.3f}–{high:.3f}) | {found.worlds_with_alarm} of {found.worlds} "
            f"| {(time.monotonic() - began) / 60:.1f} |"
        )


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.still", description=__doc__)
    arguments.add_argument("--years", type=float, default=4, help="endpoint-years of each kind")
    arguments.add_argument("--kinds", default=",".join(worlds.KINDS), help="names from worlds.KINDS, with commas")
    arguments.add_argument("--workers", type=int, default=2)
    chosen = arguments.parse_args()
    kinds = chosen.kinds.split(",")
    if unknown := sorted(set(kinds) - set(worlds.KINDS)):
        arguments.error(f"unknown kinds: {', '.join(unknown)}; known are {', '.join(worlds.KINDS)}")
    for line in rows(kinds, chosen.years, chosen.workers):
        print(line, flush=True)


if __name__ == "__main__":
    main()
