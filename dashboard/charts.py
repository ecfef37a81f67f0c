"""Altair charts of one channel: its reading against the reference, its evidence against the promise. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import altair as alt

from dashboard.formatting import began, moment, number, one_line, round_name, share, when
from prober.model.incident import Change, Facts, Incident
from prober.model.version import Mark as Deploy
from prober.model.version import Version
from prober.status.probe import Band
from prober.store.pages.over_time import ChannelDay, EditView
from prober.store.views import ChannelPoint, EpochView
from prober.text import count

# Of Okabe and Ito's palette, distinct for the colour-blind; each has a contrast of 3 to white and to near-black.
BEFORE = "#0072B2"
AFTER = "#D55E00"
QUIET = "#808080"
EDITED = "#009E73"
DEPLOYED = "#A05AC8"

WORTH_A_LOOK = 0.6
"""Share of the evidence that an alarm needs, on a log scale, from which on it has a colour."""
_FLOOR = 0.5
"""The least evidence drawn; a log scale has no zero, and below 1 there is none."""
_CEILING = 1e4
"""The most evidence drawn, in thresholds: beyond it a taller line says nothing more."""


_MOMENTS = {
    "milliseconds": "%b %d %H:%M",
    "seconds": "%b %d %H:%M",
    "minutes": "%H:%M",
    "hours": "%H:%M",
    "date": "%b %d",
    "day": "%b %d",
    "week": "%b %d",
    "month": "%b %Y",
}
"""How Vega writes a tick that begins a minute, an hour, a day, …"""


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment to draw a line at."""

    at: datetime
    kind: Literal["changed", "confirmed", "new reference", "edited", "deployed"]
    words: str
    """What a tooltip says of it."""
    until: datetime | None = None
    """When the change was accepted as the new reference; None while it is not, and for other kinds."""


def marks(
    points: Sequence[ChannelPoint],
    incidents: Sequence[Incident],
    epochs: Sequence[EpochView],
    edits: Sequence[EditView] = (),
    prompts: Sequence[Version] = (),
    deploys: Sequence[Deploy] = (),
) -> list[Mark]:
    """What happened to the endpoint within the stretch that `points` cover, oldest first.

    The first of `edits` is how it was declared to begin with; `prompts`: edits of probes.
    """
    if not points:
        return []
    begin, end = at(points[0]), at(points[-1])
    found = [
        Mark(epoch.at, "new reference", f"new reference, from round {round_name(epoch.start_label)} on")
        for epoch in epochs
        if begin < epoch.at <= end
    ]
    own = [Mark(one.at, "edited", f"prompt edited: {one_line(one.name, 60)}, version {one.number}") for one in prompts]
    own += [Mark(one.at, "deployed", f"deployed: {one_line(f'{one.what} {one.ref}', 80)}") for one in deploys]
    found += [one for one in own if begin < one.at <= end]
    for edit in edits[1:]:
        if edited := _place(points, edit.round):
            words = f"edited by you: {edit.provider}, {one_line(edit.model, 60)}"
            found.append(Mark(edited, "edited", words))
    for incident in incidents:
        if not isinstance(incident, Change | Facts):
            continue  # no round of it was changed
        name = f"incident {incident.id}"
        if onset := _place(points, incident.onset):
            words = f"{name}: first changed round, {began(incident)}"
            found.append(Mark(onset, "changed", words, until=incident.closed_at))
        if seen := _place(points, incident.detected_round):
            found.append(Mark(seen, "confirmed", f"{name}: confirmed by round {round_name(incident.detected_round)}"))
    return sorted(found, key=lambda mark: mark.at)


def reading(points: Sequence[ChannelPoint], marked: Sequence[Mark], band: Band | None = None) -> alt.LayerChart:
    """The channel's reading round by round, with the reference as a dashed line, its rounds as a shaded band, and what
    happened as upright lines."""
    unit = one_line(points[-1].unit, 40) if points else ""
    percent = unit.startswith("share")
    scale = _reading_scale(points, () if band is None else (band.low, band.high))
    large = max((one.value for one in points if math.isfinite(one.value)), default=0) >= 1000
    y = alt.Y("value:Q", title=None, scale=scale, axis=_axis(".0%" if percent else "~s" if large else "~g"))
    base = alt.Chart(alt.InlineData(values=_rows(points, marked)))
    reference = base.mark_line(strokeDash=[5, 4], color=QUIET, interpolate="step-after").encode(
        x=time_axis(), y=alt.Y("reference:Q", scale=scale)
    )
    line = base.mark_line(color=BEFORE, opacity=0.5).encode(x=time_axis(), y=y)
    return _finished([*_shaded(points, band, scale), reference, line, _dots(base, y), *rules(marked)])


def _shaded(points: Sequence[ChannelPoint], band: Band | None, scale: alt.Scale) -> list[alt.Chart]:
    """From the lowest to the highest round of the present reference, from its first round on."""
    if band is None or not points or not math.isfinite(band.low + band.high):
        return []
    begin = max(at(points[0]), moment(band.begin) or at(points[0]))
    row = {"at": begin.isoformat(), "until": at(points[-1]).isoformat(), "low": band.low, "high": band.high}
    words = f"{count(band.steps, band.step)} of the reference: {number(band.low)} to {number(band.high)}"
    base = alt.Chart(alt.InlineData(values=[row | {"words": words}]))
    tip = alt.Tooltip("words:N", title="band")
    y = alt.Y("low:Q", scale=scale)
    return [
        base.mark_rect(color=QUIET, opacity=0.18).encode(x=time_axis(), x2="until:T", y=y, y2="high:Q", tooltip=tip)
    ]


def evidence(points: Sequence[ChannelPoint], marked: Sequence[Mark], threshold: float) -> alt.LayerChart:
    """The channel's evidence round by round on a log scale, with the promise's threshold as a dashed line."""
    top = max([10, threshold * 2, *(_drawn(point.e_value, threshold) or 0 for point in points)])
    y = alt.Y(
        "evidence:Q",
        title=None,
        scale=alt.Scale(type="log", domain=[_FLOOR, top], nice=False),
        axis=_axis("~s", ticks=5),
    )
    base = alt.Chart(alt.InlineData(values=_rows(points, marked, threshold)))
    line = base.mark_line(color=BEFORE, opacity=0.5).encode(x=time_axis(), y=y)
    dots = _dots(base, y)
    if threshold <= 0:  # nothing is promised before the first judgement
        return _finished([line, dots, *rules(marked)])
    promise = alt.Chart(alt.InlineData(values=[{"threshold": threshold, "words": f"alarm at {number(threshold)}"}]))
    rule = promise.mark_rule(strokeDash=[5, 4], color=AFTER).encode(y="threshold:Q")
    text = promise.mark_text(align="left", baseline="bottom", dx=4, dy=-2, color=AFTER, fontWeight="bold").encode(
        x=alt.value(0), y="threshold:Q", text="words:N"
    )
    return _finished([rule, text, line, dots, *rules(marked)])


def heat(days: Sequence[ChannelDay], threshold: float, marked: Sequence[Mark], *, hourly: bool) -> alt.LayerChart:
    """Channels over time: how near the evidence of each day, or hour, came to an alarm; the strongest channel first.
    Below `WORTH_A_LOOK` there is no colour: evidence of an unchanged endpoint comes and goes."""
    step = timedelta(hours=1) if hourly else timedelta(days=1)
    most: dict[str, float] = {}
    for one in days:
        most[one.channel] = max(most.get(one.channel, 0.0), one.e_value)
    names = sorted(most, key=lambda name: (-most[name], name))
    rows = [
        {
            "at": one.begin.isoformat(),
            "until": (one.begin + step).isoformat(),
            "channel": one_line(one.channel, 40),
            "share": min(share(one.e_value, threshold), 1.0),
            "holds": f"{number(one.e_value)} of {number(threshold)}",
            "rounds": one.rounds,
            "when": when(one.begin),
        }
        for one in days
    ]
    cells = (
        alt.Chart(alt.InlineData(values=rows))
        .mark_rect(stroke="#80808040", strokeWidth=0.5)
        .encode(
            x=time_axis(),
            x2="until:T",
            y=alt.Y("channel:N", title=None, sort=[one_line(name, 40) for name in names]),
            color=alt.Color(
                "share:Q",
                scale=alt.Scale(domain=[WORTH_A_LOOK, 1.0], range=["#80808018", AFTER], clamp=True),
                legend=None,
            ),
            tooltip=[
                alt.Tooltip("channel:N"),
                alt.Tooltip("when:N", title="from (UTC)"),
                alt.Tooltip("holds:N", title="evidence"),
                alt.Tooltip("rounds:Q", title="rounds"),
            ],
        )
    )
    return alt.LayerChart(layer=[cells, *rules(marked)], height=40 + 24 * len(names))


def _rows(
    points: Sequence[ChannelPoint], marked: Sequence[Mark], threshold: float = 1.0
) -> list[dict[str, str | float | None]]:
    changes = [mark for mark in marked if mark.kind == "changed"]
    rows: list[dict[str, str | float | None]] = []
    for point in points:
        moment_ = at(point)
        changed = any(c.at <= moment_ and (c.until is None or moment_ < c.until) for c in changes)
        rows.append(
            {
                "at": moment_.isoformat(),
                "round": when(moment_),
                "value": _finite(point.value),
                "reference": _finite(point.reference_value),
                "evidence": _drawn(point.e_value, threshold),
                "stretch": "since the change" if changed else "as the reference",
                "words": one_line(point.words, 120),
                "reads": number(point.value),
                "holds": number(point.e_value),
                "against": number(point.reference_value),
            }
        )
    return rows


def _dots(base: alt.Chart, y: alt.Y) -> Any:
    domain = ["as the reference", "since the change"]
    return base.mark_point(filled=True, size=45, opacity=1).encode(
        x=time_axis(),
        y=y,
        color=alt.Color("stretch:N", scale=alt.Scale(domain=domain, range=[BEFORE, AFTER]), legend=None),
        shape=alt.Shape("stretch:N", scale=alt.Scale(domain=domain, range=["circle", "diamond"]), legend=None),
        tooltip=[
            alt.Tooltip("round:N", title="round (UTC)"),
            alt.Tooltip("words:N", title="moved"),
            alt.Tooltip("reads:N", title="reading"),
            alt.Tooltip("against:N", title="reference"),
            alt.Tooltip("holds:N", title="evidence"),
        ],
    )


def rules(marked: Sequence[Mark]) -> list[alt.Chart]:
    """An upright line for each moment; a layer for each kind, for there may be hundreds of moments."""
    colours = {"changed": AFTER, "confirmed": AFTER, "new reference": QUIET, "edited": EDITED, "deployed": DEPLOYED}
    dashes = {"changed": [1, 0], "confirmed": [2, 3], "new reference": [6, 3], "edited": [1, 0], "deployed": [4, 2]}
    drawn = []
    for kind in dict.fromkeys(mark.kind for mark in marked):
        rows = [{"at": one.at.isoformat(), "words": one.words, "kind": kind} for one in marked if one.kind == kind]
        base = alt.Chart(alt.InlineData(values=rows)).encode(
            x=time_axis(), tooltip=alt.Tooltip("words:N", title="mark")
        )
        drawn.append(base.mark_rule(color=colours[kind], strokeDash=dashes[kind], strokeWidth=2))
    return drawn


def _finished(layers: list[Any]) -> alt.LayerChart:
    return alt.LayerChart(layer=layers, height=220)


def time_axis() -> alt.X:
    """Time as the viewer's clocks show it; tooltips say UTC."""
    return alt.X(
        "at:T",
        title=None,
        scale=alt.Scale(type="time"),
        axis=alt.Axis(format=_MOMENTS, labelOverlap=True, tickCount=6, grid=False),
    )


def _axis(form: str, ticks: int = 5) -> alt.Axis:
    return alt.Axis(format=form, tickCount=ticks, labelOverlap=True)


def _reading_scale(points: Sequence[ChannelPoint], also: Sequence[float] = ()) -> alt.Scale:
    """A little air around the readings, so that a still channel lies flat and in the middle."""
    values = [
        value
        for point in points
        for value in (_finite(point.value), _finite(point.reference_value))
        if value is not None
    ]
    values += [value for value in also if values and math.isfinite(value)]
    if not values:
        return alt.Scale(domain=[0, 1])
    low, high = min(values), max(values)
    air = max((high - low) * 0.1, abs(high) * 0.02, 1e-9)
    return alt.Scale(domain=[low - air, high + air], nice=True)


def _place(points: Sequence[ChannelPoint], label: str) -> datetime | None:
    """Where round `label` lies on the time axis; None where it is before or after all that is drawn."""
    first = next((point for point in points if point.round >= label), None)
    unseen = first is None or (first is points[0] and first.round != label)
    return None if first is None or unseen else at(first)


def at(point: ChannelPoint) -> datetime:
    """Where a point lies in time: the hour its round names, else when it was completed."""
    return at_label(point.round, point.at)


def at_label(label: str, completed: datetime) -> datetime:
    """Where a round lies in time."""
    return moment(label) or completed


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _drawn(e_value: float, threshold: float) -> float | None:
    """Evidence within the stretch that is drawn; infinite evidence stands at the top."""
    return None if math.isnan(e_value) else min(max(e_value, _FLOOR), max(threshold, 1.0) * _CEILING)
