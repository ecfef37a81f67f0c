"""One probe: its prompt and expectations, its answers in the reference and now, and its replies."""

from __future__ import annotations

import streamlit as st

from dashboard import charts_time
from dashboard.formatting import inline, moment, number, one_line, percent, shown
from dashboard.frame import PageContext, heading, log_button
from dashboard.replies import line, read
from dashboard.selection import choose_endpoint, choose_from, link, selectors
from prober.judging.explain.probe import advice
from prober.status.probe import ProbePage
from prober.text import count

_PAGE = 100
"""Replies on a page, or one round if it holds more."""
_SHARE = st.column_config.NumberColumn(format="%.1f %%")


def draw(context: PageContext) -> None:
    heading("Probes", "What did it say before, and what now?")
    bar = selectors()
    with bar:
        endpoint = choose_endpoint(context.store.endpoints(), forgets=("probe", "before"))
    probes = [one.probe for one in context.store.probes(endpoint)]
    if not probes:
        st.info(f"**{inline(endpoint)} was not asked yet.** Its probes appear with the first completed round.")
        return
    with bar:
        probe = choose_from("Probe", "probe", probes, inline(endpoint) + " is not asked {}.", forgets=("before",))
    page = context.store.probe(endpoint, probe)
    if page is None:
        st.info("The newest rounds did not ask this probe.")
        return
    _looked_at(context, page)
    _answers(page)
    _expectations(page)
    _asked(page)
    _distributions(page)
    _information(page)
    _replies(context, endpoint, probe)


def _asked(page: ProbePage) -> None:
    st.markdown("## What it asks")
    if page.probe.system:
        st.caption("System")
        st.code(shown(page.probe.system).text, language=None, wrap_lines=True)
        st.caption("Prompt")
    st.code(shown(page.probe.prompt).text, language=None, wrap_lines=True)


def _expectations(page: ProbePage) -> None:
    if not page.checks:
        st.caption("This probe checks nothing in the answer; add `expect:` to say what a good answer is.")
        return
    st.markdown("## Expectations, and how many answers meet them")
    columns: dict[str, list[str] | list[int] | list[float | None]] = {
        "expectation": [one_line(check.label) for check in page.checks]
    }
    if page.then:
        columns["reference"] = [_hundred(check.then) for check in page.checks]
        columns["answers of the reference"] = [check.judged_then for check in page.checks]
    if page.now:
        columns["now"] = [_hundred(check.now) for check in page.checks]
        columns["answers now"] = [check.judged_now for check in page.checks]
    st.dataframe(
        columns,
        hide_index=True,
        placeholder="",
        column_config={"reference": _SHARE, "now": _SHARE},
        alt="Expectations of this probe, in the reference and now",
    )


def _looked_at(context: PageContext, page: ProbePage) -> None:
    st.markdown(f"**Asked**: {inline(page.probe.prompt, 160) or 'an empty prompt'}")
    now = f"{count(page.now, 'answer')} from the newest {count(page.rounds, 'round') if page.rounds != 1 else 'round'}"
    since = f", since {inline(context.round(page.since))}" if page.since else ""
    if page.then:
        st.caption(f"Compared: {count(page.then, 'answer')} from the reference with {now}{since}.")
    elif page.now:
        st.caption(f"The reference is not complete yet, so there is nothing to compare with {now}{since}.")


def _information(page: ProbePage) -> None:
    """How much information its replies carry."""
    information = page.information
    if information is None or not information.channels:
        return
    st.markdown("## How informative it is")
    days = information.days_alone
    soon = "never" if days is None else f"after about {count(max(1, round(days)), 'day')}"
    st.markdown(
        f"If 10 % of its answers changed, this probe alone would detect it {soon}, "
        f"in channel {inline(information.channels[0].channel)} ({number(information.asks)} answers per round)."
    )
    if said := advice(information):
        st.caption(f"Advice: it {said}.")
    st.dataframe(
        {
            "channel": [one_line(one.channel) for one in information.channels],
            "different answers": [one.outcomes for one in information.channels],
            "information, 10 % shifted": [one.moved_nats for one in information.channels],
            "information, 10 % new": [one.new_nats for one in information.channels],
        },
        hide_index=True,
        column_config={
            "different answers": st.column_config.NumberColumn(
                format="%.2f", help="Effective number: 2 if two answers are equally common"
            ),
            "information, 10 % shifted": st.column_config.NumberColumn(
                format="%.4f", help="Expected nats per ask if 10 % of its answers change"
            ),
            "information, 10 % new": st.column_config.NumberColumn(
                format="%.4f", help="Expected nats per ask if 10 % of its answers change"
            ),
        },
        alt="Information per ask in each channel of this probe",
    )


def _answers(page: ProbePage) -> None:
    st.markdown("## Most common answers")
    if not page.answers:
        st.caption("No answer yet.")
        return
    columns: dict[str, list[str] | list[int] | list[float | None]] = {
        "answer": [one_line(one.text, 300) or "(empty)" for one in page.answers]
    }
    shares: dict[str, list[float | None]] = {}
    for side, of, counts in (
        ("reference", page.then, [one.then for one in page.answers]),
        ("now", page.now, [one.now for one in page.answers]),
    ):
        if of:  # a side without an answer has nothing to show
            columns[f"{side}, of {of}"] = counts
            shares[side] = [_hundred(one / of) for one in counts]
    st.dataframe(
        {**columns, **shares},
        hide_index=True,
        placeholder="",
        column_config={"answer": st.column_config.TextColumn(width="large"), "reference": _SHARE, "now": _SHARE},
        alt="Most common answers, in the reference and now",
    )


def _distributions(page: ProbePage) -> None:
    if not page.distributions:
        return
    st.markdown("## Channels, most moved first")
    st.caption(
        "Upper bar, blue: share of the replies in the reference. Lower bar, orange: now. `prober power` shows which "
        "changes all probes together would catch, and how soon."
    )
    if page.unread:
        st.caption(f"Not judged for this probe, whose replies say too little there: {', '.join(page.unread)}.")
    for n in range(0, min(len(page.distributions), 8), 2):
        for column, one in zip(st.columns(2), page.distributions[n : n + 2], strict=False):
            with column:
                st.markdown(
                    f"**{inline(one.channel)}** · {percent(one.moved) or '0 %'} moved · "
                    f"{one.read_then:,} replies in the reference, {one.read:,} now"
                )
                st.altair_chart(
                    charts_time.then_and_now(one),
                    alt=f"{one_line(one.channel, 60)} in the reference and now, by category",
                )


def _replies(context: PageContext, endpoint: str, probe: str) -> None:
    """Raw replies, on demand, a page at a time."""
    st.markdown("## Replies")
    log_button(context, endpoint, probe)
    link("Search them, and compare rounds", "replies", endpoint=endpoint, probe=probe)
    if not st.toggle("Show the replies", key="replies", value=bool({"before", "replies"} & {*st.query_params})):
        return
    before = st.query_params.get("before")
    found = context.store.replies(endpoint, probe, before, _PAGE)
    if not found:
        st.caption("No earlier reply.")
    if deleted := context.store.deleted(endpoint):
        st.caption(deleted)
    chosen = st.dataframe(
        [
            {
                "round": context.local(moment(one.round) or one.at),
                "sample": one.sample + 1,
                "reply": line(one),
                "characters": None if one.text is None else len(one.text),
                "model": one_line(one.model or "", 60),
            }
            for one in found
        ],
        hide_index=True,
        placeholder="",
        key=f"replies-{before}",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={"round": context.time_column(), "reply": st.column_config.TextColumn(width="large")},
        alt="Replies of this probe, the newest round first; choose one to read it, two to compare them",
    )
    st.caption("Choose one reply to read it, or two to see how they differ. The table has a search.")
    read(context, [found[row] for row in chosen.selection.rows[:2]])
    left, right = st.columns(2)
    kept = {"endpoint": endpoint, "probe": probe}
    if before is not None:
        left.button("Newest", on_click=st.query_params.from_dict, args=(kept,), icon=":material/first_page:")
    if len(found) >= _PAGE:
        older = kept | {"before": found[-1].round}
        right.button("Earlier", on_click=st.query_params.from_dict, args=(older,), icon=":material/chevron_right:")


def _hundred(share: float | None) -> float | None:
    return None if share is None else 100 * share
