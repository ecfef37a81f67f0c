"""How close to Lorden's limit a detector can come that does not know what a change looks like.

`python -m benchmarks.limit` prints a table. A round is taken as a point x of d dimensions, normal with unit variance,
whose mean a change moves by a vector of length r: r² / 2 nats a round, as many as the rung tells, and d as many
dimensions as the judge has of its answers (those that it would name, less one a probe). The best bet where every
direction is alike is the likelihood averaged over all directions (Hunt & Stein). After n rounds with the sum s it is

    exp(-n r² / 2) · Gamma(d/2) · (2 / z)^(d/2 - 1) · I_(d/2 - 1)(z),   z = r |s|

Its Shiryaev–Roberts sum over all onsets, none of them dropped, is held to the same threshold as the judge's.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import log, sqrt
from statistics import fmean
from typing import Final
from zlib import crc32

import numpy as np
from scipy.special import gammaln, ive

from benchmarks import delay, intervals, ladder
from benchmarks.design import Design
from benchmarks.part import RESULTS
from benchmarks.peers.interface import ROUNDS_PER_YEAR
from benchmarks.stream import QUIET, REFERENCE
from prober.judging.statistic.readings import Floats
from prober.judging.statistic.scales import COMMON, NAMED

BEFORE: Final = 60
"""Unchanged rounds before the change; older onsets say next to nothing."""
PATIENCE: Final = 8
"""Changed rounds, in times of the limit; then it counts as found."""
MAGNITUDES: Final[Floats] = np.exp2(np.arange(-3.0, 4.0))
"""Lengths that are bet on alike where the length is not known either, in times of 0.5: from 1/16 to 4."""

Bet = Callable[[Floats, Floats], Floats]
"""(rounds since each onset, |their sum|²) → ln likelihood ratio."""


def of_all_directions(length: float, dimensions: int, known: float = np.inf) -> Bet:
    """Every direction alike; `known` rounds of reference say what is usual, so that a sum of n varies by n (1 + n /
    known)."""
    order = dimensions / 2 - 1

    def log_ratio(n: Floats, squared: Floats) -> Floats:
        noise = 1 + n / known
        z = np.maximum(length * np.sqrt(squared) / noise, 1e-9)
        bessel = np.log(np.maximum(ive(order, z), 1e-300)) + z
        ratio: Floats = -n * length**2 / (2 * noise) + gammaln(order + 1) + order * np.log(2 / z) + bessel
        return ratio

    return log_ratio


def of_all_lengths(dimensions: int, known: float = np.inf) -> Bet:
    """Every direction and many lengths alike."""
    bets = [of_all_directions(0.5 * times, dimensions, known) for times in MAGNITUDES]
    return lambda n, squared: np.logaddexp.reduce([bet(n, squared) for bet in bets]) - log(len(bets))


def delays(
    seed: Sequence[int], nats: float, dimensions: int, bets: Sequence[Bet | None], known: float = np.inf
) -> list[int]:
    """Changed rounds to the alarm of every bet, on the same rounds; None bets on the true direction.

    `known` rounds of reference are drawn too: sums are then about their mean.
    """
    rng = np.random.default_rng(seed)
    length = sqrt(2 * nats)
    most = int(PATIENCE * log(ROUNDS_PER_YEAR) / nats) + 1
    x = rng.normal(size=(BEFORE + most, dimensions)) - rng.normal(size=dimensions) / sqrt(known)
    x[BEFORE:, 0] += length  # any direction will do
    sums = np.concatenate([np.zeros((1, dimensions)), np.cumsum(x, axis=0)])
    squares = (sums**2).sum(axis=1)
    found = []
    for bet in bets:
        alarm = most
        for end in range(BEFORE + 1, len(sums)):
            n = np.arange(end, 0, -1, dtype=np.float64)
            if bet is None:
                ratios = length * (sums[end, 0] - sums[:end, 0]) - n * length**2 / 2
            else:
                squared = squares[end] + squares[:end] - 2 * sums[:end] @ sums[end]
                ratios = bet(n, np.maximum(squared, 0.0))
            if np.logaddexp.reduce(ratios) >= log(ROUNDS_PER_YEAR):
                alarm = end - BEFORE
                break
        found.append(alarm)
    return found


def named(design: Design, rung: str) -> tuple[int, float]:
    """Dimensions of the answers that a judge names, and the nats of a round that these keep."""
    base, changed = ladder.load(ladder.BASE), ladder.load(rung)
    dimensions, nats = 0, 0.0
    for probe in design.ids:
        shares = [_shares(recording, probe) for recording in (base, changed)]
        names = sorted((name for name, share in shares[0].items() if share >= COMMON), key=lambda n: -shares[0][n])
        p, q = (np.array([held.get(name, 0.0) for name in names[:NAMED]]) for held in shares)
        p, q = (np.append(kept, max(1 - kept.sum(), 1e-9)) for kept in (p, q))
        q = np.maximum(q, 1e-12)
        dimensions += len(p) - 1
        nats += design.replies * float((q * np.log(q / p)).sum())
    return dimensions, nats


def _shares(recording: ladder.Recording, probe: str) -> dict[str, float]:
    shares: dict[str, float] = {}
    for way, weight in zip(recording.first[probe], recording.weights, strict=True):
        for token, p in zip(way.tokens, way.p, strict=True):
            shares[token] = shares.get(token, 0.0) + weight * float(p)
    return shares


@dataclass(frozen=True)
class Row:
    """One rung: the efficiency of each detector."""

    limit: float
    dimensions: int
    kept: float
    """Share of the nats that is left in the answers that are named."""
    ideal: tuple[intervals.Estimate, ...]
    """Direction known; length known; neither; neither, and what is usual is learnt as well."""
    ours: float

    @property
    def cells(self) -> str:
        ideal = " | ".join(f"{one.value:.2f} ({one.low:.2f}–{one.high:.2f})" for one in self.ideal)
        return f"{self.limit:.1f} | {self.dimensions} | {self.kept:.0%} | {ideal} | {self.ours:.2f}"

    @staticmethod
    def mean(rows: Sequence[Row]) -> Row:
        """Of several rungs, each measured by itself."""
        ideal = []
        for of_one in zip(*(row.ideal for row in rows), strict=True):
            value = fmean(one.value for one in of_one)
            half = sqrt(sum(((one.high - one.low) / 2) ** 2 for one in of_one)) / len(of_one)
            ideal.append(intervals.Estimate(value, value - half, value + half))
        limit, kept, ours = (fmean(column) for column in zip(*((r.limit, r.kept, r.ours) for r in rows), strict=True))
        return Row(limit, rows[0].dimensions, kept, tuple(ideal), ours)


def measured(design: Design, rung: str, ours: float, repetitions: int) -> Row:
    """`ours` is the judge's efficiency."""
    known, limit = float(REFERENCE + QUIET), delay.limit(design, rung)
    dimensions, nats = named(design, rung)
    bets = [None, of_all_directions(sqrt(2 * nats), dimensions), of_all_lengths(dimensions)]
    learnt = [of_all_lengths(dimensions, known)]
    seeds = [[crc32(f"{design} {rung}".encode()), i] for i in range(repetitions)]
    found = [[*delays(s, nats, dimensions, bets), *delays(s, nats, dimensions, learnt, known)] for s in seeds]
    means = [intervals.mean(column) for column in np.array(found, dtype=np.float64).T]
    ideal = tuple(intervals.Estimate(limit / one.value, limit / one.high, limit / one.low) for one in means)
    return Row(limit, dimensions, nats * limit / log(ROUNDS_PER_YEAR), ideal, ours)


def table(designs: Sequence[Design], repetitions: int) -> Iterator[str]:
    """In Markdown, line by line as it is measured."""
    kept = json.loads((RESULTS / "delay.json").read_text(encoding="utf-8"))["result"]["rows"]
    ours = {(r["design"], r["rung"]): r["limit"] / fmean(r["delays"]) for r in kept if r["method"] == "ours"}
    yield (
        "| probes × replies | rung | limit, rounds | dimensions | nats kept | direction known | length known | neither "
        "| neither, usual learnt | the judge |"
    )
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for design in designs:
        rows = []
        for rung in delay.RUNGS:
            rows.append(measured(design, rung, ours[str(design), rung], repetitions))
            yield f"| {design} | {rung} | {rows[-1].cells} |"
        yield f"| {design} | **mean** | {Row.mean(rows).cells} |"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.limit", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=60, help="of every rung")
    chosen = parser.parse_args()
    for line in table(list(delay.DESIGNS), chosen.repetitions):
        print(line, flush=True)


if __name__ == "__main__":
    main()
