"""How many rounds near in time count as one: the estimate against what is known of simulated noise, and its effect."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from prober.judging.lasting_noise import correlation_time, nearness
from prober.judging.statistic import edetector, learning
from prober.judging.statistic.readings import Table
from prober.model.evidence import Round
from tests.bounds import most
from tests.judging.observed import START

NUMBER = 60
CHANGED_AT = 40
DAYS = [Round(f"{i:06d}", "e", START + timedelta(days=i), ()) for i in range(NUMBER)]


def lasting(seed: int, memory: float, share: float = 1.0, changes: float = 0.0, features: int = 6) -> np.ndarray:
    """Days whose mean is like that of the day before, with this share of the variance; from CHANGED_AT it is another."""
    rng = np.random.default_rng(seed)
    steps = rng.normal(0, 1, (NUMBER, features))
    for i in range(1, NUMBER):
        steps[i] = memory * steps[i - 1] + np.sqrt(1 - memory**2) * steps[i]
    own = rng.normal(0, 1, steps.shape)
    changed = changes * (np.arange(NUMBER) >= CHANGED_AT)[:, None]
    return np.sqrt(share) * steps + np.sqrt(1 - share) * own + changed


def typical(memory: float, share: float = 1.0, changes: float = 0.0) -> float:
    times = [correlation_time([lasting(seed, memory, share, changes)], DAYS, CHANGED_AT) for seed in range(20)]
    return float(np.exp(np.mean(np.log(times))))


@pytest.mark.parametrize(
    ("memory", "share", "true"),
    [(0.0, 1.0, 1.0), (0.6, 1.0, 4.0), (0.9, 1.0, 19.0), (0.6, 0.5, 2.5), (0.9, 0.5, 10.0)],
)
def test_noise_that_lasts_is_estimated_within_a_factor_of_two_though_the_mean_is_not_known(memory, share, true) -> None:
    assert true / 2 < typical(memory, share) < true * 2


def test_a_change_is_not_taken_for_noise_that_lasts() -> None:
    assert typical(0.0, changes=3.0) < 1.2
    assert typical(0.0, changes=3.0) == pytest.approx(typical(0.0), rel=0.05)


@pytest.mark.parametrize(
    ("surplus", "rounds"),
    [
        ([], []),
        ([], DAYS),
        ([np.zeros((NUMBER, 3))], DAYS),
        ([np.ones((NUMBER, 3))], DAYS),
        ([np.ones((1, 3))], DAYS[:1]),
    ],
)
def test_nothing_to_compare_counts_as_independent(surplus, rounds) -> None:
    assert correlation_time(surplus, rounds, 0) == 1.0


def test_rounds_of_which_several_count_as_one_say_so_much_less() -> None:
    """Of a reference and of a change alike."""
    rng = np.random.default_rng(3)
    drawn = [[(0, int(category)) for category in rng.random(6) < share] for share in [0.2] * 20 + [0.8] * 10]
    tables = [Table.of(one, 1) for one in drawn]
    evidence, support = {}, {}
    for time in (1.0, 2.0, 4.0):
        prior, score = np.ones((1, 2)), np.array([[0.0, 1.0]])
        null = learning.learn(tables[:20], prior, score, np.zeros((1, 2), dtype=np.bool_), correlation_time=time)
        state = edetector.begin(null)
        for i, table in enumerate(tables[20:]):
            [state] = edetector.steps([state], [table], f"{i:02d}")
        evidence[time], support[time] = state.log_e, float(null.support[0] - prior.sum())
    assert support[1.0] == pytest.approx(4 * support[4.0], rel=0.1)
    assert all(evidence[more] < 0.7 * evidence[fewer] for fewer, more in pairwise(evidence))


@pytest.mark.slow
def test_days_that_wander_are_alike_where_they_are_near_and_a_change_alone_is_not_taken_for_that() -> None:
    wanders = [nearness([lasting(seed, 0.9, share=0.5)], DAYS, CHANGED_AT) for seed in range(10)]
    assert np.mean(wanders) > 3
    still = [nearness([lasting(seed, 0.0, changes=3.0)], DAYS, CHANGED_AT) for seed in range(40)]
    assert abs(np.mean(still)) < 3 / np.sqrt(40) and np.std(still) < 2
    assert sum(z > 2 for z in still) <= most(40, 0.05)
    assert nearness([], [], 0) == 0.0 and nearness([lasting(0, 0.9, share=0.5)], DAYS, 0) > 0
