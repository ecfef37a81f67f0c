r"""The e-detector: bets on a change at every candidate onset, against the null of `null`.

The bets (see `bets`) are predictive densities, each computed before its round is seen, so their ratio to the null has
expectation at most one when the null holds, and the Shiryaev–Roberts sum over onsets

    R_t = sum_j prod_{i=j..t} alternative_j(x_i) / null(x_i),   E[R_t] <= t

passes a threshold A after at least A rounds on average (Shin, Ramdas & Rinaldo, "E-detectors", 2023, Thm 2.4). Capital
of a dropped onset goes to its neighbour, which keeps that bound. The densities' nuisance parameters are learnt, not
known, and both sides leave out classes that say nothing of a round, so the bound is exact for an ideal model only; how
well it holds in simulations is *measured* (`benchmarks/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np

from prober.judging.statistic import learning
from prober.judging.statistic.bets import TEMPERED, WEIGHTS, log_alternatives
from prober.judging.statistic.null import CLASS_PRIOR, CLASS_STRENGTH, Null, NullStack, log_classes
from prober.judging.statistic.onsets import Onsets, OnsetStack, thinned
from prober.judging.statistic.readings import Floats, Ints, Table, logsumexp, posterior, stacked

DOUBT: Final = 10.0
"""Likelihood ratio of a change at which the null learns half of what it else would."""
CAUTION: Final = 20.0
"""Rounds of reference with which half of one is put on a change at each round. Fewer show less of how rounds differ,
and what they do not show, such as replicas that take turns, looks like a change now and then."""
LEADING: Final = 2
"""Classes a round is held against: those which, by the null, it may belong to, and as many that are usual."""


@dataclass(frozen=True)
class State:
    """What the statistic remembers. Constant in size, whatever the history."""

    null: Null
    onsets: Onsets
    rounds: int = 0
    """Rounds judged."""

    @cached_property
    def log_e(self) -> float:
        """ln R_t, the e-detector."""
        return float(logsumexp(self.onsets.log_capital)) if self.onsets.labels else -np.inf

    @cached_property
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
    null = NullStack.of([state.null for state in states])
    put = np.array([unit(state.null) for state in states])
    stack = OnsetStack.of([state.onsets for state in states], [state.rounds for state in states], null, put, label)
    joint = log_classes(null, table)
    # The other classes' shares of both densities are as small as makes no difference, and cost most of the time.
    ours = joint[:, : len(CLASS_PRIOR)]
    # After a change the null prefers odd classes; under the alternative the round may well be an ordinary one.
    usually = null.classes[:, : len(CLASS_PRIOR)]
    leading, log_share = _leading(ours, usually / null.classes.sum(axis=1, keepdims=True))
    is_held = ~np.isneginf(log_share)
    alternative = log_alternatives(null, stack.mean, stack.support, stack.seen, table, leading, is_held)
    alternative += log_share[:, None]
    log_alternative = logsumexp(alternative, axis=3)
    log_null = np.where(is_held, np.take_along_axis(joint, leading, axis=1), -np.inf)
    log_ratio = log_alternative - logsumexp(log_null, axis=1)[:, None]
    # A round that repeats one of the reference, or is like no other, may be so after a change too: it is no evidence.
    whole = logsumexp(joint, axis=1)
    log_new = (logsumexp(ours, axis=1) - whole)[:, None]
    log_repeated = (logsumexp(joint[:, len(CLASS_PRIOR) :], axis=1) - whole)[:, None]
    # Where such rounds are usual, others are weaker evidence too. A power below one keeps the expectation below one.
    usual = (usually.sum(axis=1) / null.classes.sum(axis=1))[:, None]
    # So are rounds near in time that are alike: of T that count as one, each is worth one T-th.
    power = np.where(TEMPERED, usual**2 / null.correlation_time[:, None], 1.0)
    log_capital = stack.log_capital + power * np.logaddexp(log_new + log_ratio, log_repeated)
    # What an onset learns of the round is weighed by the posterior of each of its strategies, in each class.
    # A strategy for which the round was impossible learns nothing of it.
    log_total = np.where(np.isneginf(log_alternative), 0.0, log_alternative)[..., None]
    belief = (posterior(log_capital)[..., None] * np.exp(alternative - log_total)).sum(axis=2)
    worth = learning.discount(belief, table.replies, CLASS_STRENGTH[leading], null.channel)
    worth /= null.correlation_time[null.channel]
    seen = stack.seen + worth[..., None] * table.counts(null.base.shape[1])
    stack, likeliest = thinned(replace(stack, log_capital=log_capital, seen=seen), null.channel)
    # The likelier a change, the less the null may learn of what would be its own defeat.
    trust = 1 / (1 + np.exp(np.minimum(likeliest, 50.0)) / DOUBT)
    nulls = learning.absorb(null, table, posterior(joint), trust)
    return [
        State(null=learnt, onsets=onsets, rounds=state.rounds + 1)
        for learnt, onsets, state in zip(nulls, stack.apart(null), states, strict=True)
    ]


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
        null=learning.extend(state.null, other),
        onsets=replace(
            onsets,
            mean=stacked([onsets.mean, new]),
            seen=stacked([onsets.seen, np.zeros_like(new)]),
            support=np.concatenate([onsets.support, support], axis=1),
        ),
    )


def unit(null: Null) -> float:
    """What is put on a change at each round: at most one, which keeps E[R_t] <= t."""
    return len(null.repeats) / (len(null.repeats) + CAUTION)
