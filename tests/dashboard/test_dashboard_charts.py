from __future__ import annotations

import json
import math
from dataclasses import replace
from datetime import timedelta

import pytest

from dashboard import charts, charts_time
from prober.status.probe import Band
from prober.store.pages.over_time import ChannelDay
from prober.store.views import EpochView
from tests.dashboard.canned import HOSTILE, NOW, THRESHOLD, history, incident, point

MOVED = tuple(one for one in history("bot", changed=34) if one.channel == "length")
OPEN = incident(history("bot", changed=34), 34)


def spec(chart) -> dict:
    made = chart.to_dict()
    json.dumps(made, allow_nan=False).encode()  # what goes to the browser is strict JSON
    return made


def rows(chart) -> list[dict]:
    made = spec(chart)
    layers = (layer.get("data", made.get("data")) for layer in made["layer"])
    data = [made["datasets"][one["name"]] if "name" in one else one["values"] for one in layers if one]
    return max(data, key=len)


def kinds(chart) -> list[str]:
    return [layer["mark"]["type"] for layer in spec(chart)["layer"]]


@pytest.mark.slow
def test_the_change_is_marked_and_the_rounds_since_look_different():
    marked = charts.marks(MOVED, [OPEN], [])
    assert [mark.kind for mark in marked] == ["changed", "confirmed"]
    chart = charts.reading(MOVED, marked)
    assert kinds(chart) == ["line", "line", "point", "rule", "rule"]
    assert [row["stretch"] for row in rows(chart)] == ["as the reference"] * 34 + ["since the change"] * 6
    shapes = spec(chart)["layer"][2]["encoding"]["shape"]["scale"]["range"]
    assert len(set(shapes)) == 2, "not by colour alone"


def test_an_accepted_change_ends_and_a_new_reference_is_marked():
    closed = replace(OPEN, state="closed", closed_at=NOW - timedelta(hours=8))
    epoch = EpochView(start_label=OPEN.onset, at=NOW - timedelta(hours=8), author="ada", note="")
    marked = charts.marks(MOVED, [closed], [epoch])
    assert [mark.kind for mark in marked] == ["changed", "confirmed", "new reference"]
    assert [row["stretch"] for row in rows(charts.reading(MOVED, marked))][-2:] == ["as the reference"] * 2


def test_what_lies_outside_of_the_points_is_not_marked():
    long_ago = replace(
        OPEN, onset="2001-01-01T00:00:00.000000+00:00", detected_round="2001-01-02T00:00:00.000000+00:00"
    )
    to_come = replace(OPEN, onset="2999-01-01", detected_round="2999-01-01")
    first = EpochView(start_label=MOVED[0].round, at=NOW - timedelta(days=400), author="", note="")
    assert charts.marks(MOVED, [long_ago, to_come], [first]) == []
    assert charts.marks((), [OPEN], []) == []


def test_numbered_rounds_stand_at_the_time_they_were_completed():
    numbered = tuple(replace(one, round=f"{n:05d}") for n, one in enumerate(MOVED))
    marked = charts.marks(numbered, [replace(OPEN, onset="00034", detected_round="00036")], [])
    assert marked[0].at == numbered[34].at
    assert rows(charts.reading(numbered, marked))[0]["at"] == numbered[0].at.isoformat()


@pytest.mark.slow
def test_evidence_is_on_a_log_scale_with_the_promise_drawn():
    chart = charts.evidence(MOVED, [], THRESHOLD)
    assert kinds(chart) == ["rule", "text", "line", "point"]
    scale = spec(chart)["layer"][3]["encoding"]["y"]["scale"]
    assert scale["type"] == "log"
    assert scale["domain"][1] > THRESHOLD, "the threshold is in sight even in an unchanged world"
    promise = spec(chart)["layer"][1]
    data = promise["data"]
    row = (spec(chart)["datasets"][data["name"]] if "name" in data else data["values"])[0]
    assert row == {"threshold": THRESHOLD, "words": "alarm at 365"}


def test_evidence_of_any_size_can_be_drawn():
    sizes = [0.0, -1.0, math.inf, 1e300, math.nan, 1e-300]
    drawn = [
        row["evidence"]
        for row in rows(charts.evidence([point("e", "c", n, 9, e_value=e) for n, e in enumerate(sizes)], [], THRESHOLD))
    ]
    assert drawn == [0.5, 0.5, THRESHOLD * 1e4, THRESHOLD * 1e4, None, 0.5]


def test_without_a_promise_no_threshold_is_drawn():
    assert kinds(charts.evidence(MOVED, [], 0.0)) == ["line", "point"]


def test_a_round_without_a_reading_leaves_a_gap():
    points = [point("e", "c", 0, 2, value=math.nan), point("e", "c", 1, 2, value=math.inf)]
    chart = charts.reading(points, [])
    assert [row["value"] for row in rows(chart)] == [None, None]


def test_a_channel_that_never_moved_lies_in_the_middle():
    scale = spec(charts.reading([point("e", "c", n, 5, value=1.0) for n in range(5)], []))["layer"][1]["encoding"]["y"][
        "scale"
    ]
    low, high = scale["domain"]
    assert low < 1.0 < high
    assert high - 1.0 == pytest.approx(1.0 - low)


def test_empty_history_draws_an_empty_chart():
    assert spec(charts.reading([], []))["layer"]
    assert spec(charts.evidence([], [], THRESHOLD))["layer"]


def test_shares_are_shown_in_percent_and_times_in_the_viewers_zone_with_utc_beside():
    layers = spec(charts.reading([point("e", "c", 0, 1, unit="share of replies")], []))["layer"]
    share, share_dots = layers[1]["encoding"], layers[2]["encoding"]
    ratio = spec(charts.reading([point("e", "c", 0, 1)], []))["layer"][1]["encoding"]
    assert share["y"]["axis"]["format"] == ".0%"
    assert ratio["y"]["axis"]["format"] == "~g"
    assert share["x"]["scale"]["type"] == "time", "as the viewer's clocks show it"
    titles = [one["title"] for one in share_dots["tooltip"]]
    assert "round (UTC)" in titles


def test_hostile_words_reach_the_browser_as_text():
    points = [point("e", "c", 0, 1, words=HOSTILE, unit=HOSTILE)]
    row = rows(charts.reading(points, []))[0]
    assert "\x00" not in row["words"]
    assert len(row["words"]) <= 120


@pytest.mark.parametrize("colour", [charts.BEFORE, charts.AFTER, charts.QUIET, *charts_time.COLOURS])
@pytest.mark.parametrize("ground", ["#ffffff", "#0e1117", "#191917"])
def test_colours_stand_out_from_light_and_dark(colour, ground):
    def luminance(code):
        channels = [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    lighter, darker = sorted((luminance(colour), luminance(ground)), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 3


def test_the_rounds_of_the_reference_are_a_band_that_is_never_cut_off() -> None:
    band = Band("starter", 0.2, 9.0, 12, MOVED[3].round)
    made = spec(charts.reading(MOVED, [], band))
    layers = made["layer"]
    (row,) = made["datasets"][layers[0]["data"]["name"]] if "datasets" in made else layers[0]["data"]["values"]
    assert (row["low"], row["high"], row["at"]) == (0.2, 9.0, charts.at(MOVED[3]).isoformat())
    assert row["words"] == "12 rounds of the reference: 0.20 to 9.00"
    low, high = layers[0]["encoding"]["y"]["scale"]["domain"]
    assert low < 0.2 and high > 9.0
    assert len(spec(charts.reading([], [], band))["layer"]) == len(spec(charts.reading([], []))["layer"])


def test_evidence_that_grows_by_itself_has_no_colour() -> None:
    """In an unchanged world it comes to half of what an alarm needs, on the log scale, and goes again."""
    days = [ChannelDay("length", NOW, e_value, 2) for e_value in (1.0, THRESHOLD**0.5, THRESHOLD)]
    colour = spec(charts.heat(days, THRESHOLD, [], hourly=False))["layer"][0]["encoding"]["color"]["scale"]
    (least, most), (still, alarming) = colour["domain"], colour["range"]
    shown = [row["share"] for row in rows(charts.heat(days, THRESHOLD, [], hourly=False))]
    assert shown[:2] == pytest.approx([0.0, 0.5]) and shown[2] == most == 1.0
    assert least > 0.5 and colour["clamp"], "what is below is drawn as the least"
    assert still.startswith(charts.QUIET) and alarming == charts.AFTER
