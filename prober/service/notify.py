"""Who is owed which notice: routing is applied here, behind the endpoint's lock; the store keeps what comes of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from prober.incidents.events import EVENTS
from prober.incidents.routing import Routing, Subject
from prober.model.incident import SEVERITIES, Event, Incident
from prober.store import Transaction, declared, incidents, maintenance, notices
from prober.store.declared import AskedSet


def notify(
    tx: Transaction, incident: Incident, event: Event, routing: Routing, now: datetime, reason: str = ""
) -> None:
    """Owe news of an incident: one notice a target. News of an endpoint that joins an incident is about the incident it
    joined, and waits a moment for more."""
    joined = event == "joined"
    about = incident.part_of if joined and incident.part_of is not None else incident.id
    if joined and _covered_by_a_mute(incidents.get(tx, about), incident):
        return
    owners, tags = _whose(declared.concerned(tx, incident))
    subject = Subject(
        event=event,
        severity=incident.severity,
        endpoint=incident.endpoint,
        notified=notices.recipients(tx, incident),
        busy_until=maintenance.busy_until(tx, incident.endpoint, now),
        owners=owners,
        tags=tags,
    )
    private = notices.private_recipients(tx, (about, incident.id))
    for owed in routing.route(subject, now):
        if joined and notices.names_all_parts(tx, about, owed.target):
            continue
        notices.add(
            tx,
            owed if owed.hold else replace(owed, at=owed.at + EVENTS[event].pause),
            event,
            incident.severity,
            reason,
            now,
            incident_id=about,
            cause=incident.cause or None,
            # Whoever acts from a shell or the dashboard has no routes at hand: what was kept from a place stays so.
            private=owed.private or owed.target in private,
        )


def notify_of_no_incident(
    tx: Transaction,
    event: Event,
    routing: Routing,
    now: datetime,
    *,
    endpoint: str = "",
    cause: str = "",
    reason: str = "",
) -> int:
    """Owe news of an endpoint, or, without one, of the prober itself. Gives how many notices are owed."""
    before = EVENTS[event].after
    severity = EVENTS[event].severity or "warning"
    owners, tags = _whose(declared.sets_of(tx, endpoint) if endpoint else ())
    subject = Subject(
        event=event,
        severity=severity,
        endpoint=endpoint,
        notified=() if before is None else notices.recipients_of_newest(tx, before, endpoint),
        busy_until=maintenance.busy_until(tx, endpoint, now),
        owners=owners,
        tags=tags,
    )
    owed = routing.route(subject, now)
    for one in owed:
        notices.add(tx, one, event, severity, reason, now, endpoint=endpoint, cause=cause, private=one.private)
    return len(owed)


def _whose(sets: Iterable[AskedSet]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Owners and tags, each once."""
    here = tuple(sets)
    tags = dict.fromkeys(tag for one in here for tag in one.tags)
    return tuple(dict.fromkeys(one.owner for one in here)), tuple(tags)


def _covered_by_a_mute(first: Incident | None, joining: Incident) -> bool:
    """Whether people want to hear no more of an event that this endpoint makes no worse."""
    if first is None or first.state != "muted":
        return False
    return SEVERITIES.index(joining.severity) <= SEVERITIES.index(first.severity)
