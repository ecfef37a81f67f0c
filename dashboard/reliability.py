"""Is the prober itself at work? Daemons, rounds, asks, and messages: what watches the watcher."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from dashboard import charts_time
from dashboard.formatting import ago, count, inline, listed, number, one_line, percent, span
from dashboard.frame import PageContext, csv_button, heading
from dashboard.selection import TimeRange, choose_range
from prober.incidents.clock import attendance
from prober.model.watch import DaemonStatus
from prober.store.pages.days import TallyView
from prober.store.views import DeliveryView


def draw(context: PageContext) -> None:
    heading("Reliability", "Can the prober's silence be trusted? An endpoint that nobody asks never changes.")
    _daemons(context)
    for sentence in unreached(context.store.deliveries(), context.now):
        st.error(sentence)
    range_ = _rounds(context)
    _missed(context)
    _deliveries(context)
    st.caption(f"Rounds and asks are those of {range_.words}, UTC. `prober status` and `prober doctor` say what to do.")


def unreached(deliveries: Sequence[DeliveryView], now: datetime) -> tuple[str, ...]:
    """Places where nobody is reached until somebody fixes the configuration: markdown, a sentence each."""
    return tuple(
        f"**Nobody is reached through {inline(one.alerter)}**"
        + (f" ({inline(one.channel)})" if one.channel else "")
        + (f" for {span(now - one.since)}" if one.since else "")
        + f": {inline(one.last_reason)}. `prober status` says what to do."
        for one in deliveries
        if one.failing
    )


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
                "started": [context.when(one.started_at) for one in daemon_statuses],
                "last sign of life": [ago(one.seen_at, context.now) for one in daemon_statuses],
                "ended": [context.when(one.stopped_at) if one.stopped_at else "" for one in daemon_statuses],
                "watches": [one_line(", ".join(one.endpoints)) for one in daemon_statuses],
            },
            hide_index=True,
            alt="Daemons and their last signs of life",
        )


def _rounds(context: PageContext) -> TimeRange:
    st.markdown("#### Rounds and asks")
    range_ = choose_range()
    since, until = range_.dates(context.now)
    whole = context.store.tallies("endpoint", since, until, daily=False)
    if not whole:
        st.info("**No round in this time.** `prober run` asks them; a longer time range may show older ones.")
        return range_
    daily = context.store.tallies("endpoint", since, until, daily=True)
    fresh = {one.name: one for one in context.store.endpoints()}
    left, right = st.columns(2)
    with left:
        st.markdown("**Failed asks**, share of all")
        cells = [
            (one.key, one.day, one.failure_rate, f"{percent(one.failure_rate)} of {one.asks:,}")
            for one in daily
            if one.day
        ]
        st.altair_chart(
            charts_time.over_days(cells, "share of asks", form=".0%"), alt="Share of failed asks by day and endpoint"
        )
    with right:
        st.markdown("**Latency**, seconds; mean of the answers")
        slow = [(one.key, one.day, one.mean_latency_s, _seconds(one)) for one in daily if one.day]
        st.altair_chart(
            charts_time.over_days(slow, "latency", form="~g"), alt="Mean latency by day and endpoint, in seconds"
        )
    st.dataframe(
        {
            "endpoint": [one_line(one.key) for one in whole],
            "rounds": [one.rounds for one in whole],
            "missed": [one.missed for one in whole],
            "asks": [one.asks for one in whole],
            "failed": [percent(one.failure_rate) for one in whole],
            "last failure": [one_line(fresh[one.key].last_failure) if one.key in fresh else "" for one in whole],
            "mean latency": [_seconds(one) for one in whole],
            "last round": [_last(context, one.key) for one in whole],
        },
        hide_index=True,
        alt="Rounds and asks of each endpoint in this time",
    )
    csv_button(
        "These days as CSV",
        "reliability",
        [
            {"day": one.day.isoformat() if one.day else "", "endpoint": one.key, "rounds": one.rounds,
             "missed": one.missed, "asks": one.asks, "failed": one.failed, "mean_latency_s": one.mean_latency_s}
            for one in daily
        ],
    )  # fmt: skip
    return range_


def _missed(context: PageContext) -> None:
    missed = context.store.missed()
    if not missed:
        return
    st.markdown("#### Newest missed rounds")
    st.dataframe(
        {
            "due": [context.when(one.due_at) for one in missed],
            "endpoint": [one_line(one.endpoint) for one in missed],
            "set": [one_line(one.probe_set) for one in missed],
            "why": [one_line(one.reason) for one in missed],
        },
        hide_index=True,
        height=min(35 * (len(missed) + 1) + 3, 300),
        alt="The newest rounds that were missed, and why",
    )


def _deliveries(context: PageContext) -> None:
    st.markdown("#### Messages")
    places = context.store.deliveries()
    if not places:
        st.caption("No message was ever owed. `prober drill ENDPOINT` shows whether one would arrive.")
        return
    st.dataframe(
        {
            "through": [one_line(f"{one.alerter}:{one.channel}" if one.channel else one.alerter) for one in places],
            "owed": [one.owed for one in places],
            "held": [one.held for one in places],
            "sent": [one.sent for one in places],
            "failed": [one.failed for one in places],
            "last sent": [context.when(one.last_sent_at) if one.last_sent_at else "never" for one in places],
            "why not": [one_line(one.last_reason) for one in places],
        },
        hide_index=True,
        alt="How messages fare, by the place they go to",
    )


def _seconds(one: TallyView) -> str:
    return "" if one.mean_latency_s is None else f"{number(one.mean_latency_s)} s"


def _last(context: PageContext, endpoint: str) -> str:
    view = next((one for one in context.store.endpoints() if one.name == endpoint), None)
    return ago(view.last_completed_at, context.now) if view and view.last_completed_at else ""
