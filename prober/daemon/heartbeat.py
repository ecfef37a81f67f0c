"""The daemon's signs of life: a row that others look at, and a ping to somebody else's watch."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from prober.alerts.post import Ping
from prober.daemon.log import log_fault, logger
from prober.incidents.routing import Routing
from prober.model.errors import StoreError
from prober.service.upkeep import beat as sign_of_life
from prober.status.endpoint_status import EndpointStatus, endpoint_statuses
from prober.store import Store, daemons
from prober.store.pages import overview
from prober.store.pages.deliveries import deliveries as delivery_page
from prober.store.views import DeliveryView

BEAT_S: Final = 60.0
"""Between two signs of life."""


class Heartbeat:
    """Of one daemon. Nothing that goes wrong here is raised: a daemon that cannot say so still watches."""

    def __init__(self, store: Store, worker: str, ping: Ping | None) -> None:
        self._store = store
        self._worker = worker
        self._ping = ping
        self._said = ""
        """What was wrong with the last ping; empty where it arrived."""

    def beat(
        self, endpoints: Collection[str], routing: Routing, now: datetime, file_problems: Sequence[str] = ()
    ) -> None:
        """Say that these are watched, and how all is."""
        try:
            sign_of_life(self._store, self._worker, endpoints, routing, now, file_problems)
            store = self._store
            statuses = endpoint_statuses(
                store.query(overview.endpoints),
                store.query(overview.recent_rounds_of_each),
                store.query(daemons.not_over, now=now),
                now,
            )
            well, words = condition(statuses, store.query(delivery_page), endpoints)
        except StoreError as error:
            log_fault("giving a sign of life", error)
            well, words = False, f"the database cannot be used: {error}"
        if self._ping is None:
            return
        outcome = self._ping.send(well, words)
        said = "" if outcome.sent else outcome.reason
        if said and said != self._said:
            logger.warning("the heartbeat does not arrive: %s", said)
        elif self._said and not said:
            logger.info("the heartbeat arrives again")
        self._said = said

    def stop(self, now: datetime) -> None:
        """The daemon ends in order: nobody is to miss it."""
        try:
            self._store.change(daemons.stop, self._worker, now)
        except StoreError as error:
            log_fault("saying that the daemon ends", error)


def condition(
    statuses: Sequence[EndpointStatus], deliveries: Sequence[DeliveryView], watched: Collection[str]
) -> tuple[bool, str]:
    """Whether all is well with the prober itself, and in words. Pure.

    A model that changed is no fault of the prober, nor is an endpoint that does not answer; both are said.
    """
    here = [one for one in statuses if one.name in watched]
    faults = [f"messages to {place(one)} fail for good: {one.last_reason}" for one in deliveries if one.failing] + [
        f"no fresh rounds of {one.name}" for one in here if one.is_stale
    ]
    live = sum(one.state == "changed" for one in here)
    some = f"{len(watched)} endpoint{'' if len(watched) == 1 else 's'}"
    summary = f"watching {some}, {live} with an open incident"
    if dead := [one.name for one in here if one.state == "unreachable"]:
        summary += f", unreachable: {', '.join(dead)}"
    return not faults, "\n".join([*faults, summary])


def place(one: DeliveryView) -> str:
    """Where messages go, for people."""
    return f"{one.alerter} ({one.channel})" if one.channel else one.alerter
