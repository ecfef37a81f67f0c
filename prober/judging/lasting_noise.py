r"""How many rounds near in time count as one, where what is usual lasts: machines that serve for days, slow drift.

If round values have the autocorrelations \(\rho_k\), the mean of many of them scatters as the mean of fewer independent
ones would: of as many, divided by the integrated autocorrelation time \(1 + 2 \sum_k \rho_k\) (Sokal, "Monte Carlo
methods in statistical mechanics", 1997). A short reference hides it: about its own mean even a slow drift
looks small. So the autocorrelation is not read off; models with

    correlation of two rounds t days apart  =  share * exp(-t / tau),   share in SHARES, tau in DAYS,

are compared by their restricted likelihood, that of the rounds after their mean is taken out (Patterson & Thompson,
"Recovery of inter-block information when block sizes are unequal", 1971). Eight tenths of the belief beforehand are on
no correlation at all.

Where that says little, `nearness` says by how much rounds near in time are more alike than by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import exp, inf, log
from typing import Final

import numpy as np

from prober.judging.statistic.readings import Floats, posterior
from prober.model.evidence import Round

DAYS: Final[Floats] = np.array([0.25, 0.5, 1, 2, 4, 8, 16])
"""For how long noise lasts."""
SHARES: Final[Floats] = np.array([0.05, 0.1, 0.2, 0.4, 0.7, 0.95])
"""How much of the variance lasts."""
INDEPENDENT: Final = 0.8
"""Belief in independent rounds before any is seen; in the others, the less the longer their time."""
A_MINUTE: Final = 1 / 1440
"""In days; rounds are no closer."""
NEGLIGIBLE: Final = 1e-9
"""Share of the scatter that is left by rounding."""
LASTING: Final = 6
"""Rounds or days between two that count as near where noise that lasts is looked for, at most: a week of days."""
ORDERS: Final = 100
"""Random orders that tell how alike these are by chance."""
NEWEST: Final = 504
"""Rounds that are read at most: three weeks of hourly ones."""


def correlation_time(surplus: Collection[Floats], rounds: Sequence[Round], onset: int) -> float:
    """The integrated autocorrelation time, in rounds; at least 1.

    `surplus` has one matrix a channel, shape (rounds, features): what each round had more than expected, in units of
    chance. The means of the rounds before `onset` and of those from it on are taken out, so that a change is not taken
    for noise that lasts.
    """
    sides = [side for side in (np.arange(onset), np.arange(onset, len(rounds))) if len(side) > 1]
    products = sum((normalised(matrix @ matrix.T) for matrix in surplus), np.zeros((len(rounds), len(rounds))))
    contrasts = [_contrasts(len(side)) for side in sides]
    parts = [h.T @ products[np.ix_(side, side)] @ h for h, side in zip(contrasts, sides, strict=True)]
    if sum(float(np.trace(part)) for part in parts) < NEGLIGIBLE:
        return 1.0
    at = np.array([number if one.at is None else one.at.timestamp() / 86_400 for number, one in enumerate(rounds)])
    gap = max(float(np.median(np.concatenate([np.diff(at[side]) for side in sides]))), A_MINUTE)
    features = _features(parts)
    times, spectra = [1.0], [[(np.ones(len(part)), np.diag(part)) for part in parts]]
    for tau in DAYS:
        near = [np.exp(-np.abs(np.subtract.outer(at[side], at[side])) / tau) for side in sides]
        found = [_spectrum(h.T @ one @ h, part) for h, one, part in zip(contrasts, near, parts, strict=True)]
        step = exp(-gap / tau)
        for share in SHARES:
            spectra.append([(1 - share + share * values, weights) for values, weights in found])
            times.append(1 + 2 * share * step / (1 - step))
    belief = 1 / np.array(times)
    belief[0] = 0
    belief *= (1 - INDEPENDENT) / belief.sum()
    belief[0] = INDEPENDENT
    belief = posterior(np.log(belief) + features * np.array([_log_likelihood(one) for one in spectra]))
    return float(belief @ np.array(times))


def nearness(surplus: Collection[Floats], rounds: Sequence[Round], onset: int) -> float:
    """z: by how many standard deviations rounds near in time are more alike than in random orders; the larger one of
    those at most LASTING rounds apart, and at most as many days.

    Within those before `onset` and those from it on, so that a change is not taken for noise that lasts. `surplus` as
    in `is_clustered`, with that onset.
    """
    products: Floats = np.sum([normalised(matrix @ matrix.T) for matrix in surplus], axis=0)
    number = np.arange(len(rounds))
    day = [inf if one.at is None else one.at.timestamp() / 86_400 for one in rounds]
    with np.errstate(invalid="ignore"):
        near = np.stack([np.abs(np.subtract.outer(at, at)) <= LASTING for at in (number, day)])
    near &= np.equal.outer(number < onset, number < onset) & (number[:, None] != number)
    if not near.any():
        return 0.0
    rng = np.random.default_rng(0)  # fixed, as in `is_rare`
    orders = [np.concatenate([rng.permutation(onset), rng.permutation(number[onset:])]) for _ in range(ORDERS)]
    drawn = np.array([(products[np.ix_(order, order)] * near).sum(axis=(1, 2)) for order in orders])
    excess, scatter = (products * near).sum(axis=(1, 2)) - drawn.mean(axis=0), drawn.std(axis=0)
    return float(np.divide(excess, scatter, out=np.zeros(len(near)), where=scatter > 1e-12).max())


def normalised(gram: Floats) -> Floats:
    """Scaled to trace 1; zero if it is zero."""
    scale = float(np.trace(gram))
    scaled: Floats = gram / scale if scale > 0 else np.zeros_like(gram)
    return scaled


def _contrasts(rounds: int) -> Floats:
    """An orthonormal basis of what is left of so many rounds without their mean: (rounds, rounds - 1)."""
    basis: Floats = np.linalg.qr(np.column_stack([np.ones(rounds), np.eye(rounds)[:, 1:]]))[0][:, 1:]
    return basis


def _spectrum(kernel: Floats, products: Floats) -> tuple[Floats, Floats]:
    """The kernel's eigenvalues, and how much of the products lies along each of its eigenvectors."""
    values, vectors = np.linalg.eigh(kernel)
    return values, ((products @ vectors) * vectors).sum(axis=0)


def _features(parts: Sequence[Floats]) -> float:
    """How many independent features would have inner products that scatter so much."""
    squares = sum(float((part**2).sum() - (np.diag(part) ** 2).sum()) for part in parts)
    free, trace = sum(map(len, parts)), sum(float(np.trace(part)) for part in parts)
    return max(1.0, trace**2 * (free - 1) / (free * squares)) if squares else 1.0


def _log_likelihood(spectra: Sequence[tuple[Floats, Floats]]) -> float:
    """Of one feature, the variance being whatever fits best."""
    free = sum(len(values) for values, _ in spectra)
    variance = sum(float((weights / values).sum()) for values, weights in spectra)
    return -0.5 * (sum(float(np.log(values).sum()) for values, _ in spectra) + free * log(variance))
