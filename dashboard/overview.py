"""The page that matters: is anything different from what we pinned? Two clicks lead to the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final, Literal

import pandas as pd  # type: ignore[import-untyped]
import streamlit as st

from dashboard.formatting import ago, count, inline, listed, one_line, share, when
from dashboard.frame import PageContext
from dashboard.reliability import unreached
from dashboard.selection import go, link
from prober.model.incident import Change, Facts, Incident
from prober.status.endpoint_status import STATES, EndpointStatus, State, endpoint_statuses
from prober.status.gathering import PROTECTIONS

SYMBOLS: Final[dict[State, str]] = {
    "changed": "◆",
    "unreachable": "✕",
    "stale": "✕",
    "suspected": "▲",
    "gathering": "◔",
    "paused": "‖",
    "quiet": "●",
}
"""A shape for each state, so that none hangs on colour alone."""
_WORTH_A_LOOK = 0.25
"""Share of the evidence that an alarm needs, from which on a cell is tinted. Still channels stay below it for long."""
_FIXED = ("endpoint", "state", "evidence", "last round", "why", "failed asks", "model", "owners")


@dataclass(frozen=True, slots=True)
class Headline:
    """The answer to "is anything different from what we pinned?"."""

    tone: Literal["error", "warning", "info", "success"]
    sentence: str
    """Markdown, every name in it made harmless."""
    remarks: tuple[str, ...]
    """What qualifies the answer, markdown."""


def draw(context: PageContext) -> None:
    store = context.store
    statuses = by_urgency(
        endpoint_statuses(store.endpoints(), store.rounds(), store.maintenance(context.now), context.now)
    )
    said = headline(statuses, context.zone)
    {"error": st.error, "warning": st.warning, "info": st.info, "success": st.success}[said.tone](said.sentence)
    for sentence in unreached(context.store.deliveries(), context.now):
        st.error(sentence)
    if doubtful := [one for one in context.store.promises() if not one.kept]:
        st.warning(f"**The promise is in doubt** at {listed([inline(one.endpoint) for one in doubtful])}.")
        link("What was promised, and what happened", "promise")
    if said.remarks:
        st.markdown("  \n".join(said.remarks))
    _incidents(context)
    st.markdown("#### Endpoints now")
    _matrix(statuses, context)
    for one in (one for one in statuses if one.protected_by):
        st.caption(gathering(one, context.zone))


def gathering(one: EndpointStatus, zone: tzinfo = UTC) -> str:
    """What watches an endpoint that has no reference yet, and when evidence begins."""
    begins = f"Evidence from {when(one.judged_from, zone)} on." if one.judged_from else "No date for evidence yet."
    watched = listed([PROTECTIONS[name] for name in one.protected_by])
    return f"**{inline(one.name)}** has no reference yet. {begins} Watched already: {watched}."


def by_urgency(statuses: Sequence[EndpointStatus]) -> tuple[EndpointStatus, ...]:
    """The most urgent first."""
    return tuple(sorted(statuses, key=lambda one: (STATES.index(one.state), one.name)))


def why(one: EndpointStatus, zone: tzinfo = UTC) -> str:
    """Half a sentence with its times. May hold hostile text."""
    since = f" since {when(one.since, zone)}" if one.since else ""
    return f"{one.why}{since}" + (f"; next look at {when(one.next_look_at, zone)}" if one.next_look_at else "")


def headline(statuses: Sequence[EndpointStatus], zone: tzinfo = UTC) -> Headline:
    """One sentence for all endpoints, and what qualifies it."""
    groups = {state: [one for one in statuses if one.state == state] for state in STATES}
    changed, quiet = groups["changed"], groups["quiet"]
    unheard = groups["unreachable"] + groups["stale"]
    remarks = tuple(_remark(state, groups[state], zone) for state in STATES[1:-1] if groups[state])
    if changed:
        names = listed([f"**{inline(one.name)}**" for one in changed])
        if len(changed) == 1:
            sentence = f"{names} is different from what you pinned: {inline(why(changed[0], zone))}."
        else:
            sentence = f"{len(changed)} of {count(len(statuses), 'endpoint')} differ from what you pinned: {names}."
        return Headline("error", sentence, remarks)
    if not quiet and not groups["suspected"]:
        sentence = (
            "**Cannot tell**: no endpoint with a reference is answering."
            if unheard
            else "**Too early to tell**: no endpoint has a reference yet."
        )
        return Headline("warning" if unheard else "info", sentence, remarks)
    sentence = f"**Nothing is confirmed to differ** from what you pinned, at {count(len(statuses), 'endpoint')}."
    if len(quiet) == len(statuses):
        one = "the endpoint answers" if len(statuses) == 1 else f"all {len(statuses)} endpoints answer"
        sentence = f"**Nothing differs from what you pinned**: {one} as the reference did."
    return Headline("warning" if unheard or groups["suspected"] else "success", sentence, remarks)


def _remark(state: State, group: Sequence[EndpointStatus], zone: tzinfo) -> str:
    few = len(group) <= 2
    names = [f"**{inline(one.name)}**" + (f" ({inline(why(one, zone))})" if few else "") for one in group]
    return f"{SYMBOLS[state]} {state.capitalize()}: {listed(names)}."


def _incidents(context: PageContext) -> None:
    """A link to each incident that is not closed; the closed ones folded away."""
    every = context.store.incidents()
    for one in (one for one in every if one.state != "closed"):
        incident_link(context, one)
    closed = [one for one in every if one.state == "closed"]
    if closed:
        with st.expander(count(len(closed), "closed incident")):
            for one in closed[:50]:
                incident_link(context, one)


def incident_link(context: PageContext, one: Incident) -> None:
    words = one.words if isinstance(one, Facts) else one.cause.replace("_", " ") or one.kind.replace("_", " ")
    if isinstance(one, Change):
        words = one.headline or words
    state = one.close_reason or one.state
    link(
        f"**{inline(one.endpoint)}**: {inline(words)}",
        "incident",
        icon=":material/check_circle:" if one.state == "closed" else ":material/change_history:",
        incident=str(one.id),
    )
    st.caption(f"{one.severity.capitalize()}, {state}; since {inline(context.round(one.onset))}")


def _matrix(statuses: Sequence[EndpointStatus], context: PageContext) -> None:
    """Endpoints × channels: a click on a cell shows that channel's history."""
    channels = list(dict.fromkeys(point.channel for one in statuses for point in one.endpoint.channels))
    frame, tints = matrix(statuses, channels, context.now, context.zone)
    chosen = st.dataframe(
        frame.style.apply(lambda _: tints, axis=None),
        hide_index=True,
        height=min(35 * (len(frame) + 1) + 3, 600),
        key="matrix",
        on_select="rerun",
        selection_mode="single-cell",
        column_config={
            "endpoint": st.column_config.TextColumn(pinned=True, width="medium"),
            "why": st.column_config.TextColumn(width="medium"),
            "evidence": st.column_config.ProgressColumn(
                format="%d %%", min_value=0, max_value=100, help="Of what an alarm needs, on a log scale"
            ),
        },
        alt="Every endpoint with its state, its evidence and what each of its channels says, the most urgent first",
    )
    st.caption(
        "Evidence: 100 % is what the promise asks for before an alarm, on a log scale; a deeper orange holds more. "
        "Choose a cell to see its history."
    )
    for row, column in chosen.selection.cells:
        go("endpoint", **chosen_cell(statuses, row, column))


def matrix(
    statuses: Sequence[EndpointStatus], channels: list[str], now: datetime, zone: tzinfo = UTC
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The cells as text, and their tints as CSS."""
    names = [one_line(channel) for channel in channels]
    columns = [*_FIXED[:3], *names, *_FIXED[3:]]
    cells, tints = [], []
    for one in statuses:
        endpoint = one.endpoint
        row: dict[str, str | int] = {
            "endpoint": one_line(endpoint.name),
            "state": f"{SYMBOLS[one.state]} {one.state}",
            "evidence": round(100 * min(1.0, share(endpoint.e_value, endpoint.threshold))),
            "last round": ago(one.completed_at, now) if one.completed_at else "never",
            "why": one_line(why(one, zone)),
            "failed asks": f"{endpoint.failed_asks:,} of {endpoint.asks:,}",
            "model": one_line(endpoint.model),
            "owners": one_line(", ".join(endpoint.owners)),
        }
        tint: dict[str, str] = {}
        for point in endpoint.channels:
            name, held = one_line(point.channel), share(point.e_value, endpoint.threshold)
            row[name] = one_line(point.words, 80)
            if held >= _WORTH_A_LOOK:
                row[name] = f"{row[name]} · {min(held, 1.0):.0%}"
                tint[name] = f"background-color: rgba(213, 94, 0, {0.5 * min(held, 1.0):.2f})"
        cells.append([row.get(column, "") for column in columns])
        tints.append([tint.get(column, "") for column in columns])
    return pd.DataFrame(cells, columns=columns), pd.DataFrame(tints, columns=columns)


def chosen_cell(statuses: Sequence[EndpointStatus], row: int, column: str) -> dict[str, str]:
    """What a cell of the table leads to, as an address has it."""
    endpoint = statuses[row].endpoint
    channel = next((one.channel for one in endpoint.channels if one_line(one.channel) == column), None)
    return {"endpoint": endpoint.name} | ({"channel": channel} if channel else {})
