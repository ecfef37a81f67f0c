r"""What rounds look like while nothing changes: clustered categorical outcomes, pooled over the series of an endpoint.

Every channel turns a reply into one of a few categories per series (see `scales`), so that a round is a table of counts
\(x_{rp}\), and one model serves all channels. Rounds are the unit of evidence: in round \(r\) all series share a class
\(k\) with strength \(s_k\), and

    x_rp | class k  ~  DirichletMultinomial(n_rp, kappa * mu_p),   1/(kappa+1) = 1/(s_k+1) + s_k/(s_k+1) / (c_p+1)

where \(mu_p\) is the predictive mean of the series and \(c_p\) the number of replies behind it: the first term is the
scatter between rounds, the second is what is not known about \(mu_p\). A class also has a *swing*: a tilt of all series
at once, sharper or along their scale. One class is a *stranger*: any category is as likely as any
other. Further ones *repeat* one round of the reference, as replicas do that take turns. Class weights are learnt
from the reference and go on being learnt, so a provider whose days differ raises its own bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from prober.judging.statistic.table import Bools, Floats, Ints, Table, posterior

STRENGTHS: Final[Floats] = np.array([1e9, 50.0, 8.0, 1.0, 0.1])
"""How alike the replies of a round are, from independent to one draw; and belief in each, in rounds."""
STRENGTH_PRIOR: Final[Floats] = np.array([1.0, 0.5, 0.2, 0.06, 0.02])
SWINGS: Final[Floats] = np.array(
    [[0, 0], [-0.4, 0], [0.4, 0], [-1, 0], [1, 0], [0, -0.5], [0, 0.5], [0, -1.2], [0, 1.2], [0, -2.5], [0, 2.5]]
)
"""Tilts a round may have in all series at once, (sharpness, score) in standard deviations; and belief in each."""
SWING_PRIOR: Final[Floats] = np.array([1, 0.2, 0.2, 0.06, 0.06, 0.1, 0.1, 0.04, 0.04, 0.02, 0.02])
CLASS_STRENGTH: Final[Floats] = np.repeat(STRENGTHS, len(SWINGS))
"""Shape (classes,): a class of rounds is a strength and a swing."""
CLASS_SWING: Final[Floats] = np.tile(SWINGS, (len(STRENGTHS), 1))
"""Shape (classes, 2)."""
CLASS_PRIOR: Final[Floats] = np.outer(STRENGTH_PRIOR, SWING_PRIOR).ravel()
"""Shape (classes,): rounds' worth of belief in each class before any is seen."""
STRANGER_STRENGTH: Final = 3
"""Index into STRENGTHS: a stranger's replies are alike."""
STRANGER_PRIOR: Final = 0.01
"""Rounds' worth of belief in strangers: little, so that a first one is an alarm, unless the reference had some too."""
ECHO_STRENGTH: Final = 1
"""Index into STRENGTHS: how close a round that repeats an earlier one keeps to it."""
ECHO_WEIGHT: Final = 4.0
"""How much a reply of the repeated round counts beside one reply's worth of the mean."""
ECHO_PRIOR: Final = 0.3
"""Rounds' worth of belief in repetition, over all rounds of the reference together."""


@dataclass(frozen=True, slots=True)
class Null:
    """What is known of the still world. Rows are series, padded to the widest in categories."""

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
    echoes: Floats
    """Shape (reference rounds, rows, categories): the means of rounds that repeat one of the reference."""
    base: Floats
    """Shape (rows, categories): prior plus discounted counts of the reference and all rounds since."""
    classes: Floats
    """Shape (classes + 1 + echoes,): prior plus expected number of rounds seen in each class, strangers and echoes."""

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


def learn(tables: Sequence[Table], prior: Floats, score: Floats, novel: Bools, names: Ints | None = None) -> Null:
    """The still world after the reference: base counts and class weights, by a few rounds of expectation maximisation.

    `prior` is (rows, categories), zero where a row has no such category; `score` likewise, any scale; `novel` marks
    one category a row at most; `names` is as in `Null`, None where no two categories share one. Each reference round is
    held against the others, never against itself.
    """
    valid = prior > 0
    counts = [table.counts(prior.shape[1]) for table in tables]
    discounts = [np.ones(prior.shape[0]) for _ in tables]
    class_prior = np.concatenate([CLASS_PRIOR, [STRANGER_PRIOR], np.full(len(tables), ECHO_PRIOR / len(tables))])
    base = prior + sum(counts)
    mean = base / base.sum(axis=1, keepdims=True)
    null = Null(
        valid=valid,
        novel=novel,
        names=np.arange(prior.size).reshape(prior.shape) if names is None else names,
        score=_standardised(np.stack([np.log(np.where(valid, mean, 1.0)), score]), mean, valid),
        echoes=np.stack([_echo(count, mean) for count in counts]),
        base=base,
        classes=class_prior,
    )
    one = np.zeros(len(prior), dtype=np.int64)
    for _ in range(6):
        base = prior + sum(d[:, None] * c for d, c in zip(discounts, counts, strict=True))
        expected = np.zeros_like(class_prior)
        for i, table in enumerate(tables):
            log_joint = log_classes(replace(null, base=base - discounts[i][:, None] * counts[i]), table)
            log_joint[len(CLASS_PRIOR) + 1 + i] = -np.inf
            belief = posterior(log_joint)
            expected += belief
            discounts[i] = discount(belief[None], table.replies, _strengths(belief)[None], one)
        null = replace(null, base=base, classes=class_prior + expected)
    return null


def log_classes(null: Null, table: Table) -> Floats:
    """ln (pi_k * probability of the round in class k): (classes + 1 + echoes,)."""
    joint: Floats = log_classes_of_all(Stack.of([null]), table)[0]
    return joint


@dataclass(frozen=True, slots=True)
class Stack:
    """The nulls of several channels one below the other, so that a round is one step of all: arrays of this size cost
    by the call. Arrays as in `Null`, padded to the widest in categories, and with zeros to the most echoes."""

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
    """Shape (channels, classes + 1 + echoes)."""

    @staticmethod
    def of(nulls: Sequence[Null]) -> Stack:
        """Names of one channel stay other names than those of the next."""
        rows = [len(null.base) for null in nulls]
        shape = (sum(rows), max(null.base.shape[1] for null in nulls))
        classes = np.zeros((len(nulls), max(len(null.classes) for null in nulls)))
        for held, null in zip(classes, nulls, strict=True):
            held[: len(null.classes)] = null.classes
        first = np.cumsum([0, *rows[:-1]])
        return Stack(
            nulls=nulls,
            channel=np.repeat(np.arange(len(nulls)), rows),
            first=first,
            valid=below([null.valid for null in nulls], np.zeros(shape, dtype=np.bool_)),
            novel=below([null.novel for null in nulls], np.zeros(shape, dtype=np.bool_)),
            names=below([null.names + (i << 32) for i, null in enumerate(nulls)], np.zeros(shape, dtype=np.int64)),
            score=below([null.score for null in nulls], np.zeros((2, *shape))),
            base=below([null.base for null in nulls], np.zeros(shape)),
            classes=classes,
        )

    @property
    def support(self) -> Floats:
        """Shape (rows,)."""
        support: Floats = self.base.sum(axis=1)
        return support

    def echoed(self, table: Table) -> Floats:
        """What each reply's category is expected to hold in a round that repeats one: (echoes, replies)."""
        echoed = np.ones((self.classes.shape[1] - len(CLASS_PRIOR) - 1, len(table.row)))
        ends = [*table.first[1:], len(table.row)]
        for null, row, start, end in zip(self.nulls, self.first, table.first, ends, strict=True):
            own = slice(start, end)
            echoed[: len(null.echoes), own] = null.echoes[:, table.row[own] - row, table.category[own]]
        return echoed


def below(parts: Sequence[npt.NDArray[Any]], whole: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Arrays (…, rows, categories) one below the other, in `whole`, which is as wide as the widest."""
    row = 0
    for part in parts:
        whole[..., row : row + part.shape[-2], : part.shape[-1]] = part
        row += part.shape[-2]
    return whole


def log_classes_of_all(null: Stack, table: Table) -> Floats:
    """`log_classes` of every channel: (channels, classes + 1 + echoes), -inf where it has no such echo."""
    support = null.support
    own = _tilted(table, (null.base / support[:, None])[None], null.score, np.arange(len(SWINGS))[:, None])
    alike = (null.valid / null.valid.sum(axis=1, keepdims=True))[table.row, table.category]
    repeated = null.echoed(table)
    behind = np.broadcast_to(support[table.row], (null.classes.shape[1], len(table.row))).copy()
    behind[len(CLASS_PRIOR)] = 1e9
    log_probability = _log_dirichlet_multinomial(
        table,
        np.concatenate([np.tile(own[0], (len(STRENGTHS), 1)), alike[None], repeated]),
        behind,
        np.concatenate([CLASS_STRENGTH, _odd_strengths(len(repeated))])[:, None],
    )
    share = null.classes / null.classes.sum(axis=1, keepdims=True)
    joint: Floats = log_probability.T + np.log(share, out=np.full_like(share, -np.inf), where=share > 0)
    return joint


def absorb_all(null: Stack, table: Table, belief: Floats, trust: Floats) -> list[Null]:
    """The still world of every channel after one more round, whose classes are believed in like `belief`, shape
    (channels, classes + 1 + echoes); where `trust`, shape (channels,), is 0 nothing is learnt."""
    strengths = np.broadcast_to(_strengths(belief[0]), belief.shape)
    worth = trust[null.channel] * discount(belief, table.replies, strengths, null.channel)
    base = null.base + worth[:, None] * table.counts(null.base.shape[1])
    classes = null.classes + trust[:, None] * belief
    return [
        replace(
            one,
            base=base[row : row + len(one.base), : one.base.shape[1]].copy(),
            classes=classes[i, : len(one.classes)].copy(),
        )
        for i, (one, row) in enumerate(zip(null.nulls, null.first, strict=True))
    ]


def extend(null: Null, other: Null) -> Null:
    """Add the rows of a reference that was completed later."""
    ours = len(CLASS_PRIOR) + 1
    echoes = [stack(echo, other.mean) for echo in null.echoes] + [stack(null.mean, echo) for echo in other.echoes]
    classes = null.classes[:ours] + other.classes[:ours] - np.append(CLASS_PRIOR, STRANGER_PRIOR)
    return Null(
        valid=stack(null.valid, other.valid) > 0,
        novel=stack(null.novel, other.novel) > 0,
        names=stack(null.names, other.names).astype(np.int64),
        score=stack(null.score, other.score),
        echoes=np.stack(echoes),
        base=stack(null.base, other.base),
        classes=np.concatenate([classes, null.classes[ours:], other.classes[ours:]]),
    )


def stack(above: Floats | Bools | Ints, below: Floats | Bools | Ints) -> Floats:
    """Rows of two arrays (…, rows, categories), padded to the wider."""
    width = max(above.shape[-1], below.shape[-1])
    padded = [np.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, width - x.shape[-1])]) for x in (above, below)]
    return np.concatenate(padded, axis=-2, dtype=np.float64)


def log_predictive(table: Table, mean: Floats, behind: Floats, null: Stack, classes: Ints) -> Floats:
    """ln probability of the round's replies, in their order, under every model and class: (models, classes, channels).

    `mean` (models, rows, categories) with the weight of `behind` (models, rows) replies; `classes` (classes, channels).
    """
    here = _tilted(table, mean, null.score, (classes % len(SWINGS))[:, null.channel])
    strength = CLASS_STRENGTH[classes][:, null.channel[table.row]]
    return _log_dirichlet_multinomial(table, here, behind[:, None, table.row], strength)


def _tilted(table: Table, mean: Floats, score: Floats, swings: Ints) -> Floats:
    """What each reply's category is expected to hold, (models, swings, replies); `swings` (swings, rows or 1)."""
    tilts = _tilts(score.tobytes(), score.shape[1])
    tilt = tilts[swings, np.arange(score.shape[1])]
    total = np.matmul(mean.swapaxes(0, 1), tilt.transpose(1, 2, 0))
    here: Floats = mean[:, None, table.row, table.category] * tilt[:, table.row, table.category]
    here /= total.transpose(1, 2, 0)[..., table.row]
    return here


@lru_cache(maxsize=256)
def _tilts(score: bytes, rows: int) -> Floats:
    """What each swing multiplies a mean by, (swings, rows, categories): the same for as long as the score is."""
    return np.exp(SWINGS @ np.frombuffer(score).reshape(2, -1)).reshape(len(SWINGS), rows, -1)


def _log_dirichlet_multinomial(table: Table, here: Floats, behind: Floats, strength: Floats) -> Floats:
    """ln probability of the replies of each channel in their order, (…, channels); arguments (…, replies)."""
    inverse = 1 / (strength + 1) + strength / (strength + 1) / (behind + 1)
    concentration = 1 / inverse - 1
    ratio = (concentration * here + table.nth_in_cell) / (concentration + table.nth_in_row)
    # One logarithm for sixteen factors: none is below 1e-12, so their product stays above the smallest double.
    starts = [range(start, end, 16) for start, end in pairwise([*table.first.tolist(), len(table.row)])]
    log_product = np.log(np.multiply.reduceat(ratio, [i for of_channel in starts for i in of_channel], axis=-1))
    log_probability: Floats = np.add.reduceat(log_product, np.cumsum([0, *map(len, starts[:-1])]), axis=-1)
    return log_probability


def discount(belief: Floats, replies: Floats, strength: Floats, channel: Ints) -> Floats:
    """What one reply of a round is worth: the inverse design effect (1+s)/(n+s), averaged over classes.

    `belief` (…, channels, classes), `replies` (rows,), `strength` (channels, classes) and `channel` (rows,), whose row
    it is, give (…, rows).
    """
    s = strength[channel]
    worth: Floats = (belief[..., channel, :] * ((1 + s) / (np.maximum(replies, 1)[:, None] + s))).sum(axis=-1)
    return worth


def _echo(counts: Floats, mean: Floats) -> Floats:
    """The mean of a round that repeats one with these counts."""
    weighed = ECHO_WEIGHT * counts + mean
    echo: Floats = weighed / weighed.sum(axis=1, keepdims=True)
    return echo


def _standardised(axes: Floats, mean: Floats, valid: Bools) -> Floats:
    """Mean 0 and variance 1 in every row under `mean`, cut at 3; 0 where a row has nothing to tilt."""
    centred = np.where(valid, axes - (mean * axes).sum(axis=2, keepdims=True), 0.0)
    spread = np.sqrt((mean * centred**2).sum(axis=2, keepdims=True))
    scores: Floats = np.clip(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12), -3.0, 3.0)
    return scores


def _odd_strengths(echoes: int) -> Floats:
    """Of the stranger, and of rounds that repeat one of the reference."""
    return STRENGTHS[[STRANGER_STRENGTH, *[ECHO_STRENGTH] * echoes]]


def _strengths(classes: Floats) -> Floats:
    """What a round's replies count as, by class: those of a stranger, or of a round seen before, say little new."""
    return np.append(CLASS_STRENGTH, np.zeros(len(classes) - len(CLASS_STRENGTH)))
