r"""The e-detector: bets on a change at every candidate onset, against the null of `null`.

*Alternatives*, a set of strategies for each candidate onset, all of which start at the old mean mu and learn from
the n replies x seen since:

- *ridge*, small changes in unknown directions: logits move independently with standard deviation tau, so that
  `mu_c exp(tau² (x_c - n mu_c) / (1 + tau² n mu_c))`; a category that tells little stays where it is;
- *shared*, the same with counts summed over all categories of one name: "(other)", or "positive", moves alike in
  every series that has it; *shared and own*, a ridge about that;
- *pooled*, the same tilt in every series, `mu exp(theta v)`: longer, refusing more, sharper; one dimension for all;
- *fresh*, Jeffreys' Dirichlet of ½: another distribution.

All are predictive densities over the same classes of rounds as the null's, each computed before its round is seen, so
their ratio to the null has expectation at most one when the null holds, and the Shiryaev–Roberts sum over onsets

    R_t = sum_j prod_{i=j..t} alternative_j(x_i) / null(x_i),   E[R_t] <= t

passes a threshold A after at least A rounds on average (Shin, Ramdas & Rinaldo, "E-detectors", 2023, Thm 2.4). Capital
of a dropped onset goes to its neighbour, which keeps that bound. The densities' nuisance parameters are learnt, not
known, and both sides leave out classes that say nothing of a round, so the bound is exact for an ideal and *measured*
for worlds (`benchmarks/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

import numpy as np

from prober.judging.statistic.null import (
    CLASS_PRIOR,
    CLASS_STRENGTH,
    Null,
    Stack,
    absorb_all,
    below,
    discount,
    log_classes_of_all,
    log_predictive,
    stack,
)
from prober.judging.statistic.null import extend as extend_null
from prober.judging.statistic.table import Floats, Ints, Table, logsumexp, posterior

RIDGES: Final[Floats] = np.array([0.2, 0.4, 0.8])
"""Standard deviations of the shift of each logit, in a direction of its own."""
SHARED: Final = 0.25
"""Standard deviation of the shift that all categories of one name share; and of what each then adds of its own."""
POOLED: Final = 0.5
"""Standard deviation of the tilt that all series share, on either axis of `Null.score`."""
WEIGHTS: Final[Floats] = np.array([2, 2, 1, 3, 3, 0.5, 0.5, 1.5]) / 13.5
"""Belief in each alternative: ridges, shared, shared and own, pooled (sharpness, score), fresh."""
ONSETS: Final = 8
"""Candidate onsets kept; recent ones are exact, older ones ever sparser."""
DOUBT: Final = 10.0
"""Likelihood ratio of a change at which the null learns half of what it else would."""
CAUTION: Final = 20.0
"""Rounds of reference with which half of one is put on a change at each round. Fewer tell less of how rounds differ,
and what they do not tell, such as replicas that take turns, looks like a change now and then."""
LEADING: Final = 2
"""Classes a round is held against: those which, by the null, it may belong to, and as many that are usual."""


@dataclass(frozen=True, slots=True)
class Onsets:
    """Candidate onsets, oldest first: the mean before each, what was seen since, and what betting on it has won."""

    labels: tuple[str, ...]
    born: Ints
    """Shape (onsets,): number of the round it starts with."""
    mass: Floats
    """Shape (onsets,): units put in, its own and those of onsets it took over."""
    log_capital: Floats
    """Shape (onsets, alternatives)."""
    mean: Floats
    """Shape (onsets, rows, categories): null mean just before."""
    support: Floats
    """Shape (onsets, rows): replies behind that mean."""
    seen: Floats
    """Shape (onsets, rows, categories): counts since, each round discounted by its clustering."""

    @property
    def log_ratio(self) -> Floats:
        """Shape (onsets,): ln likelihood ratio of a change there."""
        ratio: Floats = logsumexp(self.log_capital, axis=1) - np.log(self.mass)
        return ratio


@dataclass(frozen=True, slots=True)
class State:
    """What the statistic remembers. Constant in size, whatever the history."""

    null: Null
    onsets: Onsets
    rounds: int = 0
    """Rounds judged."""

    @property
    def log_e(self) -> float:
        """ln R_t, the e-detector."""
        return float(logsumexp(self.onsets.log_capital)) if self.onsets.labels else -np.inf

    @property
    def best(self) -> int | None:
        """Index of the likeliest onset; None while none is likelier than no change at all."""
        if not self.onsets.labels:
            return None
        log_ratio = self.onsets.log_ratio
        best = int(np.argmax(log_ratio))
        return best if log_ratio[best] > 0 else None


def begin(null: Null) -> State:
    """The state before the first round after the reference."""
    rows, categories = null.base.shape
    none = Onsets(
        labels=(),
        born=np.zeros(0, dtype=np.int64),
        mass=np.zeros(0),
        log_capital=np.zeros((0, len(WEIGHTS))),
        mean=np.zeros((0, rows, categories)),
        support=np.zeros((0, rows)),
        seen=np.zeros((0, rows, categories)),
    )
    return State(null, none)


def step(state: State, table: Table, label: str) -> State:
    """One round of one channel; as it was where the round has no reply."""
    return steps([state], [table], label)[0]


def steps(states: Sequence[State], tables: Sequence[Table], label: str) -> list[State]:
    """One round of several channels, each for itself: put a unit on a change starting here, let every strategy bet,
    then learn from what was seen."""
    after = list(states)
    alike: dict[int, list[int]] = {}
    for i, (state, table) in enumerate(zip(states, tables, strict=True)):
        if table.row.size:
            alike.setdefault(len(state.onsets.labels), []).append(i)
    for these in alike.values():
        stepped = _steps([states[i] for i in these], Table.below([tables[i] for i in these]), label)
        for i, state in zip(these, stepped, strict=True):
            after[i] = state
    return after


def _steps(states: Sequence[State], table: Table, label: str) -> list[State]:
    """Of channels that have equally many onsets."""
    null = Stack.of([state.null for state in states])
    bets = _Bets.of(states, null, label)
    joint = log_classes_of_all(null, table)
    # The other classes' shares of both densities are as small as makes no difference, and cost most of the time.
    ours = joint[:, : len(CLASS_PRIOR)]
    # After a change the null believes in odd classes; under the alternative the round may well be an ordinary one.
    usually = null.classes[:, : len(CLASS_PRIOR)]
    leading, log_share = _leading(ours, usually / null.classes.sum(axis=1, keepdims=True))
    alternative = _log_alternatives(null, bets, table, leading) + log_share[:, None]
    log_alternative = logsumexp(alternative, axis=3)
    log_null = np.where(np.isneginf(log_share), -np.inf, np.take_along_axis(joint, leading, axis=1))
    log_ratio = log_alternative - logsumexp(log_null, axis=1)[:, None]
    # A round that repeats one of the reference, or is like no other, may be so after a change too: it tells nothing.
    whole = logsumexp(joint, axis=1)
    log_new = (logsumexp(ours, axis=1) - whole)[:, None]
    log_repeated = (logsumexp(joint[:, len(CLASS_PRIOR) :], axis=1) - whole)[:, None]
    # Where such rounds are usual, others are less telling as well. A power below one keeps the expectation below one.
    usual = (usually.sum(axis=1) / null.classes.sum(axis=1))[:, None]
    log_capital = bets.log_capital + usual**2 * np.logaddexp(log_new + log_ratio, log_repeated)
    # What an onset learns of the round is weighed by how much each of its strategies, in each class, is believed in.
    belief = (posterior(log_capital)[..., None] * np.exp(alternative - log_alternative[..., None])).sum(axis=2)
    worth = discount(belief, table.replies, CLASS_STRENGTH[leading], null.channel)
    seen = bets.seen + worth[..., None] * table.counts(null.base.shape[1])
    bets, likeliest = _thinned(replace(bets, log_capital=log_capital, seen=seen), null.channel)
    # The likelier a change, the less the null may learn of what would be its own defeat.
    trust = 1 / (1 + np.exp(np.minimum(likeliest, 50.0)) / DOUBT)
    nulls = absorb_all(null, table, posterior(joint), trust)
    return [
        State(null=learnt, onsets=onsets, rounds=state.rounds + 1)
        for learnt, onsets, state in zip(nulls, bets.apart(null), states, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Bets:
    """Equally many onsets of several channels, the newest at the round to come. Arrays as in `Onsets`, with an axis of
    channels after the onsets', or rows one below the other as the null's are in `Stack`."""

    labels: Sequence[tuple[str, ...]]
    """One tuple a channel."""
    born: Ints
    mass: Floats
    log_capital: Floats
    mean: Floats
    support: Floats
    seen: Floats

    @staticmethod
    def of(states: Sequence[State], null: Stack, label: str) -> _Bets:
        """The onsets so far, and a new one with its unit spread over its alternatives."""
        so_far = [state.onsets for state in states]
        n = len(so_far[0].labels)
        put = np.array([unit(state.null) for state in states])
        mean, seen = np.zeros((2, n + 1, *null.base.shape))
        below([one.mean for one in so_far], mean[:n])
        below([one.seen for one in so_far], seen[:n])
        support = np.concatenate([one.support for one in so_far], axis=1)
        mean[n] = null.base / null.support[:, None]
        return _Bets(
            labels=[(*one.labels, label) for one in so_far],
            born=np.column_stack([[*one.born, state.rounds] for one, state in zip(so_far, states, strict=True)]),
            mass=np.vstack([np.column_stack([one.mass for one in so_far]), put]),
            log_capital=np.concatenate(
                [np.stack([one.log_capital for one in so_far], axis=1), np.log(put[:, None] * WEIGHTS)[None]]
            ),
            mean=mean,
            support=np.concatenate([support, null.support[None]]),
            seen=seen,
        )

    def apart(self, null: Stack) -> list[Onsets]:
        """Each channel's own."""
        shapes = [one.base.shape for one in null.nulls]
        return [
            Onsets(
                labels=labels,
                born=self.born[:, i].copy(),
                mass=self.mass[:, i].copy(),
                log_capital=self.log_capital[:, i].copy(),
                mean=self.mean[:, row : row + rows, :categories].copy(),
                support=self.support[:, row : row + rows].copy(),
                seen=self.seen[:, row : row + rows, :categories].copy(),
            )
            for i, (labels, row, (rows, categories)) in enumerate(zip(self.labels, null.first, shapes, strict=True))
        ]


def _thinned(bets: _Bets, channel: Ints) -> tuple[_Bets, Floats]:
    """At most ONSETS of them, and each channel's highest ln likelihood ratio of a change at one.

    The pair closest in relative age becomes one, which inherits the capital of both. `channel` says whose each row is.
    """
    total = logsumexp(bets.log_capital, axis=2)
    log_ratio = total - np.log(bets.mass)
    onsets, channels = total.shape
    if onsets <= ONSETS:
        return bets, log_ratio.max(axis=0)
    age = bets.born[-1] - bets.born + 1
    every = np.arange(channels)
    older = np.argmin(age[:-1] / age[1:], axis=0)
    newer_keeps = log_ratio[older, every] < log_ratio[older + 1, every]
    heir, gone = older + newer_keeps, older + ~newer_keeps
    growth = np.logaddexp(0.0, total[gone, every] - total[heir, every])
    log_capital, mass = bets.log_capital.copy(), bets.mass.copy()
    log_capital[heir, every] += growth[:, None]
    # The heir's ratio must stay its own: what it inherits counts as units put in.
    mass[heir, every] *= np.exp(growth)
    kept = np.arange(onsets - 1)[:, None]
    kept = kept + (kept >= gone)
    of_row, row = kept[:, channel], np.arange(len(channel))
    thinned = _Bets(
        labels=[(*labels[:i], *labels[i + 1 :]) for labels, i in zip(bets.labels, gone, strict=True)],
        born=bets.born[kept, every],
        mass=mass[kept, every],
        log_capital=log_capital[kept, every],
        mean=bets.mean[of_row, row],
        support=bets.support[of_row, row],
        seen=bets.seen[of_row, row],
    )
    return thinned, log_ratio[kept, every].max(axis=0)


def _leading(ours: Floats, usually: Floats) -> tuple[Ints, Floats]:
    """The classes to hold a round against, and ln of their shares, -inf if named twice: (channels, classes)."""
    likely, usual = (np.argsort(-x, axis=1)[:, :LEADING] for x in (ours, usually))
    leading = np.concatenate([likely, usual], axis=1)
    log_share = np.log(np.take_along_axis(usually, leading, axis=1))
    log_share[:, likely.shape[1] :][(usual[:, :, None] == likely[:, None, :]).any(axis=2)] = -np.inf
    return leading, log_share


def extend(state: State, other: Null) -> State:
    """Add the rows of a reference that was completed later; onsets so far have seen nothing of them."""
    onsets = state.onsets
    n = len(onsets.labels)
    new = np.broadcast_to(other.mean, (n, *other.base.shape))
    support = np.broadcast_to(other.support, (n, len(other.support)))
    return replace(
        state,
        null=extend_null(state.null, other),
        onsets=replace(
            onsets,
            mean=stack(onsets.mean, new),
            seen=stack(onsets.seen, np.zeros_like(new)),
            support=np.concatenate([onsets.support, support], axis=1),
        ),
    )


def unit(null: Null) -> float:
    """What is put on a change at each round: at most one, which keeps E[R_t] <= t."""
    return len(null.echoes) / (len(null.echoes) + CAUTION)


def _log_alternatives(null: Stack, onsets: _Bets, table: Table, classes: Ints) -> Floats:
    """Shape (onsets, channels, alternatives, classes); `classes` (channels, classes)."""
    since = onsets.seen.sum(axis=2)
    old, seen = onsets.mean[:, None], onsets.seen[:, None]
    expected = since[..., None] * onsets.mean
    surplus = onsets.seen - expected
    ridge = old * np.exp(_shift(RIDGES[:, None, None], surplus[:, None], expected[:, None]))
    shared = onsets.mean * np.exp(_shift(SHARED, *_by_name(null.names, np.stack([surplus, expected]))))
    shared = (shared / shared.sum(axis=-1, keepdims=True))[:, None]
    further = since[:, None, :, None] * shared
    both = shared * np.exp(_shift(SHARED, seen - further, further))
    pooled = old * np.exp(_tilt(null, since, surplus)[..., null.channel, None] * null.score)
    width = 0.5 * null.valid.sum(axis=1)
    fresh = (0.5 * null.valid + onsets.seen) / (width + since)[..., None]
    mean = np.concatenate([ridge, shared, both, pooled, fresh[:, None]], axis=1)
    mean /= mean.sum(axis=-1, keepdims=True)
    mean = _no_less_new(mean, null)
    behind = np.empty(mean.shape[:3])
    behind[:, :-1], behind[:, -1] = onsets.support[:, None], width + since
    rows, categories = null.base.shape
    flat = log_predictive(table, mean.reshape(-1, rows, categories), behind.reshape(-1, rows), null, classes.T)
    return flat.reshape(len(mean), len(WEIGHTS), *classes.T.shape).transpose(0, 3, 1, 2)


def _shift(tau: float | Floats, surplus: Floats, expected: Floats) -> Floats:
    """What counts that exceed the expected ones by `surplus` make of a logit whose shift is N(0, tau²)."""
    shift: Floats = tau**2 * surplus / (1 + tau**2 * expected)
    return shift


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


def _tilt(null: Stack, since: Floats, surplus: Floats) -> Floats:
    """The tilt on either axis that replies since each onset speak for, shrunk to none: (onsets, axes, channels)."""
    moved = np.add.reduceat((surplus[:, None] * null.score).sum(axis=3), null.first, axis=2)
    # Scores have variance 1 under the reference, so that a reply is worth one unit in a series that can move at all.
    weight = np.add.reduceat(since[:, None] * np.any(null.score != 0, axis=2), null.first, axis=2)
    tilt: Floats = moved / (1 / POOLED**2 + weight)
    return tilt


def _no_less_new(mean: Floats, null: Null | Stack) -> Floats:
    """Alternatives, given and changed in place, expect what was never seen at least as much as the null does.

    How much mass the unseen has is a guess of the prior. That it stays unseen, in every series at once, would else be
    won by whoever guesses less, and count as evidence of a change in a world where nothing ever changes.
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
