"""The outcomes of one round, as the statistic takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


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


def logsumexp(x: Floats, axis: int | tuple[int, ...] | None = None) -> Floats:
    """ln sum exp, as scipy's but without its checks: it is called a dozen times a round on small arrays."""
    top = x.max(axis=axis, keepdims=True)
    total: Floats = np.log(np.exp(x - top).sum(axis=axis)) + np.squeeze(top, axis=axis)
    return total


def posterior(log_weights: Floats) -> Floats:
    """Weights that sum to one along the last axis."""
    weights = np.exp(log_weights - log_weights.max(axis=-1, keepdims=True))
    normalised: Floats = weights / weights.sum(axis=-1, keepdims=True)
    return normalised
