"""Endpoints of one provider: how the others stand, and which of their open incidents began at the same time."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import func as sql
from sqlmodel import Session, col, select

from prober.judging.fleet import EndpointEvidence, Stretch, agree
from prober.model.incident import LIVE, TROUBLES, Incident
from prober.model.notice import Part
from prober.store.codec import unpack_judgement
from prober.store.incident_rows import to_incident
from prober.store.rows import EndpointRow, IncidentRow, MemoryRow, RoundRow

_GAPS = 5
"""Newest scheduled rounds whose distances tell how often an endpoint is asked."""
_UNKNOWN = timedelta(days=1)
"""Where there was one round so far."""


def peers(session: Session, endpoint_hash: str) -> tuple[EndpointEvidence, ...]:
    rows = session.exec(
        select(EndpointRow)
        .where(
            col(EndpointRow.origin).in_(select(EndpointRow.origin).where(EndpointRow.endpoint_hash == endpoint_hash)),
            col(EndpointRow.endpoint_hash) != endpoint_hash,
            col(EndpointRow.current),
            # Where a person began a new reference, what was said against the old one does not count: memory is gone.
            col(EndpointRow.endpoint_hash).in_(select(MemoryRow.endpoint_hash)),
        )
        .order_by(col(EndpointRow.name))
    )
    found = (_standing(session, row) for row in rows.all())
    return tuple(standing for standing in found if standing is not None)


def period(session: Session, endpoint_hash: str) -> timedelta:
    """Between scheduled rounds: the median of the newest."""
    due = session.exec(
        select(RoundRow.due_at)
        .where(
            RoundRow.endpoint_hash == endpoint_hash,
            RoundRow.state == "completed",
            col(RoundRow.confirms).is_(None),
        )
        .order_by(col(RoundRow.label).desc())  # as the index has them: no more than these are read
        .limit(_GAPS)
    ).all()
    gaps = [later - earlier for later, earlier in pairwise(due)]
    return timedelta(seconds=median(gap.total_seconds() for gap in gaps)) if gaps else _UNKNOWN


def standing_incidents(session: Session, incident: Incident) -> tuple[Incident, ...]:
    """Open incidents of the same provider and nature, at other endpoints, whose onsets agree with this one's.

    Holds the provider until the transaction ends, so that of two incidents that open at once the second sees the first.
    """
    origin = session.exec(
        select(EndpointRow.origin).where(EndpointRow.endpoint_hash == incident.endpoint_hash).limit(1)
    ).first()
    if origin is None:
        return ()
    if session.get_bind().dialect.name == "postgresql":
        session.exec(select(sql.pg_advisory_xact_lock(int(origin, 16) - 2**63)))
    rows = session.exec(
        select(IncidentRow)
        .where(
            col(IncidentRow.state).in_(LIVE),
            IncidentRow.kind == incident.kind if incident.is_trouble else ~col(IncidentRow.kind).in_(TROUBLES),
            col(IncidentRow.endpoint_hash) != incident.endpoint_hash,
            col(IncidentRow.endpoint_hash).in_(select(EndpointRow.endpoint_hash).where(EndpointRow.origin == origin)),
        )
        .order_by(col(IncidentRow.id))
    )
    here = _stretch(session, incident)
    return tuple(one for one in map(to_incident, rows.all()) if agree(_stretch(session, one), here))


def parts(session: Session, incident: Incident) -> tuple[Part, ...]:
    """The other endpoints of the event an incident belongs to: those with an incident of their own, then those whose
    evidence was only counted."""
    first = incident.part_of or incident.id
    rows = session.exec(
        select(IncidentRow)
        .where((col(IncidentRow.id) == first) | (col(IncidentRow.part_of) == first))
        .order_by(col(IncidentRow.id))
    ).all()
    own = [Part(row.endpoint, row.id) for row in rows if row.id != incident.id]
    named = {incident.endpoint, *(part.endpoint for part in own)}
    return (*own, *(Part(name, None) for name in incident.together if name not in named))


def _standing(session: Session, row: EndpointRow) -> EndpointEvidence | None:
    newest = session.exec(
        select(RoundRow)
        .where(RoundRow.endpoint_hash == row.endpoint_hash, RoundRow.state == "completed")
        .order_by(col(RoundRow.label).desc())
        .limit(1)
    ).first()
    if newest is None or newest.judgement is None or newest.completed_at is None:
        return None
    judgement = unpack_judgement(newest.judgement)
    return EndpointEvidence.of(row.name, judgement, newest.completed_at, period(session, row.endpoint_hash))


def _stretch(session: Session, incident: Incident) -> Stretch:
    return Stretch.of(incident.onset, incident.onset_between, period(session, incident.endpoint_hash))
