"""For whoever pays: what watching costs, who causes it, and the forecast for the month."""

from __future__ import annotations

import streamlit as st

from dashboard import charts_time
from dashboard.formatting import count, inline, one_line
from dashboard.frame import PageContext, csv_button, heading
from dashboard.selection import choose_by, choose_range, selectors
from prober.prices import dollars
from prober.store.pages.days import By, MonthView, TallyView


def draw(context: PageContext) -> None:
    heading("Cost", "What does watching cost, and what will this month cost? Days and months are UTC.")
    _month(context)
    with selectors():
        by = choose_by(("endpoint", "probe_set", "owner", "tag"))
        range_ = choose_range()
    daily = context.store.tallies(by, *range_.dates(context.now), daily=True)
    if not any(one.asks for one in daily):
        st.info("**Nothing was asked in this time.** `prober plan` shows what a plan would cost before it runs.")
        return
    _charts(daily, by)
    _table(context, by)
    csv_button("These days as CSV", f"cost-by-{by}", [_row(one, by) for one in daily])


def _month(context: PageContext) -> None:
    found = context.store.month("all", context.now)
    if not found:
        return
    (all_,) = found
    basis = f"mean of {count(all_.days, 'whole day')}" if all_.days else "from today, the first day"
    columns = st.columns(3)
    columns[0].metric("This month so far", _known(all_.so_far), help="Dollars, as far as prices are known")
    columns[1].metric("Per day", _known(all_.per_day), help=f"Rate: {basis}")
    columns[2].metric(
        "Forecast for the month", _known(all_.forecast), help="So far, plus the rate for the rest of the month"
    )
    _doubts(all_)


def _doubts(month: MonthView) -> None:
    """What the dollars do not include."""
    for endpoint, why in month.unpriced.items():
        st.warning(f"**{inline(endpoint)}** is not included in the dollars: {inline(why, 300)}.")
    if month.uncounted:
        st.warning(
            f"{count(month.uncounted, 'answer')} of this month came without a token count: the true cost is at "
            "least what is shown."
        )


def _charts(daily: tuple[TallyView, ...], by: By) -> None:
    left, right = st.columns(2)
    tokens = [
        (one.key, one.day, float(one.input_tokens + one.output_tokens),
         f"{one.input_tokens:,} in, {one.output_tokens:,} out, {one.asks:,} asks")
        for one in daily if one.day is not None
    ]  # fmt: skip
    spent = [(one.key, one.day, one.dollars, _known(one.dollars)) for one in daily if one.day is not None]
    for column, title, cells in ((left, "Dollars", spent), (right, "Tokens", tokens)):
        with column:
            st.markdown(f"**{title}** per day")
            if any(cell[2] for cell in cells):
                chart = charts_time.over_days(
                    cells, title.lower(), form="~s" if title == "Tokens" else "~g", stacked=True
                )
                st.altair_chart(chart, alt=f"{title} by day and {by.replace('_', ' ')}")
            else:
                free = "Nothing to show: no price is known, or everything is free."
                st.caption(free if title == "Dollars" else "No tokens were counted.")


def _table(context: PageContext, by: By) -> None:
    st.markdown("#### This month")
    months = context.store.month(by, context.now)
    st.dataframe(
        {
            by.replace("_", " "): [one_line(one.key) or "none" for one in months],
            "so far": [_known(one.so_far) for one in months],
            "per day": [_known(one.per_day) for one in months],
            "forecast": [_known(one.forecast) for one in months],
            "not included": [one_line(", ".join(one.unpriced)) for one in months],
        },
        hide_index=True,
        alt="Cost of this month so far, and its forecast",
    )


def _row(one: TallyView, by: By) -> dict[str, str | int | float | None]:
    return {
        "day": one.day.isoformat() if one.day else "",
        by: one.key,
        "asks": one.asks,
        "input_tokens": one.input_tokens,
        "output_tokens": one.output_tokens,
        "reasoning_tokens": one.reasoning_tokens,
        "cached_tokens": one.cached_tokens,
        "answers_without_count": one.uncounted,
        "dollars": one.dollars,
        "not_in_the_dollars": ", ".join(one.unpriced),
    }


def _known(amount: float | None) -> str:
    # A dollar sign begins a formula in some places that show markdown.
    return "unknown" if amount is None else dollars(amount)
