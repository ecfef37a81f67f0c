"""Writes the notices that routing decides on: one for all endpoints that join an incident in quick succession."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, func, select

from prober.incidents.events import EVENTS
from prober.incidents.routing import Owed, Routing, Subject, Target
from prober.model.declaration import Severity
from prober.model.incident import SEVERITIES, Event, Incident
from prober.store.declared import concerned, sets_of
from prober.store.rows import IncidentRow, MaintenanceRow, NoticeRow, ProbeSetRow


def owe(session: Session, incident: Incident, event: Event, routing: Routing, now: datetime, reason: str = "") -> None:
    """One notice a target. News of a joining endpoint is about the incident it joined, and waits for more."""
    joined = event == "joined"
    about = incident.part_of if joined and incident.part_of is not None else incident.id
    if joined and _covered_by_a_mute(session, about, incident):
        return
    subject = Subject(
        event=event,
        severity=incident.severity,
        endpoint=incident.endpoint,
        notified=notified(session, incident),
        busy_until=busy_until(session, incident.endpoint, now),
        **_whose(concerned(session, incident)),
    )
    shown_less = _shown_less(session, (about, incident.id))
    for owed in routing.route(subject, now):
        if joined and _waiting(session, about, owed.target):
            continue
        row = _row(owed, event, reason, incident.severity, now)
        row.incident_id, row.cause = about, incident.cause or None
        # Whoever acts from a shell or the dashboard has no routes at hand: what was kept from a place stays so.
        row.private = row.private or owed.target in shown_less or None
        if not owed.hold:
            row.next_try_at = owed.at + EVENTS[event].pause
        session.add(row)


def owe_news(
    session: Session,
    event: Event,
    endpoint: str,
    cause: str,
    reason: str,
    routing: Routing,
    now: datetime,
) -> int:
    """News about no incident: of an endpoint, or, without one, of the prober itself. Gives how many are owed."""
    severity = EVENTS[event].severity or "warning"
    subject = Subject(
        event=event,
        severity=severity,
        endpoint=endpoint,
        notified=_notified_before(session, event, endpoint),
        busy_until=busy_until(session, endpoint, now),
        **_whose(sets_of(session, endpoint) if endpoint else ()),
    )
    owed = routing.route(subject, now)
    for one in owed:
        row = _row(one, event, reason, severity, now)
        row.endpoint, row.cause = endpoint or None, cause
        session.add(row)
    return len(owed)


def notified(session: Session, incident: Incident) -> tuple[Target, ...]:
    """Places that have, or are owed, a notice of an incident or of the one it is part of; the first notified first."""
    about = [one for one in (incident.part_of, incident.id) if one]
    rows = session.exec(
        select(NoticeRow.alerter, NoticeRow.channel)
        .where(col(NoticeRow.incident_id).in_(about))
        .order_by(col(NoticeRow.id))
    )
    return tuple(dict.fromkeys(Target(alerter, channel or "") for alerter, channel in rows))


def _shown_less(session: Session, about: Iterable[int]) -> frozenset[Target]:
    """Where it was told of these incidents without what was asked and answered."""
    rows = session.exec(
        select(NoticeRow.alerter, NoticeRow.channel).where(
            col(NoticeRow.incident_id).in_(about), col(NoticeRow.private).is_(True)
        )
    )
    return frozenset(Target(alerter, channel or "") for alerter, channel in rows)


def busy_until(session: Session, endpoint: str, now: datetime) -> datetime | None:
    """The end of the work on an endpoint that was begun by command and goes on now."""
    ends = session.exec(
        select(MaintenanceRow.until).where(
            MaintenanceRow.endpoint == endpoint, col(MaintenanceRow.start) <= now, col(MaintenanceRow.until) > now
        )
    ).all()
    return max(ends, default=None)


def _row(owed: Owed, event: Event, reason: str, severity: Severity, now: datetime) -> NoticeRow:
    return NoticeRow(
        event=event,
        reason=reason,
        severity=severity,
        alerter=owed.target.alerter,
        channel=owed.target.channel or None,
        private=owed.private or None,
        state="held" if owed.hold == "digest" else "owed",
        hold=owed.hold or None,
        created_at=now,
        next_try_at=owed.at,
    )


def _whose(sets: Iterable[ProbeSetRow]) -> dict[str, tuple[str, ...]]:
    """Owners and tags, as Subject has them."""
    here = tuple(sets)
    tags = dict.fromkeys(tag for one in here for tag in json.loads(one.tags or "[]"))
    return {"owners": tuple(dict.fromkeys(one.owner for one in here)), "tags": tuple(tags)}


def _covered_by_a_mute(session: Session, about: int, joining: Incident) -> bool:
    """Whether people want to hear no more of an event that this endpoint makes no worse."""
    first = session.get(IncidentRow, about)
    if first is None or first.state != "muted" or first.severity is None:
        return False
    return SEVERITIES.index(joining.severity) <= [*SEVERITIES].index(first.severity)  # type: ignore[arg-type]


def _notified_before(session: Session, event: Event, endpoint: str) -> tuple[Target, ...]:
    """Places that got the newest notice of the event that this one comes after."""
    before = EVENTS[event].after
    if before is None:
        return ()
    here = (
        col(NoticeRow.incident_id).is_(None),
        NoticeRow.event == before,
        col(NoticeRow.endpoint) == endpoint if endpoint else col(NoticeRow.endpoint).is_(None),
    )
    newest = select(func.max(NoticeRow.created_at)).where(*here).scalar_subquery()
    rows = session.exec(select(NoticeRow.alerter, NoticeRow.channel).where(*here, col(NoticeRow.created_at) == newest))
    return tuple(dict.fromkeys(Target(alerter, channel or "") for alerter, channel in rows))


def _waiting(session: Session, incident_id: int, target: Target) -> bool:
    """Whether a notice is owed and unsent that will name the endpoint anyway."""
    owed = select(NoticeRow.id).where(
        NoticeRow.incident_id == incident_id,
        NoticeRow.alerter == target.alerter,
        func.coalesce(NoticeRow.channel, "") == target.channel,
        col(NoticeRow.state).in_(("owed", "held")),
        col(NoticeRow.event).in_([name for name, rule in EVENTS.items() if rule.opens or rule.pause]),
    )
    return session.exec(owed).first() is not None
