"""Who is at work, who has fallen silent, who was relieved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.incidents.clock import attendance, unwatched
from prober.model.watch import SILENT_AFTER, DaemonStatus

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def sign(worker: str = "a:1", ago: timedelta = MINUTE, *endpoints: str, stopped: bool = False) -> DaemonStatus:
    seen = NOW - ago
    return DaemonStatus(worker, seen - MINUTE, seen, seen if stopped else None, endpoints or ("bot",))


def places(*daemon_statuses: DaemonStatus) -> dict[str, str]:
    found = attendance(daemon_statuses, NOW)
    return {one.worker: place for place in ("alive", "silent", "relieved", "ended") for one in getattr(found, place)}


@pytest.mark.parametrize(
    ("ago", "place"),
    [
        (timedelta(0), "alive"),
        (SILENT_AFTER, "alive"),
        (SILENT_AFTER + timedelta(seconds=1), "silent"),
        (timedelta(days=30), "silent"),
        (-MINUTE, "alive"),
    ],
)
def test_a_daemon_is_lost_when_it_gives_no_sign(ago: timedelta, place: str) -> None:
    assert places(sign("a:1", ago)) == {"a:1": place}


def test_a_daemon_that_was_stopped_is_not_lost() -> None:
    assert places(sign("a:1", timedelta(days=1), stopped=True)) == {"a:1": "ended"}
    assert places(sign("a:1", timedelta(0), stopped=True)) == {"a:1": "ended"}


def test_whoever_is_lost_is_missed_only_for_what_nobody_else_watches() -> None:
    lost = sign("a:1", timedelta(hours=1), "bot", "chat")
    assert places(lost, sign("a:2", MINUTE, "bot", "chat", "new")) == {"a:1": "relieved", "a:2": "alive"}
    assert places(lost, sign("a:2", MINUTE, "bot")) == {"a:1": "silent", "a:2": "alive"}
    halves = (sign("a:2", MINUTE, "bot"), sign("a:3", MINUTE, "chat"))
    assert places(lost, *halves) == {"a:1": "relieved", "a:2": "alive", "a:3": "alive"}


def test_two_that_are_lost_do_not_relieve_each_other() -> None:
    hour = timedelta(hours=1)
    assert places(sign("a:1", hour), sign("a:2", hour)) == {"a:1": "silent", "a:2": "silent"}


@pytest.mark.slow
@given(
    st.lists(
        st.builds(
            lambda ago, endpoints, stopped: (timedelta(seconds=ago), endpoints, stopped),
            st.integers(0, 1000),
            st.sets(st.sampled_from("abc"), min_size=1),
            st.booleans(),
        ),
        max_size=5,
    )
)
def test_everyone_has_one_place_and_nothing_expected_is_forgotten(drawn) -> None:
    daemon_statuses = [
        sign(f"w:{i}", ago, *sorted(names), stopped=stopped) for i, (ago, names, stopped) in enumerate(drawn)
    ]
    found = attendance(daemon_statuses, NOW)
    everyone = [*found.alive, *found.silent, *found.relieved, *found.ended]
    assert sorted(one.worker for one in everyone) == sorted(one.worker for one in daemon_statuses)
    assert found.expected == {name for one in daemon_statuses for name in one.endpoints}


def test_how_long_nobody_watched() -> None:
    lost = sign("a:1", timedelta(hours=1), "bot", "chat")
    soon = replace(sign("a:2", MINUTE, "bot", "chat"), started_at=lost.seen_at + 2 * MINUTE)
    late = replace(sign("a:3", MINUTE, "chat"), started_at=lost.seen_at + 20 * MINUTE)
    before = replace(sign("a:4", MINUTE, "bot", "chat"), started_at=lost.seen_at - MINUTE)
    other = replace(sign("a:5", MINUTE, "new"), started_at=lost.seen_at + 50 * MINUTE)
    assert unwatched(lost, [soon, other]) == 2 * MINUTE
    assert unwatched(lost, [soon, late]) == 2 * MINUTE, "both were watched by then"
    assert unwatched(lost, [replace(soon, endpoints=("bot",)), late]) == 20 * MINUTE, "nobody watched chat until then"
    assert unwatched(lost, [before]) == unwatched(lost, []) == timedelta(0)


def test_who_watched_in_between_and_was_lost_too_is_not_forgotten() -> None:
    first = DaemonStatus("a", NOW - 20 * MINUTE, NOW - 10 * MINUTE, None, ("bot",))
    between = DaemonStatus("b", NOW - 10 * MINUTE + timedelta(seconds=10), NOW - 6 * MINUTE, None, ("bot",))
    now_here = DaemonStatus("c", NOW - 5 * MINUTE, NOW, None, ("bot",))
    known = [first, between, now_here]
    assert unwatched(first, known) == timedelta(seconds=10)
    assert unwatched(between, known) == MINUTE


def test_a_sign_of_life_in_the_future_is_none() -> None:
    assert DaemonStatus("a", NOW, NOW + MINUTE, None, ("bot",)).alive(NOW)
    assert not DaemonStatus("a", NOW, NOW + 20 * MINUTE, None, ("bot",)).alive(NOW)
