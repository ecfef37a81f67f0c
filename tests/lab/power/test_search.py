"""The search: bisection, stopping early, intervals."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.judging.objectives import wilson
from prober.judging.promise import Promise
from prober.lab.power import CHANGES, search
from prober.lab.power.search import Caught, sensitivity
from tests.lab.power.world import history

SHARES = CHANGES[0]
DAILY, HOURLY = Promise(rounds_per_year=365.25), Promise(rounds_per_year=8766)


class Scripted:
    """A future that is caught after so many rounds."""

    def __init__(self, delay):
        self.delay = delay

    def caught_within(self, rounds):
        return self.delay <= rounds


@pytest.fixture
def delays(monkeypatch):
    """Set what happens: (size, number of the future) → rounds until the alarm; hear which were begun."""
    begun = []

    def let(delay):
        def trial(history, channels, change, promise, seed, size, number):
            begun.append((size, number))
            return Scripted(delay(size, number))

        monkeypatch.setattr(search, "trial", trial)
        monkeypatch.setattr(search.Trial, "go_on", lambda trials, rounds: None)
        monkeypatch.setattr(search, "informative_channels", lambda *_: ("choice",))
        return begun

    return let


@pytest.mark.slow
@given(st.integers(0, 200), st.integers(0, 200))
def test_wilson_is_scipys(a, b):
    from scipy.stats import binomtest

    caught, futures = min(a, b), max(a, b, 1)
    theirs = binomtest(caught, futures).proportion_ci(method="wilson")
    assert wilson(caught, futures) == pytest.approx((theirs.low, theirs.high), abs=1e-6)


@given(st.integers(0, 9), st.integers(0, 9))
def test_bisection_finds_the_first(first, end):
    assert search.first_place(end, lambda place: place >= first) == min(first, end)


@pytest.mark.parametrize("limit", [*SHARES.sizes, 2.0])
def test_the_smallest_size_that_is_caught_is_found(delays, limit):
    delays(lambda size, number: 5 if size >= limit else 10**6)
    (found,) = sensitivity(history(), [SHARES], DAILY, spans=(7.0,), replications=10)
    if limit in SHARES.sizes:
        assert (found.smallest, found.largest) == (Caught(limit, 10, 10), None)
    else:
        assert (found.smallest, found.largest) == (None, Caught(1.0, 0, 10))


@pytest.mark.parametrize(("quick", "enough"), [(7, False), (8, True), (9, True)])
def test_it_must_be_caught_in_four_of_five_futures(delays, quick, enough):
    delays(lambda size, number: 1 if number < quick else 10**6)
    (found,) = sensitivity(history(), [SHARES], DAILY, spans=(7.0,), replications=10)
    best = found.smallest if enough else found.largest
    assert best is not None
    assert (best.caught, best.futures, best.share) == (quick, 10, quick / 10)


def test_a_future_that_settles_nothing_is_not_begun(delays):
    begun = delays(lambda size, number: 10**6)
    sensitivity(history(), [SHARES], DAILY, spans=(7.0,), replications=100)
    assert max(number for size, number in begun if size < 1.0) == 20  # with 21 not caught, 80 cannot be
    assert len(begun) == len(set(begun))


def test_a_day_and_a_week_are_counted_in_rounds_of_the_plan(delays):
    delays(lambda size, number: 30 if size >= 0.1 else 10**6)
    day, week = sensitivity(history(), [SHARES], HOURLY, replications=5)
    assert (day.days, day.rounds, day.smallest) == (1.0, 24, None)
    assert (week.days, week.rounds, week.smallest) == (7.0, 168, Caught(0.1, 5, 5))


@pytest.mark.parametrize("limit", [SHARES.sizes[2], 2.0])
def test_of_a_plan_by_the_minute_as_many_rounds_are_judged_as_of_one_by_the_hour(delays, limit):
    judged = delays(lambda size, number: search.MOST_ROUNDS if size >= limit else search.MOST_ROUNDS + 1)
    day, week = sensitivity(history(), [SHARES], Promise(rounds_per_year=525_960), replications=5)
    assert [(one.rounds, one.judged) for one in (day, week)] == [(1440, 168), (10080, 168)]
    best = Caught(limit, 5, 5) if limit in SHARES.sizes else None
    assert (day.smallest, week.smallest) == (best, best)
    assert len(judged) == len(set(judged))


def test_where_no_round_is_due_in_time_nothing_is_tried(delays):
    begun = delays(lambda size, number: 1)
    (found,) = sensitivity(history(), [SHARES], Promise(rounds_per_year=52), spans=(1.0,), replications=5)
    assert (found.rounds, found.smallest, found.largest, begun) == (0, None, None, [])


def test_every_kind_and_span_is_reported(delays):
    delays(lambda size, number: 1)
    reported = []
    found = sensitivity(history(), CHANGES, DAILY, replications=5, progress=reported.append)
    assert len(reported) == len(found) == 2 * len(CHANGES)


@pytest.mark.slow
def test_the_very_judge_catches_a_wholly_failing_contract_in_two_weeks():
    failing = [one for one in CHANGES if one.name == "failing"]
    (found,) = sensitivity(history(samples=8), failing, DAILY, spans=(14.0,), replications=5)
    assert found.smallest is not None
    assert found.smallest.caught >= 4
    assert found.channels == ("expectation",)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_answer():
    failing = [one for one in CHANGES if one.name == "failing"]
    once, again = (sensitivity(history(), failing, DAILY, replications=5, seed=3) for _ in range(2))
    assert once == again
