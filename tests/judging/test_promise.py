"""The promise: what follows from it, and that unchanged worlds keep it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scipy.special import pdtr

from benchmarks import still
from prober.judging.promise import HOURS_PER_YEAR, Promise, still_needed
from prober.model.reference import ReferenceRule

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("alarms", "rounds", "threshold"),
    [(1, 365.25, 365.25), (2, 8766, 4383), (0.5, 365.25, 730.5), (365, 52, 1.0)],
)
def test_the_threshold_is_the_rounds_between_false_alarms(alarms, rounds, threshold) -> None:
    assert Promise(alarms, rounds).threshold == pytest.approx(threshold)


@pytest.mark.parametrize(
    ("rounds", "hours", "missing"),
    [
        (0, None, "12 rounds"),
        (1, 0, "168 hours and 11 more of 12 rounds"),
        (2, 0.4, "168 hours and 10 more of 12 rounds"),
        (2, 1, "167 more of 168 hours and 10 more of 12 rounds"),
        (12, 167.9, "1 more of 168 hours"),
        (11, 200, "1 more of 12 rounds"),
        (12, 168, ""),
        (13, None, ""),
    ],
)
def test_what_a_reference_lacks(rounds, hours, missing) -> None:
    at = [] if hours is None else [START, START + timedelta(hours=hours)]
    assert Promise().missing(rounds, at) == missing


def test_large_counts_are_written_alike() -> None:
    assert still_needed(180, 1920, "hour") == "1,740 more of 1,920 hours"


def test_the_order_of_times_does_not_matter() -> None:
    promise = Promise(reference=ReferenceRule(rounds=4, hours=6))
    assert promise.missing(4, [START + timedelta(hours=6), START]) == ""


@pytest.mark.parametrize("every_h", [1 / 6, 1, 2, 3, 4, 6, 8, 12, 24])
def test_a_reference_that_is_shorter_than_the_default_raises_the_threshold(every_h: float) -> None:
    def threshold(**rule: float) -> float:
        return Promise(1.0, HOURS_PER_YEAR / every_h, ReferenceRule(**rule)).threshold

    default = threshold()
    assert default == pytest.approx(HOURS_PER_YEAR / every_h)
    assert threshold(rounds=1000, hours=24 * 90) == default
    rounds = max(12, 168 / every_h)
    assert threshold(rounds=6, hours=0) == pytest.approx(default * (rounds / 6) ** 2)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["independent", "clustered"])
def test_still_worlds_keep_the_promise(kind: str) -> None:
    """The measured rate is not significantly above one a year; after an alarm judging starts anew, as in production.

    In 2.9 years nine alarms may come: a rate of five a year is found with a probability of 90 %.
    """
    measured = still.result(kind, [still.watched(seed, kind, 150) for seed in range(7)])
    allowed = next(count for count in range(1000) if pdtr(count, measured.years) >= 0.999)
    assert measured.alarms <= allowed, f"{measured.alarms} alarms in {measured.years:.0f} still years"
    low, high = measured.interval
    assert low <= measured.rate <= high
