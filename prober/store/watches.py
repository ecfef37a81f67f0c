"""The watch over an endpoint: the row whose lock puts its writers in a queue, and the count by which readers notice."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

from sqlalchemy import bindparam
from sqlmodel import col, func, select, update

from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, WatchRow

_ONE: Final = update(WatchRow).where(col(WatchRow.endpoint_hash) == bindparam("of"))
_CHANGE: Final = _ONE.values(changes=col(WatchRow.changes) + 1)
_SPEND: Final = _ONE.values(spending=bindparam("known"))
_SPENDING: Final = select(WatchRow.spending).where(WatchRow.endpoint_hash == bindparam("of"))


def lock(tx: Transaction, endpoint_hash: str) -> None:
    """Wait for other writers of this endpoint; from here until the transaction ends there is no other.

    Every writer takes this lock first. Readers notice that answers about the endpoint may have changed.
    """
    tx.connection().execute(_CHANGE, {"of": endpoint_hash})


def lock_all(tx: Transaction, endpoint_hashes: Collection[str]) -> None:
    """The same of many endpoints, in a fixed order, so that two processes at once cannot lock each other out."""
    if endpoint_hashes:
        tx.connection().execute(_CHANGE, [{"of": endpoint_hash} for endpoint_hash in sorted(endpoint_hashes)])


def mark_changed(tx: Transaction, endpoint: str | None) -> None:
    """Readers notice that answers about this name may have changed; without a name, answers about anything."""
    watches = update(WatchRow)
    if endpoint is not None:
        named = select(EndpointRow.endpoint_hash).where(EndpointRow.name == endpoint)
        watches = watches.where(col(WatchRow.endpoint_hash).in_(named))
    tx.exec(watches.values(changes=col(WatchRow.changes) + 1))


def changes(tx: Transaction, endpoint: str | None = None) -> str:
    """A text that is another one whenever a reader's answer may have changed, about this endpoint where one is named.

    Cheap enough to ask every second. A daemon's heartbeats do not change it: they come every minute.
    """
    counted = select(func.count(), func.coalesce(func.sum(WatchRow.changes), 0))
    if endpoint is not None:
        named = select(EndpointRow.endpoint_hash).where(EndpointRow.name == endpoint)
        counted = counted.where(col(WatchRow.endpoint_hash).in_(named))
    watches, total = tx.exec(counted).one()
    return f"{watches}.{total}"


def stale_since(tx: Transaction, endpoint_hash: str) -> datetime | None:
    """Since when an endpoint is known to have no fresh rounds; None while it has."""
    return tx.exec(select(WatchRow.stale_since).where(WatchRow.endpoint_hash == endpoint_hash)).first()


def set_stale_since(tx: Transaction, endpoint_hash: str, since: datetime | None) -> None:
    """As `stale_since` gives it from now on."""
    tx.exec(update(WatchRow).where(col(WatchRow.endpoint_hash) == endpoint_hash).values(stale_since=since))


def spending(tx: Transaction, endpoint_hash: str) -> dict[str, dict[str, Any]]:
    """Probe set → what is known of its spending on this endpoint."""
    held = tx.connection().execute(_SPENDING, {"of": endpoint_hash}).scalar()
    found: dict[str, dict[str, Any]] = json.loads(held or "{}")
    return found


def keep_spending(tx: Transaction, endpoint_hash: str, known: dict[str, dict[str, Any]]) -> None:
    """As `spending` gives it from now on."""
    tx.connection().execute(_SPEND, {"of": endpoint_hash, "known": json.dumps(known)})
