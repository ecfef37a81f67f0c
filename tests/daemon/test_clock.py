"""A clock that is set, and a machine that sleeps: nothing waits for a moment that only a wrong clock made."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import pytest

from prober.asking.breaker import BreakerGate, Outcome
from prober.asking.interface import Ask
from prober.asking.scripted import ScriptedProvider
from prober.daemon import due_rounds as rounds_module
from prober.model.allowance import AccountLimits, Told
from prober.model.budget import NOTHING, Spent
from prober.status.endpoint_status import endpoint_status, endpoint_statuses
from prober.status.expectation import expect
from prober.store import daemons, limits, notices
from prober.store.pages import overview
from tests.daemon.test_daemon import KEY, leave
from tests.daemon.world import HOUR, NOON, completed, look, rounds, tick, watching, work, write_set

DAY = 24 * HOUR
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
"""A round of a moment that comes again is due just after it."""


def asked_at(store):
    """When each round was completed, in the order of asking."""
    return [f"{one.completed_at:%d %H:%M}" for one in sorted(completed(store), key=lambda one: one.label)]


def expectation(store, clock, every=2 * HOUR):
    """What `prober status --expect-every` finds."""
    parrot = [one for one in store.query(overview.endpoints) if one.name == "parrot"]
    statuses = endpoint_statuses(parrot, store.query(overview.recent_rounds_of_each, clock()), (), clock())
    return expect(every, statuses, store.query(daemons.statuses), clock())


def run_hours(daemon, clock, hours):
    for _ in range(hours):
        clock.go(HOUR)
        daemon.watch_clock()
        tick(daemon, KEY)


@pytest.mark.slow
@pytest.mark.parametrize("back", [HOUR, 5 * HOUR, DAY])
def test_a_clock_set_back_asks_again_at_every_moment_that_comes_a_second_time(files, store, clock, back, caplog):
    daemon = watching(files, store, clock)
    work(daemon)
    run_hours(daemon, clock, 8)
    clock.go(SECOND - back)
    assert not expectation(store, clock).is_met, "nobody knows how old the newest round is"
    daemon.watch_clock()
    work(daemon)
    assert expectation(store, clock).is_met
    run_hours(daemon, clock, 7)
    assert len(completed(store)) == 9 + 8
    second = asked_at(store)[9:]
    assert second == [f"{NOON + 8 * HOUR - back + number * HOUR:%d %H:%M}" for number in range(8)]
    view = next(one for one in store.query(overview.endpoints) if one.name == "parrot")
    status = endpoint_status(view, store.query(overview.recent_rounds), clock())
    assert (status.is_stale, status.clock_ahead_at) == (False, None)
    assert store.query(notices.recent) == ()
    assert [r.getMessage()[:23] for r in caplog.records if r.levelno >= logging.ERROR] == ["THE CLOCK WAS SET BACK "]


@pytest.mark.slow
def test_set_back_twice_and_by_a_daemon_that_was_started_again_it_asks_all_the_same(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    run_hours(daemon, clock, 3)
    for number in range(2):
        clock.go(SECOND - 3 * HOUR)
        daemon = watching(files, store, clock, f"after {number}")
        work(daemon)
        run_hours(daemon, clock, 3)
    assert asked_at(store) == ["02 12:00", "02 13:00", "02 14:00", "02 15:00"] * 3


@pytest.mark.slow
@pytest.mark.parametrize("behind", [timedelta(0), MINUTE, 50 * MINUTE])
def test_daemons_whose_clocks_differ_by_less_than_a_schedule_ask_each_moment_once(files, store, clock, behind):
    ahead, other = watching(files, store, clock), watching(files, store, lambda: clock() - behind, "behind")
    for _ in range(6):
        for one in (ahead, other):
            tick(one, KEY)
        clock.go(HOUR / 2)
        for one in (ahead, other):
            tick(one, KEY)
        clock.go(HOUR / 2)
    moments = {one.due_at.replace(microsecond=0) for one in completed(store)}
    assert len(completed(store)) - len(moments) <= 1, "of the first moment of who is behind, at most"


@pytest.mark.slow
def test_a_clock_set_back_in_a_round_lets_it_end_and_the_next_moments_are_asked(files, store, clock, monkeypatch):
    daemon = watching(files, store, clock)
    work(daemon)
    run_hours(daemon, clock, 2)

    class SetBack(ScriptedProvider):
        def ask(self, endpoint, probe, sample, now):
            if sample == 1 and clock.now == NOON + 3 * HOUR:
                clock.go(SECOND - 2 * HOUR)
                daemon.watch_clock()
            return super().ask(endpoint, probe, sample, now)

    with monkeypatch.context() as held:
        held.setattr(rounds_module, "open_provider", lambda endpoint: SetBack())
        run_hours(daemon, clock, 1)
    work(daemon)
    run_hours(daemon, clock, 3)
    ended = (12, 13, 14, 13, 13, 14, 15, 16)
    assert asked_at(store) == [f"02 {hour}:00" for hour in ended], "that of 15:00 ended at 13:00, and came again"


@pytest.mark.slow
@pytest.mark.parametrize("slept_s", [25, 45, 59, 61, 300])
def test_a_sleep_over_several_rounds_of_a_short_schedule_is_one_line_and_no_notice(
    tmp_path, store, clock, slept_s, caplog
):
    write_set(tmp_path / "short", every="5s")
    daemon = watching(tmp_path / "short", store, clock)
    work(daemon)
    for _ in range(3):
        clock.go(5 * SECOND)
        daemon.watch_clock()
        tick(daemon, KEY)
    clock.go(slept_s * SECOND)
    for _ in range(3):
        daemon.watch_clock()
        look(daemon)
        tick(daemon, KEY)
        clock.go(5 * SECOND)
    assert store.query(notices.recent) == ()
    assert [r.getMessage()[:17] for r in caplog.records if r.levelno >= logging.WARNING] == ["the machine slept"]
    assert len(completed(store)) == 7


@pytest.mark.slow
@pytest.mark.parametrize("slept", [HOUR + 50 * MINUTE, DAY + 50 * MINUTE])
def test_after_a_sleep_the_newest_round_is_asked_however_late_it_is(files, store, clock, slept, caplog):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(slept)
    daemon.watch_clock()
    look(daemon)
    tick(daemon, KEY)
    look(daemon)
    assert expectation(store, clock).is_met
    assert store.query(notices.recent) == ()
    assert [r.getMessage()[:17] for r in caplog.records if r.levelno >= logging.WARNING] == ["the machine slept"]


@pytest.mark.slow
def test_an_endpoint_that_is_not_asked_any_more_is_stale_though_it_has_rounds_of_the_future(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    run_hours(daemon, clock, 8)
    clock.go(-DAY)
    daemon.watch_clock()
    clock.go(4 * HOUR)  # and no round is asked
    look(daemon)
    look(daemon)
    assert [one.event for one in store.query(notices.recent)] == ["stale"]


def gate(failed_at: datetime, now: datetime) -> BreakerGate:
    return BreakerGate([Outcome(failed_at, "provider_error", 300.0)] * 3, lambda: now)


@pytest.mark.parametrize(
    ("passed", "asks"), [(MINUTE, 0), (timedelta(0), 0), (-MINUTE, 0), (20 * MINUTE, 3), (-HOUR, 3), (-DAY, 3)]
)
def test_the_pause_of_a_breaker_ends_where_the_clock_is_set_back(passed: timedelta, asks: int) -> None:
    count, _ = gate(NOON, NOON + passed).admit([Ask("s", None, None, number) for number in range(5)])  # type: ignore[arg-type]
    assert count == asks


@pytest.mark.parametrize(
    ("passed", "asks"), [(timedelta(0), 0), (-MINUTE / 2, 0), (2 * MINUTE, 2), (-HOUR, 2), (-DAY, 2)]
)
def test_a_minute_of_a_clock_that_was_ahead_holds_nothing_back(store, passed: timedelta, asks: int) -> None:
    declared, one = AccountLimits(asks_per_minute=2), Spent(1, 10)
    assert store.change(limits.book, "account:a", [one, one], NOON, "parrot", declared).count == 2
    found = store.change(limits.book, "account:a", [one, one], NOON + passed, "parrot", declared)
    assert (found.count, found.wait_s < 100) == (asks, True)


@pytest.mark.parametrize(
    ("passed", "asks"), [(timedelta(0), 0), (-MINUTE / 2, 0), (10 * MINUTE, 1), (-HOUR, 1), (-DAY, 1)]
)
def test_a_provider_that_asked_a_clock_that_was_ahead_to_wait_is_asked(store, passed: timedelta, asks: int) -> None:
    store.change(limits.settle, "account:a", NOON, NOTHING, Told(None, None, 300.0), NOON)
    assert store.query(limits.is_limited, "account:a", NOON + passed) == (asks == 0)
    found = store.change(limits.book, "account:a", [Spent(1, 10)], NOON + passed, "parrot", AccountLimits())
    assert (found.count, found.wait_s < 400) == (asks, True)


@pytest.mark.slow
def test_a_clock_set_back_is_said_once_and_rounds_go_on_at_the_next_moment(files, store, clock, caplog):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(24 * HOUR)
    tick(daemon, KEY)
    ahead = len(rounds(store))
    clock.now = NOON + timedelta(minutes=10)
    for _ in range(3):
        daemon.watch_clock()
    clock.now = NOON + HOUR
    tick(daemon, KEY)
    newest = {at: state for _, at, state in rounds(store)[:2]}
    assert newest == {"12:00": "completed", "13:00": "completed"}, "though it was missed while the clock was ahead"
    assert len(rounds(store)) == ahead, "the moment was asked, not written a second time"
    assert [record.getMessage()[:41] for record in caplog.records if record.levelno == logging.ERROR] == [
        "THE CLOCK WAS SET BACK by 23:50:00, to 20"
    ]


@pytest.mark.slow
def test_a_daemon_started_after_the_clock_was_set_back_asks_too(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(24 * HOUR)
    tick(daemon, KEY)
    clock.now = NOON + HOUR
    work(watching(files, store, clock, "another"))
    assert {at: state for _, at, state in rounds(store)[:2]}["13:00"] == "completed"


@pytest.mark.slow
def test_a_lease_of_the_future_holds_no_endpoint(files, store, clock):
    leave(store, files, NOON, asks=1, lease_s=10, at=NOON + timedelta(days=2))
    work(watching(files, store, clock))
    assert [view.asked for view in completed(store)] == [3]


@pytest.mark.slow
def test_a_machine_that_slept_does_not_call_stale_what_it_is_about_to_ask(files, store, clock):
    daemon = watching(files, store, clock)
    work(daemon)
    clock.go(24 * HOUR)
    daemon.watch_clock()
    daemon.pass_time()
    assert store.query(notices.recent) == ()
