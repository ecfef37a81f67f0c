"""Vectors laid into the plane in which they differ most (principal components), to look at. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Dot:
    """Where one vector lies."""

    x: float
    y: float


def lay(vectors: Sequence[Sequence[float]]) -> tuple[tuple[Dot, ...], float]:
    """A dot for each vector, and the share of their variance that the plane shows; all must be of one length.

    The same vectors give the same plane: each axis points to where its largest component is positive.
    """
    if not vectors:
        return (), 0.0
    points = np.asarray(vectors, dtype=np.float64)
    points = points - points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(points, full_matrices=False)
    whole = float((sizes**2).sum())
    if whole <= 1e-18:
        return tuple(Dot(0.0, 0.0) for _ in vectors), 1.0
    plane = axes[:2]
    plane = plane * np.sign(plane[np.arange(len(plane)), np.abs(plane).argmax(axis=1)])[:, None]
    laid = points @ plane.T
    if laid.shape[1] == 1:
        laid = np.column_stack([laid, np.zeros(len(laid))])
    return tuple(Dot(float(x), float(y)) for x, y in laid), float((sizes[:2] ** 2).sum()) / whole
