"""One incident, first what a person on call needs: what, since when, how sure, how bad, what to do. Or the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard import actions, incident_evidence
from dashboard.formatting import (
    ago,
    by_clock,
    code,
    incident_number,
    inline,
    joined,
    listed,
    moment,
    number,
    one_line,
    percent,
    shown,
)
from dashboard.frame import PageContext, heading
from dashboard.overview import incident_link
from dashboard.selection import choose_endpoint_or_all, go_by_row, link, table_key
from dashboard.standing import in_whose_hands, incident_badges
from prober.incidents.facts import CERTAIN
from prober.incidents.severity import urgency
from prober.model.errors import ConfigurationError
from prober.model.incident import PROVISIONAL, Change, Facts, Incident, Measured, Trouble
from prober.model.notice import Part
from prober.model.triage import CAUSE_WORDS, Triage
from prober.model.watch import cause_in_words
from prober.status.advice import Advice, advice, runbook_text
from prober.store.incidents import NEWEST
from prober.store.views import EndpointView, NoticeView
from prober.text import span

_SHOWN: Final = 0.02
"""Causes below this probability are left out."""


def draw(context: PageContext) -> None:
    wanted = st.query_params.get("incident")
    if wanted is None:
        _list(context)
        return
    link("All incidents", "incident", icon=":material/arrow_back:")
    known = incident_number(wanted)
    found = context.store.incident(known) if known is not None else None
    if found is None:
        heading("Incident")
        st.warning(f"There is no incident {inline(wanted, 40)} here.")
        st.caption("It may belong to another database, or the link may be incomplete.")
        return
    section(context, found)


def _list(context: PageContext) -> None:
    heading("Incidents", "What is open, and what was?")
    endpoint = choose_endpoint_or_all(context.store.endpoints())
    every, live = context.store.incidents(endpoint), context.store.open_incidents(endpoint)
    if not every and not live:
        st.success(
            "**No incident yet.** A confirmed change appears here, and the people your routes name are notified."
        )
        st.caption("To test whether an alarm would reach you, run `prober drill ENDPOINT`.")
        return
    open_ = sorted(live, key=urgency)
    st.markdown("## Open")
    if not open_:
        st.caption("None.")
    for one in open_:
        incident_link(context, one)
    st.markdown("## Closed")
    if closed := [one for one in every if one.state == "closed"]:
        _closed(context, closed)
    else:
        st.caption("None.")
    if len(every) == NEWEST:
        st.caption(f"Of the newest {NEWEST} incidents; `prober incidents list` shows older ones.")


def _closed(context: PageContext, closed: Sequence[Incident]) -> None:
    by_clocks = [by_clock(one).strip(" ()") for one in closed]
    chosen = st.dataframe(
        [
            {
                "incident": one.id,
                "endpoint": one_line(one.endpoint),
                "what": one_line(one.headline),
                "severity": one.severity,
                "closed as": one.closed_as,
                "began": context.local(moment(one.onset)),
                **({"its beginning is": ahead} if any(by_clocks) else {}),
                "closed": context.local(one.closed_at),
                "by": one_line(one.actor, 60),
            }
            for one, ahead in zip(closed, by_clocks, strict=True)
        ],
        hide_index=True,
        key=table_key("closed"),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "what": st.column_config.TextColumn(width="large"),
            "began": context.time_column(),
            "closed": context.time_column(),
        },
        alt="Closed incidents, the newest first; a chosen row leads to the incident",
    )
    for row in chosen.selection.rows:
        go_by_row("incident", incident=str(closed[row].id), endpoint=closed[row].endpoint)


def section(context: PageContext, incident: Incident) -> None:
    """Everything known about one incident, the most important first."""
    view = next((one for one in context.store.endpoints() if one.name == incident.endpoint), None)
    heading(
        f"{inline(incident.endpoint)}: {inline(incident.headline, 160)}",
        tab=f"Incident {incident.id}: {one_line(incident.endpoint, 60)}",
    )
    triage = context.store.triage(incident, context.now) if incident.is_live else None
    said = advice(incident, view.false_alarms_per_year if view else 1.0, triage)
    notices = context.store.notices(incident.id)
    _glance(context, incident, view, said)
    with st.grid(2, min_column_width=340) as grid:
        with grid.cell():
            for line in _lines(context, incident, view):
                st.markdown(line)
            if incident.note:
                st.markdown("**Note**:")
                st.text(shown(incident.note).text)
            actions.section(context, incident)
        with grid.cell():
            _what_to_do(context, incident, triage, notices, said)
    if isinstance(incident, Change):
        incident_evidence.change(context, incident)
    incident_evidence.course(context, incident, notices)


def _glance(context: PageContext, incident: Incident, view: EndpointView | None, said: Advice) -> None:
    """The first lines."""
    model = f" · {inline(view.model)}" if view else ""
    st.markdown(f"{incident_badges(incident)} {said.title} · incident {incident.id}{model}")
    began = moment(incident.onset)
    until = incident.closed_at or context.now
    with st.grid(4, min_column_width=150):
        st.metric("Lasted" if incident.closed_at else "For", span(until - began) if began else "unknown")
        st.metric("Now", _now(incident, view))
        if said.by_chance:
            often = said.by_chance.removeprefix("about ")
            st.metric("By chance", often, help="How often chance alone would raise evidence this strong")
        elif isinstance(incident, Facts | Trouble):
            st.metric("How sure", "certain", help="It was seen as it is, and does not rest on a statistic")
        if affected := _affected(incident):
            st.metric("Affected", affected, help="Share of the replies, at least")


def _now(incident: Incident, view: EndpointView | None) -> str:
    if incident.state == "closed":
        return incident.closed_as
    if isinstance(incident, Change) and incident.back_since:
        return "back as before"
    if isinstance(incident, Change) and incident.is_provisional:
        return "becomes the reference"
    if isinstance(incident, Facts | Measured) or view is None:
        return "still so"
    if isinstance(incident, Trouble):
        return "still failing" if incident.failed_share is None else f"{percent(incident.failed_share)} fail"
    return "as before" if view.state == "quiet" else "still different"


def _affected(incident: Incident) -> str:
    if isinstance(incident, Change) and incident.findings.share is not None:
        return f"≥ {percent(incident.findings.share.at_least)}"
    if isinstance(incident, Trouble):
        return percent(incident.failed_share) or "all asks"
    return ""


def _lines(context: PageContext, incident: Incident, view: EndpointView | None) -> list[str]:
    """The same in sentences, with their numbers. Markdown."""
    since = inline(context.since(incident))
    said = [in_whose_hands(incident, context.zone)]
    if incident.closed_at is not None:
        by = f" by {inline(incident.actor)}" if incident.actor else ""
        said = [f"Closed {context.when(incident.closed_at)}{by}: {inline(incident.closed_as.removeprefix('closed '))}"]
    lines = [f"**Who**: {said[0]}."]
    if isinstance(incident, Facts):
        lines.append(f"**What**, since {since}:")
        lines += [f"- {inline(fact.words)}" for fact in incident.facts]
        lines.append(f"**How sure**: {CERTAIN[:1].upper()}{CERTAIN[1:]}")
    elif isinstance(incident, Measured) and incident.kind != "runaway":
        lines.append(f"**Measured**, since {since}: {inline(incident.detail, 400)}")
    elif isinstance(incident, Trouble):
        why = inline(cause_in_words(incident.cause or incident.kind, incident.detail, incident.failed_share), 400)
        lines.append(f"**Why**, since {since}: {why}")
    elif isinstance(incident, Measured):
        lines.append(f"**Why**, since {since}: {inline(incident.cause)}: {inline(incident.detail, 400)}")
    elif isinstance(incident, Change):
        lines.append(
            f"**Since**: {since}{_between(context, incident)}; confirmed by round "
            f"{inline(context.round(incident.detected_round))}; at its strongest, evidence {number(incident.e_value)} "
            f"(threshold {number(incident.threshold)})."
        )
        if course := _course(context, incident, view):
            lines.append(f"**Now**: {course}")
        if incident.for_better_or_worse:
            lines.append(f"**How bad**: {inline(incident.for_better_or_worse, 400)}.")
        if incident.findings.share is not None:
            lines.append(f"**Affected**: {inline(incident.findings.share.words)}.")
    if moved_together := company(context.store.parts(incident)):
        lines.append(moved_together)
    return lines


def _course(context: PageContext, change: Change, view: EndpointView | None) -> str:
    """Whether it is still so, from the newest round."""
    if change.is_provisional:
        return f"{PROVISIONAL[:1].upper()}{PROVISIONAL[1:]}."
    newest = f"The newest round, {ago(view.last_completed_at, context.now)}," if view and view.last_completed_at else ""
    if change.back_since:
        since = inline(context.round(change.back_since))
        close = " Close it, if you agree." if change.is_live else ""
        return f"Replies are as in the reference again since {since}.{close}"
    if change.state == "closed" or view is None or not newest:
        return "The rounds after the alarm differed too." if change.course == "persistent" else ""
    if view.state == "quiet":
        return f"{newest} shows nothing any more. It closes by itself if that stays so."
    stays = ", as did the rounds after the alarm" if change.course == "persistent" else ""
    return f"{newest} still differs from the reference{stays}."


def _between(context: PageContext, incident: Change) -> str:
    """The interval in which the change may have begun."""
    if incident.onset_between is None or incident.onset_between[0] == incident.onset_between[1]:
        return ""
    first, last = (inline(context.round(label)) for label in incident.onset_between)
    return f" (between {first} and {last})"


def company(parts: Sequence[Part]) -> str:
    """Which endpoints moved at the same time, as markdown; empty if none did."""
    numbers: dict[str, list[str]] = {}
    for part in parts:
        if part.incident_id is not None:
            numbers.setdefault(part.endpoint, []).append(f"incident {part.incident_id}")
    own = [f"{inline(name)} ({', '.join(ids)})" for name, ids in numbers.items()]
    counted = [inline(part.endpoint) for part in parts if part.incident_id is None]
    sentences = [f"**Also** since the same time, at the same provider: {listed(own, 8)}."] if own else []
    if counted:
        sentences.append(f"Its evidence was added to that of {listed(counted, 8)}, which is suspected too.")
    return " ".join(sentences)


def _what_to_do(
    context: PageContext,
    incident: Incident,
    triage: Triage | None,
    notices: Sequence[NoticeView],
    said: Advice,
) -> None:
    st.markdown(f"**What to do**: {said.first} {said.means[:1].upper()}{said.means[1:]}")
    if isinstance(incident, Measured):
        about = {
            "objective_missed": ("All objectives", "objectives"),
            "runaway": ("Cost", "cost"),
            "bill": ("Cost", "cost"),
        }
        link(*about.get(incident.kind, ("Live traffic", "samples")))
    if triage is not None:
        _triage(context, triage, incident.endpoint)
    notice = context.store.notice(incident.id, notices[0].alerter) if notices else None
    if notice is not None and notice.source is not None and notice.source.runbook:
        st.markdown("Runbook of the probes that moved; copy the address:")
        st.code(shown(notice.source.runbook).text, language=None, wrap_lines=True)
    if said.runbook and incident.is_live:
        with st.expander(f"Runbook: {said.runbook_title}", icon=":material/menu_book:"):
            st.markdown(_runbook(context, said.runbook, incident, triage))


def _triage(context: PageContext, triage: Triage, endpoint: str) -> None:
    """The likeliest causes. The findings for them may quote replies."""
    private = context.store.private
    st.markdown(f"**Likely cause**: {inline(triage.words)}.")
    likely = [one for one in triage.ranking if one.probability >= _SHOWN]
    lines = []
    for one in likely:
        why = [] if private else [(side, "; ".join(inline(text, 200) for text in texts)) for side, texts in
                                  (("For", one.supporting), ("Against", one.opposing)) if texts]  # fmt: skip
        sides = "".join(f" {side}: {text.removesuffix('.')}." for side, text in why)
        lines.append(f"- **{joined(one.percent)}** {CAUSE_WORDS[one.cause]}.{sides}")
    st.markdown("\n".join(lines))
    if likely:
        command = f": {code(one_line(likely[0].command))}" if likely[0].command else ""
        settles = f"{inline(likely[0].measurement, 300)}{command}"
        st.caption(f"What would settle the first: {settles}.")
    link("All causes, and the checks behind them", "triage", endpoint=endpoint)


def _runbook(context: PageContext, name: str, incident: Incident, triage: Triage | None) -> str:
    said = {
        "incident": str(incident.id),
        "endpoint": incident.endpoint,
        "since": context.since(incident),
        "headline": incident.headline,
        "verdict": triage.words if triage is not None else "unknown",
    }
    try:
        text = runbook_text(name, {key: inline(value) for key, value in said.items()})
    except ConfigurationError as error:
        return inline(str(error))
    # No headings: its own would skip the levels between the page's and theirs.
    return "\n".join(f"**{line.lstrip('# ')}**" if line.startswith("#") else line for line in text.splitlines()[1:])
