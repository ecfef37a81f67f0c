"""One channel over time: its reading against the reference, its evidence against the promise, the change marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from dashboard import charts, context
from dashboard.reading import Reading
from dashboard.words import inline, number, one_line, round_name
from prober.store.views import ChannelPoint, EndpointView


def choose(reading: Reading, views: Mapping[str, EndpointView], endpoint: str, channel: str | None) -> None:
    """Boxes to choose an endpoint and a channel, and the history of what is chosen. The address bar follows."""
    left, right = st.columns(2)
    with left:
        _select("Endpoint", "endpoint", list(views), endpoint)
    view = views[endpoint]
    strongest_first = sorted(view.channels, key=lambda point: -point.e_value)
    names = [point.channel for point in strongest_first]
    if not names:
        missing = inline(view.missing) if view.missing else "no round has been judged yet"
        st.info(f"**No history yet**: {missing}. It appears after the first judged rounds; `prober run` asks them.")
        return
    if channel is not None and channel not in names:
        st.warning(f"{inline(endpoint)} has no channel {inline(channel, 60)}. Choose one of those it has.")
        channel = None
    chosen = channel or names[0]
    with right:
        _select("Channel", "channel", names, chosen, endpoint=endpoint)
    draw(reading, view, chosen)
    newest = context.newest(reading.rounds(), view.endpoint_hash)
    if told := context.latency(reading.seconds(newest), len(newest)):
        st.caption(told)


def draw(reading: Reading, view: EndpointView, channel: str) -> None:
    """Both charts of one channel, with a sentence on where it stands."""
    points = reading.channel_history(view.name, channel)
    if not points:
        st.info("No judged round holds this channel yet.")
        return
    _sentence(points[-1], view.threshold)
    marked = charts.marks(points, reading.incidents(view.name), reading.epochs(view.name))
    left, right = st.columns(2)
    with left:
        st.markdown("**Reading**, against the reference (dashed)")
        st.altair_chart(charts.reading(points, marked))
    with right:
        st.markdown("**Evidence**, against what the promise asks (dashed)")
        st.altair_chart(charts.evidence(points, marked, view.threshold))
    _legend(marked)


def _sentence(point: ChannelPoint, threshold: float) -> None:
    unit = f" ({inline(point.unit, 60)})" if point.unit else ""
    st.markdown(
        f"{inline(point.channel)}{unit}: **{inline(point.words)}** in round {inline(round_name(point.round))}; "
        f"reading {number(point.value)} against {number(point.reference_value)} of the reference; "
        f"evidence {number(point.e_value)}, and an alarm needs {number(threshold)}."
    )


def _legend(marked: Sequence[charts.Mark]) -> None:
    if any(mark.kind == "changed" for mark in marked):
        st.caption(
            "Upright line: first round thought changed; orange diamonds: rounds since. Dotted upright line: the round "
            "that confirmed it. Grey dashes: a new reference."
        )


def _select(label: str, parameter: str, options: list[str], value: str, **kept: str) -> None:
    """A box that shows `value` and, when changed, writes the address bar: that is where the choice lives."""
    key = f"choose-{parameter}"
    st.session_state[key] = value
    st.selectbox(
        label,
        options,
        key=key,
        format_func=one_line,
        on_change=lambda: st.query_params.from_dict({**kept, parameter: st.session_state[key]}),
    )
