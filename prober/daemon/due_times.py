"""When rounds are due: one grid a schedule, the same on every machine, and the random lateness of starting.

APScheduler's own triggers will not do: their jitter adds up from round to round, so that in time a moment is passed
over, and they cannot name the moment before, which is what a late or restarted daemon has to know.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from zoneinfo import ZoneInfo

from apscheduler.triggers.base import BaseTrigger

from prober.judging.promise import Promise
from prober.loading.cron import Cron, parse
from prober.model.declaration import Endpoint, ProbeSet, Schedule

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

    def back(self, now: datetime, times: int) -> datetime:
        """The moment so many moments before the newest."""
        moment = self.latest(now)
        for _ in range(times):
            moment = self.latest(moment - timedelta.resolution)
        return moment

    def start(self, due: datetime) -> datetime:
        """When the round of this moment starts: up to the schedule's jitter later."""
        # Drawn from the moment itself, so that whoever asks twice gets the same.
        return due + timedelta(seconds=self.schedule.jitter_s * Random(f"{self.salt}|{due.isoformat()}").random())

    @property
    def grace_s(self) -> int:
        """How late a start may be before the round counts as missed: half the shortest time in which it has its turn.

        That is the time between two moments, less the jitter; whole seconds, at least one.
        """
        gap_s = self._step.total_seconds() if self._cron is None else self._cron.shortest_gap_s(self.schedule.timezone)
        return max(1, int((gap_s - self.schedule.jitter_s) / 2))

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
    moments: DueTimes
    reached: datetime
    """The newest moment whose round was to start."""
    accounted: datetime
    """The newest moment whose round is in the store, as are all before it since we watch."""
    since: datetime
    """When we began to watch, or last woke up."""

    @property
    def key(self) -> str:
        return key_of(self.probe_set.name, self.endpoint.name)

    def account(self, moment: datetime) -> None:
        """Its round is in the store. Never backwards, whichever of two threads comes last."""
        self.accounted = max(self.accounted, moment)

    def begin_again(self, now: datetime) -> None:
        """The clock was set back: what was accounted for in the future is forgotten."""
        self.reached = self.accounted = self.moments.latest(now)
        self.since = now


def key_of(probe_set: str, endpoint: str) -> str:
    """What is watched, in the log and as the name of its job. No name holds a blank."""
    return f"{probe_set} on {endpoint}"


class RoundTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler has no types
    """`DueTimes` as APScheduler asks for them."""

    def __init__(self, moments: DueTimes) -> None:
        self._moments = moments

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        # A start is less than one gap later than its moment, so the newest moment before it is its own.
        return self._moments.start(self._moments.following(self._moments.latest(previous_fire_time or now)))
