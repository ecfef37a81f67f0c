"""The plane keeps distances as far as two dimensions can."""

from __future__ import annotations

import numpy as np
import pytest

from prober.judging.explain.probe import Dot, lay


def test_what_lies_in_a_plane_keeps_its_distances() -> None:
    rng = np.random.default_rng(1)
    flat = rng.normal(size=(30, 2)) @ np.linalg.qr(rng.normal(size=(7, 2)))[0].T + rng.normal(size=7)
    dots, shown = lay(flat.tolist())
    laid = np.array([[dot.x, dot.y] for dot in dots])
    assert shown == pytest.approx(1.0)
    for one, other in ((0, 1), (3, 17), (29, 8)):
        assert np.linalg.norm(laid[one] - laid[other]) == pytest.approx(np.linalg.norm(flat[one] - flat[other]))


def test_the_share_shown_is_that_of_the_two_largest_spreads() -> None:
    rng = np.random.default_rng(2)
    noise = rng.normal(size=(40, 3))
    spread_alike = np.linalg.qr(noise - noise.mean(axis=0))[0] * np.sqrt(40)
    dots, shown = lay((spread_alike * [3.0, 2.0, 1.0]).tolist())
    assert shown == pytest.approx(13 / 14)
    assert np.std([dot.x for dot in dots]) == pytest.approx(3.0)
    assert np.std([dot.y for dot in dots]) == pytest.approx(2.0)


@pytest.mark.parametrize("vectors", [[[1.0, 2.0]], [[1.0, 2.0]] * 5, [[3.0]]])
def test_vectors_that_do_not_differ_lie_on_one_point(vectors: list[list[float]]) -> None:
    assert lay(vectors) == ((Dot(0.0, 0.0),) * len(vectors), 1.0)


def test_a_line_and_nothing_at_all() -> None:
    dots, shown = lay([[0.0], [2.0]])
    assert ([dot.x for dot in dots], [dot.y for dot in dots], shown) == ([-1.0, 1.0], [0.0, 0.0], 1.0)
    assert lay([]) == ((), 0.0)


def test_the_same_vectors_are_never_mirrored() -> None:
    points = np.random.default_rng(3).normal(size=(20, 5))
    dots, _ = lay(points.tolist())
    again, _ = lay(points.copy().tolist())
    assert dots == again
