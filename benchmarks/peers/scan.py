r"""Pearson's chi-square, scanned over windows of the most recent rounds.

A probe has at most 6 cells: its 5 commonest outputs in the reference, and any other. Its shares are smoothed,
p(k) = (c(k) + 1) / (n + K), and taken as known:

    X2(w) = sum over probes and cells of (O - E)^2 / E,    E = N p

over the last w rounds, for w up to 64 rounds. Each window is standardised by the mean and the standard deviation
that X2(w) has on still streams, and the largest of them is the statistic.

Still streams are simulated from the reference: for each stream new reference counts are drawn from p, so that not
knowing p exactly is part of the null, and then rounds of as many replies as a round of the reference usually has. With
S streams of H rounds and one false alarm in A rounds asked for, the threshold is what a share 1 - exp(-H/A) of streams
exceeds. Rounds are drawn independently: days that differ are no part of that null.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np

from benchmarks.peers.interface import ROUNDS_PER_YEAR, Floats, Ints, Peer, Rounds, first_alarm
from benchmarks.peers.outcomes import Outcomes

CELLS: Final = 6
WINDOWS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
STREAMS: Final = 256
HORIZON: Final = 256
"""Rounds of a simulated stream."""
SEED: Final = 0
"""Of the simulation, so that a reference has one threshold."""


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """X2 of all candidate rounds as one window."""
    outcomes = Outcomes.of(reference, CELLS)
    if not outcomes.width:
        return 0.0
    seen, new = (outcomes.count(rounds).sum(axis=0, keepdims=True) for rounds in (reference, candidate))
    return float(chi_square(new, shares(seen, outcomes.starts), outcomes.starts)[0])


def track(reference: Rounds, later: Rounds) -> Floats:
    """The largest standardised window after every later round, over the threshold for one false alarm a year."""
    outcomes = Outcomes.of(reference, CELLS)
    if not outcomes.width:
        return np.zeros(len(later))
    old = outcomes.count(reference)
    seen = old.sum(axis=0, keepdims=True)
    usual = np.median(outcomes.per_probe(old), axis=0).astype(int)
    null = calibrate(tuple(seen[0].astype(int).tolist()), tuple(outcomes.starts.tolist()), tuple(usual.tolist()))
    windows = scan(outcomes.count(later)[None], shares(seen, outcomes.starts), outcomes.starts)[:, 0]
    return null.standardised(windows) / null.threshold


@dataclass(frozen=True)
class Null:
    """What the scan shows on still streams."""

    mean: Floats
    """Of X2(w), shape (windows,)."""
    deviation: Floats
    threshold: float
    """Of the largest standardised window."""

    def standardised(self, windows: Floats) -> Floats:
        """The largest over windows: (windows, …) → (…)."""
        shape = (-1, *[1] * (windows.ndim - 1))
        largest: Floats = ((windows - self.mean.reshape(shape)) / self.deviation.reshape(shape)).max(axis=0)
        return largest


@lru_cache(maxsize=256)
def calibrate(
    seen: tuple[int, ...], starts: tuple[int, ...], replies: tuple[int, ...], rounds_between: int = ROUNDS_PER_YEAR
) -> Null:
    """From the reference's counts, each probe's first cell, and its replies a round."""
    rng = np.random.default_rng(SEED)
    first = np.array(starts)
    counts = np.array([seen], dtype=float)
    p = shares(counts, first)[0]
    old, new = [], []
    for cells, n, k in zip(np.split(p, first[1:]), np.add.reduceat(counts[0], first), replies, strict=True):
        old.append(rng.multinomial(int(n), cells, size=STREAMS))
        new.append(rng.multinomial(k, cells, size=(STREAMS, HORIZON)))
    windows = scan(np.concatenate(new, axis=2).astype(float), shares(np.concatenate(old, axis=1), first), first)
    full = windows[:, :, WINDOWS[-1] :]
    null = Null(full.mean(axis=(1, 2)), np.maximum(full.std(axis=(1, 2)), 1e-9), 1.0)
    largest = null.standardised(windows).max(axis=1)
    exceeding = 1 - np.exp(-HORIZON / rounds_between)
    return Null(null.mean, null.deviation, max(float(np.quantile(largest, 1 - exceeding)), 1e-9))


def shares(counts: Floats | Ints, starts: Ints) -> Floats:
    """Smoothed shares of each probe's cells, shape of `counts` (rows, cells)."""
    sizes = np.diff(starts, append=counts.shape[-1])
    totals = np.add.reduceat(counts, starts, axis=-1) + sizes
    smoothed: Floats = (counts + 1) / np.repeat(totals, sizes, axis=-1)
    return smoothed


def scan(counts: Floats, p: Floats, starts: Ints) -> Floats:
    """X2(w) of counts (streams, rounds, cells) against p (streams, cells), shape (windows, streams, rounds).

    At the start of a stream a window holds what there is.
    """
    so_far = np.concatenate([np.zeros_like(counts[:, :1]), np.cumsum(counts, axis=1)], axis=1)
    rounds = counts.shape[1]
    results = np.empty((len(WINDOWS), *counts.shape[:2]))
    for result, w in zip(results, WINDOWS, strict=True):
        before = np.maximum(np.arange(rounds) + 1 - w, 0)
        result[...] = chi_square(so_far[:, 1:] - so_far[:, before], p[:, None], starts)
    return results


def chi_square(observed: Floats, p: Floats, starts: Ints) -> Floats:
    """X2 over the cells of the last axis; a probe without replies adds nothing."""
    ends = [*starts[1:].tolist(), observed.shape[-1]]
    total = np.zeros(np.broadcast_shapes(observed.shape, p.shape)[:-1])
    for start, end in zip(starts.tolist(), ends, strict=True):
        o = observed[..., start:end]
        n = o.sum(axis=-1)
        # sum (O - N p)^2 / (N p) = sum O^2 / (N p) - N, as the shares add up to 1
        total += (o * o / p[..., start:end]).sum(axis=-1) / np.maximum(n, 1) - n
    return total


PEER = Peer(
    name="scan",
    access="text",
    source="Pearson 1900, scanned as by Willsky & Jones 1976",
    score=score,
    track=track,
    monitor=first_alarm(track),
)
