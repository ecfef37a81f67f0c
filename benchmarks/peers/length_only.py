"""Reply lengths alone: the two-sample Kolmogorov-Smirnov test on characters, all probes in one heap."""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.special import kolmogorov

from benchmarks.peers.interface import Peer, Rounds, shared_probes, texts


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """The largest difference of the two distribution functions; 0 where no probe has replies on both sides."""
    return ks(lengths(reference, candidate), lengths(candidate, reference))[0]


def p_value(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """From the limiting distribution with Stephens' (1970) correction; too large where lengths tie, never too small."""
    return ks(lengths(reference, candidate), lengths(candidate, reference))[1]


def lengths(rounds: Rounds, other: Rounds) -> list[int]:
    """Characters of every reply of `rounds` to a probe that `other` has too."""
    return [len(text) for probe in shared_probes(rounds, other) for text in texts(rounds, probe)]


def ks(old: list[int], new: list[int]) -> tuple[float, float]:
    """Statistic and p-value; (0, 1) where a side is empty."""
    if not old or not new:
        return 0.0, 1.0
    a, b = np.sort(old), np.sort(new)
    at = np.concatenate([a, b])
    difference = np.searchsorted(a, at, side="right") / len(a) - np.searchsorted(b, at, side="right") / len(b)
    statistic = float(np.abs(difference).max())
    root = sqrt(len(a) * len(b) / (len(a) + len(b)))
    return statistic, float(kolmogorov((root + 0.12 + 0.11 / root) * statistic))


PEER = Peer(
    name="length_only",
    access="text",
    source="the test most often named for drift of a number (Kolmogorov 1933, Smirnov 1939)",
    score=score,
    p_value=p_value,
)
