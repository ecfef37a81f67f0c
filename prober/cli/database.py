"""The store that a verb works on, and the notices it owes. Verbs that need no store do not wait for this."""

from __future__ import annotations

from collections.abc import Sequence

from prober.alerts import Alerter
from prober.cli.environment import settings_of
from prober.cli.options import now_utc
from prober.cli.output import complain
from prober.service.deliver import Delivery, StoredOutbox, deliver
from prober.store import Store, notices


def open_store(database: str | None, *, read_only: bool = False) -> Store:
    """The store. Raises StoreError, or ConfigurationError for the environment."""
    return Store.open(settings_of(database).database_url, read_only=read_only)


def deliver_owed(store: Store, alerters: Sequence[Alerter], dashboard_url: str) -> list[Delivery]:
    """Deliver every notice that is due.

    If one is owed to an alerter that is not configured here, all are left to the daemon: sent from here, that one
    would count as failed permanently.
    """
    owed = {
        notice.alerter for notice in store.query(notices.recent, limit=10_000) if notice.state in {"owed", "claimed"}
    }
    if foreign := owed - {alerter.name for alerter in alerters}:
        complain(
            f"notices to {', '.join(sorted(foreign))} are left to `prober run`: not configured in this environment"
        )
        return []
    deliveries = []
    while (delivery := deliver(StoredOutbox(store), alerters, now_utc, dashboard_url)) is not None:
        deliveries.append(delivery)
    return deliveries
