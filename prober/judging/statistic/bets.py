r"""The bets: what the next round looks like after a change, by several strategies for every candidate onset.

All start at the mean mu before the onset and learn from the n replies x seen since:

- *ridge*, small changes in unknown directions: logits move independently with standard deviation tau, so that
  `mu_c exp(tau² (x_c - n mu_c) / (1 + tau² n mu_c))`; a category that tells little stays where it is;
- *shared*, the same with counts summed over all categories of one name: "(other)", or "positive", moves alike in
  every series that has it; *shared and own*, a ridge about that;
- *pooled*, the same tilt in every series, `mu exp(theta v)`: longer, refusing more, sharper; one dimension for all;
- *fresh*, Jeffreys' Dirichlet of ½: another distribution;
- *unseen*: what the reference never held comes in a share p = (1/10 + x_unseen) / (1 + n) of the replies.

Each is a predictive density over the same classes of rounds as the null's (see `null`), known before its round is seen.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from prober.judging.statistic.null import Null, NullStack, log_predictive
from prober.judging.statistic.readings import Bools, Floats, Ints, Table

RIDGES: Final[Floats] = np.array([0.2, 0.4, 0.8])
"""Standard deviations of the shift of each logit, in a direction of its own."""
SHARED: Final = 0.25
"""Standard deviation of the shift that all categories of one name share; and of what each then adds of its own."""
POOLED: Final = 0.5
"""Standard deviation of the tilt that all series share, on either axis of `Null.score`."""
UNSEEN: Final = 0.1
"""Share of the replies that *unseen* expects of what the reference never held, before it sees any."""
WEIGHTS: Final[Floats] = np.array([2, 2, 1, 2.75, 2.75, 0.5, 0.5, 1.5, 0.5]) / 13.5
"""Belief in each alternative: ridges, shared, shared and own, pooled (sharpness, score), fresh, unseen."""
TEMPERED: Final = np.arange(len(WEIGHTS)) < len(WEIGHTS) - 1
"""All but *unseen*: that unusual rounds are common says nothing of names that no round of the reference had."""


def log_alternatives(
    null: NullStack, old: Floats, support: Floats, seen: Floats, table: Table, classes: Ints, held: Bools
) -> Floats:
    """ln probability of the round, by every strategy: shape (onsets, channels, alternatives, classes).

    `old` (onsets, rows, categories) is the mean before each onset, with `support` (onsets, rows) replies behind it, and
    `seen` what came since; `classes` and `held` (channels, classes) are the classes, and which of them to hold the
    round against.
    """
    since = seen.sum(axis=2)
    expected = since[..., None] * old
    surplus = seen - expected
    ridge = _moved(old[:, None], _shift(RIDGES[:, None, None], surplus[:, None], expected[:, None]))
    shared = _moved(old, _shift(SHARED, *_by_name(null.names, np.stack([surplus, expected]))))
    shared = (shared / shared.sum(axis=-1, keepdims=True))[:, None]
    further = since[:, None, :, None] * shared
    both = _moved(shared, _shift(SHARED, seen[:, None] - further, further))
    pooled = _moved(old[:, None], _tilt(null, since, surplus)[..., null.channel, None] * null.score)
    width = 0.5 * null.valid.sum(axis=1)
    fresh = (0.5 * null.valid + seen) / (width + since)[..., None]
    unseen = _unseen(old, since, seen, null.novel)
    mean = np.concatenate([ridge, shared, both, pooled, fresh[:, None], unseen[:, None]], axis=1)
    mean /= mean.sum(axis=-1, keepdims=True)
    mean = no_less_new(mean, null)
    behind = np.empty(mean.shape[:3])
    behind[:] = support[:, None]
    behind[:, -2] = width + since
    rows, categories = null.base.shape
    flat = log_predictive(table, mean.reshape(-1, rows, categories), behind.reshape(-1, rows), null, classes.T, held.T)
    return flat.reshape(len(mean), len(WEIGHTS), *classes.T.shape).transpose(0, 3, 1, 2)


def _shift(tau: float | Floats, surplus: Floats, expected: Floats) -> Floats:
    """What counts that exceed the expected ones by `surplus` make of a logit whose shift is N(0, tau²)."""
    shift: Floats = tau**2 * surplus / (1 + tau**2 * expected)
    return shift


def _moved(mean: Floats, shift: Floats) -> Floats:
    """The mean (…, rows, categories) after a shift of its logits, not normalised; every row's sum is a positive number.

    A change in thousands of replies shifts a logit by more than a double can hold the exponential of.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        moved: Floats = mean * np.exp(shift)
        total = moved.sum(axis=-1)
    lost = ~(np.isfinite(total) & (total > 0))
    if lost.any():
        mean, shift = np.broadcast_to(mean, moved.shape)[lost], shift[lost]
        logit = shift + np.log(mean, out=np.full_like(mean, -np.inf), where=mean > 0)
        moved[lost] = np.exp(logit - logit.max(axis=-1, keepdims=True))
    return moved


def _by_name(names: Ints, counts: Floats) -> Floats:
    """(…, rows, categories): in place of each count the sum over all categories of its name."""
    order, first, place = _names(names.tobytes())
    sums = np.add.reduceat(counts.reshape(*counts.shape[:-2], -1)[..., order], first, axis=-1)
    named: Floats = sums[..., place].reshape(counts.shape)
    return named


@lru_cache(maxsize=256)
def _names(names: bytes) -> tuple[Ints, Ints, Ints]:
    """Categories in the order of their names, where in it each name begins, and which name each category has."""
    _, place, count = np.unique(np.frombuffer(names, dtype=np.int64), return_inverse=True, return_counts=True)
    order = np.argsort(place, kind="stable")
    return order, np.cumsum(count) - count, place


def _tilt(null: NullStack, since: Floats, surplus: Floats) -> Floats:
    """The tilt on either axis that fits the replies since each onset, shrunk to none: (onsets, axes, channels)."""
    moved = np.add.reduceat((surplus[:, None] * null.score).sum(axis=3), null.first, axis=2)
    # Scores have variance 1 under the reference, so that a reply is worth one unit in a series that can move at all.
    weight = np.add.reduceat(since[:, None] * np.any(null.score != 0, axis=2), null.first, axis=2)
    tilt: Floats = moved / (1 / POOLED**2 + weight)
    return tilt


def _unseen(old: Floats, since: Floats, seen: Floats, novel: Bools) -> Floats:
    """The mean in which the share of what was never seen is that of the replies since each onset."""
    has: Bools = np.any(novel, axis=1, keepdims=True)
    share = (UNSEEN + (seen * novel).sum(axis=2, keepdims=True)) / (1 + since[..., None])
    known = old * ~novel
    known /= known.sum(axis=2, keepdims=True)
    mean: Floats = np.where(has, (1 - share) * known + share * novel, old)
    return mean


def no_less_new(mean: Floats, null: Null | NullStack) -> Floats:
    """The alternatives, changed in place so that they expect what was never seen at least as much as the null does.

    How much mass the unseen has is a guess of the prior. That it stays unseen, in every series at once, would else be
    won by whoever guesses less, and count as evidence of a change where nothing ever changes.
    """
    row, category = np.nonzero(null.novel)
    if not row.size:
        return mean
    expected = mean[..., row, category]
    unseen = np.maximum(expected, null.base[row, category] / null.support[row])
    others = np.ones(mean.shape[:-1])
    others[..., row] = (1 - unseen) / np.maximum(1 - expected, 1e-300)
    mean *= others[..., None]
    mean[..., row, category] = unseen
    return mean
