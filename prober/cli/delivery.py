"""Owed notices, delivered by whoever has the channels."""

from __future__ import annotations

from collections.abc import Sequence

from prober.alerts.interface import Alerter
from prober.cli.options import now_utc
from prober.cli.screen import complain
from prober.service.deliver import Delivery, deliver
from prober.store import Store


def deliver_owed(store: Store, alerters: Sequence[Alerter], dashboard_url: str) -> list[Delivery]:
    """Deliver every notice that is due.

    Where one is owed to a channel that is not configured here, all are left to the daemon: delivered from here, that
    one would count as failed for good.
    """
    owed = {notice.alerter for notice in store.notices(limit=10_000) if notice.state in {"owed", "claimed"}}
    if foreign := owed - {alerter.name for alerter in alerters}:
        complain(
            f"notices to {', '.join(sorted(foreign))} are left to `prober run`: not configured in this environment"
        )
        return []
    deliveries = []
    while (delivery := deliver(store, alerters, now_utc, dashboard_url)) is not None:
        deliveries.append(delivery)
    return deliveries
