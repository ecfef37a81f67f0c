"""The prober's own operation: daemons' heartbeats, and announced maintenance."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update

from prober.model.watch import DaemonStatus
from prober.store import notices
from prober.store.declared import content_of
from prober.store.engine import Transaction
from prober.store.inserts import insert_missing
from prober.store.rows import DaemonRow, MaintenanceRow
from prober.store.views import MaintenanceView
from prober.store.watches import mark_changed


def statuses(tx: Transaction) -> tuple[DaemonStatus, ...]:
    """The last heartbeat of every daemon that may still be missed, by name."""
    rows = tx.exec(select(DaemonRow).order_by(col(DaemonRow.worker)).execution_options(populate_existing=True))
    return tuple(map(_status, rows))


def see(
    tx: Transaction, worker: str, endpoints: Collection[str], now: datetime, file_problems: Sequence[str] = ()
) -> DaemonStatus | None:
    """A heartbeat of a daemon that watches these endpoints. Gives its row as it was before; None for a new one."""
    watched = json.dumps(sorted(endpoints))
    problems = json.dumps(file_problems) if file_problems else None
    first = {
        "worker": worker, "started_at": now, "seen_at": now, "endpoints": watched, "file_problems": problems
    }  # fmt: skip
    if insert_missing(tx, DaemonRow, first):
        return None
    before = _status(tx.get_one(DaemonRow, worker, populate_existing=True))
    tx.exec(
        update(DaemonRow)
        .where(col(DaemonRow.worker) == worker)
        .values(seen_at=now, stopped_at=None, notified_at=None, endpoints=watched, file_problems=problems)
    )
    return before


def restart(tx: Transaction, worker: str, now: datetime) -> None:
    """It has watched without a break since now."""
    tx.exec(update(DaemonRow).where(col(DaemonRow.worker) == worker).values(started_at=now))


def remove(tx: Transaction, lost: DaemonStatus) -> bool:
    """Forget a daemon that has sent no heartbeat since `lost` was read. Whether this transaction forgot it."""
    gone = tx.exec(
        delete(DaemonRow).where(col(DaemonRow.worker) == lost.worker, col(DaemonRow.seen_at) == lost.seen_at)
    )
    return gone.rowcount == 1


def mark_notified(tx: Transaction, silent: DaemonStatus, now: datetime) -> bool:
    """People are notified that a daemon is silent. Whether this transaction is the first to say so."""
    marked = tx.exec(
        update(DaemonRow)
        .where(
            col(DaemonRow.worker) == silent.worker,
            col(DaemonRow.seen_at) == silent.seen_at,
            col(DaemonRow.notified_at).is_(None),
        )
        .values(notified_at=now)
    )
    return marked.rowcount == 1


def stop(tx: Transaction, worker: str, now: datetime) -> None:
    """A daemon ends in order: nobody misses it."""
    tx.exec(update(DaemonRow).where(col(DaemonRow.worker) == worker).values(stopped_at=now, seen_at=now))


def _status(row: DaemonRow) -> DaemonStatus:
    return DaemonStatus(
        worker=row.worker,
        started_at=row.started_at,
        seen_at=row.seen_at,
        stopped_at=row.stopped_at,
        endpoints=tuple(json.loads(row.endpoints)),
        notified_at=row.notified_at,
        file_problems=tuple(json.loads(row.file_problems or "[]")),
    )


def announce(tx: Transaction, endpoint: str, until: datetime, author: str, note: str, now: datetime) -> MaintenanceView:
    """Work on an endpoint from now on: nothing opens, nobody is notified, rounds go on.

    Raises StoreError where the endpoint is unknown.
    """
    content_of(tx, endpoint)
    tx.add(MaintenanceRow(endpoint=endpoint, start=now, until=until, author=author, note=note))
    mark_changed(tx, endpoint)
    return MaintenanceView(endpoint=endpoint, start=now, until=until, author=author, note=note)


def end(tx: Transaction, endpoint: str, now: datetime) -> int:
    """The work is over; notices that waited for its end wait no longer. Gives how many announcements ended.

    Work begins when it is announced: what begins in the future was announced by a clock that was ahead, and ends too.
    """
    going_on = update(MaintenanceRow).where(col(MaintenanceRow.endpoint) == endpoint, col(MaintenanceRow.until) > now)
    ended = tx.exec(going_on.values(until=now)).rowcount
    notices.release(tx, endpoint, now)
    mark_changed(tx, endpoint)
    return ended


_BUSY_UNTIL: Final = select(MaintenanceRow.until).where(
    MaintenanceRow.endpoint == bindparam("endpoint"),
    col(MaintenanceRow.start) <= bindparam("now"),
    col(MaintenanceRow.until) > bindparam("now"),
)


def busy_until(tx: Transaction, endpoint: str, now: datetime) -> datetime | None:
    """The end of the work on an endpoint that goes on now; None where there is none."""
    return max(tx.connection().execute(_BUSY_UNTIL, {"endpoint": endpoint, "now": now}).scalars(), default=None)


def not_over(tx: Transaction, endpoint: str | None = None, *, now: datetime) -> tuple[MaintenanceView, ...]:
    """Work that is not over, the earliest first."""
    statement = select(MaintenanceRow).where(col(MaintenanceRow.until) > now).order_by(col(MaintenanceRow.start))
    if endpoint is not None:
        statement = statement.where(MaintenanceRow.endpoint == endpoint)
    return tuple(
        MaintenanceView(endpoint=row.endpoint, start=row.start, until=row.until, author=row.author, note=row.note)
        for row in tx.exec(statement)
    )
