"""One endpoint over time: each channel against its reference, its evidence against the threshold, and events."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from statistics import median
from typing import Final

import streamlit as st

from dashboard import charts, charts_time
from dashboard.formatting import inline, number, one_line, percent, round_name
from dashboard.frame import PageContext, csv_button, heading
from dashboard.overview import incident_link
from dashboard.selection import choose_endpoint, choose_from, choose_range, choose_set, link, selectors
from prober.model.evidence import NONE
from prober.store.pages.over_time import RoundLine
from prober.store.views import ChannelPoint, EndpointView
from prober.text import count

ROUNDS: Final = 10
"""Rounds on each side of a change whose latency is compared."""
_EVENTS: Final = 20
"""Incidents listed at once."""


def draw(context: PageContext) -> None:
    heading("History", "When did it move, and in which channel?")
    views = {one.name: one for one in context.store.endpoints()}
    bar = selectors()
    with bar:
        name = choose_endpoint(list(views.values()), forgets=("channel", "set"))
    view = views[name]
    names = [point.channel for point in sorted(view.channels, key=lambda point: -point.e_value)]
    if not names:
        missing = inline(view.missing) if view.missing else "no round has been judged yet"
        st.info(f"**No history yet**: {missing}. It appears after the first judged rounds; `prober run` asks them.")
        _happened(context, view)
        return
    with bar:
        range_ = choose_range()
        channel = choose_from("Channel", "channel", names, inline(name) + " has no channel {}.")
    since = range_.since(context.now)
    sets = sorted({one.probe_set for one in context.store.channel_stretch(name, channel, since)} - {""})
    if len(sets) > 1:
        with bar:
            choose_set(sets)
    _heat(context, view, since, hourly=range_.days is not None and range_.days <= 2)
    st.markdown(f"## {inline(channel)}")
    marked = draw_channel(context, view, channel, since)
    _who_and_how_fast(context, view, since, marked)
    _map(context, view)
    _happened(context, view)


def _heat(context: PageContext, view: EndpointView, since: datetime | None, *, hourly: bool) -> None:
    """All channels at a glance."""
    days = context.store.channel_days(view.name, since, hourly=hourly)
    if not days:
        return
    strongest = max(view.channels, key=lambda point: point.e_value).channel
    marked = _marks(context, view, context.store.channel_stretch(view.name, strongest, since))
    st.markdown(
        f"**All channels**: how near each {'hour' if hourly else 'day'} came to an alarm. No colour: nothing moved."
    )
    chart = charts.heat(days, view.threshold, marked, hourly=hourly)
    st.altair_chart(chart, alt=f"Evidence of every channel of {one_line(view.name, 60)} over time, on a log scale")
    _legend(marked)


def draw_channel(
    context: PageContext, view: EndpointView, channel: str, since: datetime | None
) -> Sequence[charts.Mark]:
    """One channel since a moment: a panel for each probe set, for their values are not alike, and its evidence, which
    all sets share. Gives the marks drawn."""
    points = context.store.channel_stretch(view.name, channel, since)
    if not points:
        st.info("This channel was not judged in this time. Choose a longer time range.")
        return ()
    _sentence(context, points[-1], view.threshold)
    marked = _marks(context, view, points)
    named = f"{one_line(channel, 60)} of {one_line(view.name, 60)}"
    unit = inline(points[-1].unit, 60) if points[-1].unit else "no unit"
    sets = sorted({one.probe_set for one in points})
    wanted = st.query_params.get("set")
    bands = {one.probe_set: one for one in context.store.bands(view.name, channel)}
    if all(math.isnan(one.value) for one in points) and context.store.judged_by_day(view.name):
        st.caption(
            "Judged by days: rounds of one day are alike here, so a day is one step. Evidence moves once a day, and "
            "single rounds have no value to show."
        )
        sets = []
    with st.grid(2, min_column_width=340) as grid:
        for name in [wanted] if wanted in sets else sets:
            with grid.cell():
                of_set = f" of set {inline(name)}" if name else ""
                band = bands.get(name)
                shaded = f"; shaded: {count(band.steps, band.step)} of it, lowest to highest" if band else ""
                st.markdown(f"**Value**{of_set}, {unit}; dashed: the reference{shaded}")
                mine = [one for one in points if one.probe_set == name]
                if all(math.isnan(one.value) for one in mine):
                    st.caption("Not read in this time: no reply came, or the replies of this set say too little there.")
                    continue
                st.altair_chart(charts.reading(mine, marked, band), alt=f"Value of {named} by round{of_set}")
        with grid.cell():
            st.markdown("**Evidence** (e-value); dashed: the threshold for an alarm")
            st.altair_chart(
                charts.evidence(points, marked, view.threshold),
                alt=f"Evidence of {named} by round, on a log scale",
            )
    _legend(marked)
    csv_button(
        "These rounds as CSV",
        f"{view.name}-{channel}",
        [
            {
                "round": one.round,
                "set": one.probe_set,
                "channel": one.channel,
                "value": one.value,
                "reference": one.reference_value,
                "unit": one.unit,
                "e_value": one.e_value,
                "words": one.words,
            }
            for one in points
        ],
    )
    return marked


def _marks(context: PageContext, view: EndpointView, points: Sequence[ChannelPoint]) -> list[charts.Mark]:
    reading = context.store
    return charts.marks(
        points,
        reading.incidents(view.name),
        reading.epochs(view.name),
        reading.edits(view.name),
        reading.prompt_edits(view.name),
        reading.marks(charts.at(points[0]) if points else None),
    )


def _who_and_how_fast(
    context: PageContext, view: EndpointView, since: datetime | None, marked: Sequence[charts.Mark]
) -> None:
    lines = context.store.lines(view.name, since)
    name = one_line(view.name, 60)
    sets = sorted({one.probe_set for one in lines if one.latency_half_s is not None})
    with st.grid(2, min_column_width=340) as grid:
        with grid.cell():
            st.markdown("**Model that answered**, as the provider reports it; share of replies")
            if sentence := always(lines):
                st.markdown(sentence)
            elif any(one.identities.keys() - {NONE} for one in lines):
                st.altair_chart(charts_time.ribbon(lines, marked), alt=f"Which models answered for {name}, by round")
            else:
                unknown = "The provider does not report which model answered."
                st.caption(unknown if lines else "No round was completed in this time.")
        for each in sets:
            with grid.cell():
                of_set = f" of set {inline(each)}" if each else ""
                st.markdown(f"**Latency**{of_set} in seconds; shown only, never judged")
                mine = [one for one in lines if one.probe_set == each]
                st.altair_chart(charts_time.latency(mine, marked), alt=f"Latency of {name} by round, in seconds")
    if sentence := latency(lines):
        st.caption(sentence)


def _map(context: PageContext, view: EndpointView) -> None:
    """On demand: it reads raw replies."""
    with st.container(border=True):
        st.markdown("**Map of replies**: similar replies are close together; an epoch is the time under one reference")
        if not st.toggle("Draw the map", key=f"map-of-{view.name}"):
            return
        found = context.store.embedding_map(view.name)
        if not found.dots:
            st.caption("No reply has an embedding yet.")
            return
        changed = view.open_incident.onset if view.open_incident else None
        alt = f"Map of replies of {one_line(view.name, 60)} by epoch"
        st.altair_chart(charts_time.embedding(found.dots, changed), alt=alt)
        st.caption(
            f"{count(len(found.dots), 'reply')} from the first and the newest rounds of each epoch. "
            f"The map shows {found.shown:.0%} of their variance."
        )


def _happened(context: PageContext, view: EndpointView) -> None:
    st.markdown("## Events")
    incidents, epochs = context.store.incidents(view.name), context.store.epochs(view.name)
    if not incidents and not epochs:
        st.caption("None: no incident, and no later reference.")
    for one in incidents[:_EVENTS]:
        incident_link(context, one)
    if incidents[_EVENTS:]:
        link(count(len(incidents) - _EVENTS, "earlier incident"), "incident", endpoint=view.name)
    for epoch in reversed(epochs):
        note = f": {inline(epoch.note)}" if epoch.note else ""
        st.markdown(
            f"New reference from round {inline(context.round(epoch.start_label))} on, "
            f"by {inline(epoch.author) if epoch.author else 'the prober'}{note}"
        )


def _sentence(context: PageContext, point: ChannelPoint, threshold: float) -> None:
    unit = f", {inline(point.unit, 60)}" if point.unit else ""
    moved = ""
    if point.words:
        since = "" if point.words == "as before" or point.e_value <= 1 else " since the evidence began"
        moved = f"**{inline(point.words[:1].upper() + point.words[1:])}**{since}. "
    st.markdown(
        f"{moved}Newest round, {inline(context.round(point.round))}: "
        f"{'no value' if math.isnan(point.value) else _value(point, point.value)}, reference "
        f"{_value(point, point.reference_value)}{unit}. "
        f"Evidence {number(point.e_value)}; an alarm needs {number(threshold)}.",
        help=f"The round in UTC: {inline(round_name(point.round))}",
    )


def _value(point: ChannelPoint, value: float) -> str:
    """As the chart below writes it."""
    return percent(value) if point.unit.startswith("share") and not math.isnan(value) else number(value)


def _legend(marked: Sequence[charts.Mark]) -> None:
    said = {
        "changed": "vertical line: estimated first changed round; orange diamonds: rounds since then",
        "confirmed": "dotted vertical line: the round that confirmed the change",
        "new reference": "grey dashes: a new reference",
        "edited": "green line: you edited the endpoint or a prompt",
        "deployed": "violet dashes: a deploy that you marked",
    }
    kinds = {mark.kind for mark in marked}
    if shown := [words for kind, words in said.items() if kind in kinds]:
        st.caption(f"{'; '.join(shown).capitalize()}.")


def always(lines: Sequence[RoundLine]) -> str:
    """Who answered, as a sentence; empty where more than one did, or none is known."""
    named = {who for one in lines for who in one.identities}
    if len(named) != 1 or NONE in named:
        return ""
    counted = [sum(one.identities.values()) for one in lines if one.identities]
    return f"{inline(named.pop())} alone: {count(sum(counted), 'reply')} in {count(len(counted), 'round')}."


def latency(lines: Sequence[RoundLine]) -> str:
    """Latency of recent rounds as a sentence; empty if no reply has one."""
    seconds = _medians(lines[-ROUNDS:])
    if not seconds:
        return ""
    return f"Median latency of the last {count(len(seconds), 'round')}: {_s(seconds)}. Latency is never judged."


def latency_moved(lines: Sequence[RoundLine], onset: str) -> str:
    """Latency before a change and since, as a sentence; empty unless both are known."""
    before = _medians([one for one in lines if one.round < onset][-ROUNDS:])
    since = _medians([one for one in lines if one.round >= onset][:ROUNDS])
    if not before or not since:
        return ""
    return f"Median latency: {_s(before)} before the change, {_s(since)} since. Latency is never judged."


def _medians(lines: Sequence[RoundLine]) -> list[float]:
    return [one.latency_half_s for one in lines if one.latency_half_s is not None]


def _s(seconds: Sequence[float]) -> str:
    return f"{number(median(seconds))} s"
