"""The outcomes of one round, as the statistic takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

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
    nth_in_cell: Ints
    """How many earlier replies of the round fell into the same row and category."""
    nth_in_row: Ints
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
