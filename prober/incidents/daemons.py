"""Whether the prober itself is at work: signs of life → who has fallen silent, and who is back. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

SILENT_AFTER: Final = timedelta(minutes=5)
"""Without a sign of life, after which a daemon counts as lost. It gives one a minute."""


@dataclass(frozen=True, slots=True)
class DaemonStatus:
    """The last sign of life of one daemon."""

    worker: str
    """Its name in the store."""
    started_at: datetime
    seen_at: datetime
    stopped_at: datetime | None
    """When it ended in order; None while it runs, or where it was lost."""
    endpoints: tuple[str, ...]
    """Names of those it watches."""
    told_at: datetime | None = None
    """When people were notified that it is silent."""

    def alive(self, now: datetime) -> bool:
        """Whether it was seen lately, and did not end. A sign of life in the future says that a clock was ahead."""
        return self.stopped_at is None and abs(now - self.seen_at) <= SILENT_AFTER


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who is at work, and who is not."""

    alive: tuple[DaemonStatus, ...]
    silent: tuple[DaemonStatus, ...]
    """Lost, and nobody else watches all that they watched."""
    relieved: tuple[DaemonStatus, ...]
    """Lost or ended, and others watch all that they watched: nothing more need be known of them."""
    ended: tuple[DaemonStatus, ...]
    """Stopped in order, and nobody watches in their place."""

    @property
    def watched(self) -> frozenset[str]:
        """Endpoints that somebody watches."""
        return frozenset(name for sign in self.alive for name in sign.endpoints)

    @property
    def expected(self) -> frozenset[str]:
        """Endpoints that somebody watches, or did until it fell silent or was stopped."""
        return self.watched | {name for sign in (*self.silent, *self.ended) for name in sign.endpoints}


def unwatched(lost: DaemonStatus, others: Sequence[DaemonStatus]) -> timedelta:
    """How long nobody watched some of what a lost daemon had watched, until the next one came that did; zero where one
    was there before. `others`: all that are known, also those that were lost since: they watched in between."""

    def gap(endpoint: str) -> timedelta:
        after = [one for one in others if endpoint in one.endpoints and one.seen_at > lost.seen_at]
        return min((one.started_at - lost.seen_at for one in after), default=timedelta(0))

    return max([timedelta(0), *map(gap, lost.endpoints)])


def attendance(daemon_statuses: Sequence[DaemonStatus], now: datetime) -> Attendance:
    """Everyone in their place, in the order of `daemon_statuses`."""
    alive = tuple(sign for sign in daemon_statuses if sign.alive(now))
    watched = {name for sign in alive for name in sign.endpoints}
    others = [sign for sign in daemon_statuses if not sign.alive(now)]
    alone = [sign for sign in others if not set(sign.endpoints) <= watched]
    return Attendance(
        alive=alive,
        silent=tuple(sign for sign in alone if sign.stopped_at is None),
        relieved=tuple(sign for sign in others if set(sign.endpoints) <= watched),
        ended=tuple(sign for sign in alone if sign.stopped_at is not None),
    )
