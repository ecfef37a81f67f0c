"""Is the prober itself at work? Daemons, rounds, asks, and messages: what watches the watcher."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from dashboard import charts_time
from dashboard.choosing import choose_days
from dashboard.export import csv_button
from dashboard.frame import Glance
from dashboard.standing import unreached
from dashboard.words import ago, count, inline, listed, number, one_line, percent
from prober.incidents.daemons import Sign, attendance
from prober.store.page_views import TallyView


def draw(glance: Glance) -> None:
    st.markdown("### Reliability of the prober")
    st.caption("Can its silence be trusted? An endpoint that nobody asks never changes.")
    _daemons(glance)
    for sentence in unreached(glance.reading.deliveries(), glance.now):
        st.error(sentence)
    days = _rounds(glance)
    _missed(glance)
    _deliveries(glance)
    st.caption(f"Rounds and asks are those of {days} days, UTC. `prober status` and `prober doctor` say what to do.")


def _daemons(glance: Glance) -> None:
    found = attendance(glance.reading.signs(), glance.now)
    if found.silent:
        said = [f"{inline(one.worker)} (last seen {ago(one.seen_at, glance.now)})" for one in found.silent]
        st.error(f"**A daemon fell silent**: {listed(said)}. What it watched is not asked; start `prober run` again.")
    if found.alive:
        said = [f"{inline(one.worker)} ({count(len(one.endpoints), 'endpoint')})" for one in found.alive]
        st.success(f"**At work**: {listed(said)}.")
    if not found.alive and not found.silent:
        st.warning("**No daemon is at work.** Nothing is asked until `prober run` is started.")
    signs: tuple[Sign, ...] = (*found.alive, *found.silent, *found.ended)
    if signs:
        st.dataframe(
            {
                "daemon": [one_line(one.worker) for one in signs],
                "started": [glance.when(one.started_at) for one in signs],
                "last sign of life": [ago(one.seen_at, glance.now) for one in signs],
                "ended": [glance.when(one.stopped_at) if one.stopped_at else "" for one in signs],
                "watches": [one_line(", ".join(one.endpoints)) for one in signs],
            },
            hide_index=True,
            alt="Daemons and their last signs of life",
        )


def _rounds(glance: Glance) -> int:
    st.markdown("#### Rounds and asks")
    left, _ = st.columns([1, 3])
    with left:
        days = choose_days()
    until = glance.now.date() + timedelta(days=1)
    since = until - timedelta(days=days)
    whole = glance.reading.tallies("endpoint", since, until, daily=False)
    if not whole:
        st.info("**No round in this time.** `prober run` asks them; a longer time range may show older ones.")
        return days
    daily = glance.reading.tallies("endpoint", since, until, daily=True)
    fresh = {one.name: one for one in glance.reading.endpoints()}
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
            "last round": [_last(glance, one.key) for one in whole],
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
    return days


def _missed(glance: Glance) -> None:
    missed = glance.reading.missed()
    if not missed:
        return
    st.markdown("#### Newest missed rounds")
    st.dataframe(
        {
            "due": [glance.when(one.due_at) for one in missed],
            "endpoint": [one_line(one.endpoint) for one in missed],
            "set": [one_line(one.probe_set) for one in missed],
            "why": [one_line(one.reason) for one in missed],
        },
        hide_index=True,
        height=min(35 * (len(missed) + 1) + 3, 300),
        alt="The newest rounds that were missed, and why",
    )


def _deliveries(glance: Glance) -> None:
    st.markdown("#### Messages")
    places = glance.reading.deliveries()
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
            "last sent": [glance.when(one.last_sent_at) if one.last_sent_at else "never" for one in places],
            "why not": [one_line(one.last_reason) for one in places],
        },
        hide_index=True,
        alt="How messages fare, by the place they go to",
    )


def _seconds(one: TallyView) -> str:
    return "" if one.mean_latency_s is None else f"{number(one.mean_latency_s)} s"


def _last(glance: Glance, endpoint: str) -> str:
    view = next((one for one in glance.reading.endpoints() if one.name == endpoint), None)
    return ago(view.last_completed_at, glance.now) if view and view.last_completed_at else ""
