"""For whoever pays: what watching costs, who causes it, and what the month comes to."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import budgets, charts_days, own_traffic, tables
from dashboard.charts_days import DayValue
from dashboard.formatting import inline, listed, one_line
from dashboard.frame import PageContext, heading
from dashboard.overview import incident_link
from dashboard.selection import TimeRange, choose_by, choose_range, link
from prober.incidents.measured import HELD_BACK
from prober.prices import dollars
from prober.store.pages.days import By, MonthView, TallyView
from prober.text import count


def draw(context: PageContext) -> None:
    heading("Cost", "What does watching cost, and what does this month come to? Days and months are UTC.")
    _draw_prober(context)
    own_traffic.draw(context)


def _draw_prober(context: PageContext) -> None:
    """What the prober itself spends."""
    months = context.store.month("all", context.now)
    _runaways(context)
    _not_asked(context)
    if months:
        _month(context, months[0])
    budgets.draw(context)
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
    delta = delta_words(all_.so_far, all_.before_so_far)
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


def delta_words(now: float | None, before: float | None) -> str | None:
    """With its sign; None where nothing is known, or neither month has a cost yet, which is no rise."""
    if now is None or before is None or now == before == 0:
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
            what = inline(one.headline[:1].upper() + one.headline[1:])
            st.error(
                f"**{what}**: {inline(one.detail, 400)}. Until it is over, {HELD_BACK}. `prober once` never waits."
            )
            incident_link(context, one)


def _not_asked(context: PageContext) -> None:
    """What is not asked because of a budget. Something may be left of it: the next ask may need more than that."""
    for view in context.store.endpoints():
        if view.trouble is not None and view.trouble.kind == "budget_exhausted":
            why = inline(view.trouble.headline, 400)
            st.error(f"**{inline(view.name)}** {why}. It is asked again once enough of that is older.")
            link(f"Incident {view.trouble.id}", "incident", incident=str(view.trouble.id))


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
            "share": st.column_config.ProgressColumn("share of all", format="%.1f %%", min_value=0, max_value=100),
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
                "Of all, what rounds beside the schedule cost: they confirm a suspicion, or gather a reference sooner",
            ),
        },
        alt=f"Asks, tokens by kind and US dollars in {range_.words}",
    )
    st.markdown(
        f"**All together**: {sum(one.asks for one in whole):,} asks, "
        f"{sum(one.input_tokens + one.output_tokens for one in whole):,} tokens, {known(_sum(amounts))}; of these "
        f"{known(_sum(money['confirming']))} for confirmation and reference rounds."
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
