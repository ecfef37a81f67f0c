"""Work on endpoints, announced by command."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select, update

from prober.store import notices
from prober.store.alert_rows import MaintenanceRow
from prober.store.declared import content_of
from prober.store.engine import Transaction
from prober.store.views import MaintenanceView
from prober.store.watches import mark_changed


def announce(tx: Transaction, endpoint: str, until: datetime, author: str, note: str, now: datetime) -> MaintenanceView:
    """Work on an endpoint from now on: nothing opens, nobody is notified, rounds go on.

    Raises StoreError where the endpoint is unknown.
    """
    content_of(tx, endpoint)
    tx.add(MaintenanceRow(endpoint=endpoint, start=now, until=until, author=author, note=note))
    mark_changed(tx, endpoint)
    return MaintenanceView(endpoint=endpoint, start=now, until=until, author=author, note=note)


def end(tx: Transaction, endpoint: str, now: datetime) -> int:
    """The work is over; notices that waited for its end wait no longer. Gives how many announcements ended."""
    going_on = update(MaintenanceRow).where(
        col(MaintenanceRow.endpoint) == endpoint, col(MaintenanceRow.start) <= now, col(MaintenanceRow.until) > now
    )
    ended = tx.exec(going_on.values(until=now)).rowcount
    notices.release(tx, endpoint, now)
    mark_changed(tx, endpoint)
    return ended


def busy_until(tx: Transaction, endpoint: str, now: datetime) -> datetime | None:
    """The end of the work on an endpoint that goes on now; None where there is none."""
    ends = tx.exec(
        select(MaintenanceRow.until).where(
            MaintenanceRow.endpoint == endpoint, col(MaintenanceRow.start) <= now, col(MaintenanceRow.until) > now
        )
    ).all()
    return max(ends, default=None)


def not_over(tx: Transaction, endpoint: str | None = None, *, now: datetime) -> tuple[MaintenanceView, ...]:
    """Work that is not over, the earliest first."""
    statement = select(MaintenanceRow).where(col(MaintenanceRow.until) > now).order_by(col(MaintenanceRow.start))
    if endpoint is not None:
        statement = statement.where(MaintenanceRow.endpoint == endpoint)
    return tuple(
        MaintenanceView(endpoint=row.endpoint, start=row.start, until=row.until, author=row.author, note=row.note)
        for row in tx.exec(statement)
    )
