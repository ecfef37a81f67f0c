"""Scales: how a reading of one series becomes one of a few categories. Learnt from the reference, then frozen.

Few categories, because dimension is the price of not knowing the direction of a change: what is rare, or was
never seen, is lumped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from typing import Final

import numpy as np

from prober.judging.statistic.readings import (
    RECURS,
    Digest,
    Reading,
    Recurring,
    TopTokens,
    cosine,
    distances,
    listed,
    log_probabilities,
    mean_gap,
    recurring,
    tokens_of,
)

FEW: Final = 6
"""Different names up to which each is a category of its own."""
NAMED: Final = 12
"""Categories that are named at most, where names must be chosen; the rest are `other`."""
COMMON: Final = 0.0125
"""Share of the choosing replies from which a name is worth a category; it must have come more than once as well."""
CHOICES: Final = 400
"""Replies that are enough to choose the names by."""
ATOMS: Final = 5
"""Distinct numbers up to which an ordinal scale keeps each as it is instead of binning."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Categories of one series, in the order of their indices; `names`, `atoms` or `edges` decide which applies."""

    labels: tuple[str, ...]
    prior: tuple[float, ...]
    """Replies' worth of belief in each category before any is seen."""
    score: tuple[float, ...]
    """What a shared tilt acts on."""
    novel: int | None = None
    """Index of the category for whatever the reference never held; None where every value has a bin."""
    names: tuple[str, ...] = ()
    """Nominal: index = position; then `other`."""
    atoms: tuple[float, ...] = ()
    """Ordinal with few values: index = position; then `new`."""
    edges: tuple[float, ...] = ()
    """Ordinal with many: index = number of edges below the value."""
    centre: tuple[float, ...] = ()
    """Vectors: the number is the distance to this centre; `atoms` or `edges` go on from there."""
    tokens: tuple[str, ...] = ()
    """First tokens: `centre` is the mean log-probability of each of these."""
    mean: float = 0.0
    """Mean number of the reference; 0 for names."""

    def reads(self, reading: Reading) -> bool:
        """Whether the reading belongs on this scale.

        A vector of another embedder does not, and nothing does where there is but one category: it is MUTE.
        """
        if len(self.labels) == 1 or isinstance(reading, TopTokens) != bool(self.tokens):
            return False
        return not isinstance(reading, tuple) or len(reading) == len(self.centre)

    def number(self, reading: Reading) -> float | None:
        """The reading as a number; None for a name."""
        if isinstance(reading, str):
            return None
        if isinstance(reading, TopTokens):
            return mean_gap(log_probabilities([reading], self.tokens)[0], np.asarray(self.centre))
        if isinstance(reading, tuple):
            return cosine(np.asarray(reading, dtype=np.float64), np.asarray(self.centre))
        return reading

    def place(self, reading: Reading) -> tuple[int, float | None] | None:
        """(category, number) of a reading; None where it does not belong on this scale."""
        if not self.reads(reading):
            return None
        number = self.number(reading)
        return self.index(reading, number), number

    def index(self, reading: Reading, number: float | None) -> int:
        """The category of a reading; `number` is what `number(reading)` gave."""
        if number is None:
            return self.names.index(str(reading)) if reading in self.names else len(self.names)
        if self.atoms:
            return self.atoms.index(number) if number in self.atoms else len(self.atoms)
        return int(np.searchsorted(self.edges, number, side="right"))


MUTE: Final = Scale(labels=("(anything)",), prior=(1.0,), score=(0.0,))
"""The scale of a series that tells nothing: one category, into which everything falls, and no reading ever after."""


def learn(
    rounds: Sequence[Sequence[Reading]], atoms: tuple[float, ...] = ()
) -> tuple[Scale, tuple[tuple[int | None, ...], ...]]:
    """The scale of one series from the readings of its reference, a sequence a round; and the categories of these.

    `atoms` fixes the categories of numbers that can only take those values, seen or not. The categories of a reference
    are not `index` of its readings: a vector that helped to place the centre is nearer to it than a new one will be,
    and names are counted where they were not chosen; None for the readings that chose them.
    """
    flat = [reading for readings in rounds for reading in readings]
    if not flat:
        raise ValueError("a scale needs at least one reading")
    if isinstance(flat[0], Recurring) and recurring(rounds) < RECURS:
        return MUTE, tuple((0,) * len(readings) for readings in rounds)
    if isinstance(flat[0], str):
        scale, categories = _nominal([[str(name) for name in readings] for readings in rounds])
        if isinstance(flat[0], Digest):
            texts = (f"text no. {i}" for i in range(1, len(scale.names) + 1))
            scale = replace(scale, labels=(*texts, scale.labels[-1]))
        return scale, categories
    scale, numbers = _learn(rounds, flat, atoms)
    indices = iter([scale.index(reading, number) for reading, number in zip(flat, numbers, strict=True)])
    return scale, tuple(tuple(islice(indices, len(readings))) for readings in rounds)


def _learn(
    rounds: Sequence[Sequence[Reading]], flat: Sequence[Reading], atoms: tuple[float, ...]
) -> tuple[Scale, Sequence[float]]:
    """The scale of numbers, vectors or first tokens, and what its `number` is of each reading."""
    if isinstance(flat[0], TopTokens):
        readings = [reading for reading in flat if isinstance(reading, TopTokens)]
        tokens = tokens_of(readings)
        points, has = log_probabilities(readings, tokens), listed(readings, tokens)
        centre, numbers = distances(rounds, points, mean_gap, has)
        return _ordinal(numbers, centre=centre, tokens=tokens), numbers
    if isinstance(flat[0], tuple):
        centre, numbers = distances(rounds, np.array(flat, dtype=np.float64), cosine)
        return _ordinal(numbers, centre=centre), numbers
    numbers = [float(reading) for reading in flat if isinstance(reading, (int, float))]
    return _ordinal(numbers, atoms), numbers


def _nominal(rounds: Sequence[Sequence[str]]) -> tuple[Scale, tuple[tuple[int | None, ...], ...]]:
    """The scale of names, and their categories in the rounds that did not choose it.

    Names chosen for being common in the reference look more common there than they are, and rounds to come would all
    fall short in the same direction. So where there is a choice, the first rounds choose, and only the others count.
    """
    counts = Counter(name for readings in rounds for name in readings)
    choosing = 0 if len(counts) <= FEW else _choosing(rounds)
    if choosing:
        names = _common(Counter(name for readings in rounds[:choosing] for name in readings))
    else:
        names = tuple(sorted(counts, key=lambda name: (-counts[name], name)))
    categories = tuple(
        tuple(None if i < choosing else names.index(name) if name in names else len(names) for name in readings)
        for i, readings in enumerate(rounds)
    )
    # Good & Turing: what was seen once estimates the mass of what was not seen at all.
    unseen = 0 if choosing else sum(1 for count in counts.values() if count == 1)
    scale = Scale(
        labels=(*names, "(other)"),
        prior=(*[1 / (len(names) + 1)] * len(names), 0.5 + unseen),
        score=(0.0,) * (len(names) + 1),
        novel=None if any(len(names) in held for held in categories) else len(names),
        names=names,
    )
    return scale, categories


def _choosing(rounds: Sequence[Sequence[str]]) -> int:
    """How many of the first rounds choose the names: a third of those with a reading, fewer where they have many."""
    answered = [i for i, readings in enumerate(rounds) if readings]
    enough = int(np.searchsorted(np.cumsum([len(readings) for readings in rounds]), CHOICES))
    return min(answered[(len(answered) - 1) // 3], enough) + 1


def _common(counts: Mapping[str, int]) -> tuple[str, ...]:
    """The names worth a category, the most common first."""
    ranked = sorted(counts, key=lambda name: (-counts[name], name))[:NAMED]
    least = COMMON * sum(counts.values())
    return tuple(name for name in ranked if counts[name] > 1 and counts[name] >= least) or tuple(ranked[:1])


def _ordinal(
    numbers: list[float],
    atoms: tuple[float, ...] = (),
    centre: tuple[float, ...] = (),
    tokens: tuple[str, ...] = (),
) -> Scale:
    counts = Counter(numbers)
    distinct = atoms or tuple(sorted(counts))
    mean = float(np.mean(numbers))
    seen_once = sum(1 for count in counts.values() if count == 1)
    # Values that came only once say that there are more to come, and these would all be new.
    if atoms or len(distinct) == 1 or (len(distinct) <= ATOMS and seen_once <= 0.1 * len(numbers)):
        return Scale(
            labels=(*(f"{atom:.4g}" for atom in distinct), "(new)"),
            prior=(*[1 / len(distinct)] * len(distinct), 0.5 + (0 if atoms else seen_once)),
            score=(*map(float, range(len(distinct))), (len(distinct) - 1) / 2),
            novel=len(distinct),
            atoms=distinct,
            centre=centre,
            tokens=tokens,
            mean=mean,
        )
    edges = _edges(counts)
    bounds = ["-inf", *(f"{edge:.4g}" for edge in edges), "inf"]
    # n numbers cut the line into n + 1 gaps of equal expected mass; each edge is in the middle of one.
    prior = (0.5, *[0.05] * (len(edges) - 1), 0.5)
    return Scale(
        labels=tuple(f"{low}..{high}" for low, high in pairwise(bounds)),
        prior=prior,
        score=tuple(map(float, range(len(edges) + 1))),
        edges=edges,
        centre=centre,
        tokens=tokens,
        mean=mean,
    )


def _edges(counts: Counter[float]) -> tuple[float, ...]:
    """Bins about equally full, as many as the readings can fill; edges lie between two values, never on one."""
    total = sum(counts.values())
    bins = 2 if total < 12 else 3 if total < 24 else 4 if total < 48 else 5
    values = sorted(counts)
    below = np.cumsum([counts[value] for value in values[:-1]])
    cuts = sorted({int(np.argmin(np.abs(below - total * i / bins))) for i in range(1, bins)})
    return tuple((values[cut] + values[cut + 1]) / 2 for cut in cuts)
