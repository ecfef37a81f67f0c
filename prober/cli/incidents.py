"""`prober incidents`: what changed, and what people make of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Optional, TypeAlias

import typer

from prober import incidents as states
from prober.alerts import open_alerters
from prober.alerts.words import between, counted, lasting, minute, thousands, when
from prober.cli.delivery import deliver_owed
from prober.cli.options import AsJson, By, Database, me, now_utc, open_store, settings_of
from prober.cli.plain import Json, of_incident, of_time
from prober.cli.screen import print_json, say, table
from prober.errors import ConfigurationError
from prober.incidents import Decision, Incident
from prober.store import Store

app = typer.Typer(no_args_is_help=True, add_completion=False)

Id: TypeAlias = Annotated[int, typer.Argument(metavar="ID", help="As `prober incidents list` shows it.")]


@app.callback()
def about() -> None:
    """List and show changes; acknowledge or accept them."""


@app.command("list")
def list_(
    endpoint: Annotated[Optional[str], typer.Option("--endpoint", metavar="NAME")] = None,  # noqa: UP045
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Every incident, newest first."""
    with open_store(database, read_only=True) as store:
        found = store.incidents(endpoint=endpoint, limit=10_000)
    if as_json:
        print_json({"incidents": [of_incident(one) for one in found]})
    elif not found:
        say("No incident.")
    else:
        table(
            ("id", "endpoint", "state", "kind", "since", "detected", "evidence"),
            [
                (
                    str(one.id),
                    one.endpoint,
                    one.close_reason or (one.state if one.course == "unknown" else f"{one.state}, {one.course}"),
                    one.kind,
                    when(one.onset),
                    minute(one.opened_at),
                    f"{thousands(one.e_value)} of {thousands(one.threshold)}",
                )
                for one in found
            ],
        )
    return 0


@app.command()
def show(incident_id: Id, database: Database = None, as_json: AsJson = False) -> int:
    """One incident: what moved, replies before and after, and who was told."""
    with open_store(database, read_only=True) as store:
        incident = _incident(store, incident_id)
        examples = store.examples(incident)
        notices = store.notices(incident_id)
    told: list[Json] = [
        {
            "event": one.event,
            "alerter": one.alerter,
            "state": one.state,
            "sent_at": of_time(one.sent_at),
            "reason": one.last_reason,
        }
        for one in notices
    ]
    if as_json:
        sides: list[Json] = [
            {"probe": one.probe, "prompt": one.prompt, "reference": one.reference, "recent": one.recent}
            for one in examples
        ]
        print_json({"incident": of_incident(incident), "examples": sides, "notices": told})
        return 0
    say(
        f"Incident {incident.id}: {incident.kind} of {incident.endpoint} "
        f"since {when(incident.onset)}{between(incident.onset_between)}"
    )
    say(f"  detected {minute(incident.opened_at)}, {incident.state}", *_who(incident))
    share = incident.findings.share
    remarks = (lasting(incident.course, incident.passed), share.words if share else "")
    say(*(f"  {remark}" for remark in remarks if remark))
    say(*_moved(incident))
    for one in examples:
        say("", f"  {one.probe}: {one.prompt}", f"    reference  {one.reference}", f"    recent     {one.recent}")
    say("", *(f"  {one['event']} to {one['alerter']}: {one['state']} {one['reason']}" for one in told))
    return 0


@app.command()
def acknowledge(incident_id: Id, by: By = None, database: Database = None, as_json: AsJson = False) -> int:
    """Say that a change is in hand; those who were told of it are told this too."""
    return _act(
        incident_id, lambda incident: states.acknowledge(incident, by or me(), "", now_utc()), database, as_json
    )


@app.command()
def accept(
    incident_id: Id,
    by: By = None,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the incident.")] = "",
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Take the new behaviour as the reference: the incident closes, and a new reference begins at its onset."""
    return _act(incident_id, lambda incident: states.accept(incident, by or me(), reason, now_utc()), database, as_json)


def _act(incident_id: int, act: Callable[[Incident], Decision], database: str | None, as_json: bool) -> int:
    settings = settings_of(database)
    alerters = open_alerters(settings)
    Store.open(settings.database_url, read_only=True).close()  # an action on nothing makes no database
    with Store.open(settings.database_url) as store:
        decision = act(_incident(store, incident_id))
        told = [notice.alerter for notice in store.notices(incident_id)]
        incident = store.carry_out(decision, [*told, *(alerter.name for alerter in alerters)], now_utc())
        deliver_owed(store, alerters, settings.dashboard_url)
    if as_json:
        print_json({"incident": of_incident(incident)})
    else:
        begun = f" A new reference begins at {when(decision.new_epoch)}." if decision.new_epoch else ""
        say(f"Incident {incident.id} of {incident.endpoint} is {decision.reason} by {incident.actor}.{begun}")
    return 0


def _incident(store: Store, incident_id: int) -> Incident:
    incident = store.incident(incident_id)
    if incident is None:
        raise ConfigurationError(f"there is no incident {incident_id}; `prober incidents list` shows all there are")
    return incident


def _moved(incident: Incident) -> list[str]:
    """Every channel that moved, as its replies say it where these were counted."""
    shifts = {shift.channel: shift for shift in incident.findings.shifts}
    lines = []
    for one in incident.moved:
        shift = shifts.get(one.channel)
        words = shift.words if shift else one.words or "moved"
        base = counted(shift.replies, shift.reference_replies) if shift else ""
        lines.append(f"  {one.channel}: {words} (evidence {thousands(one.e_value)}{base})")
    return lines


def _who(incident: Incident) -> list[str]:
    if not incident.actor:
        return []
    note = f": {incident.note}" if incident.note else ""
    return [f"  {incident.close_reason or incident.state} by {incident.actor}{note}"]
