r"""What rounds look like while nothing changes: clustered categorical outcomes, pooled over the series of an endpoint.

Every channel turns a reply into one of a few categories per series (see `scales`), so that a round is a table of counts
\(x_{rp}\), and one model serves all channels. Rounds are the unit of evidence: in round \(r\) all series share a class
\(k\) with strength \(s_k\), and

    x_rp | class k  ~  DirichletMultinomial(n_rp, kappa * mu_p),   1/(kappa+1) = 1/(s_k+1) + s_k/(s_k+1) / (c_p+1)

where \(mu_p\) is the predictive mean of the series and \(c_p\) the number of replies behind it: the first term is the
scatter between rounds, the second is what is not known about \(mu_p\). A class also has a *tilt* of all series at once,
sharper or along their scale. One class is the *outlier component*: any category is as likely as any other. Further
classes *repeat* one round of the reference, as replicas do that take turns. Class weights are learnt from the reference
and go on being learnt (see `learning`), so an endpoint whose days differ raises its own bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np

from prober.judging.statistic.readings import Bools, Floats, Ints, Table, stacked

STRENGTHS: Final[Floats] = np.array([1e9, 50.0, 8.0, 1.0, 0.1])
"""How alike the replies of a round are, from independent to one draw; and belief in each, in rounds."""
STRENGTH_PRIOR: Final[Floats] = np.array([1.0, 0.5, 0.2, 0.06, 0.02])
TILTS: Final[Floats] = np.array(
    [[0, 0], [-0.4, 0], [0.4, 0], [-1, 0], [1, 0], [0, -0.5], [0, 0.5], [0, -1.2], [0, 1.2], [0, -2.5], [0, 2.5]]
)
"""Tilts a round may have in all series at once, (sharpness, score) in standard deviations; and belief in each."""
TILT_PRIOR: Final[Floats] = np.array([1, 0.2, 0.2, 0.06, 0.06, 0.1, 0.1, 0.04, 0.04, 0.02, 0.02])
CLASS_STRENGTH: Final[Floats] = np.repeat(STRENGTHS, len(TILTS))
"""Shape (classes,): a class of rounds is a strength and a tilt."""
CLASS_TILT: Final[Floats] = np.tile(TILTS, (len(STRENGTHS), 1))
"""Shape (classes, 2)."""
CLASS_PRIOR: Final[Floats] = np.outer(STRENGTH_PRIOR, TILT_PRIOR).ravel()
"""Shape (classes,): rounds' worth of belief in each class before any is seen."""
OUTLIER_STRENGTH: Final = 3
"""Index into STRENGTHS: the replies of an outlier are alike."""
OUTLIER_PRIOR: Final = 0.01
"""Rounds' worth of belief in outliers: little, so that a first one is an alarm, unless the reference had some too."""
REPEAT_STRENGTH: Final = 1
"""Index into STRENGTHS: how close a round that repeats an earlier one keeps to it."""
REPEAT_PRIOR: Final = 0.3
"""Rounds' worth of belief in repetition, over all rounds of the reference together."""


@dataclass(frozen=True, slots=True)
class Null:
    """What is known of the unchanged endpoint. Rows are series, padded to the widest in categories."""

    valid: Bools
    """Shape (rows, categories): categories the row has."""
    novel: Bools
    """Shape (rows, categories): the category that stands for whatever the reference never held."""
    names: Ints
    """Shape (rows, categories): equal where categories of several series have one name."""
    score: Floats
    """Shape (2, rows, categories): sharpness (how common a category is) and score (where it stands on its scale).

    What tilts act on; mean 0 and variance 1 under the reference, at most 3 from 0.
    """
    repeats: Floats
    """Shape (reference rounds, rows, categories): the means of rounds that repeat one of the reference."""
    base: Floats
    """Shape (rows, categories): prior plus discounted counts of the reference and all rounds since."""
    classes: Floats
    """Shape (classes + 1 + repeats,): prior plus expected number of rounds seen in each class, outliers and repeats."""
    correlation_time: float = 1.0
    """How many rounds near in time count as one (see `lasting_noise`)."""

    @property
    def support(self) -> Floats:
        """Shape (rows,): replies behind the mean."""
        support: Floats = self.base.sum(axis=1)
        return support

    @property
    def mean(self) -> Floats:
        """Shape (rows, categories)."""
        mean: Floats = self.base / self.support[:, None]
        return mean


@dataclass(frozen=True, slots=True)
class NullStack:
    """The nulls of several channels one below the other, so that a round is one step of all: arrays of this size cost
    by the call. Arrays as in `Null`, padded to the widest in categories, and with zeros to the most repeats."""

    nulls: Sequence[Null]
    channel: Ints
    """Shape (rows,): whose row it is."""
    first: Ints
    """Shape (channels,): each one's first row."""
    valid: Bools
    novel: Bools
    names: Ints
    score: Floats
    base: Floats
    classes: Floats
    """Shape (channels, classes + 1 + repeats)."""
    correlation_time: Floats
    """Shape (channels,)."""

    @staticmethod
    def of(nulls: Sequence[Null]) -> NullStack:
        """Names of one channel stay other names than those of the next."""
        rows = [len(null.base) for null in nulls]
        classes = np.zeros((len(nulls), max(len(null.classes) for null in nulls)))
        for held, null in zip(classes, nulls, strict=True):
            held[: len(null.classes)] = null.classes
        return NullStack(
            nulls=nulls,
            channel=np.repeat(np.arange(len(nulls)), rows),
            first=np.cumsum([0, *rows[:-1]]),
            valid=stacked([null.valid for null in nulls]),
            novel=stacked([null.novel for null in nulls]),
            names=stacked([null.names + (i << 32) for i, null in enumerate(nulls)]),
            score=stacked([null.score for null in nulls]),
            base=stacked([null.base for null in nulls]),
            classes=classes,
            correlation_time=np.array([null.correlation_time for null in nulls]),
        )

    @property
    def support(self) -> Floats:
        """Shape (rows,)."""
        support: Floats = self.base.sum(axis=1)
        return support

    def repeated(self, table: Table) -> Floats:
        """What each reply's category is expected to hold in a round that repeats one: (replies, repeats)."""
        repeated = np.ones((len(table.row), self.classes.shape[1] - len(CLASS_PRIOR) - 1))
        for null, row, (start, end) in zip(self.nulls, self.first.tolist(), pairwise(table.ends), strict=True):
            own = slice(start, end)
            repeated[own, : len(null.repeats)] = null.repeats[:, table.row[own] - row, table.category[own]].T
        return repeated


def log_classes(null: NullStack, table: Table) -> Floats:
    """ln (pi_k * probability of the round in class k): (channels, classes + 1 + repeats), -inf for repeats it lacks."""
    support, row, category = null.support, table.row, table.category
    mean, tilt = null.base / support[:, None], _factors(null.score.tobytes(), null.score.shape[1])
    total = np.matmul(mean[:, None], tilt.transpose(1, 2, 0))[:, 0]
    own = mean[row, category][:, None] * tilt[:, row, category].T / total[row]
    alike = (null.valid / null.valid.sum(axis=1, keepdims=True))[row, category]
    repeated = null.repeated(table)
    behind = np.tile(support[:, None], (1, null.classes.shape[1]))
    behind[:, len(CLASS_PRIOR)] = 1e9
    strength = np.append(CLASS_STRENGTH, STRENGTHS[[OUTLIER_STRENGTH, *[REPEAT_STRENGTH] * repeated.shape[1]]])
    log_probability = _log_dirichlet_multinomial(
        table,
        np.concatenate([np.tile(own, (1, len(STRENGTHS))), alike[:, None], repeated], axis=1),
        _concentration(behind, strength)[row],
    )
    share = null.classes / null.classes.sum(axis=1, keepdims=True)
    joint: Floats = log_probability.T + np.log(share, out=np.full_like(share, -np.inf), where=share > 0)
    return joint


def log_predictive(table: Table, mean: Floats, behind: Floats, null: NullStack, classes: Ints, held: Bools) -> Floats:
    """ln probability of the round's replies, in their order, under every model and class: (models, classes, channels).

    `mean` (models, rows, categories) with the weight of `behind` (models, rows) replies; `classes` and `held` (classes,
    channels): the classes, and which of them a channel's replies are held against. For the others it is -inf.
    """
    of_row = classes[:, null.channel]
    tilt = _factors(null.score.tobytes(), null.score.shape[1])[of_row % len(TILTS), np.arange(len(null.channel))]
    total = np.matmul(mean.swapaxes(0, 1), tilt.transpose(1, 2, 0))
    concentration = _concentration(behind.T[:, None], CLASS_STRENGTH[of_row].T[..., None])
    nth, channel = np.nonzero(held)
    repeated, reply = table.of_channels(channel)
    row, category, which = repeated.row, repeated.category, nth[reply]
    here = mean.transpose(1, 2, 0)[row, category]
    here *= tilt[which, row, category][:, None]
    here /= total[row, :, which]
    found = np.full((len(mean), *classes.shape), -np.inf)
    found[:, nth, channel] = _log_dirichlet_multinomial(repeated, here, concentration[row, which])
    return found


@lru_cache(maxsize=256)
def _factors(score: bytes, rows: int) -> Floats:
    """What each tilt multiplies a mean by, (tilts, rows, categories): the same for as long as the score is."""
    return np.exp(TILTS @ np.frombuffer(score).reshape(2, -1)).reshape(len(TILTS), rows, -1)


def _concentration(behind: Floats, strength: Floats) -> Floats:
    """How many replies' worth a mean has in a class of this strength, with so many replies behind the mean."""
    inverse = 1 / (strength + 1) + strength / (strength + 1) / (behind + 1)
    return 1 / inverse - 1


def _log_dirichlet_multinomial(table: Table, here: Floats, concentration: Floats) -> Floats:
    """ln probability of the replies of each channel in their order, (models, channels); `here`, what each reply's
    category is expected to hold, and `concentration` are (replies, models), and both are overwritten."""
    here *= concentration
    here += table.nth_in_cell[:, None]
    concentration += table.nth_in_row[:, None]
    here /= concentration
    # One logarithm for sixteen factors: it costs less than sixteen.
    starts = [range(start, end, 16) for start, end in pairwise(table.ends)]
    first = [i for of_channel in starts for i in of_channel]
    with np.errstate(under="ignore", over="ignore", divide="ignore"):
        # Sums are taken over the last axis of what is contiguous: over another one they would be rounded otherwise.
        log_product = np.log(np.ascontiguousarray(np.multiply.reduceat(here, first, axis=0).T))
        if not np.isfinite(log_product).all():  # the product is too small or too large for a double
            log_sum = np.add.reduceat(np.log(np.ascontiguousarray(here.T)), first, axis=-1)
            log_product = np.where(np.isfinite(log_product), log_product, log_sum)
    log_probability: Floats = np.add.reduceat(log_product, np.cumsum([0, *map(len, starts[:-1])]), axis=-1)
    return log_probability
