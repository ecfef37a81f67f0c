"""When rounds are due: one grid a schedule, the same on every machine, and the random lateness of starting.

APScheduler's own triggers will not do: their jitter adds up from round to round, so that in time a moment is passed
over, and they cannot name the moment before, which is what a late or restarted daemon has to know.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Final
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from prober.daemon.log import logger
from prober.judging.promise import Promise
from prober.loading.cron import Cron, parse
from prober.loading.declarations import Declarations
from prober.model.budget import ScopedBudget
from prober.model.declaration import Endpoint, ProbeSet, Schedule
from prober.model.watch import CLOCK_SLACK

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class DueTimes:
    """The moments of one schedule, UTC: whole multiples of the interval since 1970, or what the cron text names in its
    time zone."""

    schedule: Schedule
    salt: str = ""
    """What jitter is drawn from, so that rounds of one moment start apart."""

    def latest(self, now: datetime) -> datetime:
        """The newest moment that is not after `now`."""
        if self._cron is None:
            return _EPOCH + (now - _EPOCH) // self._step * self._step
        day = now.astimezone(self._zone).date()
        while not (reached := [at for at in self._cron.on(day, self._zone) if at <= now]):
            day -= _DAY
        return reached[-1]

    def following(self, moment: datetime) -> datetime:
        """The first moment after `moment`."""
        if self._cron is None:
            return self.latest(moment) + self._step
        day = moment.astimezone(self._zone).date()
        while not (ahead := [at for at in self._cron.on(day, self._zone) if at > moment]):
            day += _DAY
        return ahead[0]

    def before(self, moment: datetime) -> datetime:
        """The newest moment before `moment`."""
        return self.latest(moment - timedelta.resolution)

    def back(self, now: datetime, times: int) -> datetime:
        """The moment so many moments before the newest."""
        moment = self.latest(now)
        for _ in range(times):
            moment = self.before(moment)
        return moment

    def start(self, due: datetime) -> datetime:
        """When the round of this moment starts: up to the schedule's jitter later."""
        # Drawn from the moment itself, so that asking twice gives the same.
        return due + timedelta(seconds=self.schedule.jitter_s * Random(f"{self.salt}|{due.isoformat()}").random())

    @cached_property
    def _cron(self) -> Cron | None:
        return None if self.schedule.cron is None else parse(self.schedule.cron)

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.schedule.timezone)

    @cached_property
    def _step(self) -> timedelta:
        return max(timedelta(seconds=self.schedule.every_s or 0.0), timedelta.resolution)


@dataclass(slots=True)
class Watched:
    """One set on one endpoint."""

    probe_set: ProbeSet
    endpoint: Endpoint
    promise: Promise
    budgets: tuple[ScopedBudget, ...]
    """All that its asks count in."""
    moments: DueTimes
    reached: datetime
    """The newest moment whose round was to start."""
    accounted: datetime
    """The newest moment whose round is in the store, as are all before it since we watch."""
    since: datetime
    """When we began to watch, or last woke up."""
    asked_ahead: str | None = None
    """Label of the newest round that was asked before the clock was set back; empty where it was not, and None until
    the store was asked."""
    accounting: threading.Lock = field(default_factory=threading.Lock)
    """Held by the thread that works on its due times: one at a time."""

    @property
    def key(self) -> str:
        return key_of(self.probe_set.name, self.endpoint.name)

    def account(self, moment: datetime) -> None:
        """Its round is in the store. Never backwards, except by `begin_again`."""
        self.accounted = max(self.accounted, moment)

    def slept_through(self, moment: datetime) -> bool:
        """Whether a moment passed before we woke up."""
        return moment <= self.since

    def passed(self, due: datetime, most: int) -> list[datetime]:
        """The moments between the last one accounted for and `due`; if there are more than `most`, the newest."""
        moments: list[datetime] = []
        moment = self.moments.before(due)
        while moment > self.accounted and len(moments) < most:
            moments.append(moment)
            moment = self.moments.before(moment)
        return moments[::-1]

    def begin_again(self, now: datetime) -> None:
        """The clock was set back: what was accounted for in the future is forgotten, and the newest moment is due."""
        self.reached = self.moments.latest(now)
        self.accounted, self.since = self.moments.before(self.reached), now
        self.asked_ahead = None


def all_watched(declarations: Declarations, worker: str, now: datetime) -> Iterator[Watched]:
    """Every set on every endpoint of its own, from now on."""
    for probe_set in declarations.sets:
        for name in probe_set.endpoints:
            endpoint = declarations.endpoint(name)
            moments = DueTimes(probe_set.schedule, salt=f"{worker} {key_of(probe_set.name, name)}")
            latest = moments.latest(now)
            before = moments.before(latest)
            promise, budgets = declarations.promise(endpoint), declarations.budgets_of(probe_set, endpoint)
            yield Watched(probe_set, endpoint, promise, budgets, moments, latest, before, now)


SLEPT: Final = timedelta(seconds=20)
"""A look at the clock that comes so much later than the one before comes after a sleep: a daemon looks every 5 s.
Short, so that a schedule of seconds that was slept through is no news of stale rounds."""


class ClockWatch:
    """Notices a clock that was set, and a machine that slept."""

    def __init__(self, now: datetime) -> None:
        self._seen, self._steady_since = now, time.monotonic()

    @property
    def steady_s(self) -> float:
        """For how long the clock has run evenly, seconds of the monotonic clock."""
        return time.monotonic() - self._steady_since

    def step(self, now: datetime) -> timedelta | None:
        """By how much the clock jumped since the last look; None where it ran evenly. Logged, in one line."""
        step, self._seen = now - self._seen, now
        if -CLOCK_SLACK <= step <= SLEPT:
            return None
        self._steady_since = time.monotonic()
        if step < timedelta(0):
            logger.error(
                "THE CLOCK WAS SET BACK by %s, to %s; the newest round is asked now, and every moment that comes again "
                "is asked again", -step, now.isoformat(),
            )  # fmt: skip
        else:
            logger.warning(
                "the machine slept, or its clock was set forward, by %s, to %s; the newest round is asked now, those "
                "before it are missed", step, now.isoformat(),
            )  # fmt: skip
        return step


def key_of(probe_set: str, endpoint: str) -> str:
    """What is watched, in the log and as the name of its job. No name holds a blank."""
    return f"{probe_set} on {endpoint}"


class RoundTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """`DueTimes` as APScheduler asks for them."""

    def __init__(self, moments: DueTimes) -> None:
        self._moments = moments

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        # A start is less than one gap later than its moment, so the newest moment before it is its own.
        following = self._moments.following(self._moments.latest(previous_fire_time or now))
        # After a sleep APScheduler asks for every moment of it, one by one, and starts the newest only.
        newest = self._moments.latest(now) if previous_fire_time else following
        return self._moments.start(max(following, newest))


@dataclass(frozen=True)
class IntervalTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """Every so often. APScheduler's own names every moment of a sleep first: after a year of it, for hours."""

    step: timedelta

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now if previous_fire_time is None else max(previous_fire_time + self.step, now)
