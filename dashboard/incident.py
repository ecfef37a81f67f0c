"""One incident: what moved, when, the replies side by side, what people did and may do. Or the list of them all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import actions, context, endpoint
from dashboard.frame import Glance
from dashboard.overview import incident_link
from dashboard.places import link
from dashboard.timeline import place, timeline
from dashboard.words import (
    ago,
    count,
    incident_number,
    inline,
    moment,
    number,
    one_line,
    round_name,
    shown,
    when,
    word_diff,
)
from prober.detectors.verdict import Verdict
from prober.incidents import Incident
from prober.notice import Comparison
from prober.store.views import NoticeView

_BEFORE: Final = timedelta(days=14)
"""Of the history, what is shown from before a change."""


def draw(glance: Glance) -> None:
    wanted = st.query_params.get("incident")
    if wanted is None:
        _list(glance)
        return
    link("All incidents", "incident", icon=":material/arrow_back:")
    known = incident_number(wanted)
    found = glance.reading.incident(known) if known is not None else None
    if found is None:
        st.warning(f"There is no incident {inline(wanted, 40)} here.")
        st.caption("It may belong to another database, or the link may be cut short.")
        return
    section(glance, found)


def _list(glance: Glance) -> None:
    st.markdown("### Incidents")
    every = glance.reading.incidents()
    if not every:
        st.success("**No incident yet.** A confirmed change appears here, and whoever the routes name is told.")
        st.caption("To see whether the alarm would ring, run `prober drill ENDPOINT`.")
        return
    for title, group in (
        ("Open", [one for one in every if one.state != "closed"]),
        ("Closed", [one for one in every if one.state == "closed"]),
    ):
        st.markdown(f"#### {title}")
        if not group:
            st.caption("None.")
        for one in group:
            incident_link(glance, one)


def section(glance: Glance, incident: Incident) -> None:
    """Everything known of one incident, the most telling first."""
    st.markdown(f"### Incident {incident.id}: {inline(incident.endpoint)}")
    _summary(glance, incident)
    if company := context.company(glance.reading.parts(incident)):
        st.markdown(company)
    actions.section(glance, incident)
    if not incident.is_trouble:
        st.markdown("#### What moved")
        _moved(glance, incident)
        _latency(glance, incident)
        st.markdown("#### Replies, before and since")
        _comparisons(glance.reading.examples(incident), glance.reading.private)
        _history(glance, incident)
    notices = glance.reading.notices(incident.id)
    _runbook(glance, incident, notices)
    _timeline(glance, incident, notices)
    _notices(glance, notices)


def _summary(glance: Glance, incident: Incident) -> None:
    kind = incident.kind.replace("_", " ").capitalize()
    until = f" until {glance.when(incident.muted_until)}" if incident.muted_until else ""
    since = inline(glance.round(incident.onset))
    if incident.is_trouble:
        cause = f": {inline(incident.cause.replace('_', ' '))}" if incident.cause else ""
        said = f"**{kind}**{cause}, {incident.state}{until}. The endpoint cannot be asked since {since}."
    else:
        said = (
            f"**{kind}**, {incident.severity}, {incident.state}{until}. "
            f"First changed round {since}{_between(glance, incident)}; "
            f"confirmed by round {inline(glance.round(incident.detected_round))}, "
            f"{ago(incident.opened_at, glance.now)}, "
            f"with evidence {number(incident.e_value)} where an alarm needs {number(incident.threshold)}."
        )
    st.markdown(said, help=_in_utc(incident))
    if incident.course == "persistent":
        st.markdown("The rounds after the alarm are changed too.")
    elif incident.course == "transient":
        back = f" since {inline(glance.round(incident.passed))}" if incident.passed else ""
        st.markdown(f"It has passed: the endpoint answers as the reference again{back}.")
    if incident.findings.share is not None:
        st.markdown(f"Changed is {inline(incident.findings.share.words)}.")
    who = f" by {inline(incident.actor)}" if incident.actor else ""
    if incident.closed_at is not None:
        reason = inline(incident.close_reason) if incident.close_reason else "closed"
        st.markdown(f"Closed {glance.when(incident.closed_at)}{who}: {reason}.")
    elif incident.state in {"acknowledged", "muted"}:
        st.markdown(f"{incident.state.capitalize()}{who}.")
    if incident.note:
        st.text(shown(incident.note).text)


def _in_utc(incident: Incident) -> str:
    return f"In UTC: began {inline(round_name(incident.onset))}, confirmed {when(incident.opened_at)}"


def _between(glance: Glance, incident: Incident) -> str:
    """Where else the change may have begun."""
    if incident.onset_between is None or incident.onset_between[0] == incident.onset_between[1]:
        return ""
    first, last = (inline(glance.round(label)) for label in incident.onset_between)
    return f", somewhere between {first} and {last}"


def _moved(glance: Glance, incident: Incident) -> None:
    if not incident.verdicts:
        st.caption("No channel was named.")
        return
    _channels(glance, incident, incident.moved, "The channels that moved, strongest first")
    others = [one for one in incident.verdicts if one not in incident.moved]
    if others:
        with st.expander(f"{count(len(others), 'channel')} that did not, or hardly"):
            _channels(glance, incident, others, "The other channels, strongest first")


def _channels(glance: Glance, incident: Incident, verdicts: Sequence[Verdict], alt: str) -> None:
    shifts = {shift.channel: shift for shift in incident.findings.shifts}
    told = [(one, shifts.get(one.channel)) for one in verdicts]
    st.dataframe(
        {
            "channel": [one_line(one.channel) for one, _ in told],
            "moved": [one_line(shift.words if shift else one.words) for one, shift in told],
            "replies": [f"{shift.replies:,} against {shift.reference_replies:,}" if shift else "" for _, shift in told],
            "evidence": [number(one.e_value) for one, _ in told],
            "reference": [number(one.reference_value) for one, _ in told],
            "when confirmed": [number(one.value) for one, _ in told],
            "unit": [one_line(one.unit, 60) for one, _ in told],
            "changed since": [glance.round(one.onset) if one.onset else "not yet" for one, _ in told],
        },
        hide_index=True,
        alt=alt,
    )


def _latency(glance: Glance, incident: Incident) -> None:
    began = moment(incident.onset)
    lines = glance.reading.lines(incident.endpoint, began - _BEFORE if began else None)
    if told := context.latency_moved(lines, incident.onset):
        st.caption(told)


def _comparisons(comparisons: tuple[Comparison, ...], private: bool) -> None:
    if not comparisons:
        st.info("No reply since the change differs in its text from the reference; the channels above say what moved.")
        return
    for one in comparisons:
        with st.container(border=True):
            st.markdown(f"Probe {inline(one.probe)}")
            _reply(one.prompt, "the prompt")
            left, right = st.columns(2)
            for column, title, text in ((left, "Reference", one.reference), (right, "Since the change", one.recent)):
                with column:
                    st.markdown(f"**{title}**" + ("" if private else f" · {count(len(text), 'character')}"))
                    _reply(text, "the reply")
            if one.reference and one.recent and not private:
                st.caption("Word by word: − only in the reference, + only since the change")
                st.code(word_diff(one.reference, one.recent), language="diff", wrap_lines=True)


def _reply(text: str, what: str) -> None:
    """Hostile text, as text only: no markdown, no markup, no highlighting."""
    part = shown(text)
    if not text:
        st.caption(f"{what.capitalize()} is empty.")
        return
    long = len(part.text) > 1_500 or part.text.count("\n") > 20
    st.code(part.text, language=None, wrap_lines=True, height=400 if long else "content")
    if part.cut:
        st.caption(f"Cut: {count(part.cut, 'more character')}; `prober export` has all of {what}.")


def _history(glance: Glance, incident: Incident) -> None:
    view = next((one for one in glance.reading.endpoints() if one.name == incident.endpoint), None)
    channels = [one.channel for one in incident.verdicts]
    if view is None or not channels:
        return
    st.markdown("#### History")
    chosen = st.selectbox("Channel", channels, format_func=one_line, key=f"channel-of-{incident.id}")
    began = moment(incident.onset)
    endpoint.draw_channel(glance, view, chosen or channels[0], began - _BEFORE if began else None)
    link("More of its history", "endpoint", endpoint=view.name, channel=chosen or channels[0])


def _runbook(glance: Glance, incident: Incident, notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### What to do")
    told = glance.reading.told(incident.id, notices[0].alerter) if notices else None
    if told is not None and told.runbook:
        st.markdown("The runbook of the probes that moved; an address of your own, to copy:")
        st.code(shown(told.runbook).text, language=None, wrap_lines=True)
    else:
        st.caption("No runbook: set `runbook:` of the probe set to the address of the page that says what to do.")
    if not incident.is_trouble and incident.is_live:
        st.caption(
            "Is it your own edit? The history marks those in green. Is it wanted? Accept it, and the reference begins "
            "anew. Else pin another version, or tell the provider: `prober export` has the replies as evidence."
        )


def _timeline(glance: Glance, incident: Incident, notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### What happened")
    steps = timeline(incident, glance.reading.presses(incident.id), notices)
    st.dataframe(
        {
            "when": [glance.when(step.at) for step in steps],
            "what": [step.what for step in steps],
            "who": [step.who for step in steps],
            "why": [step.why for step in steps],
        },
        hide_index=True,
        alt=f"What happened to incident {incident.id}, oldest first",
    )


def _notices(glance: Glance, notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### Who was told")
    if not notices:
        st.caption("Nobody yet: no notice is owed.")
        return
    st.dataframe(
        {
            "about": [one.event for one in notices],
            "through": [one_line(place(one)) for one in notices],
            "state": [one.state for one in notices],
            "tries": [one.attempts for one in notices],
            "sent": [glance.when(one.sent_at) if one.sent_at else "" for one in notices],
            "last answer": [one_line(one.last_reason) for one in notices],
        },
        hide_index=True,
        alt="Every message owed about this incident, and what became of it",
    )
