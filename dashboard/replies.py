"""Replies as they came: search over all of them, and any two rounds side by side. The address holds every choice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.formatting import compared, inline, moment, one_line, shown
from dashboard.frame import PageContext, heading
from dashboard.selection import (
    choose_day,
    choose_endpoint,
    choose_endpoint_or_all,
    choose_from,
    choose_text,
    selectors,
    set_query,
)
from prober.model.watch import cause_in_words
from prober.store.pages.replies import OUTCOMES, Wanted
from prober.store.views import ReplyView
from prober.text import count

_FORGOTTEN: Final = ("before", "read")
"""What another search makes meaningless."""


def draw(context: PageContext) -> None:
    heading("Replies", "Which replies said so, and how do two rounds differ?")
    bar = selectors()
    with bar:
        view = choose_from("Show", "view", ("search", "two rounds"), "There is no view {}.", width=150)
    (_search if view == "search" else _two_rounds)(context, bar)


def _search(context: PageContext, bar: DeltaGenerator) -> None:
    endpoints = context.store.endpoints()
    with bar:
        endpoint = choose_endpoint_or_all(endpoints, ("probe", *_FORGOTTEN)) or ""
        probe = _probe(context, endpoint)
        text = ""
        if not context.store.private:
            text = choose_text("In the reply", "find", "part of the text", _FORGOTTEN)
        outcome = choose_from("Only", "only", OUTCOMES, "There is no filter {}.", forgets=_FORGOTTEN, width=150)
        model = choose_text("Model that answered", "model", "part of its name", _FORGOTTEN)
        since, until = _days(context)
    wanted = Wanted(endpoint, probe, text, model, next(one for one in OUTCOMES if one == outcome), since, until)
    given = st.query_params.get("before", "")
    before = int(given) if given.isdecimal() and len(given) < 16 else None
    found = context.store.search(wanted, before)
    if context.store.private:
        st.caption("In privacy mode texts are hashes, and are not searched.")
    asked = f"{count(len(found.replies), 'reply')} found in {found.looked_at:,} searched"
    newest = "the newest" if before is None else "earlier ones"
    st.caption(f"{asked}, {newest} first{'' if found.before is None else '; there are earlier ones'}.")
    if not found.replies:
        st.info("No reply matches. Remove a filter, or search earlier replies.")
    else:
        _table(context, found.replies, all_endpoints=not endpoint)
    left, right = st.columns(2)
    if before is not None:
        left.button("Newest", on_click=set_query, kwargs={"before": "", "read": ""}, icon=":material/first_page:")
    if found.before is not None:
        earlier = {"before": str(found.before), "read": ""}
        right.button("Look at earlier ones", on_click=set_query, kwargs=earlier, icon=":material/chevron_right:")
    _chosen(context)


def _probe(context: PageContext, endpoint: str) -> str:
    """Empty for all."""
    if not endpoint:
        return ""
    names = [one.probe for one in context.store.probes(endpoint)]
    wanted = st.query_params.get("probe", "")
    names = names if wanted in names or not wanted else [*names, wanted]  # a probe that is asked no longer
    said = inline(endpoint) + " is not asked {}."
    return choose_from("Probe", "probe", ["", *names], said, every="All probes", forgets=_FORGOTTEN)


def _days(context: PageContext) -> tuple[datetime | None, datetime | None]:
    """Whole days of the viewer's, the last included."""
    since, until = choose_day("From", "from"), choose_day("Until", "until")
    return (
        None if since is None else datetime.combine(since, time(), context.zone),
        None if until is None else datetime.combine(until + timedelta(days=1), time(), context.zone),
    )


def _table(context: PageContext, found: Sequence[ReplyView], *, all_endpoints: bool) -> None:
    key = f"found-{hash(tuple(one.id for one in found))}"

    def chosen() -> None:
        rows = st.session_state[key].selection.rows[:2]
        set_query(read="-".join(str(found[row].id) for row in rows))

    st.dataframe(
        [
            {
                **({"endpoint": one_line(one.endpoint)} if all_endpoints else {}),
                "round": context.local(moment(one.round) or one.at),
                "probe": one_line(one.probe, 80),
                "sample": one.sample + 1,
                "reply": line(one),
                "checks": one.checks,
                "refused": "yes" if one.refused else "",
                "characters": None if one.text is None else len(one.text),
                "model": one_line(one.model or "", 60),
            }
            for one in found
        ],
        hide_index=True,
        placeholder="",
        key=key,
        on_select=chosen,
        selection_mode="multi-row",
        column_config={"round": context.time_column(), "reply": st.column_config.TextColumn(width="large")},
        alt="Replies that fit, the newest round first; choose one to read it, two to compare them",
    )
    st.caption("Choose one reply to read it, or two to see how they differ.")


def _chosen(context: PageContext) -> None:
    ids = [int(one) for one in st.query_params.get("read", "").split("-") if one.isdecimal() and len(one) < 16][:2]
    if not ids:
        return
    found = context.store.replies_by_id(ids)
    if not found:
        st.caption("These replies are stored no longer.")
        return
    for prompt in dict.fromkeys(one.prompt for one in found):
        st.caption("Prompt")
        st.code(shown(prompt).text, language=None, wrap_lines=True)
    read(context, found)


def _two_rounds(context: PageContext, bar: DeltaGenerator) -> None:
    with bar:
        endpoint = choose_endpoint(context.store.endpoints(), forgets=("a", "b", "pair"))
        since, until = _days(context)
    set_of = dict(context.store.labels(endpoint, since, until))
    for name in ("a", "b"):
        wanted = st.query_params.get(name, "")
        if wanted and wanted not in set_of and (found := context.store.replies_of_round(endpoint, wanted)):
            set_of[wanted] = found[0].probe.rpartition("/")[0]  # from outside these days, or long ago
    if not set_of:
        st.info("No round was completed in this time.")
        return
    unknown = inline(endpoint) + " has no round {}."

    def shown_round(label: str) -> str:
        return f"{context.round(label)} {one_line(set_of[label], 40)}"

    with st.container(horizontal=True):
        newest = choose_from("Round", "b", list(set_of), unknown, forgets=("pair",), shown=shown_round, width=320)
        alike = [one for one in set_of if set_of[one] == set_of[newest]]
        usual = next((one for one in alike if one < newest), alike[0])
        said = unknown.replace("has no round {}", "has no round {} of the same probe set")
        older = choose_from("Against", "a", alike, said, usual=usual, forgets=("pair",), shown=shown_round, width=320)
    rows = pairs(context.store.replies_of_round(endpoint, older), context.store.replies_of_round(endpoint, newest))
    differ = sum(_differs(*pair) for pair in rows)
    st.caption(
        f"{differ} of {count(len(rows), 'pair')} differ. A pair is one sample of one probe. Samples vary by "
        "themselves, so a difference here is no evidence: incidents say what is."
    )
    if not rows:
        return
    key = f"pairs-{older}-{newest}"

    def chosen() -> None:
        picked = st.session_state[key].selection.rows
        set_query(pair="-".join(str(one.id) for one in rows[picked[0]] if one) if picked else "")

    st.dataframe(
        [
            {
                "probe": one_line((one or other).probe, 80),  # type: ignore[union-attr]  # a pair is never empty
                "sample": (one or other).sample + 1,  # type: ignore[union-attr]
                "differs": "yes" if _differs(one, other) else "",
                f"against {context.round(older)}": line(one) if one else "",
                context.round(newest): line(other) if other else "",
            }
            for one, other in rows
        ],
        hide_index=True,
        placeholder="",
        key=key,
        on_select=chosen,
        selection_mode="single-row",
        alt="Replies of both rounds by probe and sample, those that differ first; choose a row to see how",
    )
    picked = st.query_params.get("pair", "")
    for pair in rows:
        if picked and picked == "-".join(str(one.id) for one in pair if one):
            read(context, [one for one in pair if one])


def pairs(older: Sequence[ReplyView], newer: Sequence[ReplyView]) -> list[tuple[ReplyView | None, ReplyView | None]]:
    """Replies to the same sample of the same probe, those that differ first; None where a round has none."""
    sides = [{(one.probe, one.sample): one for one in side} for side in (older, newer)]
    found = [(sides[0].get(place), sides[1].get(place)) for place in dict.fromkeys([*sides[0], *sides[1]])]
    return sorted(found, key=lambda pair: not _differs(*pair))


def _differs(one: ReplyView | None, other: ReplyView | None) -> bool:
    return one is None or other is None or (one.text, one.error) != (other.text, other.error)


def line(one: ReplyView) -> str:
    """A reply in a cell of a table."""
    return one_line(one.text or "(empty)" if one.error is None else f"failed: {cause_in_words(one.error)}", 300)


def read(context: PageContext, chosen: Sequence[ReplyView]) -> None:
    """One reply in full, or two, the older on the left, with what differs marked."""
    older_first = sorted(chosen, key=lambda one: (one.round, one.sample))
    texts = [one.text or "" for one in older_first]
    sides = compared(*texts) if len(texts) == 2 else compared(*texts * 2)[:1] if texts else ()
    for column, one, side in zip(st.columns(max(1, len(sides))), older_first, sides, strict=False):
        with column:
            st.markdown(f"**{inline(context.round(one.round))}** · sample {one.sample + 1}")
            if one.error is not None:
                st.text(f"failed: {one_line(cause_in_words(one.error, one.error_detail), 300)}")
            with st.container(height=400 if len(side) > 2_500 or side.count("\n") > 20 else "content", border=True):
                st.html(f'<div class="reply">{side or "<i>The reply is empty.</i>"}</div>')
            if cut := shown(one.text or "").cut:
                st.caption(f"Cut: {count(cut, 'more character')}; the reply log has the whole reply.")
