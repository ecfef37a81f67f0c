"""Is the prober itself at work? Daemons, rounds, asks, and messages: what watches the watcher."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from dashboard import charts_days, tables
from dashboard.charts_days import DayValue
from dashboard.formatting import ago, inline, listed, one_line
from dashboard.frame import PageContext, heading
from dashboard.selection import TimeRange, choose_range
from dashboard.standing import unreached
from prober.incidents.clock import attendance
from prober.model.watch import DaemonStatus, cause_in_words
from prober.store.pages.days import TallyView
from prober.text import count


def draw(context: PageContext) -> None:
    heading("Reliability", "Does the prober itself work? An endpoint that is not asked never shows a change.")
    _daemons(context)
    _messages(context)
    range_ = _rounds(context)
    _missed(context)
    _deliveries(context)
    st.caption(f"Rounds and asks are those of {range_.words}, UTC. `prober status` and `prober doctor` say what to do.")


def _messages(context: PageContext) -> None:
    """Whether anybody would learn of a change; how each place fares is below."""
    places = context.store.deliveries()
    failing = unreached(places, context.now)
    for sentence in failing:
        st.error(sentence)
    if failing:
        return
    if owed := sum(one.owed for one in places):
        st.warning(f"**{count(owed, 'message')} to be sent**: see Messages below.")
    elif last := max((one.last_sent_at for one in places if one.last_sent_at), default=None):
        sent = sum(one.sent for one in places)
        st.success(f"**Messages arrive**: {count(sent, 'message')} sent, the last {ago(last, context.now)}.")


def _daemons(context: PageContext) -> None:
    found = attendance(context.store.daemon_statuses(), context.now)
    if found.silent:
        said = [f"{inline(one.worker)} (last seen {ago(one.seen_at, context.now)})" for one in found.silent]
        st.error(f"**A daemon fell silent**: {listed(said)}. What it watched is not asked; start `prober run` again.")
    if found.alive:
        said = [f"{inline(one.worker)} ({count(len(one.endpoints), 'endpoint')})" for one in found.alive]
        st.success(f"**At work**: {listed(said)}.")
    if not found.alive and not found.silent:
        st.warning("**No daemon is at work.** Nothing is asked until `prober run` is started.")
    daemon_statuses: tuple[DaemonStatus, ...] = (*found.alive, *found.silent, *found.ended)
    if daemon_statuses:
        st.dataframe(
            {
                "daemon": [one_line(one.worker) for one in daemon_statuses],
                "started": [one.started_at for one in daemon_statuses],
                "seen": [one.seen_at for one in daemon_statuses],
                "ended": [one.stopped_at for one in daemon_statuses],
                "endpoints": [len(one.endpoints) for one in daemon_statuses],
                "watches": [one_line(", ".join(one.endpoints)) for one in daemon_statuses],
            },
            hide_index=True,
            placeholder="",
            column_config={
                "started": tables.time_column("started", context.zone),
                "seen": tables.time_column("last heartbeat", context.zone),
                "ended": tables.time_column("ended", context.zone),
            },
            alt="Daemons and their last heartbeats",
        )


def _rounds(context: PageContext) -> TimeRange:
    st.markdown("## Rounds and asks")
    range_ = choose_range()
    since, until = range_.dates(context.now)
    whole = sorted(context.store.tallies("endpoint", since, until, daily=False), key=_worst_first)
    if not whole:
        st.info("**No round in this time.** `prober run` asks them; a longer time range may show older ones.")
        return range_
    daily = context.store.tallies("endpoint", since, until, daily=True)
    _metrics(whole)
    left, right = st.columns(2)
    failed = [DayValue(one.key, one.day, one.failure_rate, one.asks) for one in daily if one.day]
    slow = [DayValue(one.key, one.day, one.mean_latency_s, one.timed) for one in daily if one.day]
    with left:
        st.markdown("### Failed asks\nShare of all, a day; the most failing")
        chart = charts_days.over_days(failed, "failed", "share", "asks")
        st.altair_chart(chart, alt="Share of failed asks by UTC day and endpoint")
    with right:
        st.markdown("### Latency\nMean of the answers, seconds, a day; the slowest")
        chart = charts_days.over_days(slow, "latency", "seconds", "answers")
        st.altair_chart(chart, alt="Mean latency by UTC day and endpoint, in seconds")
    _table(context, whole, daily, range_)
    rows: list[dict[str, str | int | float | None]] = [
        {"day": one.day.isoformat() if one.day else "", "endpoint": one.key, "rounds": one.rounds,
         "missed": one.missed, "asks": one.asks, "failed": one.failed, "mean_latency_s": one.mean_latency_s}
        for one in daily
    ]  # fmt: skip
    tables.downloads("These days", "reliability", rows)
    return range_


def _worst_first(one: TallyView) -> tuple[float, str]:
    return -(one.failure_rate or 0.0) - _missed_share(one), one.key


def _missed_share(one: TallyView) -> float:
    return one.missed / (one.rounds + one.missed) if one.rounds + one.missed else 0.0


def _metrics(whole: Sequence[TallyView]) -> None:
    rounds, missed, asks, failed = (
        sum(getattr(one, name) for one in whole) for name in ("rounds", "missed", "asks", "failed")
    )
    first, second, third = st.columns(3)
    first.metric("Rounds completed", charts_days.written(rounds / max(rounds + missed, 1), "share"),
                 f"{rounds:,} of {rounds + missed:,}", delta_color="off", delta_arrow="off", border=True)  # fmt: skip
    second.metric("Asks answered", charts_days.written((asks - failed) / max(asks, 1), "share"),
                  f"{asks - failed:,} of {asks:,}", delta_color="off", delta_arrow="off", border=True)  # fmt: skip
    worst = whole[0]
    third.metric("Least answered", charts_days.written((worst.answered) / max(worst.asks, 1), "share"),
                 one_line(worst.key, 60) if failed + missed else "no endpoint failed", delta_color="off",
                 delta_arrow="off", border=True)  # fmt: skip


def _table(context: PageContext, whole: Sequence[TallyView], daily: Sequence[TallyView], range_: TimeRange) -> None:
    views = {one.name: one for one in context.store.endpoints()}
    failures = {name: cause_in_words(one.last_failure) for name, one in views.items() if one.last_failure}
    days: dict[str, list[float]] = {}
    for one in daily:
        if one.failure_rate is not None:
            days.setdefault(one.key, []).append(100 * one.failure_rate)
    st.dataframe(
        {
            "endpoint": [one_line(one.key) for one in whole],
            "rounds": [one.rounds for one in whole],
            "missed": [one.missed for one in whole],
            "asks": [one.asks for one in whole],
            "failed": [tables.hundred(one.failure_rate) for one in whole],
            "days": [days.get(one.key, []) for one in whole],
            "latency": [one.mean_latency_s for one in whole],
            "last round": [views[one.key].last_completed_at if one.key in views else None for one in whole],
            "last failure": [one_line(failures.get(one.key, "")) for one in whole],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "failed": tables.share_column("failed", "Share of asks without a reply"),
            "days": st.column_config.LineChartColumn("failed, by day", y_min=0),
            "latency": st.column_config.NumberColumn("mean latency", format="%.2f s", help="Of the answers"),
            "last round": tables.time_column("last round", context.zone),
        },
        alt=f"Rounds and asks of each endpoint in {range_.words}, the most failing first",
    )


def _missed(context: PageContext) -> None:
    missed = context.store.missed()
    if not missed:
        return
    st.markdown("## Newest missed rounds")
    st.dataframe(
        {
            "due": [one.due_at for one in missed],
            "endpoint": [one_line(one.endpoint) for one in missed],
            "set": [one_line(one.probe_set) for one in missed],
            "why": [one_line(one.reason) for one in missed],
        },
        hide_index=True,
        height=min(35 * (len(missed) + 1) + 3, 300),
        column_config={"due": tables.time_column("due", context.zone)},
        alt="The newest rounds that were missed, and why",
    )


def _deliveries(context: PageContext) -> None:
    st.markdown("## Messages")
    places = context.store.deliveries()
    if not places:
        st.caption("No message was ever due. `prober drill ENDPOINT` shows whether one would arrive.")
        return
    st.dataframe(
        {
            "through": [one_line(f"{one.alerter}:{one.channel}" if one.channel else one.alerter) for one in places],
            "owed": [one.owed for one in places],
            "held": [one.held for one in places],
            "sent": [one.sent for one in places],
            "failed": [one.failed for one in places],
            "last sent": [one.last_sent_at for one in places],
            "why not": [one_line(one.last_reason) for one in places],
        },
        hide_index=True,
        placeholder="",
        column_config={
            "owed": st.column_config.NumberColumn("to be sent"),
            "held": st.column_config.NumberColumn("held back", help="For the digest, or part of one already"),
            "last sent": tables.time_column("last sent", context.zone),
            "why not": st.column_config.TextColumn("last answer"),
        },
        alt="How messages fare, by the place they go to",
    )
