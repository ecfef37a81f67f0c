"""The shapes of the file `alerts.yaml`: who is notified of what, when, and how often."""

from __future__ import annotations

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
    private: bool = False
    """Show hashes and measurements there instead of prompts and replies."""


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


class Reminders(Shape):
    """How often people are reminded of an open incident that is not acknowledged; never without a time."""

    critical: Duration | None = "4h"
    """Interval; `null` for never."""
    warning: Duration | None = "1d"
    """Interval."""
    info: Duration | None = None
    """Interval."""

    def every_s(self, severity: Severity) -> float | None:
        every: str | None = getattr(self, severity)
        return None if every is None else seconds(every)


class Alerts(Shape):
    """Who is notified, when, and how often: the file `alerts.yaml`."""

    timezone: str = "UTC"
    """Time zone of quiet hours and the digest, such as `Europe/Berlin`."""
    routes: tuple[Route, ...] = ()
    """Every route that matches is used. If none matches, every alerter gets the notice."""
    quiet_hours: QuietHours | None = None
    """Hours in which only critical notices are sent at once."""
    digest: Digest | None = None
    """One message a day for the rest. Without it, what happens in quiet hours is sent when they end."""
    reminders: Reminders = Reminders()
    """Of open incidents that are not acknowledged."""
    stale_after: int = Field(3, ge=1, le=1000)
    """Schedules without a completed round after which an endpoint is stale."""
    private: bool = False
    """Show hashes and measurements instead of prompts and replies, everywhere."""
