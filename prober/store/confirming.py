"""Confirmation rounds: what was asked of a suspicion so far, and the one round that is owed to it."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Session, col, func, select, update

from prober.incidents.confirmation import Confirmation, Suspicion
from prober.store import tallies
from prober.store.rounds import insert_due, label_at
from prober.store.rows import RoundRow, WatchRow

_BEGUN = ("claimed", "completed", "missed")


def suspicion(session: Session, endpoint_hash: str, probe_set: str, midnight: datetime) -> Suspicion:
    since = session.exec(select(WatchRow.suspected_since).where(WatchRow.endpoint_hash == endpoint_hash)).first()
    mine = (col(RoundRow.endpoint_hash) == endpoint_hash, col(RoundRow.confirms).is_not(None))
    # A round that missed its budget was not asked, and one that was broken off cost its asks all the same.
    asked = (*mine, col(RoundRow.state).in_(_BEGUN), col(RoundRow.asked) > 0)
    rounds = 0
    if since is not None:
        rounds = session.exec(
            select(func.count()).where(*asked, col(RoundRow.label) >= since, col(RoundRow.confirms) == since)
        ).one()
    today = select(func.count()).where(
        *asked, col(RoundRow.label) >= label_at(midnight), col(RoundRow.probe_set) == probe_set
    )
    waiting = select(func.max(RoundRow.due_at)).where(*mine, col(RoundRow.state) == "due")
    return Suspicion(
        since=since or "",
        rounds=rounds,
        rounds_today=session.exec(today).one(),
        due_at=session.exec(waiting).one(),
    )


def carry_out(session: Session, settled: RoundRow, confirmation: Confirmation) -> None:
    """At most one round waits to confirm an endpoint: what is not wanted any more is missed, and why."""
    session.exec(
        update(WatchRow)
        .where(col(WatchRow.endpoint_hash) == settled.endpoint_hash)
        .values(suspected_since=confirmation.since or None)
    )
    if confirmation.reason == "already_due":
        return
    unwanted = session.exec(
        select(RoundRow)
        .where(
            col(RoundRow.endpoint_hash) == settled.endpoint_hash,
            col(RoundRow.confirms).is_not(None),
            col(RoundRow.state).in_(("due", "claimed")),
        )
        .execution_options(populate_existing=True)
    ).all()
    for row in unwanted:
        row.state, row.lease_until = "missed", None
        row.reason = confirmation.reason if confirmation.due_at is None else "superseded"
        session.add(row)
        session.flush()
        tallies.end(session, row, None)
    if confirmation.due_at is not None:
        # Where a scheduled round is due at that very moment, it will do.
        place = (settled.endpoint, settled.endpoint_hash, settled.probe_set)
        insert_due(session, *place, confirmation.due_at, confirms=confirmation.since)
