"""Which endpoint needs me, and why? One row an endpoint, the worst first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Final

import streamlit as st

from dashboard import live
from dashboard.formatting import ago, inline, joined, listed, one_line, share
from dashboard.frame import PageContext, heading
from dashboard.selection import choose_from, choose_text, go_by_row, link, selectors, table_key
from dashboard.standing import (
    SYMBOLS,
    badges,
    drawn,
    headline,
    incident_badges,
    needs_somebody,
    sentence,
    unreached,
    who,
)
from prober.incidents.clock import attendance
from prober.model.incident import Incident
from prober.status.endpoint_status import EndpointStatus, endpoint_statuses
from prober.status.strip import DAY_STATES, DAYS, DayState, counted, until_now
from prober.text import count, span

_GROUPS: Final[Mapping[str, Callable[[EndpointStatus], str]]] = {
    "nothing": lambda one: "",
    "owner": lambda one: ", ".join(one.endpoint.owners),
    "provider": lambda one: one.endpoint.provider,
    "model": lambda one: one.endpoint.model,
    "vantage": lambda one: one.endpoint.vantage,
}
_ROWS: Final = 25
"""On a page of the list."""


def draw(context: PageContext) -> None:
    store = context.store
    statuses = endpoint_statuses(
        store.endpoints(), store.rounds(context.now), store.maintenance(context.now), context.now
    )
    needy = [one for one in statuses if needs_somebody(one)]
    heading("Overview", tab=f"{len(needy)} of {len(statuses)} need attention" if needy else "All quiet")
    _about_the_prober(context)
    said = headline(statuses, context.zone)
    if said.tone != "error":
        _doubts(context)
    {"error": st.error, "warning": st.warning, "info": st.info, "success": st.success}[said.tone](said.sentence)
    if said.tone == "error":
        _doubts(context)
    if said.remarks:
        st.markdown(" ".join(said.remarks))
    has_vantages = any(one.endpoint.vantage for one in statuses)
    groups = [name for name in _GROUPS if name != "vantage" or has_vantages]
    views = ("list", "table", *(("vantages",) if has_vantages else ()))
    with selectors():
        group = choose_from("Group by", "group", groups, "Endpoints cannot be grouped by {}.", width=150)
        found = search(statuses, choose_text("Search", "find", "name, model, provider, owner"))
        view = choose_from("Show as", "view", views, "There is no view {}.", width=150)
    if not found:
        st.info("No endpoint matches the search.")
        return
    if view == "vantages":
        _vantages(found)
        return
    days = store.strips(context.now)
    strips = {one.name: until_now(days.get(one.name, ()), one.shown) for one in found}
    (_list if view == "list" else _table)(context, found, strips, group)


def _about_the_prober(context: PageContext) -> None:
    """Faults of the prober itself. They come first: everything else on this page may be old, or reaches nobody."""
    if last := attendance(context.store.daemon_statuses(), context.now).silent_since:
        st.error(
            f"**The prober fell silent {ago(last, context.now)}**: nothing is asked, so what this page says is from "
            "before then. Start `prober run` again."
        )
    for unheard in unreached(context.store.deliveries(), context.now):
        st.error(unheard)


def _doubts(context: PageContext) -> None:
    """Reasons to doubt a page that says that all is well."""
    if doubtful := [one for one in context.store.promises() if not one.kept]:
        st.warning(f"**The promise is in doubt** at {listed([inline(one.endpoint) for one in doubtful])}.")
        link("What was promised, and what happened", "promise")
    if "samples" in context.store.present():
        live.undeclared(context)


def search(statuses: Sequence[EndpointStatus], words: str) -> list[EndpointStatus]:
    """Those that have every word in their name, model, provider, owners or vantage."""
    wanted = words.casefold().split()

    def text(one: EndpointStatus) -> str:
        seen = one.endpoint
        return " ".join((one.name, seen.model, seen.provider, seen.vantage, *seen.owners)).casefold()

    return [one for one in statuses if all(word in text(one) for word in wanted)]


def grouped(statuses: Sequence[EndpointStatus], group: str) -> list[tuple[str, EndpointStatus]]:
    """Each with the name of its group: the group with the most urgent endpoint first, in it the order given."""
    key = _GROUPS[group]
    place = {name: n for n, name in enumerate(dict.fromkeys(map(key, statuses)))}
    return sorted(((key(one), one) for one in statuses), key=lambda pair: place[pair[0]])


def _list(
    context: PageContext, statuses: Sequence[EndpointStatus], strips: Mapping[str, Sequence[DayState]], group: str
) -> None:
    rows = grouped(statuses, group)
    pages = -(-len(rows) // _ROWS)
    number = st.pagination(pages, key="page") if pages > 1 else 1
    for name, members in groupby(rows[(number - 1) * _ROWS : number * _ROWS], key=lambda pair: pair[0]):
        if group != "nothing":
            of = [one for other, one in rows if other == name]
            needy = sum(map(needs_somebody, of))
            st.markdown(f"## {inline(name) if name else 'none'}")
            st.caption(f"{needy} of {count(len(of), 'endpoint')} need attention")
        for _, one in members:
            _row(context, one, strips.get(one.name, ()))


def _row(context: PageContext, one: EndpointStatus, strip: Sequence[DayState]) -> None:
    with st.container(border=True):
        state, what, days = st.columns([3, 7, 6], vertical_alignment="center", gap="small")
    with state:
        since = one.since or (one.incident.opened_at if one.incident else None)
        st.markdown(badges(one) + (f"  \nfor {joined(span(context.now - since))}" if since else ""))
    with what.container(gap=None):
        if one.incident is not None:
            link(f"**{inline(one.name)}**", "incident", endpoint=one.name, incident=str(one.incident.id))
        else:
            link(f"**{inline(one.name)}**", "endpoint", endpoint=one.name)
        st.markdown(sentence(one, context.zone))
        st.caption(who(one, context.zone))
    with days.container(gap=None, key=f"strip-of-{one.name}"):
        st.markdown(drawn(strip))
        newest = f"newest round {ago(one.completed_at, context.now)}" if one.completed_at else "no round yet"
        if one.is_stale and one.state != "stale":  # the state may be long out of date
            newest = f"**no fresh rounds**, {newest}"
        st.caption(f"{newest} · {DAYS} days: {counted(strip)}")


def _table(
    context: PageContext, statuses: Sequence[EndpointStatus], strips: Mapping[str, Sequence[DayState]], group: str
) -> None:
    """Everything as numbers, to sort and to take away. A chosen row leads to the endpoint."""
    rows = [one for _, one in grouped(statuses, group)]
    config = st.column_config
    chosen = st.dataframe(
        [
            {
                "endpoint": one_line(one.name),
                "state": f"{SYMBOLS[one.shown]} {one.shown}",
                "severity": one.severity or "",
                "since": context.local(one.since),
                "last 30 days": [DAY_STATES.index(day) for day in strips.get(one.name, ())],
                "what": one_line(one.why),
                "newest round": context.local(one.completed_at),
                "evidence": round(100 * min(1.0, share(one.endpoint.e_value, one.endpoint.threshold))),
                "failed asks": one.endpoint.failed_asks,
                "asks": one.endpoint.asks,
                "owner": one_line(", ".join(one.endpoint.owners)),
                "provider": one.endpoint.provider,
                "model": one_line(one.endpoint.model),
                "vantage": one_line(one.endpoint.vantage),
            }
            for one in rows
        ],
        hide_index=True,
        placeholder="",
        height=min(35 * (len(rows) + 1) + 3, 700),
        key=table_key("endpoints"),
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "endpoint": config.TextColumn(pinned=True),
            "since": context.time_column(),
            "newest round": context.time_column(),
            "last 30 days": config.BarChartColumn(
                y_min=0, y_max=len(DAY_STATES) - 1, help=f"A bar a day, the worse the higher: {', '.join(DAY_STATES)}"
            ),
            "what": config.TextColumn(width="medium"),
            "evidence": config.ProgressColumn(
                format="%d %%", min_value=0, max_value=100, help="Of what an alarm needs, on a log scale"
            ),
        },
        alt="Every endpoint with its state, the most urgent first",
    )
    for row in chosen.selection.rows:
        go_by_row("endpoint", endpoint=rows[row].name)


def by_vantage(statuses: Sequence[EndpointStatus]) -> dict[str, dict[str, list[EndpointStatus]]]:
    """Provider and model → vantage → the endpoints asked so; empty where none is declared."""
    found: dict[str, dict[str, list[EndpointStatus]]] = {}
    for one in statuses:
        of_model = found.setdefault(f"{one.endpoint.provider}, {one.endpoint.model}", {})
        of_model.setdefault(one.endpoint.vantage, []).append(one)
    return {model: seen for model, seen in found.items() if any(seen)}


def seen_from(seen: Mapping[str, Sequence[EndpointStatus]]) -> str:
    """Whether a model differs everywhere or from some places only; plain text, which may be hostile."""
    moved = [name for name, ones in seen.items() if any(one.shown in ("changed", "unreachable") for one in ones)]
    still = [name for name, ones in seen.items() if all(one.state == "quiet" for one in ones)]
    here, there = (", ".join(name or "anywhere" for name in names) for names in (moved, still))
    if moved and still:
        return f"differs from {here} only; as before from {there}"
    if len(seen) == 1:
        return "seen from one place only" + (", where it differs" if moved else "")
    if len(moved) == len(seen):
        return "differs from everywhere"
    return f"differs from {here}; the others cannot tell yet" if moved else "does not differ"


def _vantages(statuses: Sequence[EndpointStatus]) -> None:
    """Each model in a row, where it is asked from in columns."""
    found = by_vantage(statuses)
    if not found:
        st.info("None of these endpoints declares a vantage.")
        return
    names = sorted({name for seen in found.values() for name in seen})

    def cell(seen: Mapping[str, Sequence[EndpointStatus]], name: str) -> str:
        return "; ".join(f"{SYMBOLS[one.shown]} {one.shown}: {one_line(one.name, 60)}" for one in seen.get(name, ()))

    st.dataframe(
        [
            {
                "model": one_line(model),
                "seen": one_line(seen_from(seen)),
                **{one_line(name) or "anywhere": cell(seen, name) for name in names},
            }
            for model, seen in found.items()
        ],
        hide_index=True,
        placeholder="",
        column_config={"seen": st.column_config.TextColumn(width="large")},
        alt="Each model, and its state from each place that it is asked from",
    )


def incident_link(context: PageContext, one: Incident) -> None:
    """One line of a list of incidents."""
    began = f"since {inline(context.since(one))}"
    if one.closed_at is not None:
        began = f"{inline(context.since(one))} to {context.when(one.closed_at)}"
    said = f"**{inline(one.endpoint)}**: {inline(one.headline)}"
    with st.container(gap=None):
        link(said, "incident", endpoint=one.endpoint, incident=str(one.id))
        st.markdown(f"{incident_badges(one)} {began}")
