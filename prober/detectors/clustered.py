r"""The one statistic: an e-detector for clustered categorical outcomes, pooled over the series of an endpoint.

Every channel turns a reply into one of a few categories per series (see `scales`), so that a round is a table of counts
\(x_{rp}\), and one model serves all channels. Rounds are the unit of evidence: in round \(r\) all series share a class
\(k\) with strength \(s_k\), and

    x_rp | class k  ~  DirichletMultinomial(n_rp, kappa * mu_p),   1/(kappa+1) = 1/(s_k+1) + s_k/(s_k+1) / (c_p+1)

where \(mu_p\) is the predictive mean of the series and \(c_p\) the number of replies behind it: the first term is the
scatter between rounds, the second is what is not known about \(mu_p\). A class also has a *swing*: a tilt of all series
at once, sharper or along their scale. Further classes *repeat* one round of the reference, as replicas do that take
turns. Class weights \(pi_k\) are learnt from the reference and go on being learnt, so a provider whose days differ
raises its own bar.

*Null*: \(mu_p\) is the mean of the reference and of every round since. *Alternatives*, one strategy for each candidate
onset: the distribution moved by an unknown amount in unknown directions (Dirichlet of strength 8 or 64 about the
old mean), became another altogether (Jeffreys' prior, Dirichlet of ½), or was tilted the same way in every series
(`mu exp(theta v)`: longer, refusing more, sharper). All are predictive densities, each computed before its round is
seen, so their ratio has expectation one when the null holds, and the Shiryaev–Roberts sum over onsets

    R_t = sum_j prod_{i=j..t} alternative_j(x_i) / null(x_i),   E[R_t] <= t

passes a threshold A after at least A rounds on average (Shin, Ramdas & Rinaldo, "E-detectors", 2023, Thm 2.4). Capital
of a dropped onset goes to its neighbour, which keeps that bound. The densities' nuisance parameters are learnt, not
known, so the bound is exact for the Bayesian null and *measured* for fixed worlds (`benchmarks/`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

STRENGTHS: Final[Floats] = np.array([1e9, 50.0, 8.0, 1.0])
"""How alike the replies of a round are, from independent to nearly one draw; and belief in each, in rounds."""
STRENGTH_PRIOR: Final[Floats] = np.array([1.0, 0.5, 0.2, 0.06])
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
ECHO_STRENGTH: Final = 1
"""Index into STRENGTHS: how close a round that repeats an earlier one keeps to it."""
ECHO_WEIGHT: Final = 4.0
"""How much a reply of the repeated round counts beside one reply's worth of the mean."""
ECHO_PRIOR: Final = 0.3
"""Rounds' worth of belief in repetition, over all rounds of the reference together."""
LEADING: Final = 6
"""Classes the alternatives are tried with: those the null believes in most before the round, and after it."""
SPREADS: Final[Floats] = np.array([8.0, 64.0])
"""Strengths of the Dirichlet alternatives about the old mean, in replies."""
TILTS: Final[Floats] = np.array([[0, -1], [0, -0.4], [0, 0.4], [0, 1]], dtype=np.float64)
"""Shared tilts that last, like SWINGS."""
ONSETS: Final = 8
"""Candidate onsets kept; recent ones are exact, older ones ever sparser."""


@dataclass(frozen=True, slots=True)
class Table:
    """The outcomes of one round: reply i fell into category `category[i]` of series row `row[i]`."""

    row: Ints
    category: Ints
    nth_in_cell: Ints
    """How many earlier replies of the round fell into the same row and category."""
    nth_in_row: Ints
    replies: Floats
    """Shape (rows,): replies per row."""

    @staticmethod
    def of(outcomes: Sequence[tuple[int, int]], rows: int) -> Table:
        """From (row, category) pairs, one a reply."""
        seen_cell: dict[tuple[int, int], int] = {}
        replies = [0] * rows
        nth_in_cell, nth_in_row = [], []
        for row, category in outcomes:
            n = seen_cell.get((row, category), 0)
            seen_cell[row, category] = n + 1
            nth_in_cell.append(n)
            nth_in_row.append(replies[row])
            replies[row] += 1
        pairs = np.array(outcomes, dtype=np.int64).reshape(-1, 2)
        return Table(
            row=pairs[:, 0],
            category=pairs[:, 1],
            nth_in_cell=np.array(nth_in_cell, dtype=np.int64),
            nth_in_row=np.array(nth_in_row, dtype=np.int64),
            replies=np.array(replies, dtype=np.float64),
        )

    def counts(self, categories: int) -> Floats:
        """Shape (rows, categories)."""
        counts = np.zeros((len(self.replies), categories))
        np.add.at(counts, (self.row, self.category), 1.0)
        return counts


@dataclass(frozen=True, slots=True)
class Onset:
    """One candidate onset: what was the mean before it, what was seen since, and what has been won by betting on it."""

    label: str
    born: int
    """Number of the round it starts with."""
    mass: float
    """Units put in, its own and those of onsets it took over; its likelihood ratio is `capital / mass`."""
    log_capital: Floats
    """Shape (alternatives,)."""
    mean: Floats
    """Shape (rows, categories): null mean just before."""
    support: Floats
    """Shape (rows,): replies behind that mean."""
    seen: Floats
    """Shape (rows, categories): counts since, each round discounted by its clustering."""

    @property
    def log_ratio(self) -> float:
        return float(logsumexp(self.log_capital) - np.log(self.mass))


@dataclass(frozen=True, slots=True)
class State:
    """What the statistic remembers. Constant in size, whatever the history."""

    valid: npt.NDArray[np.bool_]
    """Shape (rows, categories): categories the row has; rows are padded to the widest."""
    score: Floats
    """Shape (2, rows, categories): sharpness (how common a category is) and score (where it stands on its scale).

    What tilts act on; mean 0 and variance 1 under the reference, at most 3 from 0.
    """
    novel: npt.NDArray[np.bool_]
    """Shape (rows, categories): categories that stand for whatever the reference never held."""
    echoes: Floats
    """Shape (reference rounds, rows, categories): the means of rounds that repeat one of the reference."""
    base: Floats
    """Shape (rows, categories): prior plus discounted counts of the reference and all rounds since."""
    classes: Floats
    """Shape (classes + echoes,): prior plus expected number of rounds seen in each class."""
    onsets: tuple[Onset, ...]
    rounds: int
    """Rounds judged."""

    @property
    def log_e(self) -> float:
        """ln R_t, the e-detector."""
        if not self.onsets:
            return -np.inf
        return float(logsumexp(np.concatenate([onset.log_capital for onset in self.onsets])))

    @property
    def best(self) -> Onset | None:
        """The likeliest onset."""
        return max(self.onsets, key=lambda onset: onset.log_ratio, default=None)


def learn(tables: Sequence[Table], prior: Floats, score: Floats, novel: npt.NDArray[np.bool_]) -> State:
    """The state after the reference: base counts and class weights, by a few rounds of expectation maximisation.

    `prior` is (rows, categories), zero where a row has no such category; `score` likewise, any scale; `novel` marks the
    categories that stand for what the reference never held, one a row at most.
    Each reference round is held against the others, never against itself.
    """
    valid = prior > 0
    counts = [table.counts(prior.shape[1]) for table in tables]
    discounts = [np.ones(prior.shape[0]) for _ in tables]
    class_prior = np.concatenate([CLASS_PRIOR, np.full(len(tables), ECHO_PRIOR / len(tables))])
    classes = class_prior.copy()
    strength = _strengths(classes)
    base = prior + sum(counts)
    mean = base / base.sum(axis=1, keepdims=True)
    echoes = np.stack([_echo(count, mean) for count in counts])
    axes = np.stack([np.log(np.where(valid, mean, 1.0)), score])
    centred = np.where(valid, axes - (mean * axes).sum(axis=2, keepdims=True), 0.0)
    spread = np.sqrt((mean * centred**2).sum(axis=2, keepdims=True))
    axes = np.clip(np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 1e-12), -3.0, 3.0)
    for _ in range(6):
        base = prior + sum(d[:, None] * c for d, c in zip(discounts, counts, strict=True))
        expected = np.zeros_like(classes)
        for i, table in enumerate(tables):
            others = base - discounts[i][:, None] * counts[i]
            log_null = _log_null(table, others, axes, echoes) + np.log(classes)
            log_null[len(CLASS_PRIOR) + i] = -np.inf
            posterior = _posterior(log_null)
            expected += posterior
            discounts[i] = _discount(posterior, table.replies, strength)
        classes = class_prior + expected
    return State(valid=valid, score=axes, novel=novel, echoes=echoes, base=base, classes=classes, onsets=(), rounds=0)


def extend(state: State, other: State) -> State:
    """Add the rows of a reference that was completed later; onsets so far know nothing of them and start anew."""
    width = max(state.base.shape[1], other.base.shape[1])

    def stack(a: npt.NDArray[np.generic], b: npt.NDArray[np.generic]) -> npt.NDArray[np.generic]:
        pads = [[(0, 0)] * (x.ndim - 1) + [(0, width - x.shape[-1])] for x in (a, b)]
        return np.concatenate([np.pad(a, pads[0]), np.pad(b, pads[1])], axis=-2)

    rows, empty, ours = other.base.shape[0], np.zeros_like(other.base), len(CLASS_PRIOR)
    mean = other.base / other.base.sum(axis=1, keepdims=True)
    return State(
        valid=stack(state.valid, other.valid).astype(np.bool_),
        score=stack(state.score, other.score).astype(np.float64),
        novel=stack(state.novel, other.novel).astype(np.bool_),
        base=stack(state.base, other.base).astype(np.float64),
        echoes=np.concatenate(
            [
                np.stack([stack(echo, mean) for echo in state.echoes]),
                np.stack([stack(state.base / state.base.sum(axis=1, keepdims=True), echo) for echo in other.echoes]),
            ]
        ).astype(np.float64),
        classes=np.concatenate(
            [
                state.classes[:ours] + other.classes[:ours] - CLASS_PRIOR,
                state.classes[ours:],
                other.classes[ours:],
            ]
        ),
        onsets=tuple(
            replace(
                onset,
                mean=stack(onset.mean, mean).astype(np.float64),
                seen=stack(onset.seen, empty).astype(np.float64),
                support=np.concatenate([onset.support, other.base.sum(axis=1)[:rows]]),
            )
            for onset in state.onsets
        ),
        rounds=state.rounds,
    )


def step(state: State, table: Table, label: str) -> State:
    """One round: put one unit on a change starting here, let every strategy bet, then learn from what was seen."""
    if not table.row.size:
        return state
    support = state.base.sum(axis=1)
    alternatives = len(SPREADS) + 1 + len(TILTS)
    born = Onset(
        label=label,
        born=state.rounds,
        mass=1.0,
        log_capital=np.full(alternatives, -np.log(alternatives)),
        mean=state.base / support[:, None],
        support=support,
        seen=np.zeros_like(state.base),
    )
    onsets = (*state.onsets, born)
    null = _log_null(table, state.base, state.score, state.echoes) + np.log(state.classes / state.classes.sum())
    log_null = logsumexp(null)
    # Fewer classes make the alternatives' densities smaller, never larger: the bound holds, at a fraction of the cost.
    ours = state.classes[: len(CLASS_PRIOR)]
    leading = np.union1d(np.argsort(-ours)[:LEADING], np.argsort(-null[: len(CLASS_PRIOR)])[:LEADING])
    alternative = _log_alternatives(table, state, onsets, leading) + np.log(ours[leading] / ours.sum())
    log_alternative = logsumexp(alternative, axis=2)
    counts = table.counts(state.base.shape[1])
    learnt = []
    for i, onset in enumerate(onsets):
        log_capital = onset.log_capital + log_alternative[i] - log_null
        posterior = _posterior(log_capital) @ np.exp(alternative[i] - log_alternative[i][:, None])
        seen = onset.seen + _discount(posterior, table.replies, CLASS_STRENGTH[leading])[:, None] * counts
        learnt.append(replace(onset, log_capital=log_capital, seen=seen))
    posterior = _posterior(null)
    return replace(
        state,
        base=state.base + _discount(posterior, table.replies, _strengths(state.classes))[:, None] * counts,
        classes=state.classes + posterior,
        onsets=_thin(learnt, state.rounds),
        rounds=state.rounds + 1,
    )


def _log_null(table: Table, base: Floats, score: Floats, echoes: Floats) -> Floats:
    """Shape (classes + echoes,)."""
    support = base.sum(axis=1)
    mean = base / support[:, None]
    own = _log_predictive(table, mean[None], support[None], score, np.arange(len(CLASS_PRIOR)))[0]
    near = np.array([ECHO_STRENGTH * len(SWINGS)])
    repeated = _log_predictive(table, echoes, np.broadcast_to(support, echoes.shape[:2]), score, near)[:, 0]
    return np.concatenate([own, repeated])


def _echo(counts: Floats, mean: Floats) -> Floats:
    """The mean of a round that repeats one with these counts."""
    weighed = ECHO_WEIGHT * counts + mean
    echo: Floats = weighed / weighed.sum(axis=1, keepdims=True)
    return echo


def _log_alternatives(table: Table, state: State, onsets: Sequence[Onset], classes: Ints) -> Floats:
    """Shape (onsets, alternatives, len(classes))."""
    old = np.stack([onset.mean for onset in onsets])
    seen = np.stack([onset.seen for onset in onsets])
    support = np.stack([onset.support for onset in onsets])
    since = seen.sum(axis=2)[:, None]
    spread = SPREADS[:, None]
    width = 0.5 * state.valid.sum(axis=1)
    about = (spread[..., None] * old[:, None] + seen[:, None]) / (spread + since)[..., None]
    fresh = (0.5 * state.valid + seen) / (width + since[:, 0])[..., None]
    tilted = old[:, None] * np.exp(np.tensordot(TILTS, state.score, axes=1))
    tilted /= tilted.sum(axis=-1, keepdims=True)
    mean = _no_less_new(np.concatenate([about, fresh[:, None], tilted], axis=1), state)
    behind = np.concatenate(
        [spread + since, width + since, np.repeat(support[:, None], len(TILTS), axis=1)],
        axis=1,
    )
    flat = _log_predictive(
        table, mean.reshape(-1, *old.shape[1:]), behind.reshape(-1, old.shape[1]), state.score, classes
    )
    return flat.reshape(len(onsets), -1, len(classes))


def _log_predictive(table: Table, mean: Floats, behind: Floats, score: Floats, classes: Ints) -> Floats:
    """ln probability of the round's replies, in their order, under every model and class: (models, classes).

    `mean` (models, rows, categories) with the weight of `behind` (models, rows) replies.
    """
    tilt = np.exp(np.tensordot(CLASS_SWING[classes], score, axes=1))
    total = np.einsum("mrc,krc->mkr", mean, tilt)
    here = mean[:, None, table.row, table.category] * tilt[:, table.row, table.category] / total[:, :, table.row]
    strength = CLASS_STRENGTH[classes][:, None]
    inverse = 1 / (strength + 1) + strength / (strength + 1) / (behind[:, None] + 1)
    concentration = (1 / inverse - 1)[:, :, table.row]
    ratio = (concentration * here + table.nth_in_cell) / (concentration + table.nth_in_row)
    # One logarithm for sixteen factors: none is below 1e-12, so their product stays above the smallest double.
    starts = np.arange(0, len(table.row), 16)
    log_probability: Floats = np.log(np.multiply.reduceat(ratio, starts, axis=-1)).sum(axis=-1)
    return log_probability


def _no_less_new(mean: Floats, state: State) -> Floats:
    """Alternatives expect what was never seen at least as much as the null does.

    How much mass the unseen has is a guess of the prior. That it stays unseen, in every series at once, would else be
    won by whoever guesses less, and count as evidence of a change in a world where nothing ever changes.
    """
    null = state.base / state.base.sum(axis=1, keepdims=True)
    unseen = np.where(state.novel, np.maximum(mean, null), 0.0).sum(axis=-1, keepdims=True)
    known = np.where(state.novel, 0.0, mean)
    known *= (1 - unseen) / np.maximum(known.sum(axis=-1, keepdims=True), 1e-300)
    return np.where(state.novel, unseen, known)


def logsumexp(x: Floats, axis: int | tuple[int, ...] | None = None) -> Floats:
    """ln sum exp, as scipy's but without its checks: it is called a dozen times a round on small arrays."""
    top = x.max(axis=axis, keepdims=True)
    total: Floats = np.log(np.exp(x - top).sum(axis=axis)) + np.squeeze(top, axis=axis)
    return total


def _strengths(classes: Floats) -> Floats:
    """Of the classes and the echoes behind them."""
    return np.append(CLASS_STRENGTH, np.full(len(classes) - len(CLASS_STRENGTH), STRENGTHS[ECHO_STRENGTH]))


def _posterior(log_weights: Floats) -> Floats:
    weights: Floats = np.exp(log_weights - logsumexp(log_weights))
    return weights


def _discount(posterior: Floats, replies: Floats, strength: Floats) -> Floats:
    """What one reply of a round is worth, per row: the inverse design effect (1+s)/(n+s), averaged over classes."""
    worth: Floats = ((1 + strength) / (np.maximum(replies, 1)[:, None] + strength)) @ posterior
    return worth


def _thin(onsets: Sequence[Onset], now: int) -> tuple[Onset, ...]:
    """At most ONSETS of them: the pair closest in relative age becomes one, which inherits the capital of both."""
    kept = list(onsets)
    while len(kept) > ONSETS:
        ages = [now - onset.born + 1 for onset in kept]
        i = min(range(len(kept) - 1), key=lambda i: ages[i] / ages[i + 1])
        older, newer = kept[i], kept[i + 1]
        better = older if older.log_ratio >= newer.log_ratio else newer
        other = newer if better is older else older
        total = logsumexp(better.log_capital)
        inherited = better.log_capital + np.logaddexp(0.0, logsumexp(other.log_capital) - total)
        # The heir's ratio must stay its own: what it inherits counts as units put in.
        mass = better.mass * float(np.exp(np.logaddexp(0.0, logsumexp(other.log_capital) - total)))
        kept[i : i + 2] = [replace(better, log_capital=inherited, mass=mass)]
    return tuple(kept)
