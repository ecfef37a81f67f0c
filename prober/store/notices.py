"""The outbox: notices are claimed under a lease, sent by someone else, then settled. A crash sends again, never not."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Exists, Update, bindparam
from sqlalchemy.orm import aliased
from sqlmodel import and_, case, col, delete, func, or_, select, update
from sqlmodel.sql.expression import SelectOfScalar

from prober.model.alerting import Owed, Target
from prober.model.declaration import Severity
from prober.model.errors import StoreError
from prober.model.incident import Event
from prober.model.notice import Outcome
from prober.store.engine import Transaction
from prober.store.rows import IncidentRow, NoticeRow
from prober.store.views import NoticeView
from prober.store.watches import lock, mark_changed

CLOCKS_DIFFER: Final = timedelta(minutes=5)
"""By how much the clocks of several machines may differ."""
LONGEST_WAIT: Final = timedelta(hours=7)
"""Longer than a notice that failed ever waits to be tried again."""


@dataclass(frozen=True, slots=True)
class Lane:
    """Which notices are delivered one after the other: a receiver that hangs holds up only its own lane."""

    alerter: str | None = None
    """Those to this alerter; None for all but `others`."""
    others: tuple[str, ...] = ()


EVERY_LANE: Final = Lane()
_UNTRIED: Final = (col(NoticeRow.state) == "owed", col(NoticeRow.attempts) == 0)


def add(
    tx: Transaction,
    owed: Owed,
    event: Event,
    severity: Severity,
    reason: str,
    now: datetime,
    *,
    incident_id: int | None = None,
    endpoint: str = "",
    cause: str | None = None,
    private: bool = False,
) -> None:
    """One notice owed: about an incident, about an endpoint, or without both about the prober itself."""
    tx.add(
        NoticeRow(
            incident_id=incident_id,
            endpoint=endpoint or None,
            event=event,
            reason=reason,
            cause=cause,
            severity=severity,
            alerter=owed.target.alerter,
            channel=owed.target.channel or None,
            private=private or None,
            state="held" if owed.hold == "digest" else "owed",
            hold=owed.hold or None,
            created_at=now,
            next_try_at=owed.at,
        )
    )


def claim(tx: Transaction, now: datetime, lease_s: float, lane: Lane = EVERY_LANE) -> int | None:
    """Id of the oldest notice of a lane whose time has come, ours for `lease_s` seconds; None where nothing is due.

    A lease that ends later than one taken now was written by a clock that was ahead, and holds nothing; nor does a
    notice wait that was created, or tried again, by such a clock.
    """
    lease_until = now + timedelta(seconds=lease_s)
    here: dict[str, object] = {
        "now": now,
        "ahead": now + CLOCKS_DIFFER,
        "longest": now + LONGEST_WAIT,
        "until": lease_until,
        "until_ahead": lease_until + CLOCKS_DIFFER,
    }
    if lane.alerter is None:
        find, take = _CLAIM_OF_OTHERS
        here["others"] = [*lane.others]
    else:
        find, take = _CLAIM_OF_ALERTER
        here["to"] = lane.alerter
    while True:
        notice_id = tx.exec(find, params=here).first()
        if notice_id is None:
            return None
        if tx.exec(take, params={**here, "one": notice_id}).rowcount == 1:
            _mark_changed(tx, notice_id)
            return notice_id


def _overtakes() -> Exists:
    """Whether an earlier notice to the same place is being sent or waits to be tried again: news arrives in order.

    What a fault of ours keeps from being sent holds up nothing else.
    """
    earlier = aliased(NoticeRow)
    return (
        select(earlier.id)
        .where(
            col(earlier.id) < col(NoticeRow.id),
            col(earlier.alerter) == col(NoticeRow.alerter),
            func.coalesce(earlier.channel, "") == func.coalesce(col(NoticeRow.channel), ""),
            col(earlier.state).in_(("owed", "claimed")),
            col(earlier.attempts) > 0,
            ~col(earlier.last_reason).startswith("alerter_fault"),
        )
        .correlate(NoticeRow)
        .exists()
    )


def _claiming(here: ColumnElement[bool]) -> tuple[SelectOfScalar[int], Update]:
    """What finds the oldest notice of a lane whose time has come, and what takes it. Every lane is looked at every few
    seconds, so they are built once."""
    is_due = or_(
        col(NoticeRow.next_try_at) <= bindparam("now"),
        col(NoticeRow.created_at) > bindparam("ahead"),
        and_(
            col(NoticeRow.attempts) > 0,
            col(NoticeRow.hold).is_(None),
            col(NoticeRow.next_try_at) > bindparam("longest"),
        ),
    )
    ripe = or_(
        and_(col(NoticeRow.state) == "owed", is_due),
        and_(
            col(NoticeRow.state) == "claimed",
            or_(
                col(NoticeRow.lease_until) <= bindparam("now"),
                col(NoticeRow.lease_until) > bindparam("until_ahead"),
            ),
        ),
    )
    claimable = and_(ripe, here, ~_overtakes())
    take = (
        update(NoticeRow)
        .where(col(NoticeRow.id) == bindparam("one"), claimable)
        .values(state="claimed", lease_until=bindparam("until"), attempts=col(NoticeRow.attempts) + 1)
    )
    return select(NoticeRow.id).where(claimable).order_by(col(NoticeRow.id)).limit(1), take


_CLAIM_OF_ALERTER: Final = _claiming(col(NoticeRow.alerter) == bindparam("to"))
_CLAIM_OF_OTHERS: Final = _claiming(col(NoticeRow.alerter).not_in(bindparam("others", expanding=True)))


def settle(tx: Transaction, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
    """Sent; or owed again at `retry_at`; or, where that is None, failed for good."""
    if tx.get(NoticeRow, notice_id) is None:
        raise StoreError(f"there is no notice {notice_id}")
    this = update(NoticeRow).where(col(NoticeRow.id) == notice_id)
    if outcome.sent:
        # Whoever sent it has sent it, also where the lease had run out and another is at it.
        settled = this.values(state="sent", sent_at=now, receipt=outcome.receipt)
    elif retry_at is None:
        settled = this.where(col(NoticeRow.state) == "claimed").values(state="failed")
    else:
        settled = this.where(col(NoticeRow.state) == "claimed").values(state="owed", next_try_at=retry_at)
    tx.exec(settled.values(last_reason=outcome.reason, lease_until=None))
    _mark_changed(tx, notice_id)


def _mark_changed(tx: Transaction, notice_id: int) -> None:
    about = tx.exec(
        select(NoticeRow, IncidentRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(NoticeRow.id == notice_id)
    ).one()
    row, incident = about
    if incident is not None:
        lock(tx, incident.endpoint_hash)
    else:
        mark_changed(tx, row.endpoint)


def release(tx: Transaction, endpoint: str, now: datetime) -> None:
    """Notices about an endpoint that wait for the end of its maintenance wait no longer."""
    ours = select(IncidentRow.id).where(IncidentRow.endpoint == endpoint)
    tx.exec(
        update(NoticeRow)
        .where(
            col(NoticeRow.state) == "owed",
            col(NoticeRow.hold) == "maintenance",
            (col(NoticeRow.endpoint) == endpoint) | col(NoticeRow.incident_id).in_(ours),
        )
        .values(next_try_at=now, hold=None)
    )


# Digests


def has_digest(tx: Transaction, now: datetime) -> bool:
    """Whether notices are held for a digest whose time has come, or that a clock that was ahead put off."""
    return tx.exec(select(NoticeRow.id).where(*_held_until(now))).first() is not None


def gather_digests(tx: Transaction, now: datetime) -> int:
    """One digest for every target that notices are held for until now. Gives how many."""
    held = _held_until(now)
    places = tx.exec(select(NoticeRow.alerter, NoticeRow.channel).where(*held).distinct()).all()
    for alerter, channel in places:
        here = (*held, col(NoticeRow.alerter) == alerter, func.coalesce(NoticeRow.channel, "") == (channel or ""))
        is_private = tx.exec(select(NoticeRow.id).where(*here, col(NoticeRow.private).is_(True))).first() is not None
        digest = NoticeRow(
            event="digest",
            reason="digest",
            severity="info",
            alerter=alerter,
            channel=channel,
            private=is_private or None,
            created_at=now,
            next_try_at=now,
        )
        tx.add(digest)
        tx.flush()
        tx.exec(update(NoticeRow).where(*here).values(state="digested", digest_id=digest.id))
    return len(places)


def _held_until(now: datetime) -> tuple[ColumnElement[bool], ...]:
    is_due = or_(col(NoticeRow.next_try_at) <= now, col(NoticeRow.created_at) > now + CLOCKS_DIFFER)
    return (col(NoticeRow.state) == "held", is_due)


def untried(tx: Transaction, incident_ids: Collection[int], target: Target, event: Event) -> dict[int, int]:
    """Id → incident, of the notices of this event that nobody has tried to send to this place yet."""
    found = select(NoticeRow.id, NoticeRow.incident_id).where(*about(incident_ids, target), NoticeRow.event == event)
    return {number: incident_id or 0 for number, incident_id in tx.exec(found.where(*_UNTRIED))}


def send_by(tx: Transaction, notice_ids: Collection[int], at: datetime) -> bool:
    """Let these wait no longer than until then. Whether nobody has tried to send one of them meanwhile: what is written
    with this transaction is then part of what it says."""
    earlier = case((col(NoticeRow.next_try_at) > at, at), else_=NoticeRow.next_try_at)
    these = update(NoticeRow).where(col(NoticeRow.id).in_(notice_ids), *_UNTRIED)
    return tx.exec(these.values(next_try_at=earlier)).rowcount > 0


def withdraw(tx: Transaction, notice_ids: Collection[int]) -> None:
    """Another notice says what these would have said, where nobody has tried to send them."""
    tx.exec(delete(NoticeRow).where(col(NoticeRow.id).in_(notice_ids), *_UNTRIED))


def about(incident_ids: Collection[int], target: Target) -> tuple[ColumnElement[bool], ...]:
    """What holds of the notices of these incidents to one place."""
    return (
        col(NoticeRow.incident_id).in_(incident_ids),
        col(NoticeRow.alerter) == target.alerter,
        func.coalesce(NoticeRow.channel, "") == target.channel,
    )


def recent(tx: Transaction, incident_id: int | None = None, limit: int = 200) -> tuple[NoticeView, ...]:
    """Newest first."""
    statement = select(NoticeRow).order_by(col(NoticeRow.id).desc()).limit(limit)
    if incident_id is not None:
        statement = statement.where(NoticeRow.incident_id == incident_id)
    return tuple(
        NoticeView(
            id=row.id,
            incident_id=row.incident_id or 0,
            event=row.event,
            alerter=row.alerter,
            state=row.state,  # type: ignore[arg-type]  # the column holds what this module wrote
            attempts=row.attempts,
            created_at=row.created_at,
            next_try_at=row.next_try_at,
            sent_at=row.sent_at,
            last_reason=row.last_reason,
            receipt=row.receipt,
            endpoint=row.endpoint or "",
            channel=row.channel or "",
            reason=row.reason or "",
            cause=row.cause or "",
            hold=row.hold or "",
            private=bool(row.private),
        )
        for row in tx.exec(statement)
    )
