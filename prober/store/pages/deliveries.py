"""How messages fare, place by place: what arrived, what waits, what failed for good. Everything here only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import select as columns
from sqlmodel import col, func, or_, select

from prober.store.alert_rows import NoticeRow
from prober.store.engine import Transaction
from prober.store.views import DeliveryView

_STATES: Final = {
    "owed": "owed", "claimed": "owed", "held": "held", "digested": "held", "sent": "sent", "failed": "failed",
}  # fmt: skip
_NEVER: Final = datetime.min.replace(tzinfo=UTC)


def deliveries(tx: Transaction) -> tuple[DeliveryView, ...]:
    """How messages fare, by alerter and channel."""
    counts: dict[tuple[str, str], Counter[str]] = {}
    sent_at: dict[tuple[str, str], datetime] = {}
    channel = func.coalesce(col(NoticeRow.channel), "")
    grouped = columns(col(NoticeRow.alerter), channel, col(NoticeRow.state), func.count(), func.max(NoticeRow.sent_at))
    for alerter, place, state, count, last in tx.connection().execute(
        grouped.group_by(col(NoticeRow.alerter), channel, col(NoticeRow.state))
    ):
        counts.setdefault((alerter, place), Counter())[_STATES[state]] += count
        if last is not None:
            sent_at[alerter, place] = last
    undelivered = _undelivered(tx)
    return tuple(
        _view(place, counts[place], sent_at.get(place), undelivered.get(place, [])) for place in sorted(counts)
    )


def _undelivered(tx: Transaction) -> dict[tuple[str, str], list[NoticeRow]]:
    """Messages that were tried and did not arrive, by place, in the order of their last try."""
    tried = select(NoticeRow).where(
        or_(
            col(NoticeRow.state) == "failed",
            col(NoticeRow.state).in_(("owed", "claimed")) & (col(NoticeRow.last_reason) != ""),
        )
    )
    found: dict[tuple[str, str], list[NoticeRow]] = {}
    for row in tx.exec(tried.order_by(col(NoticeRow.next_try_at), col(NoticeRow.id))):
        found.setdefault((row.alerter, row.channel or ""), []).append(row)
    return found


def _view(
    place: tuple[str, str], counts: Counter[str], sent_at: datetime | None, tried: Sequence[NoticeRow]
) -> DeliveryView:
    # What failed for good before a later message arrived was fixed; it was last tried when it was due.
    last = sent_at or _NEVER
    missing = [row for row in tried if row.state != "failed" or row.next_try_at > last]
    newest = missing[-1] if missing else None
    return DeliveryView(
        alerter=place[0],
        channel=place[1],
        owed=counts["owed"],
        held=counts["held"],
        sent=counts["sent"],
        failed=counts["failed"],
        last_sent_at=sent_at,
        failing=any(row.state == "failed" for row in missing),
        last_reason=newest.last_reason if newest else "",
        since=min((row.created_at for row in missing), default=None),
    )
