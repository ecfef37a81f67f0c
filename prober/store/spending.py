"""What endpoints spend of the budget of a UTC day. An ask is booked before it is made, so that no kill hides one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlmodel import col, func, select, update

from prober.model.declaration import Budget
from prober.model.reply import Spent
from prober.store.declared import insert_missing
from prober.store.engine import Transaction
from prober.store.rows import ReplyRow, RoundRow, SpendingRow


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
