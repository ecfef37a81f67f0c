r"""Pearson's chi-square, scanned over windows of the most recent rounds.

A probe has at most 6 cells: its 5 commonest outputs in the reference, and any other; cells of less than 2 % are
merged, as sparse ones make heavy tails. Shares are smoothed, p(k) = (c(k) + 1) / (n + K), and taken as known:

    X2(w) = sum over probes and cells of (O - E)^2 / E,    E = N p

over the last w rounds, for w up to 64 rounds. Each window is standardised by the mean and the standard deviation
that X2(w) has on unchanged streams, and the largest of them is the statistic.

Unchanged streams are simulated from the reference: for each stream new reference counts are drawn from p, so that not
knowing p exactly is part of the null, and then rounds of as many replies as a round of the reference usually has. With
S streams of H rounds and one false alarm in A rounds asked for, the threshold is what a share 1 - exp(-H/A) of streams
exceeds. Rounds are drawn independently: days that differ are no part of that null.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.peers.interface import ROUNDS_PER_YEAR, Floats, Ints, Peer, Rounds, first_alarm
from benchmarks.peers.outcomes import Outcomes

Reals: TypeAlias = npt.NDArray[np.floating]
"""Of either precision: the simulation takes the shorter."""

CELLS: Final = 6
RAREST: Final = 0.02
WINDOWS: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
STREAMS: Final = 256
HORIZON: Final = 256
"""Rounds of a simulated stream."""
SEED: Final = 0
"""Of the simulation, so that a reference has one threshold."""


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """X2 of all candidate rounds as one window."""
    outcomes = Outcomes.of(reference, CELLS, RAREST)
    if not outcomes.width:
        return 0.0
    seen, new = (outcomes.count(rounds).sum(axis=0) for rounds in (reference, candidate))
    return float(chi_square(new, shares(seen, outcomes.starts), outcomes.starts))


def track(reference: Rounds, later: Rounds) -> Floats:
    """The largest standardised window after every later round, over the threshold for one false alarm a year."""
    outcomes = Outcomes.of(reference, CELLS, RAREST)
    if not outcomes.width:
        return np.zeros(len(later))
    old = outcomes.count(reference)
    seen = old.sum(axis=0)
    usual = np.median(outcomes.per_probe(old), axis=0).astype(int)
    null = calibrate(tuple(seen.astype(int).tolist()), tuple(outcomes.starts.tolist()), tuple(usual.tolist()))
    windows = scan(outcomes.count(later).T, shares(seen, outcomes.starts), outcomes.starts)
    return null.standardised(windows) / null.threshold


@dataclass(frozen=True)
class Null:
    """What the scan shows on unchanged streams."""

    mean: Floats
    """Of X2(w), shape (windows,)."""
    deviation: Floats
    threshold: float = 1.0
    """Of the largest standardised window."""

    def standardised(self, windows: Floats) -> Floats:
        """The largest over windows: (windows, …) → (…)."""
        largest: Floats = ((windows.T - self.mean) / self.deviation).max(axis=-1).T
        return largest


@lru_cache(maxsize=256)
def calibrate(
    seen: tuple[int, ...], starts: tuple[int, ...], replies: tuple[int, ...], rounds_between: int = ROUNDS_PER_YEAR
) -> Null:
    """From the reference's counts, each probe's first cell, and its replies a round."""
    rng = np.random.default_rng(SEED)
    first, counts = np.array(starts), np.array(seen, dtype=np.float64)
    p = shares(counts, first)
    old, new = [], []
    for cells, n, k in zip(np.split(p, first[1:]), np.add.reduceat(counts, first), replies, strict=True):
        old.append(rng.multinomial(int(n), cells, size=STREAMS).T)
        new.append(np.moveaxis(rng.multinomial(k, cells, size=(STREAMS, HORIZON)), -1, 0))
    drawn = np.concatenate(new).astype(np.float32)
    assumed = shares(np.concatenate(old).astype(np.float32), first)
    windows = scan(drawn, assumed[:, :, None], first)
    full = windows[:, :, WINDOWS[-1] :]
    null = Null(full.mean(axis=(1, 2)), np.maximum(full.std(axis=(1, 2)), 1e-9))
    largest = null.standardised(windows).max(axis=1)
    exceeding = 1 - np.exp(-HORIZON / rounds_between)
    return replace(null, threshold=max(float(np.quantile(largest, 1 - exceeding)), 1e-9))


def shares(counts: Reals, starts: Ints) -> Reals:
    """Smoothed shares of each probe's cells; `counts` are (cells, …), and so is the result."""
    sizes = np.diff(starts, append=len(counts)).astype(counts.dtype)
    totals = np.add.reduceat(counts, starts, axis=0) + sizes.reshape(-1, *[1] * (counts.ndim - 1))
    smoothed: Reals = (counts + 1) / np.repeat(totals, sizes.astype(int), axis=0)
    return smoothed


def scan(counts: Reals, p: Reals, starts: Ints) -> Floats:
    """X2(w) of counts (cells, …, rounds) against p (cells, … or 1), shape (windows, …, rounds).

    At the start of a stream a window holds what there is.
    """
    rounds = counts.shape[-1]
    p = p.reshape(len(p), *p.shape[1:], *[1] * (counts.ndim - p.ndim))
    so_far = np.cumsum(np.concatenate([np.zeros_like(counts[..., :1]), counts], axis=-1), axis=-1)
    before = [np.maximum(np.arange(1, rounds + 1) - w, 0) for w in WINDOWS]
    return np.stack([chi_square(so_far[..., 1:] - so_far[..., start], p, starts) for start in before])


def chi_square(observed: Reals, p: Reals, starts: Ints) -> Floats:
    """X2 over the cells, which come first: (cells, …) → (…). A probe without replies adds nothing."""
    ends = [*starts[1:].tolist(), len(observed)]
    total = np.zeros(observed.shape[1:])
    for start, end in zip(starts.tolist(), ends, strict=True):
        o = observed[start:end]
        n = o.sum(axis=0)
        # sum (O - N p)^2 / (N p) = sum O^2 / (N p) - N, as the shares add up to 1
        total += (o * o / p[start:end]).sum(axis=0) / np.maximum(n, 1) - n
    return total


PEER = Peer(
    name="scan",
    access="text",
    source="Pearson 1900, scanned as by Willsky & Jones 1976",
    score=score,
    track=track,
    monitor=first_alarm(track),
)
