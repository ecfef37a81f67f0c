"""Who is owed what: one notice a channel, and one for all endpoints that join an incident in quick succession."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, select

from prober.incidents import Event, Incident
from prober.store.rows import NoticeRow

JOIN_PAUSE: Final = timedelta(minutes=1)
"""Before people are told that further endpoints joined an incident: others may join meanwhile."""


def owe(session: Session, incident: Incident, event: Event, alerters: Sequence[str], now: datetime) -> None:
    """One notice an alerter. News of a joining endpoint is about the incident it joined, and waits for more."""
    joined = event == "joined"
    about = incident.part_of if joined and incident.part_of is not None else incident.id
    for alerter in dict.fromkeys(alerters):
        if joined and _waiting(session, about, alerter):
            continue
        session.add(
            NoticeRow(
                incident_id=about,
                event=event,
                alerter=alerter,
                created_at=now,
                next_try_at=now + JOIN_PAUSE if joined else now,
            )
        )


def _waiting(session: Session, incident_id: int, alerter: str) -> bool:
    """Whether a notice is owed and unsent that will name the endpoint anyway."""
    owed = select(NoticeRow.id).where(
        NoticeRow.incident_id == incident_id,
        NoticeRow.alerter == alerter,
        NoticeRow.state == "owed",
        (NoticeRow.event == "joined") | (NoticeRow.event == "opened"),
    )
    return session.exec(owed).first() is not None
