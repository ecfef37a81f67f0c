"""The part of the cost page that shows what is left of budgets and of the limits of accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import streamlit as st

from dashboard.formatting import inline, listed, one_line
from dashboard.frame import PageContext
from prober.model.budget import whose
from prober.store.pages.days import By
from prober.store.views import BudgetView


def draw(context: PageContext) -> None:
    """Budgets first."""
    _budgets(context)
    _accounts(context)


def _budgets(context: PageContext) -> None:
    found = context.store.budgets(context.now)
    if not found:
        return
    rates = {
        scope: {one.key: one.per_day for one in context.store.month(by, context.now)} for scope, by in _SCOPES.items()
    }
    st.markdown("## Budgets")
    full = [one for one in found if one.share >= 1]
    if full:
        names = [inline(f"{whose(one.scope)}, {one.limit.name.replace('_', ' ')}", 80) for one in full]
        st.error(
            f"**Used up**: {listed(names)}. What counts there is not asked until older asks leave the period, or until "
            "you raise the limit."
        )
    st.dataframe(
        {
            "whose": [one_line(whose(one.scope)) for one in found],
            "limit": [one.limit.name.replace("_", " ") for one in found],
            "spent": [one.limit.amount(one.spent) for one in found],
            "of": [one.limit.shown for one in found],
            "share": [100 * one.share for one in found],
            "pace": [_pace(one, rates) for one in found],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "whose": st.column_config.TextColumn("whose", help="An endpoint, a set, an owner, or everything"),
            "spent": st.column_config.NumberColumn("spent", format="%.4g"),
            "of": st.column_config.NumberColumn("allowed", format="%.4g"),
            "share": st.column_config.ProgressColumn("used", format="%.0f %%", min_value=0, max_value=100),
            "pace": st.column_config.NumberColumn(
                "at this pace",
                format="%.0f %%",
                help="Of a limit in dollars a month: 30 days at the present rate a day",
            ),
        },
        alt="Every limit of every budget in use, and what is spent of it, the fullest first",
    )
    st.caption(
        "Hard limits: an ask that would pass one is not made. The hour, day and month (30 days) move on with time."
    )


_SCOPES: Final[Mapping[str, By]] = {"": "endpoint", "set": "probe_set", "owner": "owner", "all": "all"}
"""The part of a budget's scope before the colon → what the spending is summed by."""


def _pace(one: BudgetView, rates: Mapping[str, Mapping[str, float | None]]) -> float | None:
    kind, colon, name = one.scope.partition(":")
    rate = rates.get(kind if colon else "", {}).get(name if colon else one.scope)
    if rate is None or (one.limit.unit, one.limit.period) != ("dollars", "month"):
        return None
    return 100 * 30 * rate / one.limit.shown


def _accounts(context: PageContext) -> None:
    """Limits of providers' accounts."""
    found = [(one, each) for one in context.store.accounts(context.now) for each in one.limits]
    if not found:
        return
    st.markdown("## Limits of accounts")
    st.dataframe(
        {
            "endpoints": [one_line(", ".join(one.endpoints)) for one, _ in found],
            "a minute": [each.unit for _, each in found],
            "used": [each.used for _, each in found],
            "of": [each.most for _, each in found],
            "from": ["declared" if each.is_declared else "the provider" for _, each in found],
            "waiting": [one.waiting for one, _ in found],
        },
        hide_index=True,
        column_config={
            "of": st.column_config.NumberColumn("limit", format="localized"),
            "waiting": st.column_config.NumberColumn("waiting", help="Asks that wait now, at least"),
        },
        alt="Asks and tokens of the last minute of each account, beside its limits",
    )
