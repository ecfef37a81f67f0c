"""Who is notified of what, when, and how often: the shapes of the file `alerts.yaml`, and what is owed by them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from itertools import dropwhile
from typing import Final, Literal

from pydantic import Field

from prober.model.declaration import Day, Severity
from prober.model.shape import Duration, Shape, seconds


class Route(Shape):
    """Who is notified about what. A route matches if everything that it names matches."""

    to: tuple[str, ...] = Field(min_length=1)
    """Recipients: an alerter, with a channel if it has several: `slack`, `slack:#billing`, `webhook`."""
    owners: tuple[str, ...] = ()
    """Owners of the probe sets that moved."""
    tags: tuple[str, ...] = ()
    """Tags of these probe sets."""
    endpoints: tuple[str, ...] = ()
    """Endpoint names, or prefixes that end in `*`."""
    severity: Severity = "info"
    """Lowest severity."""
    after: Duration | None = None
    """Escalation: these recipients are notified only if nobody has acknowledged the incident after this time, at
    least `1m`."""
    private: bool = False
    """Show hashes and measurements there instead of prompts and replies."""

    @property
    def after_s(self) -> float | None:
        """`after` in seconds."""
        return None if self.after is None else seconds(self.after)


class QuietHours(Shape):
    """Hours in which only critical notices are sent at once."""

    start: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day, in quotes."""
    end: str = Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day; the same as `start` means the whole day."""
    days: tuple[Day, ...] = ()
    """Days on which they begin, `mon` to `sun`; every day if none is named."""


class Digest(Shape):
    """One message a day for everything that can wait."""

    at: str = Field("09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day."""
    severities: tuple[Severity, ...] = ("info",)
    """Severities that always wait for it; what happens in quiet hours waits too."""


class WeeklyReport(Shape):
    """What `prober report` writes, once a week: the seven whole days (UTC) before it. A daemon that was down at that
    hour sends it up to a day late."""

    to: tuple[str, ...] = Field(min_length=1)
    """Recipients, as of a route: `slack:#product`, `apprise`, `webhook`. Routes and quiet hours do not matter."""
    day: Day = "mon"
    """Day of the week, `mon` to `sun`."""
    at: str = Field("09:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    """Time of day, in quotes."""


_HOUR_S: Final = 3600.0
BACK_OFF_S: Final = (_HOUR_S, 4 * _HOUR_S, 24 * _HOUR_S, 168 * _HOUR_S)
"""Waits between reminders: 1 h, 4 h, 1 d, and then a week each time."""


class Reminders(Shape):
    """How soon people are reminded of an open incident that is not acknowledged; never without a time. Each later
    reminder waits longer: the next of 1 h, 4 h, 1 d and 7 d, and then 7 d each time."""

    critical: Duration | None = "1h"
    """Time until the first reminder; `null` for never."""
    warning: Duration | None = "1d"
    """Time until the first reminder of a warning; `null` for never."""
    info: Duration | None = None
    """Time until the first reminder of an incident that is `info`; `null` for never."""

    def first_s(self, severity: Severity) -> float | None:
        """Until the first one, in seconds."""
        first: str | None = getattr(self, severity)
        return None if first is None else seconds(first)

    @staticmethod
    def next_s(wait_s: float) -> float:
        """The wait after one of `wait_s` seconds."""
        return next(dropwhile(lambda longer: longer <= wait_s, BACK_OFF_S), max(wait_s, BACK_OFF_S[-1]))


class Alerts(Shape):
    """Who is notified, when, and how often: the file `alerts.yaml`."""

    timezone: str = "UTC"
    """Time zone of quiet hours, the digest and the weekly report, such as `Europe/Berlin`."""
    routes: tuple[Route, ...] = ()
    """Every route that matches is used. If none matches, every alerter gets the notice."""
    quiet_hours: QuietHours | None = None
    """Hours in which only critical notices are sent at once."""
    digest: Digest | None = None
    """One message a day for the rest. Without it, what happens in quiet hours is sent when they end."""
    weekly_report: WeeklyReport | None = None
    """The output of `prober report`, once a week."""
    reminders: Reminders = Reminders()
    """Reminders of open incidents that are not acknowledged."""
    stale_after: int = Field(3, ge=1, le=1000)
    """Schedules without a completed round after which an endpoint is stale."""
    private: bool = False
    """Show hashes and measurements instead of prompts and replies, everywhere."""


RouteReason = Literal[
    "routed",  # a route fits
    "unrouted",  # no route fits, or there is none: every alerter gets it
    "notified_before",  # it was notified of the incident, and gets every later event of it
    "escalated",  # a route names it for when nobody acknowledges
]


Hold = Literal["", "quiet_hours", "digest", "maintenance"]
"""Why a notice waits."""


@dataclass(frozen=True, slots=True)
class Target:
    """A place for messages: an alerter, and a channel where it has several."""

    alerter: str
    channel: str = ""
    """Empty for the alerter's own."""

    @staticmethod
    def of(text: str) -> Target:
        """`slack` or `slack:#billing` → Target."""
        alerter, _, channel = text.partition(":")
        return Target(alerter, channel)


@dataclass(frozen=True, slots=True)
class Owed:
    """One notice, owed."""

    target: Target
    at: datetime
    """When it may be sent."""
    reason: RouteReason
    hold: Hold = ""
    """Why it waits until then; `digest`: it is part of the digest of that hour."""
    private: bool = False
