"""The promise: false alarms that were promised, against alarms that came."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import inline, listed, number, one_line
from dashboard.frame import PageContext, csv_button, heading
from prober.status.objectives import PromiseView
from prober.text import count


def draw(context: PageContext) -> None:
    heading("The promise", "Did we get more false alarms than we agreed to?")
    st.markdown(
        "Each endpoint has one setting, `false_alarms_per_year`: how many false alarms a year you accept while nothing "
        "changes, over all probes and channels together. The threshold follows from it. Not covered: behaviour that "
        "comes and goes over days or weeks, more slowly than the reference can show. It can raise more false alarms."
    )
    found = sorted(context.store.promises(), key=lambda one: one.kept or not one.judged)
    judged = [one for one in found if one.judged]
    if not judged:
        st.info("**Too early to say**: no round has been judged against a complete reference yet.")
        return
    tone, sentence = kept(judged)
    (st.success if tone else st.warning)(sentence)
    st.dataframe(
        {
            "endpoint": [one_line(one.endpoint) for one in found],
            "promised per year": [one.false_alarms_per_year for one in found],
            "rounds judged": [one.judged for one in found],
            "expected so far, at most": [one.promised for one in found],
            "alarms": [one.alarms for one in found],
            "lasting changes": [one.stayed for one in found],
            "too early to say": [one.unclear for one in found],
            "recovered": [one.gone for one in found],
            "dismissed": [one.false for one in found],
            "probability": [one.chance for one in found],
            "kept": [("yes" if one.kept else "in doubt") if one.judged else "too early" for one in found],
        },
        hide_index=True,
        column_config={
            "promised per year": st.column_config.NumberColumn(format="%.4g"),
            "expected so far, at most": st.column_config.NumberColumn(format="%.2f"),
            "probability": st.column_config.NumberColumn(format="%.3f"),
        },
        alt="The promise of each endpoint against the alarms it raised",
    )
    st.caption(
        "Recovered: the old behaviour came back, or a person closed it; it was a change that passed or a false alarm, "
        "which look the same. "
        "Dismissed: a person says that it was a false alarm. Probability: how likely so many of these two are by "
        "chance while the promise is kept. Below 0.01, and with more than one of them, the promise is in doubt."
    )
    csv_button(
        "This table as CSV",
        "promise",
        [
            {"endpoint": one.endpoint, "false_alarms_per_year": one.false_alarms_per_year, "judged": one.judged,
             "promised": one.promised, "alarms": one.alarms, "stayed": one.stayed, "unclear": one.unclear,
             "gone": one.gone, "dismissed": one.false, "chance": one.chance}
            for one in found
        ],
    )  # fmt: skip
    st.markdown(
        "`docs/mathematics/promise.md` derives the promise. `docs/mathematics/benchmarks.md` has the rates measured on "
        "simulated endpoints; `make bench` measures them again."
    )


def kept(judged: list[PromiseView]) -> tuple[bool, str]:
    """Whether the promise is kept as far as the data shows, with a sentence in markdown."""
    doubtful = [inline(one.endpoint) for one in judged if not one.kept]
    if doubtful:
        return False, (
            f"**The promise is in doubt** at {listed(doubtful)}: more alarms recovered or were dismissed than "
            "chance explains."
        )
    rounds, maybe = sum(one.judged for one in judged), sum(one.gone + one.false for one in judged)
    return True, (
        f"**Kept, as far as the data shows**: {count(maybe, 'alarm')} that may have been false in "
        f"{count(rounds, 'judged round')}; the promise allows {number(sum(one.promised for one in judged))} on average."
    )
