"""What shows an incident: what moved, replies side by side, its history, and what happened since."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import endpoint
from dashboard.formatting import compared, inline, moment, one_line, shown
from dashboard.frame import PageContext
from dashboard.selection import link
from prober.model.evidence import Shift
from prober.model.incident import Change, Incident
from prober.status.timeline import place, timeline
from prober.store.views import NoticeView
from prober.text import count

_BEFORE: Final = timedelta(days=14)
"""How much of the history is shown from before a change."""


def change(context: PageContext, incident: Change) -> None:
    """What moved, with its counts; the replies; the history of one channel."""
    st.markdown("## What moved")
    _moved(context, incident)
    _latency(context, incident)
    st.markdown("## Replies, before and since")
    _comparisons(context, incident)
    _history(context, incident)


def course(context: PageContext, incident: Incident, notices: Sequence[NoticeView]) -> None:
    """What happened, and who was notified."""
    st.markdown("## What happened")
    began = moment(incident.onset)
    marks = context.store.marks(began - timedelta(days=3) if began else None)
    steps = timeline(incident, context.store.presses(incident.id), notices, marks, context.zone)
    st.dataframe(
        {
            "when": [context.local(step.at) for step in steps],
            "what": [step.what for step in steps],
            "who": [step.who for step in steps],
            "why": [step.why for step in steps],
        },
        hide_index=True,
        placeholder="",
        column_config={"when": context.time_column()},
        alt=f"What happened to incident {incident.id}, oldest first",
    )
    if not notices:
        st.caption("Nobody was notified: no notice was due.")
        return
    with st.expander(f"{count(len(notices), 'message')} about it"):
        _notices(context, notices)


def _moved(context: PageContext, incident: Change) -> None:
    if not incident.shifts:
        st.caption("No channel was named.")
        return
    _channels(context, incident, incident.shifts, "What moved, the gravest first")
    named = {one.channel for one in incident.shifts}
    others = [Shift(one.channel, one.words, 0, 0) for one in incident.verdicts if one.channel not in named]
    if others:
        with st.expander(f"{count(len(others), 'channel')} that moved little or not at all"):
            _channels(context, incident, others, "The other channels, strongest first")


def _channels(context: PageContext, incident: Change, shifts: Sequence[Shift], alt: str) -> None:
    judged = {verdict.channel: verdict for verdict in incident.verdicts}
    rows = [(one, judged.get(one.channel)) for one in shifts]
    config = st.column_config
    st.dataframe(
        {
            "channel": [one_line(shift.channel) for shift, _ in rows],
            "moved": [one_line(shift.words) for shift, _ in rows],
            "replies since": [shift.replies or None for shift, _ in rows],
            "replies before": [shift.reference_replies or None for shift, _ in rows],
            "evidence": [math.log10(one.e_value) if one and one.e_value > 0 else None for _, one in rows],
            "changed since": [context.local(moment(one.onset)) if one and one.onset else None for _, one in rows],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "moved": config.TextColumn(width=540),
            "replies since": config.NumberColumn(
                format="localized", width=100, help="Replies since the change that were counted"
            ),
            "replies before": config.NumberColumn(format="localized", width=110, help="Replies of the reference"),
            "evidence": config.NumberColumn(
                format="10^%.1f", width=80, help="e-value when confirmed; empty where the counts alone show it"
            ),
            "changed since": context.time_column(),
        },
        alt=alt,
    )


def _latency(context: PageContext, incident: Incident) -> None:
    began = moment(incident.onset)
    lines = context.store.lines(incident.endpoint, began - _BEFORE if began else None)
    if sentence := endpoint.latency_moved(lines, incident.onset):
        st.caption(sentence)


def _comparisons(context: PageContext, incident: Change) -> None:
    comparisons, private = context.store.examples(incident), context.store.private
    if incident.findings.examples and not comparisons:
        st.info(context.store.deleted(incident.endpoint))
        return
    if not comparisons:
        st.info("No reply since the change differs in its text from the reference; the channels above show what moved.")
        return
    for one in comparisons:
        with st.container(border=True):
            link(f"Probe {inline(one.probe)}", "probe", endpoint=incident.endpoint, probe=one.probe)
            st.code(shown(one.prompt, 1_500, 20).text or "(no prompt)", language=None, wrap_lines=True)
            sides = compared(one.reference, one.recent)
            titles = ("Reference", "Since the change")
            for column, title, side, text in zip(
                st.columns(2), titles, sides, (one.reference, one.recent), strict=True
            ):
                with column:
                    st.markdown(f"**{title}**" + ("" if private else f" · {count(len(text), 'character')}"))
                    long = side.count("\n") > 20 or len(side) > 2_500
                    with st.container(height=400 if long else "content", border=True):
                        st.html(f'<div class="reply">{side or "<i>The reply is empty.</i>"}</div>')
                    if cut := shown(text).cut:
                        st.caption(f"Cut: {count(cut, 'more character')}; `prober export` has the whole reply.")
            link("All replies of this probe", "probe", endpoint=incident.endpoint, probe=one.probe, replies="all")
    st.caption("Struck through: only in the reference. Underlined: only since the change.")


def _history(context: PageContext, incident: Change) -> None:
    view = next((one for one in context.store.endpoints() if one.name == incident.endpoint), None)
    channels = [one.channel for one in incident.verdicts]
    if view is None or not channels:
        return
    st.markdown("## History")
    st.caption(
        "A point is one round, over all probes that the channel reads. The numbers above are of the probes that moved, "
        "over all replies since the change: they are larger where other probes did not move."
    )
    chosen = st.selectbox("Channel", channels, format_func=one_line, key=f"channel-of-{incident.id}", width=260)
    began = moment(incident.onset)
    endpoint.draw_channel(context, view, chosen or channels[0], began - _BEFORE if began else None)
    link("More of its history", "endpoint", endpoint=view.name, channel=chosen or channels[0])


def _notices(context: PageContext, notices: Sequence[NoticeView]) -> None:
    st.dataframe(
        {
            "about": [one.event for one in notices],
            "through": [one_line(place(one)) for one in notices],
            "state": [one.state for one in notices],
            "attempts": [one.attempts for one in notices],
            "sent": [context.local(one.sent_at) for one in notices],
            "last answer": [one_line(one.last_reason) for one in notices],
        },
        hide_index=True,
        placeholder="",
        column_config={"sent": context.time_column()},
        alt="Every notice of this incident, and whether it was sent",
    )
