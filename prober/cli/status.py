"""`prober status`: where every endpoint stands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import typer

from prober.alerts.words import minute, thousands, when
from prober.cli.options import AsJson, Database, open_store
from prober.cli.plain import Json, of_incident, of_time
from prober.cli.screen import print_json, say, table
from prober.store.views import EndpointView

app = typer.Typer(add_completion=False)

Notices = Mapping[tuple[str, str], int]
"""(endpoint, state) → notices."""


@app.command()
def status(database: Database = None, as_json: AsJson = False) -> int:
    """Say where every endpoint stands.

    Exit code 1 where an incident is open; else 3 where an endpoint is not judged yet, or there is none; else 0.
    """
    with open_store(database, read_only=True) as store:
        endpoints = tuple(map(_today, store.endpoints()))
        endpoint_of = {incident.id: incident.endpoint for incident in store.incidents(limit=10_000)}
        notices = Counter(
            (endpoint_of.get(notice.incident_id, ""), "failed" if notice.state == "failed" else "owed")
            for notice in store.notices(limit=10_000)
            if notice.state != "sent"
        )
    if as_json:
        print_json({"endpoints": [_as_json(one, notices) for one in endpoints]})
    elif not endpoints:
        say("The database knows no endpoint yet: `prober once` asks one round, `prober run` keeps going.")
    else:
        _show(endpoints, notices)
    if any(one.open_incident for one in endpoints):
        return 1
    judged = endpoints and all(one.state not in {"unknown", "insufficient_evidence"} for one in endpoints)
    return 0 if judged else 3


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
        "notices": {"owed": notices.get((one.name, "owed"), 0), "failed": notices.get((one.name, "failed"), 0)},
    }


def _show(endpoints: tuple[EndpointView, ...], notices: Notices) -> None:
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
