"""Heartbeats: who is missed, who is notified, and when their work goes on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from prober.daemon.heartbeat import Heartbeat
from prober.incidents.routing import Routing
from prober.service.upkeep import beat, look_for_silent_daemons
from prober.store import Store, daemons, notices
from tests.store.world import NOW

MINUTE = timedelta(minutes=1)
TO_ALL = Routing(("log",))
HOUR = timedelta(hours=1)


def news(store: Store) -> list[tuple[str, str]]:
    return [(notice.event, notice.cause) for notice in reversed(store.query(notices.recent))]


@pytest.mark.slow
def test_a_daemon_that_is_lost_is_reported_once_by_another_and_again_when_its_work_goes_on(store: Store) -> None:
    beat(store, "a:1", ["bot", "chat"], Routing(("log",)), NOW)
    for minute in range(1, 20):
        beat(store, "b:2", ["chat"], Routing(("log",)), NOW + minute * MINUTE)
    assert news(store) == [
        ("daemon_silent", "the daemon a:1 has sent no heartbeat since 2026-03-01 12:00 UTC; nobody watches bot")
    ]
    beat(store, "a:9", ["bot"], Routing(("log",)), NOW + 20 * MINUTE)
    assert news(store)[1:] == [
        ("daemon_back", "what the daemon a:1 watched is watched again, after 20 minutes without a daemon")
    ]
    assert [sign.worker for sign in store.query(daemons.statuses)] == ["a:9", "b:2"]
    for minute in range(21, 30):
        beat(store, "a:9", ["bot"], Routing(("log",)), NOW + minute * MINUTE)
        beat(store, "b:2", ["chat"], Routing(("log",)), NOW + minute * MINUTE)
    assert len(news(store)) == 2


def test_a_daemon_that_is_started_again_at_once_is_no_news(store: Store) -> None:
    beat(store, "a:1", ["bot"], Routing(("log",)), NOW)
    for minute in range(1, 12):
        beat(store, "a:2", ["bot"], Routing(("log",)), NOW + minute * MINUTE)
    assert news(store) == []
    assert [sign.worker for sign in store.query(daemons.statuses)] == ["a:2"]


def test_a_daemon_that_was_stopped_is_not_missed_and_forgotten_when_another_comes(store: Store) -> None:
    beat(store, "a:1", ["bot"], Routing(("log",)), NOW)
    store.change(daemons.stop, "a:1", NOW + MINUTE)
    assert look_for_silent_daemons(store, Routing(("log",)), NOW + 9 * HOUR) == 0
    assert [sign.worker for sign in store.query(daemons.statuses)] == ["a:1"], "what it watched is expected still"
    beat(store, "a:2", ["bot"], Routing(("log",)), NOW + 9 * HOUR)
    assert news(store) == []
    assert [sign.worker for sign in store.query(daemons.statuses)] == ["a:2"]


def test_a_daemon_begun_again_under_its_name_after_hours_is_reported(store: Store) -> None:
    beat(store, "a:1", ["bot"], Routing(("log",)), NOW)
    beat(store, "a:1", ["bot"], Routing(("log",)), NOW + 3 * HOUR)
    assert news(store) == [("daemon_back", "the daemon a:1 is back, after 180 minutes without a daemon")]
    beat(store, "a:1", ["bot"], Routing(("log",)), NOW + 3 * HOUR + MINUTE)
    assert len(news(store)) == 1


def test_whoever_looks_first_tells_and_nobody_after(store: Store) -> None:
    beat(store, "a:1", ["bot"], Routing(("log", "slack")), NOW - HOUR)
    assert look_for_silent_daemons(store, Routing(("log", "slack")), NOW) == 2
    assert look_for_silent_daemons(store, Routing(("log", "slack")), NOW) == 0
    assert sorted(notice.alerter for notice in store.query(notices.recent)) == ["log", "slack"]
    assert {notice.event for notice in store.query(notices.recent)} == {"daemon_silent"}


def test_a_machine_that_slept_is_no_news_nor_are_those_beside_it(store: Store) -> None:
    for worker in ("a:1", "b:1"):
        beat(store, worker, [worker], TO_ALL, NOW)
    beat(store, "a:1", ["a:1"], TO_ALL, NOW + 180 * MINUTE, goes_on=True)
    beat(store, "b:1", ["b:1"], TO_ALL, NOW + 180 * MINUTE, goes_on=True)
    beat(store, "a:1", ["a:1"], TO_ALL, NOW + 181 * MINUTE, goes_on=True)
    assert news(store) == []


def test_a_sleep_that_people_were_notified_of_has_its_end(store: Store) -> None:
    beat(store, "a:1", ["bot"], TO_ALL, NOW)
    look_for_silent_daemons(store, TO_ALL, NOW + 10 * MINUTE)
    beat(store, "a:1", ["bot"], TO_ALL, NOW + 20 * MINUTE, goes_on=True)
    assert [event for event, _ in news(store)] == ["daemon_silent", "daemon_back"]


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [-600, -11, 11, 600])
def test_daemons_with_different_clocks_do_not_take_each_other_for_silent(store: Store, ahead: int) -> None:
    """By minutes; each daemon has the ping's memory of whom it heard."""
    here, there = Heartbeat(store, "here", None), Heartbeat(store, "there", None)
    for minute in range(12):
        here.beat(["bot"], TO_ALL, NOW + minute * MINUTE)
        there.beat(["pet"], TO_ALL, NOW + (minute + ahead) * MINUTE)
    assert news(store) == []


def test_a_clock_that_differs_is_said_of_another_daemon_and_not_of_oneself(store: Store, caplog) -> None:
    here, there = Heartbeat(store, "here", None), Heartbeat(store, "there", None)
    for minute in (0, 1, 11):
        here.beat(["bot"], TO_ALL, NOW + minute * MINUTE)
    assert "differs" not in caplog.text
    for minute in (0, 1):
        there.beat(["pet"], TO_ALL, NOW + minute * MINUTE)
    here.beat(["bot"], TO_ALL, NOW + 12 * MINUTE)
    there.beat(["pet"], TO_ALL, NOW + 2 * MINUTE)
    assert "the clock of the daemon here differs from this one by about 0:10:00" in caplog.text
