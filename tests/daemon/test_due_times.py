"""When rounds are due: one grid for every machine, nothing passed over, and jitter that does not add up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from unittest.mock import Mock

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.daemon.due_rounds import BATCH, MOST_MISSED, DueRounds
from prober.daemon.due_times import DueTimes, IntervalTrigger, RoundTrigger, Watched
from prober.judging.promise import Promise
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule

MICROSECOND = timedelta.resolution
times = st.integers(0, 3 * 10**15).map(lambda since: datetime(1990, 1, 1, tzinfo=UTC) + since * MICROSECOND)
CRONS = ("* * * * *", "0 6 * * *", "*/7 3,9-17 * * mon-fri", "30 23 1,31 * *", "0 0 29 feb *", "59 23 * dec sun")
schedules = st.sampled_from(
    [*(Schedule(every=every) for every in ("0.7s", "1s", "90s", "6h", "1d", "7d")), *(Schedule(cron=c) for c in CRONS)]
)


@pytest.mark.parametrize(
    ("schedule", "latest", "following"),
    [
        (Schedule(every="1h"), "2026-03-02T12:00", "2026-03-02T13:00"),
        (Schedule(every="7h"), "2026-03-02T09:00", "2026-03-02T16:00"),  # 70335 times 7 h after 1970-01-01
        (Schedule(every="1d"), "2026-03-02T00:00", "2026-03-03T00:00"),
        (Schedule(every="7d"), "2026-02-26T00:00", "2026-03-05T00:00"),  # 1970-01-01 was a Thursday
        (Schedule(cron="0 6 * * *"), "2026-03-02T06:00", "2026-03-03T06:00"),
        (Schedule(cron="34 12 * * mon"), "2026-03-02T12:34", "2026-03-09T12:34"),
        (Schedule(cron="35 12 * * mon"), "2026-02-23T12:35", "2026-03-02T12:35"),
        (Schedule(cron="0 0 29 feb *"), "2024-02-29T00:00", "2028-02-29T00:00"),
    ],
)
def test_the_moments_around_a_time(schedule, latest, following):
    moments, now = DueTimes(schedule), datetime(2026, 3, 2, 12, 34, 56, 7, tzinfo=UTC)
    assert moments.latest(now) == datetime.fromisoformat(latest).replace(tzinfo=UTC)
    assert moments.following(now) == datetime.fromisoformat(following).replace(tzinfo=UTC)


@pytest.mark.slow
@given(schedules, times)
@settings(max_examples=150, deadline=None)
def test_latest_and_following_are_neighbours_on_one_grid(schedule, now):
    moments = DueTimes(schedule)
    latest, following = moments.latest(now), moments.following(now)
    assert latest <= now < following
    assert moments.latest(latest) == moments.latest(following - MICROSECOND) == latest
    assert moments.latest(following) == moments.following(latest) == following


@pytest.mark.slow
@given(st.sampled_from(CRONS), times)
@settings(max_examples=100, deadline=None)
def test_cron_is_read_as_apscheduler_reads_it(text, now):
    trigger = CronTrigger.from_crontab(text, timezone=UTC)
    assert DueTimes(Schedule(cron=text)).following(now) == trigger.get_next_fire_time(None, now + MICROSECOND)


def test_a_fraction_of_a_second_never_slips():
    moments, moment = DueTimes(Schedule(every="0.7s")), datetime(2026, 3, 2, tzinfo=UTC)
    for _ in range(10_000):
        moment = moments.following(moment)
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(seconds=0.7) == timedelta(0)


def test_an_interval_too_short_to_be_shown_is_still_one():
    moments, now = DueTimes(Schedule(every="0.0000001s")), datetime(2026, 3, 2, tzinfo=UTC)
    assert moments.following(now) > now == moments.latest(now)


@pytest.mark.slow
@given(schedules, st.integers(0, 10**6), times)
@settings(max_examples=60, deadline=None)
def test_jitter_never_leads_out_of_a_moments_turn(schedule, salt, now):
    most = 0.7 * 0.999  # below the shortest time between two moments
    moments = DueTimes(schedule.model_copy(update={"jitter": f"{most:.3f}s"}), salt=str(salt))
    due = moments.latest(now)
    start = moments.start(due)
    assert due <= start < due + timedelta(seconds=most + 0.001)
    assert moments.latest(start) == due
    assert moments.start(due) == start


def test_fleets_do_not_march_in_step():
    hourly, due = Schedule(every="1h", jitter="30m"), datetime(2026, 3, 2, tzinfo=UTC)
    late_s = [(DueTimes(hourly, salt=str(n)).start(due) - due).total_seconds() for n in range(500)]
    assert min(late_s) < 120 and max(late_s) > 1680
    assert abs(sum(late_s) / len(late_s) - 900) < 100


def test_a_thousand_jittered_rounds_hit_a_thousand_moments():
    moments = DueTimes(Schedule(every="1h", jitter="59m"), salt="here")
    trigger, now = RoundTrigger(moments), datetime(2026, 3, 2, 0, 30, tzinfo=UTC)
    starts = [trigger.get_next_fire_time(None, now)]
    for _ in range(1000):
        starts.append(trigger.get_next_fire_time(starts[-1], starts[-1] + timedelta(seconds=1)))
    dues = [moments.latest(start) for start in starts]
    assert dues[0] == datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
    assert {later - earlier for earlier, later in pairwise(dues)} == {timedelta(hours=1)}


@pytest.mark.parametrize("jitter", ["0s", "40m"])
def test_after_a_sleep_the_trigger_names_the_newest_moment_only(jitter: str):
    moments = DueTimes(Schedule(every="1h", jitter=jitter), salt="here")
    trigger = RoundTrigger(moments)
    slept_from, awake = datetime(2026, 3, 2, tzinfo=UTC), datetime(2027, 3, 4, 7, 45, tzinfo=UTC)
    named = [moments.start(slept_from)]
    while named[-1] <= awake:
        named.append(trigger.get_next_fire_time(named[-1], awake))
    assert [f"{moments.latest(moment):%d %H}" for moment in named[1:]] == ["04 07", "04 08"]


def watched(due: datetime) -> Watched:
    endpoint = Endpoint(name="e", provider="scripted", model="m")
    probes = ProbeSet(
        name="s", owner="o", endpoints=("e",), schedule=Schedule(every="1h"), probes=(Probe(id="p", prompt="Pick"),)
    )
    promise = Promise(
        false_alarms_per_year=1, rounds_per_year=365, reference=endpoint.reference, confirm=endpoint.confirm
    )
    moments = DueTimes(probes.schedule)
    return Watched(probes, endpoint, promise, (), moments, due, due, due)


def test_what_passed_is_the_newest_of_what_is_not_accounted_for():
    due = datetime(2026, 3, 2, 12, tzinfo=UTC)
    one = watched(due)
    one.accounted = due - timedelta(hours=4)
    assert [f"{moment:%H}" for moment in one.passed(due, 9)] == ["09", "10", "11"]
    assert [f"{moment:%H}" for moment in one.passed(due, 2)] == ["10", "11"]
    one.accounted -= timedelta(days=365_000)
    assert len(one.passed(due, 5)) == 5
    one.accounted = due
    assert one.passed(due, 5) == []


class Passing:
    """A queue in which one batch takes so long that the clock is set back meanwhile."""

    def __init__(self, clock: Callable[[], None]) -> None:
        self.set_back, self.put_in, self.passed = clock, [], []

    def put(self, due: Sequence[tuple[Watched, datetime]], now: datetime) -> None:
        self.put_in += [due_at for _, due_at in due]

    def pass_over(self, watched: Watched, moments: Sequence[datetime], reason: str, now: datetime) -> int:
        self.passed += moments
        self.set_back()
        return len(moments)


@pytest.mark.parametrize("is_set_back", [False, True])
def test_a_clock_that_is_set_back_while_moments_are_passed_over_leaves_none_of_the_future(is_set_back: bool):
    true_now, now = datetime(2026, 3, 2, 12, tzinfo=UTC), [datetime(2027, 3, 2, 12, tzinfo=UTC)]
    one, ahead = watched(true_now), now[0]

    def set_back() -> None:
        if is_set_back and now[0] == ahead:
            now[0] = true_now + timedelta(minutes=5)
            one.begin_again(now[0])

    queue = Passing(set_back)
    rounds = DueRounds(Mock(), queue, Mock(), "here", lambda: now[0], Mock(), Mock(), Mock(), "", Mock())  # type: ignore[arg-type]
    rounds.watched = {one.key: one}
    rounds.tick(one.key)
    assert len(queue.passed) == (BATCH if is_set_back else MOST_MISSED)
    assert queue.put_in == ([] if is_set_back else [ahead])
    now[0] = true_now + timedelta(hours=2, minutes=5) if is_set_back else ahead + timedelta(hours=1)
    rounds.tick(one.key)
    assert queue.put_in[-1] == (true_now + timedelta(hours=2) if is_set_back else ahead + timedelta(hours=1))


def test_after_a_year_of_sleep_an_interval_names_two_moments():
    slept_from, awake = datetime(2026, 3, 2, tzinfo=UTC), datetime(2027, 3, 2, tzinfo=UTC)
    trigger = IntervalTrigger(timedelta(seconds=2))
    first = trigger.get_next_fire_time(slept_from, awake)
    assert (first, trigger.get_next_fire_time(first, awake)) == (awake, awake + timedelta(seconds=2))
    assert trigger.get_next_fire_time(slept_from, slept_from) == slept_from + timedelta(seconds=2)
    assert trigger.get_next_fire_time(None, awake) == awake
