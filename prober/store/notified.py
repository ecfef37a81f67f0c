"""Who was notified of what, and who is still owed a notice of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from prober.model.alerting import Target
from prober.model.incident import Event, Incident
from prober.store.engine import Transaction
from prober.store.notices import CLOCKS_DIFFER, about
from prober.store.rows import IncidentRow, NoticeRow

REMEMBERED: Final = timedelta(days=30)
"""How long what was sent about an endpoint, or about the prober, may still hold."""


def recipients(tx: Transaction, incident: Incident) -> tuple[Target, ...]:
    """Who was notified of an incident, or of the one it is part of, or is owed a notice; the first notified first."""
    these = [one for one in (incident.part_of, incident.id) if one]
    rows = tx.exec(
        select(NoticeRow.alerter, NoticeRow.channel)
        .where(col(NoticeRow.incident_id).in_(these))
        .order_by(col(NoticeRow.id))
    )
    return tuple(dict.fromkeys(Target(alerter, channel or "") for alerter, channel in rows))


def recipients_of_newest(tx: Transaction, event: Event, endpoint: str) -> tuple[Target, ...]:
    """Who was notified of the newest event of this kind: of an endpoint, or, without one, of the prober itself."""
    here = (
        col(NoticeRow.incident_id).is_(None),
        NoticeRow.event == event,
        col(NoticeRow.endpoint) == endpoint if endpoint else col(NoticeRow.endpoint).is_(None),
    )
    newest = select(func.max(NoticeRow.created_at)).where(*here).scalar_subquery()
    rows = tx.exec(select(NoticeRow.alerter, NoticeRow.channel).where(*here, col(NoticeRow.created_at) == newest))
    return tuple(dict.fromkeys(Target(alerter, channel or "") for alerter, channel in rows))


def private_recipients(tx: Transaction, incident_ids: Iterable[int]) -> frozenset[Target]:
    """Who was notified of these incidents without what was asked and answered."""
    rows = tx.exec(
        select(NoticeRow.alerter, NoticeRow.channel).where(
            col(NoticeRow.incident_id).in_(incident_ids), col(NoticeRow.private).is_(True)
        )
    )
    return frozenset(Target(alerter, channel or "") for alerter, channel in rows)


def is_owed_since(tx: Transaction, event: Event, since: datetime, now: datetime) -> bool:
    """Whether any notice of this event was owed since then; what a clock that was ahead wrote does not count."""
    created = col(NoticeRow.created_at)
    found = select(NoticeRow.id).where(NoticeRow.event == event, created >= since, created <= now + CLOCKS_DIFFER)
    return tx.exec(found.limit(1)).first() is not None


def sent_to(tx: Transaction, alerter: str, now: datetime) -> list[tuple[int, int, str, Event, datetime]]:
    """(id, incident or 0, endpoint, event, when sent) of what an alerter took, oldest first: of incidents that are not
    closed, and of the last `REMEMBERED`."""
    rows = tx.connection().execute(
        columns(*(getattr(NoticeRow, name) for name in ("id", "incident_id", "endpoint", "event", "sent_at")))
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(col(NoticeRow.alerter) == alerter, col(NoticeRow.state) == "sent")
        .where(or_(col(IncidentRow.state) != "closed", col(NoticeRow.sent_at) > now - REMEMBERED))
        .order_by(col(NoticeRow.id))
    )
    return [(number, incident or 0, endpoint or "", event, at) for number, incident, endpoint, event, at in rows]


def newest_at(tx: Transaction, incident_id: int, events: Collection[Event]) -> datetime | None:
    """When one of these events of an incident was last owed to anyone; None where none was."""
    newest = select(NoticeRow.created_at).where(NoticeRow.incident_id == incident_id, col(NoticeRow.event).in_(events))
    return tx.exec(newest.order_by(col(NoticeRow.created_at).desc()).limit(1)).first()


def is_waiting(tx: Transaction, incident_id: int, target: Target, events: Collection[Event]) -> bool:
    """Whether a notice of one of these events waits to be sent to this place."""
    waiting = (col(NoticeRow.state).in_(("owed", "held")), col(NoticeRow.event).in_(events))
    return tx.exec(select(NoticeRow.id).where(*about((incident_id,), target), *waiting)).first() is not None


def was_notified(tx: Transaction, incident_id: int, target: Target, before: Event) -> bool:
    """Whether this place has, or is owed, a notice of this very incident, of another event than `before`."""
    found = select(NoticeRow.id).where(*about((incident_id,), target), NoticeRow.event != before)
    return tx.exec(found.limit(1)).first() is not None


def was_owed_since(
    tx: Transaction, incident_ids: Collection[int], target: Target, event: Event, since: datetime
) -> bool:
    """Whether a notice of this event about one of these incidents was owed to this place since then."""
    found = select(NoticeRow.id).where(*about(incident_ids, target), NoticeRow.event == event)
    return tx.exec(found.where(col(NoticeRow.created_at) > since).limit(1)).first() is not None
