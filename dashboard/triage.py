"""For whoever must act: which of the three changed, the prompt, the configuration or the model?"""

from __future__ import annotations

from typing import Final

import streamlit as st

from dashboard import tables
from dashboard.formatting import inline, joined, moment, one_line
from dashboard.frame import PageContext, heading
from dashboard.selection import choose_from, link
from prober.incidents.runbooks import RUNBOOKS
from prober.model.triage import CAUSE_WORDS, Ranked

SHOWN: Final = 0.05
"""Least probability at which a cause is explained."""


def draw(context: PageContext) -> None:
    heading("Triage", "Which of the three changed: your prompt, your configuration, or the model?")
    left, _ = st.columns([2, 5])
    with left:
        endpoint = _endpoint(context)
    if next(one for one in context.store.endpoints() if one.name == endpoint).last_round is None:
        st.info("**Not asked yet.** There is nothing to explain before the first rounds.")
        return
    since, found = context.store.triage_since(endpoint, moment(st.query_params.get("since", "")), context.now)
    is_found = found.named or any(one.is_sure for one in found.ranking)
    colour = "gray" if found.named == ("none",) else "red" if is_found else "orange"
    verdict = {"gray": "nothing changed", "red": "cause found", "orange": "not certain"}[colour]
    st.markdown(f":{colour}-badge[{verdict}] **{inline(endpoint, 60)}**: {inline(found.words, 300)}.")
    st.caption(
        f"Since {context.when(since)}: two rounds before the first incident that is open, or the newest two days. To "
        "look from another moment on, add one to the address, such as `since=2026-03-01T06:00`."
    )
    shown = [one for one in found.ranking if one.probability >= SHOWN]
    st.markdown("## Causes, the likeliest first")
    st.caption("Two causes may be at work at once, so the probabilities can add up to more than 100 %.")
    st.dataframe(
        {
            "cause": [CAUSE_WORDS[one.cause] for one in found.ranking],
            "probability": [tables.hundred(one.probability) for one in found.ranking],
            "settles": [one_line(one.settles) for one in found.ranking],
        },
        hide_index=True,
        column_config={
            "cause": st.column_config.TextColumn(width=270),
            "probability": st.column_config.ProgressColumn(
                "probability", width=150, format="%.0f %%", min_value=0, max_value=100,
                help="That it is at work, alone or beside another",
            ),
            "settles": st.column_config.TextColumn("what would settle it", width=800),
        },
        alt="Causes by probability, and the measurement that would settle each",
    )  # fmt: skip
    for one in shown:
        _explain(one)
    st.markdown("## Checks")
    st.dataframe(
        {
            "question": [one.question for one in found.checks],
            "answer": [one.answer for one in found.checks],
            "found": [one_line(one.details.replace("`", ""), 400) for one in found.checks],
            "see": [one_line(one.link) for one in found.checks],
        },
        hide_index=True,
        column_config={"found": st.column_config.TextColumn("found", width="large")},
        alt="The questions that were asked of what is stored, with their answers",
    )
    if found.runbook:
        title = RUNBOOKS.get(found.runbook, found.runbook)
        st.markdown(f"Runbook that fits: **{inline(title)}**. `prober triage` prints it with its numbers.")
    link("History of this endpoint", "endpoint", endpoint=endpoint)


def _endpoint(context: PageContext) -> str:
    """By default the one whose incident has been open for longest."""
    opened = [one.endpoint for one in reversed(context.store.open_incidents())]
    names = [one.name for one in context.store.endpoints()]
    usual = next((name for name in opened if name in names), None)
    return choose_from("Endpoint", "endpoint", names, "There is no endpoint {} here.", usual=usual, forgets=("since",))


def _explain(one: Ranked) -> None:
    lines = [f"**{CAUSE_WORDS[one.cause]}**, {joined(one.percent)}"]
    lines += [f"- for: {inline(why, 400)}" for why in one.supporting]
    lines += [f"- against: {inline(why, 400)}" for why in one.opposing]
    if lines[1:]:
        st.markdown("\n".join(lines))
