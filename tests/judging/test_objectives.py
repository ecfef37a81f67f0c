"""Objectives: their states, and how soon and how rarely the burn alert comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from prober.judging.objectives import PAUSE_DAYS, Batch, Burn, judge

START = datetime(2026, 3, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
WINDOW = timedelta(days=28)


def rounds(bad: list[int], replies: int = 20) -> list[Batch]:
    """One round an hour."""
    return [Batch(START + hour * HOUR, replies, count) for hour, count in enumerate(bad)]


def first_alert(rng: np.random.Generator, replies: int, allowed: float, burn: float, hours: int) -> int | None:
    """Hours until the alert, None where there is none."""
    held = Burn(allowed)
    for hour, bad in enumerate(rng.binomial(replies, burn * allowed, hours), start=1):
        held = held.after(replies, int(bad))
        if held.e_value >= PAUSE_DAYS * 24:
            return hour
    return None


def test_the_states() -> None:
    assert judge(rounds([0] * 3), 0.05, WINDOW, 24).state == "too_few"
    assert judge(rounds([0] * 3), 0.05, WINDOW, 24).needed > 0
    assert judge(rounds([0, 1] * 100), 0.05, WINDOW, 24).state == "met"
    burning = judge(rounds([0] * 400 + [5] * 5), 0.05, WINDOW, 24)
    assert burning.state == "burning" and burning.burning_since is not None
    assert 0 < (burning.budget_left or 0) < 1
    missed = judge(rounds([2] * 200), 0.05, WINDOW, 24)
    assert missed.state == "missed" and missed.budget_left == pytest.approx(-1)


def test_an_alert_ends_once_replies_are_good_again() -> None:
    assert judge(rounds([0] * 400 + [5] * 5 + [0] * 48), 0.05, WINDOW, 24).burning_since is None


def test_nothing_measured_leaves_the_state_as_it_was() -> None:
    burning = rounds([0] * 400 + [5] * 5)
    empty = [Batch(burning[-1].at + hour * HOUR, 0, 0) for hour in range(1, 500)]
    found = judge([*burning, *empty], 0.05, WINDOW, 24)
    assert found.state == "burning" and found.newest == burning[-1].at


def test_no_round_at_all_says_nothing() -> None:
    found = judge([], 0.05, WINDOW, 24)
    assert (found.state, found.budget_left, found.newest) == ("too_few", None, None)


def test_a_fourfold_burn_is_found_within_hours() -> None:
    rng = np.random.default_rng(1)
    delays = [first_alert(rng, 20, 0.05, 4, 48) or 48 for _ in range(40)]
    assert np.median(delays) <= 5
    assert all(first_alert(rng, 20, 0.05, 8, 48) is not None for _ in range(10))


@pytest.mark.slow
@pytest.mark.parametrize(("replies", "allowed"), [(1, 0.05), (4, 0.01), (20, 0.05)])
def test_half_the_budget_rarely_alerts(replies: int, allowed: float) -> None:
    """At most 5 % of months are promised; 18 of 200 and more would come 1 time in 1,000 at 5 %."""
    rng = np.random.default_rng(2)
    alerts = sum(first_alert(rng, replies, allowed, 0.5, 720) is not None for _ in range(200))
    assert alerts <= 18
