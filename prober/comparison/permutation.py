r"""Two statistics of a channel, and the exact p-value of both together by shuffling labels.

With \(d_{pk}\) the difference of the sides' means in stratum \(p\) and column \(k\) of the channel's points,

    shift   = sum_k w_k (sum_p d_pk)^2        all probes moved the same way
    scatter = sum_p sum_k d'_pk^2             each probe moved, in whatever direction

where \(w_k\) standardises a column and \(d'\) is taken over the stratum's own columns. With one reply a probe on each
side a scatter cannot be told from temperature: it is the same under every flip of sides, and only a shift is testable.
That is also why a choice that differs in a probe is no evidence by itself there; a name that became commoner is.

Each statistic is ranked among its own values under all shuffles, the better of a shuffle's two ranks is ranked
again (the other breaks ties), and (1 + number of shuffles at least as extreme) / (1 + number of shuffles) is the
p-value: valid whatever the distribution of readings, as the labels seen are one of the equally likely arrangements
(Phipson & Smyth 2010).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from prober.comparison.exchange import Bools, Ints, of_equal_size
from prober.comparison.panel import Floats, Panel, contrast


@dataclass(frozen=True, slots=True)
class Strata:
    """Strata of equal size, so that one product serves them all."""

    members: Ints
    """Shape (strata, size): units."""
    factor: Floats
    """Shape (strata, size, columns): their local points, or as many columns of equal geometry."""


def p_values(panels: Sequence[Panel], stratum: Ints, shuffles: Iterable[Bools]) -> list[float]:
    """Of each panel. The first row of the first piece of `shuffles` holds the labels as they were seen."""
    strata = [_strata(panel, stratum) for panel in panels]
    pieces: list[list[Floats]] = [[] for _ in panels]
    for labels in shuffles:
        contrasts: dict[bytes, Floats] = {}  # most channels can read the same units
        for panel, parts, piece in zip(panels, strata, pieces, strict=True):
            seen = panel.readable.tobytes()
            weights = contrasts[seen] = (
                contrasts[seen] if seen in contrasts else contrast(labels, panel.readable, stratum)
            )
            piece.append(np.stack([shift(panel, weights), scatter(parts, weights)]))
    return [p_value(np.concatenate(piece, axis=1)) for piece in pieces]


def shift(panel: Panel, weights: Floats) -> Floats:
    """Shape (rows,)."""
    result: Floats = (weights @ panel.points) ** 2 @ panel.weight
    return result


def scatter(strata: Sequence[Strata], weights: Floats) -> Floats:
    """Shape (rows,)."""
    total = np.zeros(len(weights))
    for part in strata:
        differences = weights[:, part.members].transpose(1, 0, 2) @ part.factor
        total += np.einsum("grk,grk->r", differences, differences)
    return total


def p_value(statistics: Floats) -> float:
    """Of the first column among all, over the rows of `statistics` together; shape (statistics, rows)."""
    ranks = np.sort([_ranks(row) for row in statistics], axis=0)
    best = ranks[0] * (statistics.shape[1] + 1) + ranks[-1]
    return float(np.mean(best <= best[0]))


def holm(p_values: Sequence[float], alpha: float) -> list[bool]:
    """Which are significant so that the chance of any false one is at most `alpha` (Holm 1979)."""
    order = sorted(range(len(p_values)), key=lambda i: p_values[i])
    significant = [False] * len(p_values)
    for step, i in enumerate(order):
        if p_values[i] > alpha / (len(p_values) - step):
            break
        significant[i] = True
    return significant


def _ranks(values: Floats) -> Ints:
    """How many are at least as large; values that differ by rounding only are equal."""
    largest = float(np.abs(values).max())
    rounded = np.round(values / largest, 9) if largest > 0 else np.zeros_like(values)
    return len(values) - np.searchsorted(np.sort(rounded), rounded, side="left")


def _strata(panel: Panel, stratum: Ints) -> list[Strata]:
    parts = []
    for members in of_equal_size(stratum):
        size = members.shape[1]
        if size < 3:
            continue  # of two units every flip gives the same scatter
        factor = panel.local[members]
        if size < factor.shape[2]:
            triangle: Floats = np.linalg.qr(factor.transpose(0, 2, 1), mode="r")  # type: ignore[assignment]
            factor = triangle.transpose(0, 2, 1)
        parts.append(Strata(members, factor))
    return parts
