"""What a channel may read from one fingerprint (a name, a number, a vector, or the likeliest first tokens), and the
outcomes of one round as the statistic takes them.

Vectors and first tokens become one number: how far from the centre of the reference.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Entry = TypeVar("Entry", np.float64, np.int64, np.bool_)


@dataclass(frozen=True, slots=True)
class Table:
    """The outcomes of one round: reply i fell into category `category[i]` of series row `row[i]`."""

    row: Ints
    category: Ints
    nth_in_cell: Floats
    """How many earlier replies of the round fell into the same row and category."""
    nth_in_row: Floats
    replies: Floats
    """Shape (rows,): replies per row."""
    first: Ints = field(default_factory=lambda: np.zeros(1, dtype=np.int64))
    """Shape (channels,): each one's first reply, where the tables of several stand one below the other."""

    @staticmethod
    def of(outcomes: Sequence[tuple[int, int]], rows: int) -> Table:
        """From (row, category) pairs, one a reply."""
        seen_cell: dict[tuple[int, int], int] = {}
        replies = [0] * rows
        nth_in_cell, nth_in_row = [], []
        for cell in outcomes:
            row = cell[0]
            n = seen_cell.get(cell, 0)
            seen_cell[cell] = n + 1
            nth_in_cell.append(n)
            nth_in_row.append(replies[row])
            replies[row] += 1
        pairs = np.array(outcomes, dtype=np.int64).reshape(-1, 2)
        return Table(
            row=pairs[:, 0],
            category=pairs[:, 1],
            nth_in_cell=np.array(nth_in_cell, dtype=np.float64),
            nth_in_row=np.array(nth_in_row, dtype=np.float64),
            replies=np.array(replies, dtype=np.float64),
        )

    @staticmethod
    def below(tables: Sequence[Table]) -> Table:
        """Tables of several channels as one, their rows one below the other. Each has a reply."""
        rows = np.cumsum([0, *(len(table.replies) for table in tables)])
        return Table(
            row=np.concatenate([table.row + row for table, row in zip(tables, rows[:-1], strict=True)]),
            category=np.concatenate([table.category for table in tables]),
            nth_in_cell=np.concatenate([table.nth_in_cell for table in tables]),
            nth_in_row=np.concatenate([table.nth_in_row for table in tables]),
            replies=np.concatenate([table.replies for table in tables]),
            first=np.cumsum([0, *(len(table.row) for table in tables[:-1])]),
        )

    @property
    def ends(self) -> list[int]:
        """Where each channel's replies begin, and where the last one's end."""
        return [*self.first.tolist(), len(self.row)]

    def of_channels(self, channels: Ints) -> tuple[Table, Ints]:
        """The replies of these channels one below the other, rows as they are, and the place in `channels` of each."""
        ends = self.ends
        replies = [np.arange(ends[channel], ends[channel + 1]) for channel in channels.tolist()]
        sizes = [len(own) for own in replies]
        reply = np.concatenate(replies)
        table = Table(
            row=self.row[reply],
            category=self.category[reply],
            nth_in_cell=self.nth_in_cell[reply],
            nth_in_row=self.nth_in_row[reply],
            replies=self.replies,
            first=np.cumsum([0, *sizes[:-1]]),
        )
        return table, np.repeat(np.arange(len(sizes)), sizes)

    def counts(self, categories: int) -> Floats:
        """Shape (rows, categories)."""
        rows = len(self.replies)
        counts = np.bincount(self.row * categories + self.category, minlength=rows * categories)
        return counts.reshape(rows, categories).astype(np.float64)


def stacked(parts: Sequence[npt.NDArray[Entry]]) -> npt.NDArray[Entry]:
    """Arrays (…, rows, categories) one below the other, padded with zeros to the widest."""
    whole = np.zeros(
        (*parts[0].shape[:-2], sum(part.shape[-2] for part in parts), max(part.shape[-1] for part in parts)),
        dtype=parts[0].dtype,
    )
    row = 0
    for part in parts:
        whole[..., row : row + part.shape[-2], : part.shape[-1]] = part
        row += part.shape[-2]
    return whole


def logsumexp(x: Floats, axis: int | None = None) -> Floats:
    """ln sum exp over one axis, or over all; scipy's checks would cost more than the sum of arrays this small."""
    total: Floats = np.logaddexp.reduce(x.ravel() if axis is None else x, axis=axis or 0)
    return total


def posterior(log_weights: Floats) -> Floats:
    """Weights that sum to one along the last axis."""
    weights = np.exp(log_weights - log_weights.max(axis=-1, keepdims=True))
    normalised: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return normalised


RECURS: Final = 0.5
"""Share of `Recurring` names that must come in another round too; else they tell nothing."""


class Recurring(str):
    """A name that says something only where it comes again: one that is new in every reply names nothing."""

    __slots__ = ()


class Digest(Recurring):
    """Of a whole text: it says nothing to a person."""

    __slots__ = ()


TOKENS: Final = 64
"""Tokens whose mean log-probability is remembered at most; the likeliest."""

Measure = Callable[[Floats, Floats], float]
"""(point, centre) → distance."""


@dataclass(frozen=True, slots=True)
class TopTokens:
    """The likeliest first tokens of one reply."""

    pairs: tuple[tuple[str, float], ...]
    """(token, natural-log probability); at least one, no token twice."""


Reading = str | float | tuple[float, ...] | TopTokens


def recurring(groups: Sequence[Sequence[Hashable]]) -> float:
    """Share of the readings that come in another group too; groups are rounds, or whatever may differ as a whole."""
    groups_with = Counter(reading for readings in groups for reading in set(readings))
    total = sum(map(len, groups))
    return sum(groups_with[reading] > 1 for readings in groups for reading in readings) / total if total else 0.0


def cosine(point: Floats, centre: Floats) -> float:
    """Cosine distance, 0 to 2, rounded so that the noise of floating point does not make a category."""
    norm = math.sqrt(float(point @ point) * float(centre @ centre))
    return round(1 - float(point @ centre) / norm, 4) if norm else 1.0


def mean_gap(point: Floats, centre: Floats) -> float:
    """Mean absolute difference, rounded likewise."""
    return round(float(np.abs(point - centre).mean()), 3)


def tokens_of(readings: Sequence[TopTokens]) -> tuple[str, ...]:
    """The tokens these readings are compared by, likeliest first."""
    seen = sorted({token for reading in readings for token, _ in reading.pairs})
    means = log_probabilities(readings, seen).mean(axis=0)
    likeliest = sorted(range(len(seen)), key=lambda i: (-means[i], seen[i]))
    return tuple(seen[i] for i in likeliest[:TOKENS])


def log_probabilities(readings: Sequence[TopTokens], tokens: Sequence[str]) -> Floats:
    """Shape (readings, tokens). What a reply does not list is at most as likely as the least it lists, and taken so."""
    rows = []
    for reading in readings:
        listed = dict(reading.pairs)
        least = min(listed.values())
        rows.append([listed.get(token, least) for token in tokens])
    return np.array(rows, dtype=np.float64).reshape(len(readings), len(tokens))


def listed(readings: Sequence[TopTokens], tokens: Sequence[str]) -> Bools:
    """Shape (readings, tokens): which the reply itself lists."""
    own = [{token for token, _ in reading.pairs} for reading in readings]
    return np.array([[token in these for token in tokens] for these in own], dtype=np.bool_)


def distances(
    rounds: Sequence[Sequence[Hashable]], points: Floats, measure: Measure, has: Bools | None = None
) -> tuple[tuple[float, ...], list[float]]:
    """The centre of all points; and how far each is, as a new one will be measured.

    `points` (readings, columns) holds the readings of `rounds` in order. One that no other round has is held against
    the centre of the *other* rounds, which it did not help to place, in the columns that those `has`. One that comes
    again and again is held against the centre of all, as it will be when it comes next.
    """
    total, mean = points.sum(axis=0), points.mean(axis=0)
    holders = None if has is None else has.sum(axis=0)
    rounds_with = Counter(reading for readings in rounds for reading in set(readings))
    found: list[float] = []
    for readings in rounds:
        own = slice(len(found), len(found) + len(readings))
        rest = len(points) - len(readings)
        others = (total - points[own].sum(axis=0)) / rest if rest else mean
        known = np.ones(len(mean), dtype=np.bool_)
        if has is not None and rest:
            without = holders - has[own].sum(axis=0) > 0
            known = without if without.any() else known
        found += [
            measure(point, mean) if rounds_with[reading] > 1 else measure(point[known], others[known])
            for reading, point in zip(readings, points[own], strict=True)
        ]
    return tuple(map(float, mean)), found
