r"""The e-detector: bets on a change at every candidate onset, against the null of `null`.

*Alternatives*, one set of strategies for each candidate onset: the distribution moved by an unknown amount in unknown
directions (Dirichlet of strength 8 or 64 about the old mean), became another altogether (Jeffreys' prior, Dirichlet of
½), or was tilted the same way in every series (`mu exp(theta v)`: longer, refusing more, sharper). All are predictive
densities over the same classes of rounds as the null's, each computed before its round is seen, so their ratio to the
null has expectation at most one when the null holds, and the Shiryaev–Roberts sum over onsets

    R_t = sum_j prod_{i=j..t} alternative_j(x_i) / null(x_i),   E[R_t] <= t

passes a threshold A after at least A rounds on average (Shin, Ramdas & Rinaldo, "E-detectors", 2023, Thm 2.4). Capital
of a dropped onset goes to its neighbour, which keeps that bound. The densities' nuisance parameters are learnt, not
known, so the bound is exact for the Bayesian null and *measured* for fixed worlds (`benchmarks/`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from prober.detectors.null import (
    CLASS_PRIOR,
    CLASS_STRENGTH,
    Null,
    absorb,
    discount,
    log_classes,
    log_predictive,
    stack,
)
from prober.detectors.null import extend as extend_null
from prober.detectors.table import Floats, Ints, Table, logsumexp, posterior

SPREADS: Final[Floats] = np.array([8.0, 64.0])
"""Strengths of the Dirichlet alternatives about the old mean, in replies."""
TILTS: Final[Floats] = np.array([[0, -1], [0, -0.4], [0, 0.4], [0, 1]], dtype=np.float64)
"""Shared tilts that last: (sharpness, score), in standard deviations."""
ALTERNATIVES: Final = len(SPREADS) + 1 + len(TILTS)
ONSETS: Final = 8
"""Candidate onsets kept; recent ones are exact, older ones ever sparser."""
LEADING: Final = 6
"""Classes the alternatives are tried with: those the null believes in most before the round, and after it."""


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
        best = int(np.argmax(self.onsets.log_ratio))
        return best if self.onsets.log_ratio[best] > 0 else None


def begin(null: Null) -> State:
    """The state before the first round after the reference."""
    rows, categories = null.base.shape
    none = Onsets(
        labels=(),
        born=np.zeros(0, dtype=np.int64),
        mass=np.zeros(0),
        log_capital=np.zeros((0, ALTERNATIVES)),
        mean=np.zeros((0, rows, categories)),
        support=np.zeros((0, rows)),
        seen=np.zeros((0, rows, categories)),
    )
    return State(null, none)


def step(state: State, table: Table, label: str) -> State:
    """One round: put one unit on a change starting here, let every strategy bet, then learn from what was seen."""
    if not table.row.size:
        return state
    null = state.null
    onsets = _with_new(state, label)
    joint = log_classes(null, table)
    # Fewer classes make the alternatives' densities smaller, never larger: the bound holds, at a fraction of the cost.
    ours = null.classes[: len(CLASS_PRIOR)]
    leading = np.union1d(np.argsort(-ours)[:LEADING], np.argsort(-joint[: len(CLASS_PRIOR)])[:LEADING])
    alternative = _log_alternatives(null, onsets, table, leading) + np.log(ours[leading] / ours.sum())
    log_alternative = logsumexp(alternative, axis=2)
    log_capital = onsets.log_capital + log_alternative - logsumexp(joint)
    # What an onset learns of the round is weighed by how much each of its strategies, in each class, is believed in.
    belief = np.einsum("ja,jak->jk", posterior(log_capital), np.exp(alternative - log_alternative[..., None]))
    worth = discount(belief, table.replies, CLASS_STRENGTH[leading])
    seen = onsets.seen + worth[..., None] * table.counts(null.base.shape[1])
    return State(
        null=absorb(null, table, posterior(joint)),
        onsets=_thin(replace(onsets, log_capital=log_capital, seen=seen), state.rounds),
        rounds=state.rounds + 1,
    )


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


def _with_new(state: State, label: str) -> Onsets:
    """The onsets and one more, at the round to come, with one unit spread over its alternatives."""
    onsets, null = state.onsets, state.null
    unit = np.full((1, ALTERNATIVES), -np.log(ALTERNATIVES))
    return Onsets(
        labels=(*onsets.labels, label),
        born=np.append(onsets.born, state.rounds),
        mass=np.append(onsets.mass, 1.0),
        log_capital=np.concatenate([onsets.log_capital, unit]),
        mean=np.concatenate([onsets.mean, null.mean[None]]),
        support=np.concatenate([onsets.support, null.support[None]]),
        seen=np.concatenate([onsets.seen, np.zeros((1, *null.base.shape))]),
    )


def _log_alternatives(null: Null, onsets: Onsets, table: Table, classes: Ints) -> Floats:
    """Shape (onsets, alternatives, len(classes))."""
    since = onsets.seen.sum(axis=2)[:, None]
    spread = SPREADS[:, None]
    width = 0.5 * null.valid.sum(axis=1)
    about = (spread[..., None] * onsets.mean[:, None] + onsets.seen[:, None]) / (spread + since)[..., None]
    fresh = (0.5 * null.valid + onsets.seen) / (width + since[:, 0])[..., None]
    tilted = onsets.mean[:, None] * np.exp(np.tensordot(TILTS, null.score, axes=1))
    tilted /= tilted.sum(axis=-1, keepdims=True)
    mean = _no_less_new(np.concatenate([about, fresh[:, None], tilted], axis=1), null)
    steady = np.repeat(onsets.support[:, None], len(TILTS), axis=1)
    behind = np.concatenate([spread + since, width + since, steady], axis=1)
    rows, categories = null.base.shape
    flat = log_predictive(table, mean.reshape(-1, rows, categories), behind.reshape(-1, rows), null.score, classes)
    return flat.reshape(len(onsets.labels), ALTERNATIVES, len(classes))


def _no_less_new(mean: Floats, null: Null) -> Floats:
    """Alternatives expect what was never seen at least as much as the null does.

    How much mass the unseen has is a guess of the prior. That it stays unseen, in every series at once, would else be
    won by whoever guesses less, and count as evidence of a change in a world where nothing ever changes.
    """
    unseen = np.where(null.novel, np.maximum(mean, null.mean), 0.0).sum(axis=-1, keepdims=True)
    known = np.where(null.novel, 0.0, mean)
    known *= (1 - unseen) / np.maximum(known.sum(axis=-1, keepdims=True), 1e-300)
    return np.where(null.novel, unseen, known)


def _thin(onsets: Onsets, now: int) -> Onsets:
    """At most ONSETS of them: the pair closest in relative age becomes one, which inherits the capital of both."""
    while len(onsets.labels) > ONSETS:
        age = now - onsets.born + 1
        older = int(np.argmin(age[:-1] / age[1:]))
        log_ratio = onsets.log_ratio
        heir, gone = (older, older + 1) if log_ratio[older] >= log_ratio[older + 1] else (older + 1, older)
        own, left = (logsumexp(onsets.log_capital[i]) for i in (heir, gone))
        growth = np.logaddexp(0.0, left - own)
        log_capital, mass = onsets.log_capital.copy(), onsets.mass.copy()
        log_capital[heir] += growth
        # The heir's ratio must stay its own: what it inherits counts as units put in.
        mass[heir] *= np.exp(growth)
        kept = np.delete(np.arange(len(onsets.labels)), gone)
        onsets = Onsets(
            labels=tuple(onsets.labels[i] for i in kept),
            born=onsets.born[kept],
            mass=mass[kept],
            log_capital=log_capital[kept],
            mean=onsets.mean[kept],
            support=onsets.support[kept],
            seen=onsets.seen[kept],
        )
    return onsets
