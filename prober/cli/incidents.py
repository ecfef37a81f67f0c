"""`prober incidents`: list, show and act on incidents; announce maintenance."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from prober.alerts import open_alerters
from prober.alerts.phrases import between, course_words, minute, resting_on, since_when, thousands
from prober.cli.database import deliver_owed, open_store
from prober.cli.maintenance import maintenance
from prober.cli.options import AsJson, By, Database, Why, duration, me, now_utc, settings_of
from prober.cli.output import Json, of_incident, of_time, of_triage, print_json, say, table
from prober.incidents.actions import had_effect
from prober.incidents.routing import Routing
from prober.incidents.runbooks import choose
from prober.model.decision import Action
from prober.model.errors import ConfigurationError
from prober.model.incident import Change, Facts, Incident, Measured, Trouble
from prober.model.watch import cause_in_words
from prober.service.act import NOWHERE, act, done
from prober.status.advice import runbook_text
from prober.status.postmortem import gather, markdown
from prober.status.triage import numbers, triage_of
from prober.store import Store, incidents, retention
from prober.store import notices as stored_notices
from prober.store.views import ActionView, NoticeView
from prober.text import one_line, quoted

app = typer.Typer(add_completion=False)


def _id(text: str) -> int:
    """The number of an incident, also where it is written as `#1`."""
    if not re.fullmatch(r"#?[0-9]{1,18}", text):
        raise ConfigurationError(f"{quoted(text)} is not the number of an incident; `prober incidents list` shows them")
    return int(text.removeprefix("#"))


Id: TypeAlias = Annotated[int, typer.Argument(metavar="ID", parser=_id, help="As `prober incidents list` shows it.")]


@app.callback(invoke_without_command=True)
def about(context: typer.Context, database: Database = None, as_json: AsJson = False) -> int:
    """List, show and act on incidents; announce maintenance of an endpoint. Alone it lists them.

    Acknowledge while you look into it. Then accept a change that you want to keep, close one whose old behaviour is
    back, or dismiss a false alarm: nothing changed.
    """
    return 0 if context.invoked_subcommand is not None else list_(None, database, as_json)


@app.command("list")
def list_(
    endpoint: Annotated[str | None, typer.Option("--endpoint", metavar="NAME", help="This endpoint only.")] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """List every incident, newest first."""
    with open_store(database, read_only=True) as store:
        found = store.query(incidents.recent, endpoint=endpoint, limit=10_000)
    if as_json:
        print_json({"incidents": [of_incident(one) for one in found]})
    elif not found:
        say("No incident.")
    else:
        table(
            ("id", "endpoint", "state", "severity", "kind", "since", "detected", "evidence"),
            [
                (
                    str(one.id),
                    one.endpoint,
                    one.closed_as or _state(one),
                    one.severity,
                    one.kind,
                    since_when(one.onset, one.opened_at),
                    minute(one.opened_at),
                    _in_short(one),
                )
                for one in found
            ],
        )
    return 0


@app.command()
def show(incident_id: Id, database: Database = None, as_json: AsJson = False) -> int:
    """Show one incident: what moved, replies before and after, and who was notified."""
    with open_store(database, read_only=True) as store:
        incident = _incident(store, incident_id)
        examples = store.query(incidents.examples, incident)
        deleted = store.query(retention.deleted_words, incident.endpoint)
        notices = store.query(stored_notices.recent, incident_id)
        presses = store.query(incidents.actions, incident_id)
        triage = store.query(triage_of, incident, now_utc()) if incident.is_live else None
    notified: list[Json] = [
        {
            "event": one.event,
            "alerter": _place(one),
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
        pressed: list[Json] = [
            {"action": one.action, "actor": one.actor, "at": of_time(one.at), "note": one.note, "via": one.via,
             "until": of_time(one.until), "outcome": one.reason}
            for one in presses
        ]  # fmt: skip
        found = None if triage is None else of_triage(triage)
        print_json({"incident": of_incident(incident), "examples": sides, "notices": notified, "presses": pressed,
                    "triage": found})  # fmt: skip
        return 0
    say(
        f"Incident {incident.id}: {incident.endpoint}: {one_line(incident.headline)}",
        f"  {incident.kind} since {since_when(incident.onset, incident.opened_at)}"
        f"{between(incident.onset_between) if isinstance(incident, Change) else ''}",
    )
    until = f" until {minute(incident.muted_until)}" if incident.muted_until else ""
    say(f"  detected {minute(incident.opened_at)}, {incident.severity}, {incident.state}{until}", *_who(incident))
    if isinstance(incident, Trouble):
        before = f"; before: {cause_in_words(incident.cause_before)}" if incident.cause_before else ""
        say(f"  cause: {cause_in_words(incident.cause, incident.detail, incident.failed_share)}{before}")
    elif isinstance(incident, Measured):
        label = "" if incident.kind == "runaway" else "measured: "
        say(f"  {label}{one_line(incident.detail)}")
    elif incident.cause:
        say(f"  cause: {incident.cause}")
    if isinstance(incident, Change):
        share = incident.findings.share
        remarks = (
            course_words(incident.course, incident.passed, is_provisional=incident.is_provisional),
            share.words if share else "",
        )
        say(*(f"  {remark}" for remark in remarks if remark))
        say(*_moved(incident))
    say(*(f"  {fact.words}" for fact in incident.facts) if isinstance(incident, Change | Facts) else ())
    if triage is not None:
        say(f"  likely cause: {one_line(triage.words)}", f"  runbook: prober incidents runbook {incident.id}")
    if isinstance(incident, Change) and incident.findings.examples and not examples:
        say("", f"  {deleted}")
    for one in examples:
        say("", f"  {one.probe}: {one.prompt}", f"    reference  {one.reference}", f"    recent     {one.recent}")
    if presses:
        say("", *(_pressed(one) for one in reversed(presses)))
    if notified:
        say("", *(f"  {one['event']} to {one['alerter']}: {_delivery(one)}".replace("_", " ", 1) for one in notified))
    return 0


@app.command()
def postmortem(
    incident_id: Id,
    output: Annotated[Path | None, typer.Option("--output", metavar="FILE", help="Write it there.")] = None,
    database: Database = None,
) -> int:
    """Write a postmortem of an incident, as Markdown: what the database knows, and headings for the rest."""
    with open_store(database, read_only=True) as store:
        text = markdown(store.query(gather, _incident(store, incident_id), now_utc()))
    if output is not None:
        output.write_text(text, encoding="utf-8")
    say(text if output is None else f"Wrote {output}.")
    return 0


@app.command()
def runbook(incident_id: Id, database: Database = None) -> int:
    """Print the runbook that fits an incident, with the incident's own numbers."""
    with open_store(database, read_only=True) as store:
        incident = _incident(store, incident_id)
        found = store.query(triage_of, incident, now_utc())
    name = found.runbook if found is not None else choose(incident)
    say(runbook_text(name or "semantic-regression", numbers(incident, found)).rstrip())
    return 0


@app.command()
def acknowledge(
    incident_id: Id, by: By = None, reason: Why = "", database: Database = None, as_json: AsJson = False
) -> int:
    """Acknowledge an incident: reminders stop, and everyone who was notified learns of it."""
    return _press(incident_id, Action("acknowledge", by or me(), reason), database, as_json)


@app.command()
def mute(
    incident_id: Id,
    for_: Annotated[str, typer.Option("--for", metavar="TIME", help="Such as 4h or 2d.")] = "1d",
    by: By = None,
    reason: Why = "",
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Send no notices of an incident for a while, unless it gets worse or ends."""
    until = now_utc() + duration("--for", for_)
    return _press(incident_id, Action("mute", by or me(), reason, until), database, as_json)


@app.command()
def unmute(incident_id: Id, by: By = None, reason: Why = "", database: Database = None, as_json: AsJson = False) -> int:
    """End a mute before its time."""
    return _press(incident_id, Action("unmute", by or me(), reason), database, as_json)


@app.command()
def accept(incident_id: Id, by: By = None, reason: Why = "", database: Database = None, as_json: AsJson = False) -> int:
    """Accept the new behaviour: the incident closes, and a new reference begins at its onset."""
    return _press(incident_id, Action("accept", by or me(), reason), database, as_json)


@app.command()
def dismiss(
    incident_id: Id, by: By = None, reason: Why = "", database: Database = None, as_json: AsJson = False
) -> int:
    """Dismiss a false alarm: nothing changed. The incident closes, and all rounds so far are the reference.

    The prober learns from it for how long answers may differ without a change, and counts it against the promise.
    """
    return _press(incident_id, Action("dismiss", by or me(), reason), database, as_json)


@app.command()
def close(incident_id: Id, by: By = None, reason: Why = "", database: Database = None, as_json: AsJson = False) -> int:
    """Close an incident because the old behaviour is back: it counts as recovered, and the reference stays.

    If the endpoint still differs from its reference, a new incident opens.
    """
    return _press(incident_id, Action("close", by or me(), reason), database, as_json)


app.command()(maintenance)


def _press(incident_id: int, press: Action, database: str | None, as_json: bool) -> int:
    settings = settings_of(database)
    alerters = open_alerters(settings)
    with Store.open(settings.database_url, read_only=True) as store:  # an action on nothing creates no database
        _incident(store, incident_id)
    with Store.open(settings.database_url) as store:
        incident, decision = act(
            store, incident_id, press, Routing(tuple(alerter.name for alerter in alerters)), now_utc()
        )
        deliver_owed(store, alerters, settings.dashboard_url)
    if as_json:
        print_json({"incident": of_incident(incident)})
    else:
        say(done(incident, decision))
    return 0


def _place(notice: NoticeView) -> str:
    return f"{notice.alerter}:{notice.channel}" if notice.channel else notice.alerter


def _pressed(one: ActionView) -> str:
    note = f": {one.note}" if one.note else ""
    outcome = "" if had_effect(one.reason) else f" ({one.reason.replace('_', ' ')})"
    return f"  {one.action} by {one.actor} at {minute(one.at)}, from {one.via}{outcome}{note}"


def _incident(store: Store, incident_id: int) -> Incident:
    incident = store.query(incidents.get, incident_id)
    if incident is None:
        raise ConfigurationError(NOWHERE.format(incident_id))
    return incident


def _state(incident: Incident) -> str:
    """With the course, once that is known."""
    if isinstance(incident, Change) and incident.course != "unknown":
        return f"{incident.state}, {incident.course}"
    return incident.state


def _moved(incident: Change) -> list[str]:
    """Everything that moved, the gravest first, and what that rests on."""
    evidence = {verdict.channel: verdict.e_value for verdict in incident.verdicts}
    return [
        f"  {one.channel}: {one.words or 'moved'}"
        f"{resting_on(evidence.get(one.channel, 0.0), one.replies, one.reference_replies)}"
        for one in incident.shifts
    ]


def _delivery(notice: Json) -> str:
    """`sent`, or why not: `owed: HTTP 503`."""
    state, reason = notice["state"], notice["reason"]
    return f"{state}: {reason}" if reason and reason != state else f"{state}"


def _who(incident: Incident) -> list[str]:
    if not incident.actor:
        return []
    note = f": {incident.note}" if incident.note else ""
    return [f"  {incident.closed_as.removesuffix(' by hand') or incident.state} by {incident.actor}{note}"]


def _in_short(incident: Incident) -> str:
    """Evidence, facts, or the cause."""
    if isinstance(incident, Change):
        return f"{thousands(incident.e_value)} of {thousands(incident.threshold)}"
    return incident.words if isinstance(incident, Facts) else cause_in_words(incident.cause)
