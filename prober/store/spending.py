"""What endpoints spend of the budget of a UTC day. An ask is booked before it is made, so that no kill hides one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime

from sqlalchemy import select as columns
from sqlmodel import and_, col, func, select, update

from prober.model.declaration import Budget
from prober.model.reply import Spent
from prober.store.declared import insert_missing
from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, ReplyRow, RoundRow, SpendingRow
from prober.store.views import SpendingView


def spent(tx: Transaction, endpoint: str, now: datetime) -> Spent:
    """So far on the day of `now`; where nothing is booked yet, what the replies of the day say."""
    row = tx.get(SpendingRow, (endpoint, day_of(now)))
    return _in_replies(tx, endpoint, now) if row is None else Spent(row.asks, row.tokens)


def reserve(tx: Transaction, endpoint: str, budget: Budget, tokens: Sequence[int], now: datetime) -> tuple[int, Spent]:
    """Book asks that may cost so many tokens each, from the first on, as far as the budget goes.

    Returns how many were booked, and what is spent with them. Whoever else books for the endpoint waits meanwhile.
    """
    day = day_of(now)
    key = {"endpoint": endpoint, "day": day}
    if tx.get(SpendingRow, (endpoint, day)) is None:
        said = _in_replies(tx, endpoint, now)
        insert_missing(tx, SpendingRow, {**key, "asks": said.asks, "tokens": said.tokens})
    row = tx.exec(
        select(SpendingRow).where(SpendingRow.endpoint == endpoint, SpendingRow.day == day).with_for_update(),
        execution_options={"populate_existing": True},
    ).one()
    count = budget.affords(row.asks, row.tokens, tokens)
    row.asks, row.tokens = row.asks + count, row.tokens + sum(tokens[:count])
    tx.add(row)
    return count, Spent(row.asks, row.tokens)


def give_back(tx: Transaction, endpoint: str, day: str, asks: int, tokens: int) -> None:
    """Asks that were booked on that day and not made, and tokens that were booked and not used (negative: more)."""
    tx.exec(
        update(SpendingRow)
        .where(col(SpendingRow.endpoint) == endpoint, col(SpendingRow.day) == day)
        .values(asks=col(SpendingRow.asks) - asks, tokens=col(SpendingRow.tokens) - tokens)
    )


def day_of(now: datetime) -> str:
    """The UTC day."""
    return now.astimezone(UTC).date().isoformat()


def _in_replies(tx: Transaction, endpoint: str, now: datetime) -> Spent:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    asks, tokens = tx.exec(
        select(func.count(), func.coalesce(func.sum(ReplyRow.tokens), 0))
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(col(ReplyRow.at) >= midnight, col(RoundRow.endpoint) == endpoint)
    ).one()
    return Spent(int(asks), int(tokens))


def newest_spending(tx: Transaction) -> dict[str, SpendingView]:
    """Endpoint → what was booked on the newest day that has any."""
    newest = (
        select(func.max(SpendingRow.day))
        .where(col(SpendingRow.endpoint) == col(EndpointRow.name))
        .correlate(EndpointRow)
        .scalar_subquery()
    )
    last = columns(col(EndpointRow.name).label("name"), newest.label("day")).where(col(EndpointRow.current)).subquery()
    rows = tx.exec(
        select(SpendingRow).join(
            last, and_(col(SpendingRow.endpoint) == last.c.name, col(SpendingRow.day) == last.c.day)
        )
    )
    return {row.endpoint: SpendingView(date.fromisoformat(row.day), Spent(row.asks, row.tokens)) for row in rows}
