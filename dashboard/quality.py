"""For whoever owns the product: are answers as good as before? By day, and by set, owner, tag or endpoint."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import streamlit as st

from dashboard import charts_time
from dashboard.formatting import number, one_line, percent
from dashboard.frame import PageContext, csv_button, heading
from dashboard.selection import choose_by, choose_range, selectors
from prober.store.pages.days import TallyView

_MEASURES: Final[tuple[tuple[str, str, Callable[[TallyView], float | None], Callable[[TallyView], int], bool], ...]] = (
    ("Expectations met", "share of checked answers", lambda one: one.pass_rate, lambda one: one.checked, True),
    ("Right answers", "share of checks with a right answer", lambda one: one.accuracy, lambda one: one.keyed, True),
    ("Refusals", "share of answers", lambda one: one.refusal_rate, lambda one: one.answered, True),
    ("Verbosity", "characters per answer", lambda one: one.mean_characters, lambda one: one.answered, False),
)
"""Title, unit, value, number of answers behind it, and whether it is a share."""


def draw(context: PageContext) -> None:
    heading("Quality", "Are the answers as good as before? Days are UTC.")
    with selectors():
        by = choose_by(("probe_set", "owner", "tag", "endpoint"))
        range_ = choose_range()
    since, until = range_.dates(context.now)
    whole = context.store.tallies(by, since, until, daily=False)
    if not any(one.answered for one in whole):
        st.info(
            "**No answers in this time.** `prober run` asks for them; a longer time range may show older days. "
            "Expectations are declared with the probes (`expect:`)."
        )
        return
    daily = context.store.tallies(by, since, until, daily=True)
    halves = [*st.columns(2), *st.columns(2)]
    for column, (title, unit, value, base, is_share) in zip(halves, _MEASURES, strict=True):
        with column:
            st.markdown(f"**{title}**, {unit}")
            cells = [
                (one.key, one.day, value(one), _reads(value(one), base(one), is_share))
                for one in daily
                if one.day is not None
            ]
            if any(cell[2] is not None for cell in cells):
                chart = charts_time.over_days(cells, unit, form=".0%" if is_share else "~g")
                st.altair_chart(chart, alt=f"{title}, {unit}, by day and {by.replace('_', ' ')}")
            else:
                st.caption("Nothing to show: no probe here declares the expectation this needs (`expect:`).")
    _table(whole, by, range_.words)
    csv_button(
        "These days as CSV",
        f"quality-by-{by}",
        [
            {
                "day": one.day.isoformat() if one.day else "",
                by: one.key,
                "answers": one.answered,
                "checked": one.checked,
                "passed": one.passed,
                "keyed": one.keyed,
                "right": one.right,
                "refused": one.refused,
                "characters": one.characters,
            }
            for one in daily
        ],
    )


def _table(whole: tuple[TallyView, ...], by: str, stretch: str) -> None:
    st.markdown(f"#### Total of {stretch}")
    st.dataframe(
        {
            by.replace("_", " "): [one_line(one.key) or "none" for one in whole],
            "answers": [one.answered for one in whole],
            "expectations met": [percent(one.pass_rate) for one in whole],
            "right answers": [percent(one.accuracy) for one in whole],
            "refusals": [percent(one.refusal_rate) for one in whole],
            "characters": [number(one.mean_characters) if one.mean_characters else "" for one in whole],
            "failed asks": [percent(one.failure_rate) for one in whole],
        },
        hide_index=True,
        alt="Quality in this time, totals",
    )


def _reads(value: float | None, base: int, is_share: bool) -> str:
    if value is None:
        return ""
    return (
        f"{percent(value) if is_share else number(value)} of {base:,}"
        if is_share
        else f"{number(value)}, {base:,} answers"
    )
