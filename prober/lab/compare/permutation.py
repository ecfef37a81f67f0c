r"""The evidence of a channel, and what it is worth under permuted labels.

With \(d_{pk}\) the difference of the sides' means in stratum \(p\) and column \(k\) of the channel's points, and
\(s_k\) the standard deviation of its sum over strata, a channel has two statistics,

    shift   = sum_k (sum_p d_pk)^2 / s_k      all probes moved the same way
    scatter = sum_p sum_k d'_pk^2             each probe moved, in whatever direction

where \(d'\) is taken over the stratum's own columns: score statistics against small changes that all probes share, and
that are each probe's own (Goeman, van de Geer & van Houwelingen 2006). Names have two more,

    rarity     = sum_p sum_k d'_pk^2 / v'_pk  rare names came, or went: Pearson's chi-square
    typicality = (sum_p t_p)^2                answers became more alike, or less, as with temperature

where \(v'_{pk}\) is the variance of the column in the stratum, and \(t_p\) the difference of the sides' means of the
logarithm of the share that an answer's name has in the stratum, both sides together.

With one reply a probe on each side a scatter cannot be distinguished from temperature: it is the same under every flip
of sides, and only a shift is testable. That is also why a choice that differs in a probe is no evidence by itself
there; a name that became commoner is.

*Evidence* brings them on one scale: the mean of minus ln of their approximate p-values (Fisher 1932), each of the
gamma distribution that has the mean and the variance of the statistic over all rows of labels. Nothing rests on that
approximation: the evidence of the labels seen is ranked among that of all permutations, and (1 + permutations with at
least as much) / (1 + permutations) is the p-value. It is valid whatever the distribution of readings, as the labels
seen are one of the equally likely arrangements (Phipson & Smyth 2010). So it is for several channels: their evidence
is put together as a mean of order 2, and ranked among what the same permutations give, whatever the channels have in
common (Westfall & Young 1993). Small changes of a model move most channels a little, so that such means find more of
them than the least p-value, or a harmonic mean, which is nearly the least.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np
from scipy.special import gammaincc

from prober.lab.compare.exchange import Bools, Ints, of_equal_size
from prober.lab.compare.panel import Floats, Panel, contrast

LEAST: Final = 1e-300
"""Approximate p-values are not distinguished below it."""
DIGITS: Final = 9
"""Statistics are rounded to so many decimal places of their largest; what differs less is equal."""
TIE: Final = 1e-6
"""Evidence that differs by no more, in nats, is equal: a hundred times what rounding a statistic moves."""


@dataclass(frozen=True, slots=True)
class Strata:
    """Strata of equal size, so that one product serves them all."""

    members: Ints
    """Shape (strata, size): units."""
    factor: Floats
    """Shape (strata, size, columns): their own points, or as many columns of equal geometry."""


def evidence(panels: Sequence[Panel], stratum: Ints, permutations: Iterable[Bools]) -> Floats:
    """Shape (panels, rows): of each panel under each row of labels, the first of which is as they were seen."""
    strata = [[_strata(points, stratum) for points in (panel.local, panel.standard)] for panel in panels]
    pieces: list[list[Floats]] = [[] for _ in panels]
    for labels in permutations:
        contrasts: dict[bytes, Floats] = {}  # most channels can read the same units
        for panel, (local, standard), piece in zip(panels, strata, pieces, strict=True):
            seen = panel.readable.tobytes()
            if seen not in contrasts:
                contrasts[seen] = contrast(labels, panel.readable, stratum)
            weights = contrasts[seen]
            typicality = (weights @ panel.typical) ** 2
            piece.append(
                np.stack([shift(panel, weights), scatter(local, weights), scatter(standard, weights), typicality])
            )
    found = [together(np.concatenate(piece, axis=1)) for piece in pieces]
    return np.array(found) if found else np.zeros((0, 1))


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


def together(statistics: Floats) -> Floats:
    """Evidence of several statistics, (statistics, rows) → (rows,); one that never differs tells nothing."""
    informative = [approximate_p(row) for row in map(_rounded, statistics) if np.ptp(row) > 0]
    if not informative:
        return np.zeros(statistics.shape[1])
    result: Floats = -np.mean(np.log(informative), axis=0)
    return result


def approximate_p(statistic: Floats) -> Floats:
    """Upper tails of the gamma distribution that has the mean and the variance of the rows; shape (rows,)."""
    mean, variance = statistic.mean(), statistic.var()
    tails: Floats = gammaincc(mean**2 / variance, statistic * (mean / variance))
    return np.maximum(tails, LEAST)


def p_value(found: Floats) -> float:
    """Of the evidence in the first row among all, shape (rows,)."""
    return float(np.mean(found >= found[0] - TIE))


def joint(found: Floats) -> Floats:
    """Evidence of all panels together, (panels, rows) → (rows,): the mean of order 2, between the mean, in which one
    channel that alone moved is lost among many, and the largest."""
    result: Floats = np.sqrt((found**2).mean(axis=0)) if len(found) else np.zeros(found.shape[1])
    return result


def closed(found: Floats) -> list[float]:
    """Of each panel, so that the chance of any at or below alpha among those that did not change is at most alpha.

    It is the largest p-value of all sets of panels that it belongs to (Marcus, Peritz & Gabriel 1976).
    """
    values = np.zeros(len(found))
    for size in range(1, len(found) + 1):
        for chosen in map(list, combinations(range(len(found)), size)):
            values[chosen] = np.maximum(values[chosen], p_value(joint(found[chosen])))
    return values.tolist()


def _rounded(values: Floats) -> Floats:
    """Over the largest; values that differ by rounding only are equal."""
    largest = float(values.max())
    rounded: Floats = np.round(values / largest, DIGITS) if largest > 0 else np.zeros_like(values)
    return rounded


def _strata(points: Floats, stratum: Ints) -> list[Strata]:
    parts = []
    for members in of_equal_size(stratum):
        size = members.shape[1]
        if size < 3 or not points.shape[1]:
            continue  # of two units every flip gives the same scatter
        factor = points[members]
        if size < factor.shape[2]:
            triangle: Floats = np.linalg.qr(factor.transpose(0, 2, 1), mode="r")  # type: ignore[assignment]
            factor = triangle.transpose(0, 2, 1)
        parts.append(Strata(members, factor))
    return parts
