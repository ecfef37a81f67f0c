"""What time alone brings: a mute ends, a reminder is due, an endpoint goes stale, a daemon falls silent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final, get_args

from prober.incidents.actions import unmuted
from prober.incidents.lifecycle import closed
from prober.model.alerting import Reminders
from prober.model.decision import Decision
from prober.model.declaration import Day, Maintenance
from prober.model.incident import Facts, Incident
from prober.model.watch import SILENT_AFTER, DaemonStatus

DAYS: Final[tuple[Day, ...]] = get_args(Day)
_WEEK: Final = 7


def by_clock_ahead(began: datetime | None, detected_at: datetime) -> str:
    """What is added to an onset that lies behind its detection: its round has the time of a clock that was ahead."""
    return " (by a clock that was once ahead)" if began and began - detected_at > timedelta(minutes=1) else ""


def pass_time(
    incident: Incident,
    reminders: Reminders,
    now: datetime,
    muted_for: timedelta | None = None,
    alarmed_at: datetime | None = None,
) -> Decision:
    """What the hour makes of an incident that people know of. `muted_for`: how long its mute was to last. `alarmed_at`:
    when people were last notified of more than before; None: when it opened."""
    left = incident.muted_until - now if incident.state == "muted" and incident.muted_until is not None else None
    if left is not None and muted_for is not None and left > muted_for + SILENT_AFTER:
        # The clock was ahead when it was set. It lasts as long as was meant, from now on.
        return Decision("mute_moved", replace(incident, muted_until=now + muted_for))
    if incident.state == "muted" and incident.muted_until is not None and incident.muted_until <= now:
        return Decision("mute_expired", unmuted(incident, "", "", now), event="unmuted")
    first_s = reminders.first_s(incident.severity)
    if incident.state != "open" or first_s is None or incident.part_of is not None or isinstance(incident, Facts):
        return Decision("nothing_due", incident)
    notified_at = incident.notified_at or incident.opened_at
    began = min(alarmed_at or incident.opened_at, notified_at)
    # What was notified in the future was notified by a clock that was ahead; it holds no reminder back.
    is_ahead = notified_at > now + SILENT_AFTER
    if not is_ahead and not any(notified_at < moment for moment in _reminders(began, first_s, now)):
        return Decision("nothing_due", incident)
    return Decision("reminder_due", replace(incident, notified_at=now), event="reminded")


def _reminders(began: datetime, first_s: float, now: datetime) -> Iterator[datetime]:
    """The moments up to now at which reminders were due, each later than the one before by more."""
    wait_s = first_s
    moment = began + timedelta(seconds=wait_s)
    while moment <= now:
        yield moment
        wait_s = Reminders.next_s(wait_s)
        moment += timedelta(seconds=wait_s)


def replaced(incident: Incident, now: datetime) -> Decision:
    """Its endpoint was edited: under the same name there is another now, which has a reference of its own."""
    if incident.state == "suspected":
        return Decision("config_changed", closed(incident, "faded", "", "", now))
    over = replace(closed(incident, "superseded", "", "", now), cause="the endpoint was edited")
    return Decision("config_changed", over, event="superseded")


def freshness(is_stale: bool, newest: datetime, deadline: datetime) -> Decision:
    """Whether an endpoint has gone stale, or is fresh again. `newest` is its newest completed round, or since when it
    is watched; `deadline` the moment that as many of its rounds were due since as make it stale."""
    overdue = newest < deadline
    if overdue == is_stale:
        return Decision("nothing_due")
    return Decision("rounds_overdue", event="stale") if overdue else Decision("rounds_resumed", event="fresh")


def maintained_until(windows: Iterable[Maintenance], now: datetime) -> datetime | None:
    """The end of the declared work that is going on now; None where there is none."""
    ends = [
        start + timedelta(seconds=window.lasts_s)
        for window in windows
        for start in _starts(window, now)
        if start <= now < start + timedelta(seconds=window.lasts_s)
    ]
    return max(ends, default=None)


def _starts(window: Maintenance, now: datetime) -> Iterator[datetime]:
    """The moments a window began or begins that may matter now."""
    if window.begins is not None:
        yield datetime.fromisoformat(window.begins)
    if window.at is not None:
        at = time.fromisoformat(window.at)
        for back in range(_WEEK + 1):
            day = now.astimezone(UTC).date() - timedelta(days=back)
            if not window.days or DAYS[day.weekday()] in window.days:
                yield datetime.combine(day, at, UTC)


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who is at work, and who is not."""

    alive: tuple[DaemonStatus, ...]
    silent: tuple[DaemonStatus, ...]
    """Lost, and no other daemon watches everything that they watched."""
    relieved: tuple[DaemonStatus, ...]
    """Lost or ended, and others watch all that they watched: nothing more need be known of them."""
    ended: tuple[DaemonStatus, ...]
    """Stopped in order, and nobody watches in their place."""

    @property
    def watched(self) -> frozenset[str]:
        """Endpoints that somebody watches."""
        return frozenset(name for sign in self.alive for name in sign.endpoints)

    @property
    def silent_since(self) -> datetime | None:
        """Since when nothing is asked, although nobody stopped it; None while a daemon is alive, or where none was."""
        return None if self.alive else max((one.seen_at for one in self.silent), default=None)

    def missing(self, lost: DaemonStatus) -> str:
        """Endpoints that a lost daemon watched and nobody watches now, for people."""
        return ", ".join(name for name in lost.endpoints if name not in self.watched)

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


def attendance(daemon_statuses: Sequence[DaemonStatus], now: datetime, *, active: Collection[str] = ()) -> Attendance:
    """Everyone in their place, in the order of `daemon_statuses`.

    `active`: workers whose heartbeat was seen to change lately. They live, whatever their clock says.
    """
    alive = tuple(
        sign for sign in daemon_statuses if sign.alive(now) or (sign.worker in active and sign.stopped_at is None)
    )
    watched = {name for sign in alive for name in sign.endpoints}
    others = [sign for sign in daemon_statuses if sign not in alive]
    alone = [sign for sign in others if not set(sign.endpoints) <= watched]
    return Attendance(
        alive=alive,
        silent=tuple(sign for sign in alone if sign.stopped_at is None),
        relieved=tuple(sign for sign in others if set(sign.endpoints) <= watched),
        ended=tuple(sign for sign in alone if sign.stopped_at is not None),
    )
