"""One incident: what moved, when, the replies side by side, what people did and may do. Or the list of incidents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

import streamlit as st

from dashboard import actions, endpoint
from dashboard.formatting import (
    ago,
    count,
    incident_number,
    inline,
    listed,
    moment,
    number,
    one_line,
    round_name,
    shown,
    when,
    word_diff,
)
from dashboard.frame import PageContext, heading
from dashboard.overview import incident_link
from dashboard.selection import link
from prober.model.evidence import Shift
from prober.model.incident import Change, Facts, Incident, Trouble
from prober.model.notice import Part
from prober.model.watch import cause_in_words
from prober.status.timeline import place, timeline
from prober.store.views import NoticeView

_BEFORE: Final = timedelta(days=14)
"""Of the history, what is shown from before a change."""


def draw(context: PageContext) -> None:
    wanted = st.query_params.get("incident")
    if wanted is None:
        _list(context)
        return
    link("All incidents", "incident", icon=":material/arrow_back:")
    known = incident_number(wanted)
    found = context.store.incident(known) if known is not None else None
    if found is None:
        st.warning(f"There is no incident {inline(wanted, 40)} here.")
        st.caption("It may belong to another database, or the link may be incomplete.")
        return
    section(context, found)


def _list(context: PageContext) -> None:
    heading("Incidents")
    every = context.store.incidents()
    if not every:
        st.success(
            "**No incident yet.** A confirmed change appears here, and the people your routes name are notified."
        )
        st.caption("To test whether an alarm would reach you, run `prober drill ENDPOINT`.")
        return
    for title, group in (
        ("Open", [one for one in every if one.state != "closed"]),
        ("Closed", [one for one in every if one.state == "closed"]),
    ):
        st.markdown(f"#### {title}")
        if not group:
            st.caption("None.")
        for one in group:
            incident_link(context, one)


def section(context: PageContext, incident: Incident) -> None:
    """Everything known about one incident, the most important first."""
    heading(f"Incident {incident.id}: {inline(incident.endpoint)}")
    _summary(context, incident)
    if moved_together := company(context.store.parts(incident)):
        st.markdown(moved_together)
    actions.section(context, incident)
    if isinstance(incident, Change):
        st.markdown("#### What moved")
        _moved(context, incident)
        _latency(context, incident)
        st.markdown("#### Replies, before and since")
        _comparisons(context, incident)
        _history(context, incident)
    notices = context.store.notices(incident.id)
    _runbook(context, incident, notices)
    _timeline(context, incident, notices)
    _notices(context, notices)


def company(parts: Sequence[Part]) -> str:
    """Which endpoints moved at the same time, as markdown; empty if none did."""
    own = [f"{inline(part.endpoint)} (incident {part.incident_id})" for part in parts if part.incident_id is not None]
    counted = [inline(part.endpoint) for part in parts if part.incident_id is None]
    sentences = [f"Also moved at the same time, at the same provider: {listed(own, 8)}."] if own else []
    if counted:
        sentences.append(f"Evidence is pooled with {listed(counted, 8)}, where it had grown as well.")
    return " ".join(sentences)


def _summary(context: PageContext, incident: Incident) -> None:
    kind = incident.kind.replace("_", " ").capitalize()
    until = f" until {context.when(incident.muted_until)}" if incident.muted_until else ""
    since = inline(context.round(incident.onset))
    if isinstance(incident, Facts):
        facts = "".join(f"\n- {inline(fact.words)}" for fact in incident.facts)
        head = f"**{kind}**, {incident.severity}, {incident.state}{until}."
        said = f"{head} It is no statistic: the provider says so itself since {since}, or it is deterministic.{facts}"
    elif not isinstance(incident, Change):
        said = f"**{kind}**, {incident.state}{until}, since {since}: {_why(incident)}."
    else:
        said = (
            f"**{kind}**, {incident.severity}, {incident.state}{until}. "
            f"First changed round {since}{_between(context, incident)}; "
            f"confirmed by round {inline(context.round(incident.detected_round))}, "
            f"{ago(incident.opened_at, context.now)}, "
            f"with evidence {number(incident.e_value)} (threshold {number(incident.threshold)})."
        )
    st.markdown(said, help=_in_utc(incident))
    if isinstance(incident, Change):
        _course(context, incident)
    who = f" by {inline(incident.actor)}" if incident.actor else ""
    if incident.closed_at is not None:
        reason = inline(incident.close_reason) if incident.close_reason else "closed"
        st.markdown(f"Closed {context.when(incident.closed_at)}{who}: {reason}.")
    elif incident.state in {"acknowledged", "muted"}:
        st.markdown(f"{incident.state.capitalize()}{who}.")
    if incident.note:
        st.text(shown(incident.note).text)


def _why(incident: Incident) -> str:
    trouble = incident if isinstance(incident, Trouble) else None
    detail, share = (trouble.detail, trouble.failed_share) if trouble else ("", None)
    return inline(cause_in_words(incident.cause, detail, share))


def _course(context: PageContext, change: Change) -> None:
    """Whether it stays, and how much of the traffic it affects."""
    if change.course == "persistent":
        st.markdown("The change persists: the rounds after the alarm differ from the reference too.")
    elif change.course == "transient":
        back = f" since {inline(context.round(change.passed))}" if change.passed else ""
        st.markdown(f"The change has passed: replies are as in the reference again{back}.")
    if change.findings.share is not None:
        st.markdown(f"Affected: {inline(change.findings.share.words)}.")


def _in_utc(incident: Incident) -> str:
    return f"In UTC: began {inline(round_name(incident.onset))}, confirmed {when(incident.opened_at)}"


def _between(context: PageContext, incident: Change) -> str:
    """The interval in which the change may have begun."""
    if incident.onset_between is None or incident.onset_between[0] == incident.onset_between[1]:
        return ""
    first, last = (inline(context.round(label)) for label in incident.onset_between)
    return f" (between {first} and {last})"


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
    st.dataframe(
        {
            "channel": [one_line(shift.channel) for shift, _ in rows],
            "moved": [one_line(shift.words) for shift, _ in rows],
            "replies": [
                f"{shift.replies:,} against {shift.reference_replies:,}" if shift.replies else "" for shift, _ in rows
            ],
            "evidence": [number(one.e_value) if one else "counted" for _, one in rows],
            "reference": [number(one.reference_value) if one else "" for _, one in rows],
            "when confirmed": [number(one.value) if one else "" for _, one in rows],
            "unit": [one_line(one.unit, 60) if one else "" for _, one in rows],
            "changed since": [context.round(one.onset) if one and one.onset else "not yet" for _, one in rows],
        },
        hide_index=True,
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
            st.markdown(f"Probe {inline(one.probe)}")
            _reply(one.prompt, "the prompt")
            left, right = st.columns(2)
            for column, title, text in ((left, "Reference", one.reference), (right, "Since the change", one.recent)):
                with column:
                    st.markdown(f"**{title}**" + ("" if private else f" · {count(len(text), 'character')}"))
                    _reply(text, "the reply")
            if one.reference and one.recent and not private:
                st.caption("Differences by word: − only in the reference, + only since the change")
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
        st.caption(f"Cut: {count(part.cut, 'more character')}; `prober export` has the whole of {what}.")


def _history(context: PageContext, incident: Change) -> None:
    view = next((one for one in context.store.endpoints() if one.name == incident.endpoint), None)
    channels = [one.channel for one in incident.verdicts]
    if view is None or not channels:
        return
    st.markdown("#### History")
    chosen = st.selectbox("Channel", channels, format_func=one_line, key=f"channel-of-{incident.id}")
    began = moment(incident.onset)
    endpoint.draw_channel(context, view, chosen or channels[0], began - _BEFORE if began else None)
    link("More of its history", "endpoint", endpoint=view.name, channel=chosen or channels[0])


def _runbook(context: PageContext, incident: Incident, notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### What to do")
    notice = context.store.notice(incident.id, notices[0].alerter) if notices else None
    runbook = notice.source.runbook if notice is not None and notice.source is not None else None
    if runbook:
        st.markdown("Runbook of the probes that moved; copy the address:")
        st.code(shown(runbook).text, language=None, wrap_lines=True)
    else:
        st.caption(
            f"No runbook of your own: `prober incidents runbook {incident.id}` prints the one that fits. To show yours "
            "here, set `runbook:` in the probe set to the address of a page that says what to do."
        )
    if isinstance(incident, Change) and incident.is_live:
        st.caption(
            "Did you edit the endpoint yourself? The history marks your edits in green. Is the change wanted? Accept "
            "it, and a new reference begins. Otherwise pin another model version, or contact the provider: "
            "`prober export` writes the replies as evidence."
        )


def _timeline(context: PageContext, incident: Incident, notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### What happened")
    steps = timeline(incident, context.store.presses(incident.id), notices)
    st.dataframe(
        {
            "when": [context.when(step.at) for step in steps],
            "what": [step.what for step in steps],
            "who": [step.who for step in steps],
            "why": [step.why for step in steps],
        },
        hide_index=True,
        alt=f"What happened to incident {incident.id}, oldest first",
    )


def _notices(context: PageContext, notices: tuple[NoticeView, ...]) -> None:
    st.markdown("#### Who was notified")
    if not notices:
        st.caption("Nobody: no notice was due.")
        return
    st.dataframe(
        {
            "about": [one.event for one in notices],
            "through": [one_line(place(one)) for one in notices],
            "state": [one.state for one in notices],
            "attempts": [one.attempts for one in notices],
            "sent": [context.when(one.sent_at) if one.sent_at else "" for one in notices],
            "last answer": [one_line(one.last_reason) for one in notices],
        },
        hide_index=True,
        alt="Every notice of this incident, and whether it was sent",
    )
