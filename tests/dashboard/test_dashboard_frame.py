"""What all pages share: the viewer's time, and addresses that hold every choice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dashboard import formatting
from dashboard.app import PAGES
from dashboard.frame import viewers_zone
from dashboard.selection import RANGES
from prober.text import span
from tests.dashboard.canned import all_states
from tests.dashboard.conftest import address, links, menu


@pytest.mark.parametrize(
    "name", [None, "", "UTC", "utc", "Mars/Olympus", "../../etc/passwd", "/etc/passwd", "\x00", "a" * 999]
)
def test_a_browser_that_names_no_zone_gets_utc(name):
    assert viewers_zone(name) is UTC


def test_times_are_those_of_the_viewer():
    at = datetime(2026, 1, 29, 14, 5, tzinfo=UTC)
    assert formatting.when(at, viewers_zone("Europe/Berlin")) == "2026-01-29 15:05 CET"
    assert formatting.round_name(at.isoformat(), ZoneInfo("Asia/Tokyo")) == "2026-01-29 23:05 JST"
    assert formatting.round_name("00017", ZoneInfo("Asia/Tokyo")) == "00017"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Kathmandu", "UTC"])
def test_a_time_of_any_zone_is_harmless_text(zone):
    said = f"longer since {formatting.when(datetime(2026, 7, 1, tzinfo=UTC), viewers_zone(zone))}"
    assert formatting.inline(said) == said


def test_shares_and_counts_in_words():
    assert [formatting.percent(one) for one in (None, 0, 0.004, 0.5, 0.981, 1)] == [
        "",
        "0\u00a0%",
        "0.4\u00a0%",
        "50\u00a0%",
        "98.1\u00a0%",
        "100\u00a0%",
    ]
    assert span(timedelta(hours=3)) == "3 h"


@pytest.mark.slow
def test_what_is_selected_is_kept_by_every_link_and_what_one_page_knows_is_not(page):
    at = page(all_states(), "endpoint", endpoint="search-ranker", range="7 days", channel="format")
    assert [title for title, _, _ in menu(at)] == [title for title, _ in PAGES.values()]
    assert {query for _, _, query in menu(at)} == {"endpoint=search-ranker&range=7+days"}
    at.button_group[0].set_value("1 year").run()
    assert address(at) == {"endpoint": "search-ranker", "range": "1 year", "channel": "format"}
    assert {query for _, _, query in menu(at)} == {"endpoint=search-ranker&range=1+year"}
    assert all("range=1+year" in query for _, _, query in links(at))


def test_a_time_range_begins_at_a_whole_hour_or_day():
    now = datetime(2026, 1, 29, 14, 5, tzinfo=UTC)
    assert RANGES["7 days"].since(now) == datetime(2026, 1, 22, 14, tzinfo=UTC)
    assert [f"{day}" for day in RANGES["7 days"].dates(now)] == ["2026-01-23", "2026-01-30"]
    assert RANGES["all"].since(now) is None and f"{RANGES['all'].dates(now)[0]}" == "0001-01-01"
