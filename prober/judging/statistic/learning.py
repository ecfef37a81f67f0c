"""How the null model is learnt: from the reference first, then from every round; and what one reply counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from prober.judging.statistic.null import (
    CLASS_PRIOR,
    CLASS_STRENGTH,
    OUTLIER_PRIOR,
    REPEAT_PRIOR,
    Null,
    NullStack,
    log_classes,
)
from prober.judging.statistic.readings import Bools, Floats, Ints, Table, posterior, stacked

REPEAT_WEIGHT: Final = 4.0
"""How much a reply of the repeated round counts beside one reply's worth of the mean."""
TOGETHER: Final = 32
"""Rounds of the reference that are looked at in one call: arrays of this size cost by the call. All at once would take
memory by the square of their number. Changes no bit."""


def learn(
    tables: Sequence[Table],
    prior: Floats,
    score: Floats,
    novel: Bools,
    names: Ints | None = None,
    correlation_time: float = 1.0,
) -> Null:
    """The null model after the reference: base counts and class weights, by a few rounds of expectation maximisation.

    `prior` is (rows, categories), zero where a row has no such category; `score` likewise, any scale; `novel` marks
    one category a row at most; `names` is as in `Null`, None where no two categories share one. Each reference round is
    held against the others, never against itself.
    """
    valid = prior > 0
    counts = [table.counts(prior.shape[1]) for table in tables]
    discounts = [np.full(prior.shape[0], 1 / correlation_time) for _ in tables]
    class_prior = np.concatenate([CLASS_PRIOR, [OUTLIER_PRIOR], np.full(len(tables), REPEAT_PRIOR / len(tables))])
    base = prior + sum(counts) / correlation_time
    mean = base / base.sum(axis=1, keepdims=True)
    null = Null(
        valid=valid,
        novel=novel,
        names=np.arange(prior.size).reshape(prior.shape) if names is None else names,
        score=_standardised(np.stack([np.log(np.where(valid, mean, 1.0)), score]), mean, valid),
        repeats=np.stack([_repeat(count, mean) for count in counts]),
        base=base,
        classes=class_prior,
        correlation_time=correlation_time,
    )
    parts = [range(first, min(first + TOGETHER, len(tables))) for first in range(0, len(tables), TOGETHER)]
    below = [Table.below([tables[i] for i in part]) for part in parts]
    for _ in range(6):
        base = prior + sum(d[:, None] * c for d, c in zip(discounts, counts, strict=True))
        expected = np.zeros_like(class_prior)
        for part, table in zip(parts, below, strict=True):
            without = [replace(null, base=base - discounts[i][:, None] * counts[i]) for i in part]
            stack = NullStack.of(without)
            log_joint = np.ascontiguousarray(log_classes(stack, table))  # else sums are taken in another order
            log_joint[np.arange(len(part)), len(CLASS_PRIOR) + 1 + np.array(part)] = -np.inf
            beliefs = posterior(log_joint)
            strengths = np.broadcast_to(_strengths(beliefs[0]), beliefs.shape)
            worth = discount(beliefs, table.replies, strengths, stack.channel).reshape(len(part), -1)
            discounts[part.start : part.stop] = worth / correlation_time
            for belief in beliefs:
                expected += belief
        null = replace(null, base=base, classes=class_prior + expected)
    return null


def absorb(null: NullStack, table: Table, belief: Floats, trust: Floats) -> list[Null]:
    """The null model of every channel after one more round, whose classes have the posterior `belief`,
    shape (channels, classes + 1 + repeats); where `trust`, shape (channels,), is 0 nothing is learnt."""
    strengths = np.broadcast_to(_strengths(belief[0]), belief.shape)
    worth = (trust / null.correlation_time)[null.channel] * discount(belief, table.replies, strengths, null.channel)
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
    repeats = [stacked([repeat, other.mean]) for repeat in null.repeats]
    repeats += [stacked([null.mean, repeat]) for repeat in other.repeats]
    classes = null.classes[:ours] + other.classes[:ours] - np.append(CLASS_PRIOR, OUTLIER_PRIOR)
    return Null(
        valid=stacked([null.valid, other.valid]),
        novel=stacked([null.novel, other.novel]),
        names=stacked([null.names, other.names]),
        score=stacked([null.score, other.score]),
        repeats=np.stack(repeats),
        base=stacked([null.base, other.base]),
        classes=np.concatenate([classes, null.classes[ours:], other.classes[ours:]]),
        correlation_time=null.correlation_time,
    )


def discount(belief: Floats, replies: Floats, strength: Floats, channel: Ints) -> Floats:
    """What one reply of a round is worth: the inverse design effect (1+s)/(n+s), averaged over classes.

    `belief` (…, channels, classes), `replies` (rows,), `strength` (channels, classes) and `channel` (rows,), whose row
    it is, give (…, rows).
    """
    s = strength[channel]
    worth: Floats = (belief[..., channel, :] * ((1 + s) / (np.maximum(replies, 1)[:, None] + s))).sum(axis=-1)
    return worth


def _repeat(counts: Floats, mean: Floats) -> Floats:
    """The mean of a round that repeats one with these counts."""
    weighed = REPEAT_WEIGHT * counts + mean
    repeat: Floats = weighed / weighed.sum(axis=1, keepdims=True)
    return repeat


def _standardised(axes: Floats, mean: Floats, valid: Bools) -> Floats:
    """Mean 0 and variance 1 in every row under `mean`, cut at 3; 0 where a row has nothing to tilt."""
    centred = np.where(valid, axes - (mean * axes).sum(axis=2, keepdims=True), 0.0)
    spread = np.sqrt((mean * centred**2).sum(axis=2, keepdims=True))
    scores: Floats = np.clip(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12), -3.0, 3.0)
    return scores


def _strengths(classes: Floats) -> Floats:
    """What a round's replies count as, by class: those of an outlier, or of a round seen before, say little new."""
    return np.append(CLASS_STRENGTH, np.zeros(len(classes) - len(CLASS_STRENGTH)))
