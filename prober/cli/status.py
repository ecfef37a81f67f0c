"""`prober status`: where every endpoint stands, whether messages arrive, and whether the prober is at work."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Optional

import typer

from prober.alerts import open_alerters
from prober.alerts.phrases import minute, thousands, when
from prober.cli.fixes import delivery_fix
from prober.cli.options import AsJson, Database, deliver_owed, now_utc, open_store, settings_of
from prober.cli.output import Json, complain, of_incident, of_time, print_json, say, table
from prober.incidents.daemons import DaemonStatus
from prober.loading.quoting import quoted
from prober.model.declaration import seconds
from prober.model.errors import ConfigurationError
from prober.status.expectation import Expectation, expect, lasting, undelivered
from prober.status.metrics import exposition
from prober.store import Store
from prober.store.pages.views import DeliveryView, EndpointView

app = typer.Typer(add_completion=False)

Notices = Mapping[tuple[str, str], int]
"""(endpoint, state) → notices."""


@app.command()
def status(
    expect_every: Annotated[
        Optional[str],  # noqa: UP045
        typer.Option(
            "--expect-every",
            metavar="TIME",
            help="Ask only whether every endpoint had a round within this time, such as 2h, and a daemon is at work.",
        ),
    ] = None,
    tell: Annotated[
        bool, typer.Option("--tell", help="With --expect-every: tell the channels of a daemon that fell silent, once.")
    ] = False,
    metrics: Annotated[bool, typer.Option("--metrics", help="Prometheus' text format on standard output.")] = False,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Show the state of every endpoint, whether messages arrive, and whether a daemon is running.

    Exit code 1 where an incident is open; else 3 where an endpoint is not judged yet, or there is none; else 0. With
    `--expect-every`, the dead man's switch for cron and containers, 0 where all is as expected and else 3, whatever
    the endpoints answer. With `--metrics` 0.
    """
    every = None if expect_every is None else _duration(expect_every)
    if tell and every is None:
        raise ConfigurationError("--tell goes with --expect-every; write how often rounds are expected")
    now = now_utc()
    with open_store(database, read_only=True) as store:
        endpoints = tuple(map(_today, store.endpoints()))
        deliveries, daemon_statuses = store.deliveries(), store.daemon_statuses()
        notices = _notices_of(store)
    if metrics:
        typer.echo(exposition(endpoints, deliveries, daemon_statuses, now), nl=False)
        return 0
    expected = None if every is None else expect(every, endpoints, daemon_statuses, now)
    if tell and expected is not None and expected.silent:
        _tell(database)
    if as_json:
        print_json(_whole(endpoints, notices, deliveries, daemon_statuses, expected))
    elif expected is not None:
        _say_expected(expected, deliveries)
    else:
        _show(endpoints, notices)
        say(*_troubled(deliveries))
    if expected is not None:
        return 0 if expected.is_met else 3
    if any(one.open_incident for one in endpoints):
        return 1
    judged = endpoints and all(one.state not in {"unknown", "insufficient_evidence"} for one in endpoints)
    return 0 if judged else 3


def _duration(text: str) -> timedelta:
    if not re.fullmatch(r"\d+(\.\d+)?\s*[smhd]", text.strip()):
        raise ConfigurationError(
            f"--expect-every: {quoted(text)} is no time; write a number with s, m, h or d, like 2h"
        )
    return timedelta(seconds=seconds(text))


def _tell(database: str | None) -> None:
    """Everyone, for nobody knows who would have been routed to: what is declared may be what broke."""
    settings = settings_of(database)
    alerters = open_alerters(settings)
    with Store.open(settings.database_url) as store:
        store.miss_daemons([alerter.name for alerter in alerters], now_utc())
        deliver_owed(store, alerters, settings.dashboard_url)


def _notices_of(store: Store) -> Notices:
    endpoint_of = {incident.id: incident.endpoint for incident in store.incidents(limit=10_000)}
    return Counter(
        (endpoint_of.get(notice.incident_id, notice.endpoint), "failed" if notice.state == "failed" else "owed")
        for notice in store.notices(limit=10_000)
        if notice.state in ("owed", "claimed", "failed")
    )


def _whole(
    endpoints: Sequence[EndpointView],
    notices: Notices,
    deliveries: Sequence[DeliveryView],
    daemon_statuses: Sequence[DaemonStatus],
    expected: Expectation | None,
) -> Json:
    whole: Json = {
        "endpoints": [_as_json(one, notices) for one in endpoints],
        "deliveries": [_of_delivery(one) for one in deliveries],
        "daemons": [
            {
                "worker": one.worker,
                "started_at": of_time(one.started_at),
                "seen_at": of_time(one.seen_at),
                "stopped_at": of_time(one.stopped_at),
                "endpoints": one.endpoints,
            }
            for one in daemon_statuses
        ],
    }
    if expected is not None:
        whole["expected"] = {
            "met": expected.is_met,
            "every_s": expected.every.total_seconds(),
            "endpoints": expected.endpoints,
            "overdue": [one.endpoint for one in expected.overdue],
            "silent": [one.worker for one in expected.silent],
        }
    return whole


def _of_delivery(one: DeliveryView) -> Json:
    return {
        "alerter": one.alerter,
        "channel": one.channel,
        "owed": one.owed,
        "held": one.held,
        "sent": one.sent,
        "failed": one.failed,
        "last_sent_at": of_time(one.last_sent_at),
        "failing": one.failing,
        "last_reason": one.last_reason,
        "since": of_time(one.since),
        "fix": delivery_fix(one.last_reason) if one.failing else "",
        "mend": delivery_fix(one.last_reason) if one.failing else "",  # the same; goes in the next release
    }


def _say_expected(expected: Expectation, deliveries: Sequence[DeliveryView]) -> None:
    """What is amiss goes to standard error, so that cron sends it even where the rest is thrown away."""
    complain(*expected.words(now_utc()), *_troubled(deliveries))
    if expected.is_met:
        say(f"Every endpoint had a round within {lasting(expected.every)}: {', '.join(expected.endpoints)}")


def _troubled(deliveries: Sequence[DeliveryView]) -> list[str]:
    """Places that messages do not reach."""
    return [undelivered(one, delivery_fix(one.last_reason)) for one in deliveries if one.last_reason]


def _today(one: EndpointView) -> EndpointView:
    """An alarm without an incident was accepted since: nothing is judged until the new reference is there."""
    if one.state != "alarm" or one.open_incident is not None:
        return one
    return replace(one, state="insufficient_evidence", missing="the change was accepted; a new reference is gathered")


def _as_json(one: EndpointView, notices: Notices) -> Json:
    return {
        "endpoint": one.name,
        "provider": one.provider,
        "model": one.model,
        "owners": one.owners,
        "state": one.state,
        "missing": one.missing,
        "e_value": one.e_value,
        "threshold": one.threshold,
        "last_round": one.last_round,
        "last_completed_at": of_time(one.last_completed_at),
        "confirmation_due_at": of_time(one.confirmation_due_at),
        "rounds": one.rounds,
        "missed": one.missed,
        "asks": one.asks,
        "failed_asks": one.failed_asks,
        "last_failure": one.last_failure,
        "open_incident": of_incident(one.open_incident) if one.open_incident else None,
        "trouble": of_incident(one.trouble) if one.trouble else None,
        "stale_since": of_time(one.stale_since),
        "notices": {"owed": notices.get((one.name, "owed"), 0), "failed": notices.get((one.name, "failed"), 0)},
    }


def _show(endpoints: tuple[EndpointView, ...], notices: Notices) -> None:
    if not endpoints:
        say("The database knows no endpoint yet: `prober once` asks one round, `prober run` keeps going.")
        return
    table(
        ("endpoint", "state", "evidence", "last round", "rounds", "missed", "failed asks", "open incident", "notices"),
        [
            (
                one.name,
                one.state,
                f"{thousands(one.e_value)} of {thousands(one.threshold)}" if one.threshold else "none",
                minute(one.last_completed_at) if one.last_completed_at else "none",
                str(one.rounds),
                str(one.missed),
                f"{one.failed_asks} of {one.asks}" + (f", last {one.last_failure}" if one.last_failure else ""),
                _incident(one),
                _notices(one.name, notices),
            )
            for one in endpoints
        ],
    )
    say(*(f"{one.name}: {one.missing}" for one in endpoints if one.missing))
    say(
        *(
            f"{one.name}: cannot be asked since {when(one.trouble.onset)}: {one.trouble.cause or one.trouble.kind} "
            f"(incident {one.trouble.id}, {one.trouble.state})"
            for one in endpoints
            if one.trouble
        ),
        *(f"{one.name}: stale, told {minute(one.stale_since)}" for one in endpoints if one.stale_since),
    )
    say(
        *(
            f"{one.name}: evidence grows; a confirmation round is due at {one.confirmation_due_at:%H:%M:%S} UTC"
            for one in endpoints
            if one.confirmation_due_at
        )
    )


def _incident(one: EndpointView) -> str:
    incident = one.open_incident
    return f"{incident.id}: {incident.kind} since {when(incident.onset)}, {incident.state}" if incident else "none"


def _notices(name: str, notices: Notices) -> str:
    counts = [f"{notices[name, state]} {state}" for state in ("owed", "failed") if notices.get((name, state))]
    return ", ".join(counts) or "all sent"
