"""The part of the cost page that shows what the team's own traffic costs."""

from __future__ import annotations

import streamlit as st

from dashboard.formatting import inline, one_line
from dashboard.frame import PageContext


def draw(context: PageContext) -> None:
    """What the team's own traffic costs. Never added to the prober's costs: the report of an account may include
    those."""
    found = [one for one in context.store.bills(context.now) if one.has_cost]
    if not found:
        return
    st.markdown("## Your own traffic")
    st.caption(
        "Watched, not limited, and in none of the numbers above. A provider's report holds everything that its account "
        "is billed, so the same call may be in several rows: do not add them."
    )
    for one in found:
        if one.problem:
            st.warning(f"**{inline(one.name)}**: the cost report could not be read: {inline(one.problem, 300)}.")
        if one.no_price:
            st.warning(f"**{inline(one.name)}**: some calls are not included in dollars: {inline(one.no_price, 300)}.")
    months = [one.month(context.now) for one in found]
    st.dataframe(
        {
            "whose": [one_line(one.name) for one in found],
            "from": ["the provider's report" if one.is_account else f"samples, {100 * one.share:g} %" for one in found],
            "endpoint": ["" if one.is_account else one_line(one.endpoint) for one in found],
            "owner": [one_line(one.owner) for one in found],
            "month": [total for total, _, _ in months],
            "low": [low for _, low, _ in months],
            "high": [high for _, _, high in months],
            "day": [one.newest.day if one.newest else "" for one in found],
            "dollars": [one.newest.dollars if one.newest else None for one in found],
            "limit": [one.dollars_per_day for one in found],
            "unpriced": [one.newest.unpriced if one.newest else None for one in found],
            "plan": ["learnt" if one.is_learnt else "being learnt" for one in found],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "month": st.column_config.NumberColumn("month so far", format="$%.2f"),
            "low": st.column_config.NumberColumn("at least", format="$%.2f", help="95 %, from drawing samples alone"),
            "high": st.column_config.NumberColumn("at most", format="$%.2f", help="95 %, from drawing samples alone"),
            "day": st.column_config.TextColumn("newest day"),
            "dollars": st.column_config.NumberColumn("that day", format="$%.2f"),
            "limit": st.column_config.NumberColumn("limit a day", format="$%.2f"),
            "unpriced": st.column_config.NumberColumn("calls without a price", format="%.0f"),
        },
        alt="What each feature and account of your own traffic cost this month and on its newest day",
    )
