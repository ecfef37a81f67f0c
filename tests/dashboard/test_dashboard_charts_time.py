"""Charts of rounds, categories and the map."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from dashboard import charts_time
from prober.store.pages.over_time import RoundLine
from tests.dashboard.canned import HOSTILE, NOW, map_of, probe_page
from tests.dashboard.test_dashboard_charts import spec


def data(chart) -> list[dict]:
    made = spec(chart)
    one = made["layer"][0] if "layer" in made else made
    found = one.get("data", made.get("data"))
    return made["datasets"][found["name"]] if "name" in found else found["values"]


def encoding(chart) -> dict:
    made = spec(chart)
    return (made["layer"][0] if "layer" in made else made)["encoding"]


def line(n: int, identities: dict[str, int], half_s: float | None = 0.1) -> RoundLine:
    return RoundLine(f"2026-01-{n + 1:02d}T00:00:00+00:00", NOW, 12, 0, identities, half_s, None)


def test_the_ribbon_adds_up_to_one_in_every_round():
    lines = [line(n, {"a": 9 - n, "b": n, **{f"rare-{k}": 1 for k in range(9)}}) for n in range(5)]
    chart = charts_time.ribbon(lines, [])
    totals: dict[str, float] = {}
    for row in data(chart):
        totals[row["at"]] = totals.get(row["at"], 0.0) + row["share"]
    assert len(totals) == 5
    assert list(totals.values()) == pytest.approx([1.0] * 5)
    told_apart = encoding(chart)["color"]["scale"]["domain"]
    assert len(told_apart) == charts_time.MOST
    assert charts_time.OTHERS in told_apart


def test_rounds_that_say_nothing_are_no_part_of_the_ribbon():
    assert data(charts_time.ribbon([line(0, {}), line(1, {"a": 1})], [])) == [
        {"at": "2026-01-02T00:00:00+00:00", "round": "2026-01-02 00:00 UTC", "who": "a", "share": 1.0, "reads": "100% of 1"}
    ]  # fmt: skip


def test_latency_leaves_out_what_is_not_known():
    rows = data(charts_time.latency([line(0, {}, None), line(1, {}, 0.25)], []))
    assert [(row["of"], row["seconds"]) for row in rows] == [("median", 0.25)]


def test_categories_stand_in_their_order_then_above_now():
    chart = charts_time.then_and_now(probe_page().distributions[0])
    assert [(row["category"], row["when"]) for row in data(chart)][:4] == [
        ("Teal", "reference"), ("Teal", "now"), ("Red", "reference"), ("Red", "now"),
    ]  # fmt: skip


def test_categories_that_look_alike_stay_apart():
    one = probe_page("x" * 100).distributions[0]
    twice = type(one)("choice", "", ("y" * 50 + "1", "y" * 50 + "2"), (0.5, 0.5), (0.5, 0.5), 9, 9)
    assert len({row["category"] for row in data(charts_time.then_and_now(twice))}) == 2


def test_epochs_of_the_map_differ_in_shape_and_colour():
    chart = charts_time.embedding(map_of().dots, None)
    shown = encoding(chart)
    assert shown["shape"]["scale"]["domain"] == shown["color"]["scale"]["domain"]
    assert len(set(shown["shape"]["scale"]["range"])) == 2


def test_replies_since_a_change_are_apart_on_the_map():
    dots = [replace(dot, epoch="", round=f"2026-01-0{n + 1}") for n, dot in enumerate(map_of().dots)]
    chart = charts_time.embedding(dots, "2026-01-05")
    assert [row["epoch"] for row in data(chart)] == ["first epoch"] * 4 + [charts_time.SINCE] * 5
    assert encoding(chart)["color"]["scale"]["domain"] == ["first epoch", charts_time.SINCE]


def test_hostile_names_reach_the_browser_as_text():
    for chart in (
        charts_time.ribbon([line(0, {HOSTILE: 3})], []),
        charts_time.then_and_now(probe_page(HOSTILE).distributions[0]),
        charts_time.embedding(map_of(HOSTILE).dots, None),
    ):
        assert "\\u0000" not in json.dumps(spec(chart))
