"""For whoever pays: what watching costs, who causes it, and what the month comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from dashboard import charts_days, tables
from dashboard.charts_days import DayValue
from dashboard.formatting import inline, listed, one_line
from dashboard.frame import PageContext, heading
from dashboard.overview import incident_link
from dashboard.selection import TimeRange, choose_by, choose_range
from prober.prices import dollars
from prober.store.pages.days import By, MonthView, TallyView
from prober.store.views import BudgetView
from prober.text import count


def draw(context: PageContext) -> None:
    heading("Cost", "What does watching cost, and what does this month come to? Days and months are UTC.")
    _draw_prober(context)
    _own_traffic(context)


def _draw_prober(context: PageContext) -> None:
    """What the prober itself spends."""
    months = context.store.month("all", context.now)
    if months:
        _month(context, months[0])
    _runaways(context)
    _budgets(context)
    _accounts(context)
    left, right = st.columns([2, 5], vertical_alignment="bottom")
    with left:
        by = choose_by(("endpoint", "probe_set", "owner", "tags"))
    with right:
        range_ = choose_range()
    if by == "tags":
        st.caption("A set with several tags counts once, under all of them together, so that the rows add up.")
    if months:
        _months(context, by)
    daily = context.store.tallies(by, *range_.dates(context.now), daily=True)
    if not any(one.asks for one in daily):
        st.info("**Nothing was asked in this time.** `prober plan` shows what a plan would cost before it runs.")
        return
    _charts(daily, by, range_)
    _table(context.store.tallies(by, *range_.dates(context.now), daily=False), by, range_)
    tables.downloads("These days", f"cost-by-{by}", [_row(one, by) for one in daily])


def _month(context: PageContext, all_: MonthView) -> None:
    name, last = f"{context.now:%B}", "the month before"
    so_far, forecast, before = st.columns(3)
    delta = _delta(all_.so_far, all_.before_so_far)
    so_far.metric(
        f"{name} so far", known(all_.so_far), delta,
        delta_color="inverse", delta_description=delta and f"against the same days of {last}",
        help="US dollars since the first of the month, UTC, as far as prices are known", border=True,
    )  # fmt: skip
    between = all_.forecast_between
    within = "" if between is None else f"{known(between[0])} to {known(between[1])} in 9 of 10 cases"
    forecast.metric(
        f"Forecast for {name}", known(all_.forecast),
        within or "too few days for an interval",
        delta_color="off", delta_arrow="off", border=True,
        help=f"So far, and {known(all_.per_day)} a day for the rest of the month: "
        + (f"the mean of {count(all_.days, 'whole day')}." if all_.days else "today's, for it is the first day."),
    )  # fmt: skip
    before.metric(
        last.capitalize(), "nothing" if all_.before is None else known(all_.before),
        None if all_.before is None else f"{known(all_.before_so_far)} by this day of it",
        delta_color="off", delta_arrow="off", help="US dollars of the whole month, UTC", border=True,
    )  # fmt: skip
    _doubts(all_)


def _delta(now: float | None, before: float | None) -> str | None:
    if now is None or before is None:
        return None
    return f"{'-' if now < before else '+'}{dollars(abs(now - before))}"


def _doubts(month: MonthView) -> None:
    """What the dollars do not include."""
    names = list(month.unpriced)
    if len(names) > 2:
        st.warning(
            f"**{len(names)} endpoints are not included in the dollars**: {listed([inline(n, 60) for n in names])}."
        )
        with st.expander("Why"):
            st.markdown("\n".join(f"- **{inline(name)}**: {inline(month.unpriced[name], 300)}." for name in names))
    for name in names if len(names) <= 2 else ():
        st.warning(f"**{inline(name)}** is not included in the dollars: {inline(month.unpriced[name], 300)}.")
    if month.uncounted:
        st.warning(
            f"{count(month.uncounted, 'answer')} of this month came without a token count: the true cost is at "
            "least what is shown."
        )


def _runaways(context: PageContext) -> None:
    """What spends more than planned now, and what is not asked meanwhile."""
    for view in context.store.endpoints():
        for one in view.runaways:
            st.error(
                f"**{inline(one.headline)}**: {inline(one.detail, 400)}. Until it is over, asks are held back: what is "
                "asked beside rounds first, then rounds by priority."
            )
            incident_link(context, one)


def _own_traffic(context: PageContext) -> None:
    """What the team's own traffic costs: apart, for an account's report has the prober's asks in it too."""
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
        column_config={"waiting": st.column_config.NumberColumn("waiting", help="Asks that wait now, at least")},
        alt="Asks and tokens of the last minute of each account, beside its limits",
    )


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
        st.error(f"**Used up**: {listed([inline(f'{one.scope} {one.limit.name}', 80) for one in full])}.")
    st.dataframe(
        {
            "whose": [one_line(one.scope.removesuffix(":")) for one in found],
            "limit": [one.limit.name.replace("_", " ") for one in found],
            "spent": [one.limit.amount(one.spent) for one in found],
            "of": [one.limit.shown for one in found],
            "share": [100 * one.share for one in found],
            "pace": [_pace(one, rates) for one in found],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "whose": st.column_config.TextColumn("whose", help="An endpoint, a set, an owner, or all"),
            "spent": st.column_config.NumberColumn("spent", format="%.4g"),
            "of": st.column_config.NumberColumn("of", format="%.4g"),
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
"""What stands before the colon in the scope of a budget → what its rate is a total of."""


def _pace(one: BudgetView, rates: Mapping[str, Mapping[str, float | None]]) -> float | None:
    kind, colon, name = one.scope.partition(":")
    rate = rates.get(kind if colon else "", {}).get(name if colon else one.scope)
    if rate is None or (one.limit.unit, one.limit.period) != ("dollars", "month"):
        return None
    return 100 * 30 * rate / one.limit.shown


def _months(context: PageContext, by: By) -> None:
    months = sorted(context.store.month(by, context.now), key=lambda one: -(one.so_far or 0))
    st.markdown(f"## {context.now:%B}, by {by.replace('_', ' ')}")
    so_far, forecast, before = (
        [getattr(one, name) for one in months] for name in ("so_far", "forecast", "before")
    )  # fmt: skip
    total = _sum(so_far)
    st.dataframe(
        {
            by.replace("_", " "): [one_line(one.key) or "none" for one in months],
            "so far": so_far,
            "share": [None if not total or one is None else 100 * one / total for one in so_far],
            "per day": [one.per_day for one in months],
            "forecast": forecast,
            "before": before,
            "not included": [one_line(", ".join(one.unpriced)) for one in months],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "so far": tables.dollar_column("so far", so_far),
            "share": st.column_config.ProgressColumn("share of all", format="%.0f %%", min_value=0, max_value=100),
            "per day": tables.dollar_column("per day", so_far, "Mean of the newest whole days, seven at most"),
            "forecast": tables.dollar_column("forecast", so_far),
            "before": tables.dollar_column("month before", so_far, "The whole month"),
            "not included": st.column_config.TextColumn("without a known price"),
        },
        alt="Cost of this month so far, its forecast, and the month before",
    )
    st.markdown(
        f"**All together**: {known(total)} so far, {known(_sum(forecast))} forecast, "
        f"{'nothing' if _sum(before) is None else known(_sum(before))} the month before."
    )


def _charts(daily: Sequence[TallyView], by: By, range_: TimeRange) -> None:
    spent = [DayValue(one.key, one.day, one.dollars, one.asks) for one in daily if one.day is not None]
    kinds = [
        DayValue(name, one.day, float(tokens), one.asks)
        for one in daily
        if one.day is not None
        for name, tokens in token_kinds(one).items()
    ]
    left, right = st.columns(2)
    total = _sum([one.dollars for one in daily])
    tokens = sum(one.input_tokens + one.output_tokens for one in daily)
    with left:
        st.markdown(f"## Dollars a day\n{known(total)} in {range_.words}, by {by.replace('_', ' ')}")
        if total:
            chart = charts_days.over_days(spent, "US dollars", "dollars", "asks", stacked=True)
            st.altair_chart(chart, alt=f"US dollars by UTC day and {by.replace('_', ' ')}")
        else:
            st.caption("Nothing to show: no price is known, or everything is free.")
    with right:
        st.markdown(f"## Tokens a day\n{tokens:,} in {range_.words}, by kind")
        if tokens:
            chart = charts_days.over_days(_by_kind(kinds), "tokens", "number", "asks", stacked=True)
            st.altair_chart(chart, alt="Tokens by UTC day and kind")
        else:
            st.caption("No tokens were counted.")


def token_kinds(one: TallyView) -> dict[str, int]:
    """Tokens by kind, so that they add up: cached ones are input tokens too, and reasoning ones output tokens."""
    return {
        "prompt": one.input_tokens - one.cached_tokens,
        "prompt, cached": one.cached_tokens,
        "reply": one.output_tokens - one.reasoning_tokens,
        "reasoning": one.reasoning_tokens,
    }


def _by_kind(kinds: Sequence[DayValue]) -> list[DayValue]:
    """All keys of a day together."""
    sums: dict[tuple[str, object], DayValue] = {}
    for one in kinds:
        had = sums.get((one.key, one.day), DayValue(one.key, one.day, 0.0, 0))
        sums[one.key, one.day] = DayValue(one.key, one.day, (had.value or 0) + (one.value or 0), had.n + one.n)
    return list(sums.values())


def _table(added: Sequence[TallyView], by: By, range_: TimeRange) -> None:
    st.markdown(f"## What it goes to: {range_.words}")
    whole = sorted(added, key=lambda one: -(one.dollars or 0))
    amounts = [one.dollars for one in whole]
    tokens = {name: [token_kinds(one)[name] for one in whole] for name in token_kinds(TallyView(key="", day=None))}
    money = {
        "prompts": [one.input_dollars for one in whole],
        "replies": [one.output_dollars for one in whole],
        "each ask": [_asks_dollars(one) for one in whole],
        "in all": amounts,
        "confirming": [one.confirming_dollars for one in whole],
    }
    st.dataframe(
        {
            by.replace("_", " "): [one_line(one.key) or "none" for one in whole],
            "asks": [one.asks for one in whole],
            **tokens,
            **{name: column for name, column in money.items() if name != "each ask" or _sum(column)},
        },
        hide_index=True,
        placeholder="",
        column_config={
            **{name: st.column_config.NumberColumn(f"{name} tokens", format="localized") for name in tokens},
            "asks": st.column_config.NumberColumn("asks", format="localized"),
            "prompts": tables.dollar_column("$ prompts", amounts, "At the full price: no discount for cached tokens"),
            "replies": tables.dollar_column("$ replies", amounts, "Reasoning among them"),
            "each ask": tables.dollar_column("$ per ask", amounts, "Where each request has a price of its own"),
            "in all": tables.dollar_column("$ in all", amounts, "Prompts, replies and asks together"),
            "confirming": tables.dollar_column(
                "$ confirming",
                amounts,
                "Of all, what confirmation rounds cost: those that a suspicion brought forward",
            ),
        },
        alt=f"Asks, tokens by kind and US dollars in {range_.words}",
    )
    st.markdown(
        f"**All together**: {sum(one.asks for one in whole):,} asks, "
        f"{sum(one.input_tokens + one.output_tokens for one in whole):,} tokens, {known(_sum(amounts))}; of these "
        f"{known(_sum(money['confirming']))} for confirmation rounds."
    )


def _asks_dollars(one: TallyView) -> float | None:
    if one.dollars is None or one.input_dollars is None or one.output_dollars is None:
        return None
    left = one.dollars - one.input_dollars - one.output_dollars
    return left if left > 1e-9 else 0.0


def _sum(amounts: Sequence[float | None]) -> float | None:
    found = [one for one in amounts if one is not None]
    return sum(found) if found else None


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
        "input_dollars": one.input_dollars,
        "output_dollars": one.output_dollars,
        "confirming_asks": one.confirming_asks,
        "confirming_dollars": one.confirming_dollars,
        "not_in_the_dollars": ", ".join(one.unpriced),
    }


def known(amount: float | None) -> str:
    return "unknown" if amount is None else dollars(amount)
