"""How many rounds near in time count as one: the estimate against what is known of simulated noise, and its effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from prober.judging.lasting_noise import DAY_S, MODELS, SHARES, correlation_time, log_likelihoods, nearness
from prober.judging.lasting_noise import DAYS as DAYS_OF_NOISE
from prober.judging.memory import Memory, decode, encode
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


def typical(memory: float, share: float = 1.0) -> float:
    return float(np.exp(np.mean([np.log(time_of(lasting(seed, memory, share), DAYS)) for seed in range(20)])))


def time_of(surplus: np.ndarray, rounds: list[Round], every_s: float = DAY_S, by_day: bool = False) -> float:
    return correlation_time(log_likelihoods({"text": surplus}, rounds)["text"], every_s, by_day)


@pytest.mark.parametrize(
    ("memory", "share", "true"),
    [(0.0, 1.0, 1.0), (0.6, 1.0, 4.0), (0.9, 1.0, 19.0), (0.6, 0.5, 2.5), (0.9, 0.5, 10.0)],
)
def test_noise_that_lasts_is_estimated_within_a_factor_of_two_though_the_mean_is_not_known(memory, share, true) -> None:
    assert true / 2 < typical(memory, share) < true * 2


@pytest.mark.slow
def test_hourly_rounds_say_how_long_noise_lasts_in_days() -> None:
    """Read in one week: correlated 0.9 from day to day, so that 19 days count as one."""
    hours = [Round(f"{i:06d}", "e", START + timedelta(hours=i), ()) for i in range(168)]
    keep, times = 0.9 ** (1 / 24), {False: [], True: []}
    for seed in range(10):
        rng = np.random.default_rng(seed)
        steps = rng.normal(0, 1, (168, 20))
        for i in range(1, 168):
            steps[i] = keep * steps[i - 1] + np.sqrt(1 - keep**2) * steps[i]
        for by_day, found in times.items():
            found.append(time_of(steps + rng.normal(0, 1, steps.shape), hours, 3600.0, by_day))
    in_rounds, in_days = (float(np.exp(np.mean(np.log(times[by_day])))) for by_day in (False, True))
    assert 19 / 4 < in_days < 19 * 2  # what lasts for longer than a week does not show in one
    assert 4 < in_rounds / in_days < 24  # half of the variance of a round lasts


def test_rounds_of_every_few_seconds_are_counted_by_the_day_too() -> None:
    """Noise that lasts for a day at a share of the variance: with ever more rounds a day, what does not last averages
    out, and the time in days is that of the noise alone."""
    shown = np.zeros(MODELS)
    shown[list(SHARES).index(0.4) + len(SHARES) * list(DAYS_OF_NOISE).index(1)] = 50.0
    by_hours, by_seconds = (correlation_time(shown, every_s, by_day=True) for every_s in (3600.0, 5.0))
    assert 2 < by_hours < by_seconds < by_hours * 1.1


@pytest.mark.parametrize(
    "surplus", [np.zeros((0, 3)), np.zeros((NUMBER, 3)), np.ones((NUMBER, 3)), np.ones((1, 3)), np.eye(2)]
)
def test_nothing_to_compare_counts_as_independent(surplus) -> None:
    assert time_of(surplus, DAYS[: len(surplus)]) == 1.0


def test_rounds_of_a_few_minutes_say_nothing_of_days() -> None:
    for apart in (timedelta(0), timedelta(seconds=3)):
        rounds = [Round(f"{i:06d}", "e", START + i * apart, ()) for i in range(NUMBER)]
        assert [time_of(lasting(0, memory), rounds, 3.0) for memory in (0.0, 0.9)] == [1.0, 1.0]


def test_noise_that_lasts_for_minutes_is_not_taken_for_one_of_days() -> None:
    minutes = [Round(f"{i:06d}", "e", START + timedelta(minutes=i), ()) for i in range(NUMBER)]
    assert 19 / 3 < time_of(lasting(0, 0.9), minutes, 60.0) < 19 * 3


def test_rounds_whose_time_is_not_known_count_as_independent() -> None:
    assert time_of(lasting(0, 0.9), [replace(one, at=None) for one in DAYS]) == 1.0


def test_a_new_reference_knows_what_all_earlier_ones_showed() -> None:
    shown = np.arange(MODELS, dtype=float)
    memory = replace(Memory(), noise={"text": shown}, noise_here={"text": 2 * shown, "length": -shown})
    anew = memory.anew()
    assert np.array_equal(anew.noise_of("text"), 3 * shown) and np.array_equal(anew.noise_of("length"), -shown)
    assert not anew.noise_of("format").any()
    again = decode(encode(anew))
    assert {name: list(found) for name, found in again.noise.items()} == {
        "text": list(3 * shown),
        "length": list(-shown),
    }


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
