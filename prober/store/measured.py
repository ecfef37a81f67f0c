"""Incidents of what the team measures itself: objectives and live samples."""

from __future__ import annotations

from sqlmodel import col, select

from prober.model.incident import Measured, MeasuredKind
from prober.store.alert_rows import IncidentRow
from prober.store.engine import Transaction
from prober.store.incidents import to_incident


def newest(tx: Transaction, endpoint: str, kind: MeasuredKind, about: str) -> Measured | None:
    """Open or not; by the endpoint's name, whatever its content."""
    row = tx.exec(
        select(IncidentRow)
        .where(IncidentRow.endpoint == endpoint, IncidentRow.kind == kind, IncidentRow.about == about)
        .order_by(col(IncidentRow.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    found = None if row is None else to_incident(row)
    return found if isinstance(found, Measured) else None


def not_closed(tx: Transaction) -> tuple[Measured, ...]:
    """Of every endpoint, the earliest first."""
    rows = tx.exec(
        select(IncidentRow)
        .where(IncidentRow.state != "closed", col(IncidentRow.about).is_not(None))
        .order_by(col(IncidentRow.id))
        .execution_options(populate_existing=True)
    )
    return tuple(one for one in map(to_incident, rows) if isinstance(one, Measured))
