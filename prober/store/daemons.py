"""Signs of life: each daemon's own row."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from sqlmodel import col, delete, select, update

from prober.incidents.daemons import DaemonStatus
from prober.store.alert_rows import DaemonRow
from prober.store.declared import insert_missing
from prober.store.engine import Transaction


def statuses(tx: Transaction) -> tuple[DaemonStatus, ...]:
    """The last sign of life of every daemon that may still be missed, by name."""
    rows = tx.exec(select(DaemonRow).order_by(col(DaemonRow.worker)).execution_options(populate_existing=True))
    return tuple(map(_status, rows))


def see(tx: Transaction, worker: str, endpoints: Collection[str], now: datetime) -> DaemonStatus | None:
    """A sign of life of a daemon that watches these endpoints. Gives its row as it was before; None for a new one."""
    watched = json.dumps(sorted(endpoints))
    first = {"worker": worker, "started_at": now, "seen_at": now, "endpoints": watched}
    if insert_missing(tx, DaemonRow, first):
        return None
    before = _status(tx.get_one(DaemonRow, worker, populate_existing=True))
    tx.exec(
        update(DaemonRow)
        .where(col(DaemonRow.worker) == worker)
        .values(seen_at=now, stopped_at=None, told_at=None, endpoints=watched)
    )
    return before


def restart(tx: Transaction, worker: str, now: datetime) -> None:
    """It has watched without a break since now."""
    tx.exec(update(DaemonRow).where(col(DaemonRow.worker) == worker).values(started_at=now))


def remove(tx: Transaction, lost: DaemonStatus) -> bool:
    """Forget a daemon that has given no sign of life since `lost` was read. Whether this transaction forgot it."""
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
            col(DaemonRow.told_at).is_(None),
        )
        .values(told_at=now)
    )
    return marked.rowcount == 1


def stop(tx: Transaction, worker: str, now: datetime) -> None:
    """A daemon ends in order: nobody misses it."""
    tx.exec(update(DaemonRow).where(col(DaemonRow.worker) == worker).values(stopped_at=now, seen_at=now))


def _status(row: DaemonRow) -> DaemonStatus:
    return DaemonStatus(
        row.worker, row.started_at, row.seen_at, row.stopped_at, tuple(json.loads(row.endpoints)), row.told_at
    )
