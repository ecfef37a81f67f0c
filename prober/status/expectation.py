"""The dead man's switch: do rounds come as often as somebody expects, and is a daemon at work? Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from prober.alerts.phrases import minute
from prober.incidents.daemons import DaemonStatus, attendance
from prober.store.pages.views import DeliveryView, EndpointView


@dataclass(frozen=True, slots=True)
class Overdue:
    """An endpoint whose rounds do not come."""

    endpoint: str
    last_completed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What was expected, and what is not so."""

    every: timedelta
    endpoints: tuple[str, ...]
    """Those of whom rounds are expected."""
    overdue: tuple[Overdue, ...]
    silent: tuple[DaemonStatus, ...]
    """Daemons that have given no sign of life, and whose work nobody does."""

    @property
    def is_met(self) -> bool:
        return bool(self.endpoints) and not self.overdue and not self.silent

    def words(self, now: datetime) -> list[str]:
        """What is not so."""
        if not self.endpoints:
            return ["nobody watches any endpoint: `prober run` does"]
        return [
            *(
                f"the daemon {one.worker} has given no sign of life since {minute(one.seen_at)}; it watched "
                f"{', '.join(one.endpoints)}"
                for one in self.silent
            ),
            *(f"{one.endpoint}: {self._since(one.last_completed_at, now)}" for one in self.overdue),
        ]

    def _since(self, at: datetime | None, now: datetime) -> str:
        expected = f"expected every {lasting(self.every)}"
        if at is None:
            return f"no completed round yet; {expected}"
        return f"no completed round for {lasting(now - at)}, since {minute(at)}; {expected}"


def expect(
    every: timedelta, endpoints: Sequence[EndpointView], daemon_statuses: Sequence[DaemonStatus], now: datetime
) -> Expectation:
    """Rounds are expected of what daemons watch, or watched last; where none ever did, of every endpoint there is."""
    here = attendance(daemon_statuses, now)
    last = {one.name: one.last_completed_at for one in endpoints}
    expected = sorted(here.expected if daemon_statuses else last)
    late = [name for name in expected if (at := last.get(name)) is None or now - at > every]
    return Expectation(every, tuple(expected), tuple(Overdue(name, last.get(name)) for name in late), here.silent)


def undelivered(one: DeliveryView, mend: str) -> str:
    """A place that messages do not reach, in a line."""
    place = f"{one.alerter} ({one.channel})" if one.channel else one.alerter
    since = f" since {minute(one.since)}" if one.since else ""
    if one.failing:
        todo = f"{mend}, then prove it: prober drill ENDPOINT --to {one.alerter}"
        return f"{place}: NOBODY IS REACHED{since}: {one.last_reason}, {one.failed} failed for good; {todo}"
    return f"{place}: messages wait{since}: {one.last_reason}; they are tried again"


def lasting(span: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 12 min`, `2 days 3 h`."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return f"{days} day{'s' * (days > 1)}" + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"
