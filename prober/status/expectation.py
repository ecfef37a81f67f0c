"""The dead man's switch: are rounds answered as often as somebody expects, and is a daemon at work? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prober.alerts.phrases import minute
from prober.incidents.clock import attendance
from prober.model.watch import DaemonStatus
from prober.status.endpoint_status import EndpointStatus
from prober.status.gathering import lasting
from prober.store.views import DeliveryView


@dataclass(frozen=True, slots=True)
class Overdue:
    """An endpoint of which no round was answered in time."""

    endpoint: str
    status: EndpointStatus | None
    """None where the store does not know it yet."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was expected, and what is not so."""

    every: timedelta
    endpoints: tuple[str, ...]
    """Those of whom rounds are expected."""
    overdue: tuple[Overdue, ...]
    silent: tuple[DaemonStatus, ...]
    """Daemons that have sent no heartbeat, and whose work nobody does."""

    @property
    def is_met(self) -> bool:
        return bool(self.endpoints) and not self.overdue and not self.silent

    def words(self, now: datetime) -> list[str]:
        """What is not so."""
        if not self.endpoints:
            return ["no daemon watches any endpoint; start `prober run`"]
        return [
            *(
                f"the daemon {one.worker} has sent no heartbeat since {minute(one.seen_at)}; it watched "
                f"{', '.join(one.endpoints)}"
                for one in self.silent
            ),
            *(
                f"{one.endpoint}: {self._late(one.status, now)}; expected every {lasting(self.every)}"
                for one in self.overdue
            ),
        ]

    def _late(self, status: EndpointStatus | None, now: datetime) -> str:
        if status is None or (status.completed_at is None and status.clock_ahead_at is None):
            return "no completed round yet"
        if status.clock_ahead_at is not None:
            return f"its newest round was completed in the future, at {minute(status.clock_ahead_at)}: check the clock"
        at, last_at = status.answered_at, status.completed_at
        if at is None:
            return f"no ask was ever answered: {status.endpoint.last_failure}"
        if last_at is not None and last_at > at:
            late = f"no ask was answered for {lasting(now - at)}, since {minute(at)}"
            return f"{late}: {status.endpoint.last_failure}"
        return f"no completed round for {lasting(now - at)}, since {minute(at)}"


def expect(
    every: timedelta, statuses: Sequence[EndpointStatus], daemon_statuses: Sequence[DaemonStatus], now: datetime
) -> Expectation:
    """Rounds are expected of what daemons watch, or watched last; where none ever did, of every endpoint there is.

    Only a round counts in which something was answered. Where the newest was completed in the future the clock was
    set back, and nobody knows how old it is.
    """
    here = attendance(daemon_statuses, now)
    known = {one.name: one for one in statuses}
    answered = {one.name: one.answered_at for one in statuses if one.clock_ahead_at is None}
    expected = sorted(here.expected if daemon_statuses else known)
    late = [name for name in expected if (at := answered.get(name)) is None or now - at > every]
    return Expectation(every, tuple(expected), tuple(Overdue(name, known.get(name)) for name in late), here.silent)


def undelivered(one: DeliveryView, fix: str) -> str:
    """A place that messages do not reach, in a line."""
    place = f"{one.alerter} ({one.channel})" if one.channel else one.alerter
    since = f" since {minute(one.since)}" if one.since else ""
    if one.failing:
        todo = f"{fix}, then prove it: prober drill ENDPOINT --to {one.alerter}"
        return f"{place}: NOBODY IS REACHED{since}: {one.last_reason}, {one.failed} failed permanently; {todo}"
    return f"{place}: messages wait{since}: {one.last_reason}; they are tried again"
