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


@pytest.mark.parametrize(
    ("replies", "components"), [(300, 5), (5, 300), (40, 40), (40, 39), (39, 40), (30, 2), (2, 30)]
)
def test_it_is_the_plane_of_the_singular_value_decomposition(replies: int, components: int) -> None:
    points = np.random.default_rng([replies, components]).normal(size=(replies, components))
    centred = points - points.mean(axis=0)
    sides, spreads, axes = np.linalg.svd(centred, full_matrices=False)
    signs = np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])
    found, shown = lay(points.tolist())
    expected = (sides * spreads * signs)[:, :2]
    assert np.array([[dot.x, dot.y] for dot in found]) == pytest.approx(expected, abs=1e-6)
    assert shown == pytest.approx((spreads[:2] ** 2).sum() / (spreads**2).sum())


def test_more_replies_than_components_on_a_line_have_no_height() -> None:
    dots, shown = lay([[float(i), 2.0 * i, 0.0] for i in range(9)])
    assert [dot.y for dot in dots] == [0.0] * 9
    assert shown == pytest.approx(1.0)


def test_the_same_vectors_are_never_mirrored() -> None:
    points = np.random.default_rng(3).normal(size=(20, 5))
    dots, _ = lay(points.tolist())
    again, _ = lay(points.copy().tolist())
    assert dots == again
