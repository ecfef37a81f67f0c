"""Areas and means, against counting by hand and against how often their intervals hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.intervals import area, is_above, mean, wins

pytestmark = pytest.mark.slow  # what measures the prober is not the prober


def test_the_area_is_the_share_of_pairs_in_which_the_changed_one_scores_higher() -> None:
    still, changed = np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 9.0])
    by_hand = sum((c > s) + 0.5 * (c == s) for s in still for c in changed) / 9
    assert area(wins(still, changed)).value == pytest.approx(by_hand)


def test_the_area_is_that_of_mann_and_whitney() -> None:
    from scipy.stats import mannwhitneyu

    rng = np.random.default_rng(0)
    still, changed = rng.integers(0, 9, 50).astype(float), rng.integers(2, 11, 50).astype(float)
    statistic = mannwhitneyu(changed, still).statistic
    assert area(wins(still, changed)).value == pytest.approx(statistic / 2500)


def test_what_cannot_be_distinguished_has_half_and_what_is_apart_has_all() -> None:
    same = area(wins(np.zeros(20), np.zeros(20)))
    assert (same.value, same.low, same.high) == (0.5, 0.5, 0.5)
    apart = area(wins(np.zeros(20), np.ones(20)))
    assert (apart.value, apart.low, apart.high) == (1.0, 1.0, 1.0)


def test_the_interval_of_an_area_holds_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    held = [found.low <= 0.5 <= found.high for found in (area(wins(*rng.normal(size=(2, 40)))) for _ in range(25))]
    assert 0.76 <= np.mean(held) <= 1


def test_better_is_said_beyond_chance_only() -> None:
    rng = np.random.default_rng(2)
    still, noise = rng.normal(size=(2, 60))
    ours, theirs = wins(still, still[::-1] + 0.1), wins(still, noise + 3)
    assert is_above(ours, theirs)
    assert not is_above(theirs, ours)
    assert not is_above(ours, ours)


def test_a_mean_has_students_interval() -> None:
    found = mean(np.array([1.0, 2.0, 3.0, 4.0]))
    assert found.value == 2.5
    assert (found.low, found.high) == pytest.approx((0.4457, 4.5543), abs=1e-4)
    assert mean(np.array([3.0])).high == np.inf
