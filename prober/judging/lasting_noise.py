r"""How many rounds near in time count as one, where what is usual lasts: machines that serve for days, slow drift.

If round values have the autocorrelations \(\rho_k\), the mean of many of them scatters as the mean of fewer independent
ones would: of as many, divided by the integrated autocorrelation time \(1 + 2 \sum_k \rho_k\) (Sokal, "Monte Carlo
methods in statistical mechanics", 1997). A short reference hides it: about its own mean even a slow drift
looks small. So the autocorrelation is not read off; models with

    correlation of two rounds t days apart  =  share * exp(-t / tau),   share in SHARES, tau in DAYS,

are compared by their restricted likelihood, that of the rounds after their mean is taken out (Patterson & Thompson,
"Recovery of inter-block information when block sizes are unequal", 1971). Eight tenths of the belief beforehand are on
no correlation at all. What earlier references of the endpoint showed counts too.

Where that says little, `nearness` says by how much rounds near in time are more alike than by chance.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from math import ceil, exp, inf, log, nan
from typing import Final

import numpy as np
import numpy.typing as npt

from prober.judging.statistic.readings import Floats, posterior
from prober.model.evidence import Round

DAYS: Final[Floats] = np.array([1 / 64, 1 / 16, 1 / 4, 1, 2, 4, 8, 16])
"""For how long noise lasts."""
SHARES: Final[Floats] = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95])
"""How much of the variance lasts."""
MODELS: Final = len(DAYS) * len(SHARES)
INDEPENDENT: Final = 0.8
"""Belief in independent rounds before any is seen; in the others, the less the longer their time."""
FEWEST: Final = 3
"""Rounds that show anything of it."""
DAY_S: Final = 86_400.0
NEGLIGIBLE: Final = 1e-9
"""Share of the scatter that is left by rounding."""
LASTING: Final = 6
"""Rounds or days between two that count as near where noise that lasts is looked for, at most: a week of days."""
ORDERS: Final = 100
"""Number of random orders that show how alike these are by chance."""
NEWEST: Final = 504
"""Newest rounds of which is asked whether near ones are alike, at most: three weeks of hourly ones."""
MOST: Final = 1_008
"""Newest rounds whose correlation is estimated, at most: six weeks of hourly ones."""


def spread(rounds: int) -> npt.NDArray[np.int64]:
    """Positions of at most `MOST` of so many rounds, at equal distances, the newest among them: all they span shows."""
    return np.arange(rounds)[:: -max(ceil(rounds / MOST), 1)][::-1]


def log_likelihoods(surplus: Mapping[str, Floats], rounds: Sequence[Round]) -> dict[str, Floats]:
    """Channel → ln of the restricted likelihood of every model, in the order of `DAYS` and within it of `SHARES`,
    beside that of independent rounds; 0 where noise would last for longer than these rounds do, which shows nothing.

    `surplus`: channel → shape (rounds, features), what each round had more than expected, in units of chance.
    """
    found = {channel: np.zeros(MODELS) for channel in surplus}
    rounds = rounds[-MOST:]
    at = np.array([nan if one.at is None else one.at.timestamp() / DAY_S for one in rounds])
    if len(rounds) < FEWEST or np.isnan(at).any():
        return found
    contrasts = _contrasts(len(rounds))
    products, features = {}, {}
    for channel, matrix in surplus.items():
        scatter = contrasts.T @ matrix[-MOST:]
        if float((scatter**2).sum()) > NEGLIGIBLE:
            products[channel] = normalised(scatter @ scatter.T)
            features[channel] = _features(products[channel])
    for i, tau in enumerate(DAYS[at[-1] - at[0] >= DAYS]):
        kernel = np.exp(-np.abs(np.subtract.outer(at, at)) / tau)
        values, vectors = np.linalg.eigh(contrasts.T @ kernel @ contrasts)
        for channel, product in products.items():
            weights = ((product @ vectors) * vectors).sum(axis=0)
            for j, share in enumerate(SHARES):
                scales = 1 - share + share * np.maximum(values, 0)
                free = len(scales)
                fit = -0.5 * (float(np.log(scales).sum()) + free * log(float((weights / scales).sum())))
                found[channel][i * len(SHARES) + j] = features[channel] * fit
    return found


def correlation_time(log_likelihood: Floats, every_s: float, by_day: bool) -> float:
    """The integrated autocorrelation time, in rounds every `every_s` seconds, or in days where these are the unit: the
    mean of what the models say, weighted by the belief in each. At least 1, and 1 where nothing is known.

    `log_likelihood` as one channel's of `log_likelihoods`, or the sum over several stretches. Models of which it shows
    nothing are left out: else the mean of rounds seconds apart would be that of the prior, which is long.
    """
    shown = np.concatenate([[False], log_likelihood != 0])
    if not shown.any():
        return 1.0
    times = np.array([1.0, *(_time(tau, share, every_s / DAY_S, by_day) for tau in DAYS for share in SHARES)])
    belief = np.where(shown, 1 / times, 0.0)
    belief *= (1 - INDEPENDENT) / belief.sum()
    belief[0] = INDEPENDENT
    log_belief = np.log(belief, out=np.full(len(belief), -inf), where=belief > 0)
    return float(posterior(log_belief + np.concatenate([[0.0], log_likelihood])) @ times)


def _time(tau: float, share: float, gap: float, by_day: bool) -> float:
    """Of the means of the rounds of each unit, which are `gap` days apart."""
    unit = max(gap, 1.0) if by_day else gap
    rounds = max(round(unit / gap), 1)
    within = np.exp(-np.arange(rounds) * gap / tau)
    of_unit = (2 * float((np.arange(rounds, 0, -1) * within).sum()) - rounds) / rounds**2
    step = exp(-unit / tau)
    of_neighbours = float(within.mean() * (1 / within).mean()) * step / (1 - step)
    return 1 + 2 * share * of_neighbours / ((1 - share) / rounds + share * of_unit)


def nearness(surplus: Collection[Floats], rounds: Sequence[Round], onset: int) -> float:
    """z: by how many standard deviations rounds near in time are more alike than in random orders; the larger one of
    those at most LASTING rounds apart, and at most as many days.

    Within those before `onset` and those from it on, so that a change is not taken for noise that lasts. `surplus` as
    in `is_clustered`, with that onset.
    """
    products: Floats = np.sum([normalised(matrix @ matrix.T) for matrix in surplus], axis=0)
    number = np.arange(len(rounds))
    day = [inf if one.at is None else one.at.timestamp() / DAY_S for one in rounds]
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


def _features(products: Floats) -> float:
    """How many independent features would have inner products, of trace 1, that scatter so much."""
    squares = float((products**2).sum() - (np.diag(products) ** 2).sum())
    free = len(products)
    return max(1.0, (free - 1) / (free * squares)) if squares else 1.0
