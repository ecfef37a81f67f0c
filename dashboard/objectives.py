"""For whoever promised a quality: is it kept, and how much of the error budget is left?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import streamlit as st

from dashboard import tables
from dashboard.formatting import inline, joined, one_line
from dashboard.frame import PageContext, heading
from dashboard.selection import link
from prober.incidents.objective_standing import budget_words, objective_standing, over, wanted, window_words
from prober.status.objectives import ObjectiveStatus
from prober.text import count

STATES: Final = {"missed": ("missed", "red"), "burning": ("burning", "orange"), "too_few": ("too few replies", "gray"),
                 "met": ("met", "green")}  # fmt: skip
"""State → words and colour, the gravest first."""


def draw(context: PageContext) -> None:
    heading("Objectives", "Is the promised quality kept, and how much of the error budget is left?")
    found = sorted(context.store.objectives(context.now), key=_gravity)
    if not found:
        st.info("**No objective is declared.** Write `objectives:` into a probe set; `prober slo` shows them too.")
        return
    st.markdown(_summary(found))
    _not_met(context, [one for one in found if one.standing.state != "met"], 8)
    _table(context, found)
    rows = [_row(one) for one in found]
    tables.downloads("This table", "objectives", rows)
    st.caption(
        "The error budget is the share of bad replies that an objective allows in its window. Burn: how many times "
        "faster than allowed it was spent in the newest hour, six hours and three days; 1 spends exactly all of it. An "
        "objective burns when the evidence for a faster spending passes its threshold, which happens by chance about "
        "once in 60 days where exactly the budget is spent (`docs/mathematics`)."
    )


def not_met(context: PageContext) -> None:
    """On other pages: what is not met, in a line each; nothing where none is declared."""
    found = sorted(context.store.objectives(context.now), key=_gravity)
    if not found:
        return
    st.markdown("## Objectives")
    st.markdown(_summary(found))
    _not_met(context, [one for one in found if one.standing.state in ("missed", "burning")], 4)
    link("All objectives, with budgets and burn", "objectives")


def _not_met(context: PageContext, found: Sequence[ObjectiveStatus], most: int) -> None:
    """A line each, with a link to its incident, where that is open."""
    opened = {(one.endpoint, one.about): one.id for one in context.store.missed_objectives()}
    for one in found[:most]:
        with st.container(gap=None):
            st.markdown(_line(context, one))
            number = opened.get((one.endpoint, f"{one.probe_set}/{one.objective.name}"))
            if number is not None:
                link(f"Incident {number}", "incident", endpoint=one.endpoint, incident=str(number))
    if found[most:]:
        st.caption(f"And {len(found) - most} more.")


def _gravity(one: ObjectiveStatus) -> tuple[int, float]:
    left = one.standing.budget_left
    return list(STATES).index(one.standing.state), 1.0 if left is None else left


def _summary(found: Sequence[ObjectiveStatus]) -> str:
    counts = {state: sum(one.standing.state == state for one in found) for state in STATES}
    badges = " ".join(f":{colour}-badge[{counts[state]} {words}]" for state, (words, colour) in STATES.items()
                      if counts[state])  # fmt: skip
    return f"{badges} of {count(len(found), 'objective')} (each is one probe set on one endpoint)."


def _line(context: PageContext, one: ObjectiveStatus) -> str:
    words, colour = STATES[one.standing.state]
    standing = one.standing
    since = f", since {context.when(standing.burning_since)}" if standing.burning_since else ""
    more = f"; about {standing.needed:,} more replies are needed" if standing.needed else ""
    return (
        f":{colour}-badge[{words}] **{inline(one.probe_set, 60)}** on **{inline(one.endpoint, 60)}**, "
        f"{inline(one.objective.name, 60)}: {joined(objective_standing(one.objective, standing))}{since}{more}"
    )


def _share(one: ObjectiveStatus) -> float | None:
    """Of the replies in the window, those that the measure names."""
    standing = one.standing
    if not standing.replies:
        return None
    return (standing.replies - standing.bad if one.objective.at_least else standing.bad) / standing.replies


def _table(context: PageContext, found: Sequence[ObjectiveStatus]) -> None:
    windows = [f"burn, {window_words(window)}" for window, _, _ in found[0].standing.burn_rates]
    burns = {
        name: [one.standing.burn_rates[place][1] for one in found] for place, name in enumerate(windows)
    }  # fmt: skip
    st.markdown("## Every objective")
    st.dataframe(
        {
            "state": [STATES[one.standing.state][0] for one in found],
            "set": [one_line(one.probe_set) for one in found],
            "endpoint": [one_line(one.endpoint) for one in found],
            "objective": [
                f"{one_line(one.objective.name)}: {one.objective.words} {wanted(one.objective)}" for one in found
            ],
            "window": [over(one.objective) for one in found],
            "replies": [one.standing.replies for one in found],
            "share": [tables.hundred(_share(one)) for one in found],
            "error budget": [
                "" if (left := one.standing.budget_left) is None else budget_words(left) for one in found
            ],
            **burns,
            "as of": [one.standing.newest for one in found],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "share": tables.share_column("share", "Of the replies in the window, those that the measure names"),
            **{name: st.column_config.NumberColumn(name, format="%.1f×") for name in windows},
            "as of": tables.time_column("as of", context.zone, "Newest round that counts"),
        },
        alt="Every objective with its share, error budget and burn rates, the gravest first",
    )  # fmt: skip


def _row(one: ObjectiveStatus) -> dict[str, str | int | float | None]:
    standing = one.standing
    return {
        "set": one.probe_set, "endpoint": one.endpoint, "objective": one.objective.name,
        "measure": one.objective.words, "wanted": wanted(one.objective), "window": one.objective.window,
        "state": standing.state, "replies": standing.replies, "bad": standing.bad, "allowed": one.objective.allowed,
        "budget_left": standing.budget_left,
        **{f"burn_{window_words(window).replace(' ', '_')}": rate for window, rate, _ in standing.burn_rates},
    }  # fmt: skip
