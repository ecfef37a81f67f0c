"""Altair charts of days: a line or a part of a bar for each of a few keys, and a calendar of many. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Any, Final, Literal

import altair as alt

from dashboard.charts import AFTER, QUIET, Mark
from dashboard.charts_time import MOST, OTHERS, colour, common, dash, legend
from dashboard.formatting import number, one_line, percent
from prober.prices import dollars

Unit = Literal["share", "number", "dollars", "seconds"]
_AXIS: Final[Mapping[Unit, str]] = {"share": "~%", "number": "~s", "dollars": "$~f", "seconds": "~f"}
"""How an axis writes values, as d3 says it; the digits follow from the distance of the ticks."""
_PLOT: Final = 200
_ROW: Final = 22
MOST_ROWS: Final = 40
"""Rows of a calendar, at most; the rest is one row."""


@dataclass(frozen=True, slots=True)
class DayValue:
    """One key on one day."""

    key: str
    day: date
    value: float | None
    """None where nothing is known of it."""
    n: int
    """What it rests on: a mean over several keys is weighted by it."""


def written(value: float, unit: Unit) -> str:
    """A value as tooltips, tables and metrics write it."""
    if unit == "share":
        return percent(value)
    return dollars(value) if unit == "dollars" else f"{number(value)} s" if unit == "seconds" else number(value)


def over_days(
    values: Sequence[DayValue],
    title: str,
    unit: Unit,
    of: str,
    *,
    stacked: bool = False,
    keep: Literal["largest", "smallest"] = "largest",
) -> alt.Chart:
    """A line for each key, or the parts of one bar a day. Of more than seven keys six are `keep`-t; the others are one:
    added up in bars, their mean in lines. `of` says what `n` counts, such as `answers`. The axis of lines is as long as
    the values need; that of bars begins at zero.
    """
    rows, keys = _few(values, stacked, keep)
    shown = [
        {"day": row.day.isoformat(), "key": row.key, "value": row.value, "reads": _reads(row, unit, of)}
        for row in rows
        if row.value is not None
    ]
    x = alt.X("day:T", timeUnit="utcyearmonthdate", title=None, scale=alt.Scale(type="utc"),
              axis=alt.Axis(format="%b %d", labelOverlap=True, tickCount=6, grid=False))  # fmt: skip
    y = alt.Y("value:Q", title=None, stack=stacked or None, scale=_scale(rows, unit, stacked),
              axis=alt.Axis(format=_AXIS[unit], tickCount=5))  # fmt: skip
    base = alt.Chart(alt.InlineData(values=shown), height=_PLOT + _legend_height(keys))
    drawn = base.mark_bar(opacity=0.85) if stacked else base.mark_line(point=alt.OverlayMarkDef(size=40, filled=True))
    encoded: dict[str, Any] = {"x": x, "y": y, "color": colour("key", keys, "square" if stacked else "stroke")}
    if stacked:
        encoded["order"] = alt.Order("key:N")
    else:
        encoded["strokeDash"] = dash("key", keys)
    chart: alt.Chart = drawn.encode(
        **encoded,
        tooltip=[alt.Tooltip("key:N", title="of"), alt.Tooltip("reads:N", title=title),
                 alt.Tooltip("day:T", title="day (UTC)", format="%Y-%m-%d", timeUnit="utcyearmonthdate")],
    )  # fmt: skip
    return chart


def calendar(
    values: Sequence[DayValue],
    title: str,
    unit: Unit,
    of: str,
    marked: Sequence[Mark],
    *,
    bad: Literal["low", "high"],
    in_colour: bool = True,
) -> alt.LayerChart:
    """A row for each key, worst first, and a column for each day: the worse, the stronger; grey unless `in_colour`.
    What happened stands as upright lines. Of more than `MOST_ROWS` keys the others are one row."""
    worst_last = bad == "high"
    named = [_named(one) for one in values]
    wholes = {key: _mean([one for one in named if one.key == key]) for key in dict.fromkeys(one.key for one in named)}
    order = sorted((key for key, mean in wholes.items() if mean is not None), key=lambda key: (wholes[key], key))
    order = order[::-1] if worst_last else order
    kept = order if len(order) <= MOST_ROWS else order[: MOST_ROWS - 1]
    rows = [*(one for one in named if one.key in kept), *_rest(named, set(order) - set(kept), stacked=False)]
    order = [*kept, *sorted({row.key for row in rows} - set(kept))]
    known = [row.value for row in rows if row.value is not None]
    low, high = _colours(known, unit, bad)
    shown = [
        {"day": row.day.isoformat(), "key": row.key, "value": row.value, "reads": _reads(row, unit, of)}
        for row in rows
        if row.value is not None
    ]
    x = alt.X("day:T", timeUnit="utcyearmonthdate", title=None, scale=alt.Scale(type="utc"), bandPosition=0,
              axis=alt.Axis(format="%b %d", labelOverlap=True, tickCount=6, grid=False))  # fmt: skip
    cells = (
        alt.Chart(alt.InlineData(values=shown))
        .mark_rect(color=AFTER if in_colour else QUIET, stroke="#80808055", strokeWidth=0.5)
        .encode(
            x=x,
            y=alt.Y("key:N", title="", sort=order, axis=alt.Axis(labelLimit=180)),
            opacity=alt.Opacity(
                "value:Q", scale=alt.Scale(domain=[low, high], range=[0.04, 1.0], clamp=True), legend=None
            ),
            tooltip=[alt.Tooltip("key:N", title="of"), alt.Tooltip("reads:N", title=title),
                     alt.Tooltip("day:T", title="day (UTC)", format="%Y-%m-%d", timeUnit="utcyearmonthdate")],
        )
    )  # fmt: skip
    return alt.LayerChart(layer=[cells, *_rules(marked)], height=_ROW * len(order) + 2 * _ROW)


def _rules(marked: Sequence[Mark]) -> list[alt.Chart]:
    """Where something began: a line that is thick for a change of the model, and dashed for what the team did."""
    drawn = []
    for kind in dict.fromkeys(mark.kind for mark in marked):
        rows = [{"at": one.at.isoformat(), "words": one.words} for one in marked if one.kind == kind]
        dashes = [1, 0] if kind == "changed" else [5, 3]
        drawn.append(
            alt.Chart(alt.InlineData(values=rows))
            .mark_rule(color="#808080", strokeDash=dashes, strokeWidth=3)
            .encode(x=alt.X("at:T", scale=alt.Scale(type="utc")), tooltip=alt.Tooltip("words:N", title="mark"))
        )
    return drawn


def _few(
    values: Sequence[DayValue], stacked: bool, keep: Literal["largest", "smallest"]
) -> tuple[list[DayValue], list[str]]:
    """No more than `MOST` keys, and their names in the order of the legend."""
    named = [_named(one) for one in values]
    sizes: dict[str, float] = {}
    for key in dict.fromkeys(one.key for one in named):
        mine = [one for one in named if one.key == key]
        mean = sum(one.value or 0.0 for one in mine) if stacked else _mean(mine)
        if mean is not None:
            sizes[key] = mean if keep == "largest" else -mean
    keys = common(sizes, MOST if len(sizes) <= MOST else MOST - 1)
    rest = _rest(named, set(sizes) - set(keys), stacked=stacked)
    names = [*keys, *dict.fromkeys(one.key for one in rest)]
    return [*(one for one in named if one.key in keys), *rest], names


def _named(one: DayValue) -> DayValue:
    return DayValue(one_line(one.key, 40) or "none", one.day, one.value, one.n)


def _rest(named: Sequence[DayValue], keys: set[str], *, stacked: bool) -> list[DayValue]:
    """These keys as one."""
    days: dict[date, list[DayValue]] = {}
    for one in named:
        if one.key in keys:
            days.setdefault(one.day, []).append(one)
    name = f"{OTHERS} ({len(keys)})"
    return [
        DayValue(
            name, day, sum(one.value or 0.0 for one in group) if stacked else _mean(group), sum(one.n for one in group)
        )
        for day, group in sorted(days.items())
    ]


def _mean(group: Sequence[DayValue]) -> float | None:
    weight = sum(one.n for one in group if one.value is not None)
    return sum(one.value * one.n for one in group if one.value is not None) / weight if weight else None


def _reads(row: DayValue, unit: Unit, of: str) -> str:
    said = "" if row.value is None else written(row.value, unit)
    return f"{said} of {row.n:,} {of}" if unit == "share" else f"{said}, {row.n:,} {of}"


def _scale(rows: Sequence[DayValue], unit: Unit, stacked: bool) -> alt.Scale:
    """Shares are zoomed, but to no less than ten points: noise is not to look like a fall."""
    known = [row.value for row in rows if row.value is not None]
    if stacked or unit != "share" or not known:
        return alt.Scale(zero=True)
    low, high = min(known), max(known)
    air = max(0.1 * (high - low), (0.1 - (high - low)) / 2, 0.0)
    return alt.Scale(domain=[max(0.0, low - air), min(1.0, high + air)], nice=True, zero=False)


def _colours(known: Sequence[float], unit: Unit, bad: Literal["low", "high"]) -> tuple[float, float]:
    """The values at which a cell is faintest and strongest."""
    low, high = min(known, default=0.0), max(known, default=1.0)
    if unit != "share":
        return (low, high) if bad == "high" else (high, low)
    return (0.0, max(high, 0.2)) if bad == "high" else (1.0, min(low, 0.8))


def _legend_height(keys: Sequence[str]) -> int:
    made = legend(keys)
    return 0 if made is None else _ROW * ceil(len(keys) / made.to_dict()["columns"])
