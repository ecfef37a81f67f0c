"""Signs of life: each daemon's own row, and the news when one falls silent or is back."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, select, update

from prober.incidents.daemons import SILENT_AFTER, DaemonStatus, attendance, unwatched
from prober.incidents.routing import Routing
from prober.store.declared import insert_missing
from prober.store.owing import owe_news
from prober.store.rows import DaemonRow


def daemon_statuses(session: Session) -> tuple[DaemonStatus, ...]:
    """Of every daemon that may still be missed, by name."""
    rows = session.exec(select(DaemonRow).order_by(col(DaemonRow.worker)))
    return tuple(
        DaemonStatus(
            row.worker, row.started_at, row.seen_at, row.stopped_at, tuple(json.loads(row.endpoints)), row.told_at
        )
        for row in rows
    )


def beat(session: Session, worker: str, endpoints: Collection[str], routing: Routing, now: datetime) -> None:
    """A sign of life. Tells of daemons that have fallen silent, and of those that were and whose work goes on."""
    watched = json.dumps(sorted(endpoints))
    first = {"worker": worker, "started_at": now, "seen_at": now, "endpoints": watched}
    before = None if insert_missing(session, DaemonRow, first) else session.get_one(DaemonRow, worker)
    mine = update(DaemonRow).where(col(DaemonRow.worker) == worker)
    if before is not None:
        gap = now - before.seen_at
        slept = before.stopped_at is None and (before.told_at is not None or gap > SILENT_AFTER)
        if slept:
            _back(session, f"the daemon {worker} is back", gap, routing, now)
        begun = now if slept or before.stopped_at is not None else before.started_at
        session.exec(mine.values(started_at=begun, seen_at=now, stopped_at=None, told_at=None, endpoints=watched))
        session.expire_all()
    here = attendance(daemon_statuses(session), now)
    for lost in here.relieved:
        # Whoever deletes the row tells of it, so that of several daemons one does.
        gone = session.exec(
            delete(DaemonRow).where(col(DaemonRow.worker) == lost.worker, col(DaemonRow.seen_at) == lost.seen_at)
        )
        gap = unwatched(lost, here.alive)
        if gone.rowcount == 1 and lost.stopped_at is None and (lost.told_at is not None or gap > SILENT_AFTER):
            _back(session, f"what the daemon {lost.worker} watched is watched again", gap, routing, now)
    miss(session, routing, now)


def miss(session: Session, routing: Routing, now: datetime) -> int:
    """Tell, once, of every daemon that has fallen silent. Gives how many notices are owed."""
    owed = 0
    for lost in attendance(daemon_statuses(session), now).silent:
        told = session.exec(
            update(DaemonRow)
            .where(
                col(DaemonRow.worker) == lost.worker,
                col(DaemonRow.seen_at) == lost.seen_at,
                col(DaemonRow.told_at).is_(None),
            )
            .values(told_at=now)
        )
        if told.rowcount == 1:
            words = (
                f"the daemon {lost.worker} has given no sign of life since {lost.seen_at:%Y-%m-%d %H:%M} UTC; "
                f"nobody watches {', '.join(lost.endpoints)}"
            )
            owed += owe_news(session, "daemon_silent", "", words, "no_sign_of_life", routing, now)
    return owed


def stop(session: Session, worker: str, now: datetime) -> None:
    """It ended in order: nobody misses it."""
    session.exec(update(DaemonRow).where(col(DaemonRow.worker) == worker).values(stopped_at=now, seen_at=now))


def _back(session: Session, words: str, gap: timedelta, routing: Routing, now: datetime) -> None:
    minutes = round(gap.total_seconds() / 60)
    cause = f"{words}, after {minutes:,} minutes in which nobody watched"
    owe_news(session, "daemon_back", "", cause, "signs_resume", routing, now)
