"""Charts of days: nothing is left out in silence, and the worst is always named."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime

import pytest

from dashboard.charts import AFTER, QUIET, Mark
from dashboard.charts_days import MOST_ROWS, DayValue, calendar, over_days
from dashboard.charts_time import MOST, OTHERS
from tests.dashboard.canned import HOSTILE
from tests.dashboard.test_dashboard_charts import spec
from tests.dashboard.test_dashboard_charts_time import data, encoding

DAY = date(2026, 1, 1)


def values(count: int) -> list[DayValue]:
    """The key with the number n has the value n and weighs 10."""
    return [DayValue(f"key-{n:03d}", DAY, float(n), 10) for n in range(count)]


def test_bars_of_a_hundred_keys_add_up_to_all_of_them():
    rows = data(over_days(values(100), "tokens", "number", "asks", stacked=True))
    assert len(rows) == MOST
    assert sum(row["value"] for row in rows) == sum(range(100))
    assert {row["key"] for row in rows} == {f"{OTHERS} (94)", *(f"key-{n:03d}" for n in range(94, 100))}


def test_lines_keep_the_worst_and_the_mean_of_the_others():
    shares = [DayValue(one.key, DAY, (one.value or 0) / 100, one.n) for one in values(100)]
    rows = {row["key"]: row for row in data(over_days(shares, "passed", "share", "replies", keep="smallest"))}
    assert sorted(rows) == [f"{OTHERS} (94)", *(f"key-{n:03d}" for n in range(6))]
    assert rows[f"{OTHERS} (94)"]["value"] == pytest.approx(sum(range(6, 100)) / 94 / 100)
    assert rows[f"{OTHERS} (94)"]["reads"] == "52\u00a0% of 940 replies"


def test_an_axis_of_shares_is_zoomed_but_makes_no_mountain_of_noise():
    low, high = encoding(over_days([DayValue("a", DAY, 0.99, 9), DayValue("b", DAY, 0.98, 9)], "x", "share", "n"))["y"][
        "scale"
    ]["domain"]
    assert high - low >= 0.05
    assert low >= 0.9
    assert high <= 1


def test_lines_differ_by_more_than_colour_and_one_needs_no_legend():
    three = [DayValue(key, DAY, 0.5, 1) for key in ("a", "b", "")]
    chart = encoding(over_days(three, "x", "share", "n"))
    assert len({json.dumps(dash) for dash in chart["strokeDash"]["scale"]["range"]}) == 3
    assert "none" in chart["color"]["scale"]["domain"], "what has no name is none"
    assert encoding(over_days(three[:1], "x", "share", "n"))["color"]["legend"] is None


def test_a_calendar_has_the_worst_first_and_the_others_as_one_row():
    chart = calendar(values(100), "passed", "share", "replies", [], bad="low")
    order = encoding(chart)["y"]["sort"]
    assert len(order) == MOST_ROWS
    assert order[0] == "key-000"
    assert order[-1] == f"{OTHERS} (61)"
    assert encoding(calendar(values(3), "refused", "share", "n", [], bad="high"))["y"]["sort"][0] == "key-002"


def test_a_calendar_shows_where_something_began():
    mark = Mark(datetime(2026, 1, 2, tzinfo=UTC), "changed", HOSTILE)
    layers = spec(calendar([DayValue(HOSTILE, DAY, 0.5, 1)], "x", "share", "n", [mark], bad="low"))["layer"]
    assert len(layers) == 2
    assert "\\u0000" not in json.dumps(layers)


def test_a_calendar_is_grey_unless_something_is_called_worse():
    marks = [
        spec(calendar(values(3), "passed", "share", "n", [], bad="low", in_colour=so))["layer"][0]["mark"]["color"]
        for so in (True, False)
    ]
    assert marks == [AFTER, QUIET]


def test_a_legend_takes_nothing_from_the_plot_and_an_axis_has_no_exponents():
    few, many = (spec(over_days(values(n), "tokens", "number", "asks", stacked=True)) for n in (1, 100))
    assert few["height"] >= 150 and many["height"] > few["height"]
    assert encoding(over_days(values(100), "tokens", "number", "asks", stacked=True))["y"]["axis"]["format"] == "~s"
