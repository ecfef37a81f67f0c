"""One incident: what moved, when, and the replies side by side."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from dashboard import context, history
from dashboard.reading import Reading
from dashboard.words import ago, count, inline, number, one_line, round_name, shown, when, word_diff
from prober.incidents import Incident
from prober.notice import Comparison
from prober.store.views import NoticeView


def section(reading: Reading, incident: Incident, now: datetime) -> None:
    """Everything known of one incident, the most telling first."""
    st.markdown(f"### Incident {incident.id}: {inline(incident.endpoint)}")
    _summary(incident, now)
    if company := context.company(reading.parts(incident)):
        st.markdown(company)
    st.markdown("#### What moved")
    _moved(incident)
    _latency(reading, incident)
    st.markdown("#### Replies, before and since")
    _comparisons(reading.examples(incident))
    _history(reading, incident)
    _notices(reading.notices(incident.id))


def _summary(incident: Incident, now: datetime) -> None:
    st.markdown(
        f"**{incident.kind.replace('_', ' ').capitalize()}**, {incident.state}. "
        f"First changed round {inline(round_name(incident.onset))}{_between(incident)}; "
        f"confirmed by round {inline(round_name(incident.detected_round))}, {ago(incident.opened_at, now)}, "
        f"with evidence {number(incident.e_value)} where an alarm needs {number(incident.threshold)}."
    )
    if incident.course == "persistent":
        st.markdown("The rounds after the alarm are changed too.")
    elif incident.course == "transient":
        since = f" since {inline(round_name(incident.passed))}" if incident.passed else ""
        st.markdown(f"It has passed: the endpoint answers as the reference again{since}.")
    if incident.findings.share is not None:
        st.markdown(f"Changed is {inline(incident.findings.share.words)}.")
    if incident.state == "open":
        st.caption("To say that someone has it in hand, or to take the new behaviour as the reference:")
        say = f"prober incidents acknowledge {incident.id} --by YOU\n"
        st.code(say + f"prober incidents accept {incident.id} --by YOU --reason WHY", language="shell")
        return
    who = f" by {inline(incident.actor)}" if incident.actor else ""
    if incident.state == "acknowledged":
        st.markdown(f"Acknowledged{who}.")
    elif incident.closed_at is not None:
        reason = inline(incident.close_reason) if incident.close_reason else "closed"
        st.markdown(f"Closed {when(incident.closed_at)}{who}: {reason}.")
    if incident.note:
        st.text(shown(incident.note).text)


def _between(incident: Incident) -> str:
    """Where else the change may have begun."""
    if incident.onset_between is None or incident.onset_between[0] == incident.onset_between[1]:
        return ""
    first, last = (inline(round_name(label)) for label in incident.onset_between)
    return f", somewhere between {first} and {last}"


def _moved(incident: Incident) -> None:
    shifts = {shift.channel: shift for shift in incident.findings.shifts}
    if not incident.verdicts:
        st.caption("No channel was named.")
        return
    st.dataframe(
        {
            "channel": [one_line(one.channel) for one in incident.verdicts],
            "moved": [
                one_line(shifts[one.channel].words if one.channel in shifts else one.words) for one in incident.verdicts
            ],
            "replies": [
                f"{shifts[one.channel].replies:,} against {shifts[one.channel].reference_replies:,}"
                if one.channel in shifts
                else ""
                for one in incident.verdicts
            ],
            "evidence": [number(one.e_value) for one in incident.verdicts],
            "reference": [number(one.reference_value) for one in incident.verdicts],
            "when confirmed": [number(one.value) for one in incident.verdicts],
            "unit": [one_line(one.unit, 60) for one in incident.verdicts],
            "changed since": [round_name(one.onset) if one.onset else "not yet" for one in incident.verdicts],
        },
        hide_index=True,
    )


def _latency(reading: Reading, incident: Incident) -> None:
    before, since = context.around(reading.rounds(), incident.endpoint_hash, incident.onset)
    if told := context.latency_moved(reading.seconds(before), reading.seconds(since)):
        st.caption(told)


def _comparisons(comparisons: tuple[Comparison, ...]) -> None:
    if not comparisons:
        st.info("No reply since the change differs in its text from the reference; the channels above say what moved.")
        return
    for number_, one in enumerate(comparisons):
        with st.container(border=True):
            st.markdown(f"Probe {inline(one.probe)}")
            _reply(one.prompt, "the prompt", f"prompt-{number_}")
            left, right = st.columns(2)
            with left:
                st.markdown(f"**Reference** · {count(len(one.reference), 'character')}")
                _reply(one.reference, "the reply")
            with right:
                st.markdown(f"**Since the change** · {count(len(one.recent), 'character')}")
                _reply(one.recent, "the reply")
            if one.reference and one.recent:
                st.caption("Word by word: − only in the reference, + only since the change")
                st.code(word_diff(one.reference, one.recent), language="diff", wrap_lines=True)


def _reply(text: str, what: str, key: str = "") -> None:
    """Hostile text, as text only: no markdown, no markup, no highlighting."""
    part = shown(text)
    if not text:
        st.caption(f"{what.capitalize()} is empty.")
        return
    long = len(part.text) > 1_500 or part.text.count("\n") > 20
    st.code(part.text, language=None, wrap_lines=True, height=400 if long else "content")
    if part.cut:
        st.caption(f"Cut: {count(part.cut, 'more character')}; `prober export` has all of {what}.")


def _history(reading: Reading, incident: Incident) -> None:
    view = next((one for one in reading.endpoints() if one.name == incident.endpoint), None)
    channels = [one.channel for one in incident.verdicts]
    if view is None or not channels:
        return
    st.markdown("#### History")
    chosen = st.selectbox("Channel", channels, format_func=one_line, key=f"channel-of-{incident.id}")
    history.draw(reading, view, chosen or channels[0])


def _notices(notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### Who was told")
    if not notices:
        st.caption("Nobody yet: no notice is owed.")
        return
    st.dataframe(
        {
            "about": [one.event for one in notices],
            "through": [one_line(one.alerter) for one in notices],
            "state": [one.state for one in notices],
            "tries": [one.attempts for one in notices],
            "sent": [when(one.sent_at) if one.sent_at else "" for one in notices],
            "last answer": [one_line(one.last_reason) for one in notices],
        },
        hide_index=True,
    )
