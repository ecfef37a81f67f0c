"""One endpoint over time: each channel against its reference, its evidence against the promise, what happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import streamlit as st

from dashboard import charts, context
from dashboard.choosing import choose_from
from dashboard.export import csv_button
from dashboard.frame import Glance
from dashboard.overview import incident_link
from dashboard.words import inline, number, one_line, round_name
from prober.store.views import ChannelPoint, EndpointView

RANGES: Final[Mapping[str, timedelta | None]] = {
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "90 days": timedelta(days=90),
    "1 year": timedelta(days=365),
    "all": None,
}
_USUAL: Final = "30 days"


def draw(glance: Glance) -> None:
    st.markdown("### Endpoint history")
    views = {one.name: one for one in glance.reading.endpoints()}
    left, middle, right = st.columns([2, 2, 3], vertical_alignment="bottom")
    with left:
        name = choose_from("Endpoint", "endpoint", list(views), "There is no endpoint {} here.", forgets=("channel",))
    view = views[name]
    names = [point.channel for point in sorted(view.channels, key=lambda point: -point.e_value)]
    if not names:
        missing = inline(view.missing) if view.missing else "no round has been judged yet"
        st.info(f"**No history yet**: {missing}. It appears after the first judged rounds; `prober run` asks them.")
        return
    with middle:
        channel = choose_from("Channel", "channel", names, inline(name) + " has no channel {}.")
    with right:
        stretch = choose_from("Time range", "range", list(RANGES), "There is no range {}.", usual=_USUAL)
    back = RANGES[stretch]
    draw_channel(glance, view, channel, glance.now - back if back else None)
    newest = context.newest(glance.reading.rounds(), view.endpoint_hash)
    if told := context.latency(glance.reading.seconds(newest), len(newest)):
        st.caption(told)
    _happened(glance, view)


def draw_channel(glance: Glance, view: EndpointView, channel: str, since: datetime | None) -> None:
    """Both charts of one channel from a moment on, with a sentence on where it stands."""
    points = [
        one for one in glance.reading.channel_history(view.name, channel) if since is None or charts.at(one) >= since
    ]
    if not points:
        st.info("No judged round holds this channel in this time. Choose a longer time range.")
        return
    _sentence(glance, points[-1], view.threshold)
    marked = charts.marks(points, glance.reading.incidents(view.name), glance.reading.epochs(view.name))
    named = f"{one_line(channel, 60)} of {one_line(view.name, 60)}"
    left, right = st.columns(2)
    with left:
        st.markdown("**Reading**, against the reference (dashed)")
        st.altair_chart(
            charts.reading(points, marked),
            alt=f"Reading of {named} by round",
        )
    with right:
        st.markdown("**Evidence**, against what the promise asks (dashed)")
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


def _happened(glance: Glance, view: EndpointView) -> None:
    st.markdown("#### What happened to it")
    incidents, epochs = glance.reading.incidents(view.name), glance.reading.epochs(view.name)
    if not incidents and not epochs:
        st.caption("Nothing: no incident, and the first reference still stands.")
    for one in incidents[:20]:
        incident_link(glance, one)
    for epoch in reversed(epochs):
        note = f": {inline(epoch.note)}" if epoch.note else ""
        st.markdown(
            f"New reference from round {inline(glance.round(epoch.start_label))} on, "
            f"by {inline(epoch.author) if epoch.author else 'nobody'}{note}"
        )


def _sentence(glance: Glance, point: ChannelPoint, threshold: float) -> None:
    unit = f" ({inline(point.unit, 60)})" if point.unit else ""
    st.markdown(
        f"{inline(point.channel)}{unit}: **{inline(point.words)}** in round {inline(glance.round(point.round))}; "
        f"reading {number(point.value)} against {number(point.reference_value)} of the reference; "
        f"evidence {number(point.e_value)}, and an alarm needs {number(threshold)}.",
        help=f"The round in UTC: {inline(round_name(point.round))}",
    )


def _legend(marked: Sequence[charts.Mark]) -> None:
    if any(mark.kind == "changed" for mark in marked):
        st.caption(
            "Upright line: first round thought changed; orange diamonds: rounds since. Dotted upright line: the round "
            "that confirmed it. Grey dashes: a new reference."
        )
