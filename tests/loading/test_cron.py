"""Our reading of cron against APScheduler's, which fires the rounds."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.loading import cron

EVERY_FIELD = [(0, 59), (0, 23), (1, 31), (1, 12)]


def part(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    ordered = st.tuples(number, number).map(sorted)
    return st.one_of(
        number.map(str),
        ordered.map(lambda ends: f"{ends[0]}-{ends[1]}"),
        st.tuples(ordered, st.integers(1, 60)).map(lambda both: f"{both[0][0]}-{both[0][1]}/{both[1]}"),
        st.integers(1, 60).map(lambda step: f"*/{step}"),
        st.just("*"),
    )


def field(low: int, high: int) -> st.SearchStrategy[str]:
    return st.lists(part(low, high), min_size=1, max_size=3).map(",".join)


WEEKDAY = st.sampled_from(["*", "mon", "Mon-Fri", "sat,sun", "tue-tue", "fri-mon", "*/2", "mon-fri/2"])
TEXTS = st.tuples(*(field(low, high) for low, high in EVERY_FIELD), WEEKDAY).map(" ".join)


@pytest.mark.slow
@settings(deadline=None, max_examples=100)
@given(TEXTS)
def test_whatever_we_accept_fires_when_we_say(text: str) -> None:
    try:
        ours = cron.parse(text)
    except ValueError:
        return
    trigger = CronTrigger.from_crontab(text, timezone=UTC)
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for _ in range(5):
        fires = trigger.get_next_fire_time(None, now)
        assert fires is not None
        assert fires.minute in ours.minutes
        assert fires.hour in ours.hours
        assert fires.day in ours.days
        assert fires.month in ours.months
        assert fires.weekday() in ours.weekdays
        following = trigger.get_next_fire_time(fires, fires + timedelta(seconds=1))
        assert following is not None
        assert (following - fires).total_seconds() >= ours.shortest_gap_s()
        now = following + timedelta(seconds=1)


@given(st.text(alphabet="0159*/,- monfrijdec", max_size=30) | st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_fix(text: str) -> None:
    try:
        cron.parse(text)
    except ValueError as error:
        assert "; " in str(error)


@pytest.mark.parametrize(
    ("text", "gap_s"),
    [
        ("* * * * *", 60),
        ("*/15 * * * *", 900),
        ("0 6 * * *", 86400),
        ("0,50 * * * *", 600),
        ("0 6,18 * * *", 43200),
        ("30 23,0 * * *", 3600),
        ("0 6 29 2 *", 86400),
    ],
)
def test_shortest_gap(text: str, gap_s: float) -> None:
    assert cron.parse(text).shortest_gap_s() == gap_s


def test_names_in_any_case() -> None:
    assert cron.parse("0 0 * JAN-mar,dec *").months == {1, 2, 3, 12}
    assert cron.parse("0 0 * * Sun,mon-WED").weekdays == {0, 1, 2, 6}


@pytest.mark.parametrize(("text", "daily"), [("5 4 * * *", True), ("5 4 1-31 1-12 *", True), ("5 4 * * mon", False)])
def test_every_day(text: str, daily: bool) -> None:
    assert cron.parse(text).every_day is daily


@pytest.mark.parametrize("text", ["0 0 31 feb,apr,jun *", "0 0 30,31 2 *", "0 0 31 11 *"])
def test_days_that_never_come(text: str) -> None:
    with pytest.raises(ValueError, match="never comes"):
        cron.parse(text)


def test_a_leap_day_comes() -> None:
    assert cron.parse("0 0 29 feb *").days == {29}


def slowly(text: str, zone: ZoneInfo, begin: datetime, days: int) -> set[datetime]:
    """Every minute looked at: what the clock on the wall shows, once for each time, or twice where every hour counts."""
    ours, found, seen = cron.parse(text), set(), set()
    wall_before = (begin - timedelta(minutes=1)).astimezone(zone).replace(tzinfo=None)
    for number in range(days * 1440):
        at = begin + timedelta(minutes=number)
        wall = at.astimezone(zone).replace(tzinfo=None)
        skipped = wall - wall_before - timedelta(minutes=1)
        for each in [wall_before + timedelta(minutes=n + 1) for n in range(int(skipped.total_seconds()) // 60)] + [
            wall
        ]:
            named = each.minute in ours.minutes and each.hour in ours.hours and each.weekday() in ours.weekdays
            if named and (each not in seen or len(ours.hours) == 24):
                found.add(at + (timedelta(0) if each == wall else each - wall_before - timedelta(minutes=1)))
            seen.add(each)
        wall_before = wall
    return found


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["30 2 * * *", "0 3 * * *", "15,45 1-3 * * *", "0 * * * *", "*/30 * * * *", "30 1 * * sun"]
)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "UTC"])
def test_daylight_saving_skips_and_repeats_no_round(text: str, zone: str) -> None:
    here, ours = ZoneInfo(zone), cron.parse(text)
    for change in ("2026-03-07", "2026-03-28", "2026-10-24", "2026-10-31", "2026-04-04", "2026-10-03", "2026-04-23"):
        first = date.fromisoformat(change)
        begin = datetime.combine(first, time(), here).astimezone(UTC)
        expected = slowly(text, here, begin, 3)
        found = {at for n in range(3) for at in ours.on(first + timedelta(days=n), here)}
        assert {at for at in found if at < begin + timedelta(days=2.9)} == {
            at for at in expected if at < begin + timedelta(days=2.9)
        }


def test_a_time_that_the_clock_skips_comes_as_much_later_and_one_that_it_repeats_comes_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    daily = cron.parse("30 2 * * *")
    assert daily.on(date(2026, 3, 28), berlin) == [datetime(2026, 3, 28, 1, 30, tzinfo=UTC)]
    assert daily.on(date(2026, 3, 29), berlin) == [datetime(2026, 3, 29, 1, 30, tzinfo=UTC)]  # 03:30 on the clock
    assert daily.on(date(2026, 3, 30), berlin) == [datetime(2026, 3, 30, 0, 30, tzinfo=UTC)]
    assert daily.on(date(2026, 10, 25), berlin) == [datetime(2026, 10, 25, 0, 30, tzinfo=UTC)]
    hourly = cron.parse("30 * * * *")
    assert (len(hourly.on(date(2026, 3, 29), berlin)), len(hourly.on(date(2026, 10, 25), berlin))) == (23, 25)
