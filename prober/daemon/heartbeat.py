"""The daemon's heartbeats: a row that others look at, and a ping to somebody else's watch."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from prober.alerts.post import Ping
from prober.daemon.log import log_fault, logger
from prober.incidents.routing import Routing
from prober.model.errors import StoreError
from prober.model.watch import CLOCK_SLACK, SILENT_AFTER, DaemonStatus
from prober.service.upkeep import beat as sign_of_life
from prober.status.endpoint_status import EndpointStatus, endpoint_statuses
from prober.store import Store, daemons
from prober.store.pages import overview
from prober.store.pages.deliveries import deliveries as delivery_page
from prober.store.views import DeliveryView
from prober.text import count

BEAT_S: Final = 60.0
"""Between two heartbeats."""


_ACTIVE_FOR_S: Final = SILENT_AFTER.total_seconds()


class Heartbeat:
    """Of one daemon. Nothing that goes wrong here is raised: a daemon that cannot say so still watches."""

    def __init__(self, store: Store, worker: str, ping: Ping | None) -> None:
        self._store = store
        self._worker = worker
        self._ping = ping
        self._goes_on = False
        """Whether this process has sent a heartbeat."""
        self._last_change: dict[str, tuple[datetime, float]] = {}
        """Worker → its last heartbeat, and when that was new, by the monotonic clock."""
        self._said = ""
        """What was wrong with the last ping; empty where it arrived."""

    def beat(
        self,
        endpoints: Collection[str],
        routing: Routing,
        now: datetime,
        file_problems: Sequence[str] = (),
        database_fault: str = "",
    ) -> None:
        """Say that these are watched, and how all is. With a fault, the database is not asked."""
        if database_fault:
            self._send(False, _lost(database_fault))
            return
        try:
            sign_of_life(
                self._store, self._worker, endpoints, routing, now, file_problems,
                goes_on=self._goes_on, active=self._active(self._store.query(daemons.statuses), now),
            )  # fmt: skip
            self._goes_on = True
            store = self._store
            statuses = endpoint_statuses(
                store.query(overview.endpoints),
                store.query(overview.recent_rounds_of_each, now),
                store.query(daemons.not_over, now=now),
                now,
            )
            well, words = condition(statuses, store.query(delivery_page), endpoints)
        except StoreError as error:
            log_fault("sending a heartbeat", error)
            well, words = False, _lost(str(error))
        self._send(well, words)

    def _active(self, known: Sequence[DaemonStatus], now: datetime) -> set[str]:
        """Whose heartbeat was new lately, so that a daemon whose clock differs is not taken for a silent one."""
        for one in known:
            before = self._last_change.get(one.worker)
            if (before is None and one.notified_at is not None) or (before is not None and before[0] == one.seen_at):
                continue
            self._last_change[one.worker] = one.seen_at, time.monotonic()
            is_far = abs(now - one.seen_at) > CLOCK_SLACK + timedelta(seconds=BEAT_S)
            if before is not None and is_far and one.worker != self._worker:  # its own is in the log already
                logger.warning(
                    "the clock of the daemon %s differs from this one by about %s; set both, or rounds are asked twice",
                    one.worker, abs(now - one.seen_at),
                )  # fmt: skip
        return {worker for worker, (_, at) in self._last_change.items() if time.monotonic() - at < _ACTIVE_FOR_S}

    def _send(self, well: bool, words: str) -> None:
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


def _lost(fault: str) -> str:
    return f"the database cannot be used: {fault}"


def condition(
    statuses: Sequence[EndpointStatus], deliveries: Sequence[DeliveryView], watched: Collection[str]
) -> tuple[bool, str]:
    """Whether all is well with the prober itself, and in words. Pure.

    A model that changed is no fault of the prober, nor is an endpoint that does not answer; both are said.
    """
    here = [one for one in statuses if one.name in watched]
    faults = [f"messages to {place(one)} fail permanently: {one.last_reason}" for one in deliveries if one.failing] + [
        f"no fresh rounds of {one.name}" for one in here if one.is_stale
    ]
    live = sum(one.state == "changed" for one in here)
    summary = f"watching {count(len(watched), 'endpoint')}, {live} with an open incident"
    if dead := [one.name for one in here if one.state == "unreachable"]:
        summary += f", unreachable: {', '.join(dead)}"
    return not faults, "\n".join([*faults, summary])


def place(one: DeliveryView) -> str:
    """Where messages go, for people."""
    return f"{one.alerter} ({one.channel})" if one.channel else one.alerter
