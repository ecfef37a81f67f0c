"""The last days of every endpoint at a glance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from prober.status.strip import counted, strips, until_now
from prober.store.pages.last_days import DayView, SpanView

TODAY = date(2026, 1, 10)
NOON = datetime(2026, 1, 10, 12, tzinfo=UTC)


def asked(*days_ago: int, failed: int = 0) -> list[DayView]:
    return [DayView("bot", TODAY - timedelta(days=n), 4, 0, 8, failed) for n in days_ago]


def test_a_day_shows_the_worst_that_was_so() -> None:
    spans = [
        SpanView("bot", "facts", NOON - timedelta(days=9), NOON - timedelta(days=3)),
        SpanView("bot", "suspected", NOON - timedelta(days=4), NOON - timedelta(days=3)),
        SpanView("bot", "changed", NOON - timedelta(days=1), None),
    ]
    (states,) = strips(asked(0, 1, 2, 3, 4, 5), spans, TODAY, 7).values()
    assert states == ("facts", "facts", "suspected", "suspected", "quiet", "changed", "changed")
    assert counted(states) == "2 days changed, 2 days suspected, 2 days with facts"
    (down,) = strips(asked(0, failed=8), (), TODAY, 2).values()
    assert (down, counted(down)) == (("unknown", "unreachable"), "1 day unreachable")


def test_a_day_without_a_round_is_silence_only_where_rounds_are_usual() -> None:
    (daily,) = strips(asked(1, 2, 4, 5), (), TODAY, 7).values()
    assert daily == ("unknown", "quiet", "quiet", "silent", "quiet", "quiet", "unknown"), "today may still bring one"
    (weekly,) = strips(asked(0, 6), (), TODAY, 7).values()
    assert (weekly[1:6], counted(weekly)) == (("unknown",) * 5, "quiet")
    assert counted(("unknown",) * 3) == "never asked"


def test_a_day_on_which_the_model_was_not_asked_is_no_outage() -> None:
    """Failed asks of that day are explained: by a key that is missing, or by a cache."""
    not_asked = SpanView("bot", "not asked", NOON - timedelta(days=2), NOON - timedelta(days=1))
    (states,) = strips(asked(0, 3, failed=0) + asked(1, 2, failed=8), [not_asked], TODAY, 4).values()
    assert (states, counted(states)) == (("quiet", "not asked", "not asked", "quiet"), "2 days not asked")
    outage = SpanView("bot", "unreachable", NOON - timedelta(days=1), NOON)
    for spans in ([not_asked, outage], [outage, not_asked]):
        (states,) = strips(asked(0, 1, 2, 3), spans, TODAY, 4).values()
        assert states == ("quiet", "not asked", "unreachable", "unreachable"), "an outage of the same day is graver"
    assert until_now(("quiet", "unreachable"), "not asked") == ("quiet", "not asked")
    assert until_now(("quiet", "changed"), "not asked") == ("quiet", "changed")
    assert counted(("silent", "not asked", "quiet")) == "1 day not asked, 1 day without a round"


def test_today_is_no_better_than_how_the_endpoint_stands_now():
    assert until_now(("quiet", "quiet"), "suspected") == ("quiet", "suspected"), "a suspicion has no incident yet"
    assert until_now(("quiet", "changed"), "suspected") == ("quiet", "changed")
    assert until_now(("quiet", "facts"), "stale") == ("quiet", "facts"), "a strip has days of silence for that"
    assert until_now((), "suspected") == ()
