"""Who is notified of what, and when. Pure: a Subject and the time → the notices owed, each with a named reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from prober.incidents.clock import DAYS, maintained_until
from prober.incidents.events import EVENTS
from prober.model.alerting import Alerts, Hold, Owed, Route, RouteReason, Target
from prober.model.declaration import Endpoint, Maintenance, Severity
from prober.model.errors import ConfigurationError
from prober.model.incident import SEVERITIES, Event


@dataclass(frozen=True, slots=True)
class Subject:
    """What a notice is about, as far as routing asks."""

    event: Event
    severity: Severity
    endpoint: str = ""
    owners: tuple[str, ...] = ()
    """Owners of the probe sets that moved."""
    tags: tuple[str, ...] = ()
    notified: tuple[Target, ...] = ()
    """Places that have, or are owed, a notice of the same incident."""
    busy_until: datetime | None = None
    """The end of maintenance that was begun by command."""
    waits_for: timedelta = timedelta(0)
    """How long the incident has waited to be acknowledged."""


@dataclass(frozen=True, slots=True)
class Routing:
    """The configuration of alerts, and the alerters there are."""

    alerters: tuple[str, ...]
    """Names of those that are configured in the environment."""
    alerts: Alerts = field(default_factory=Alerts)
    maintenance: Mapping[str, tuple[Maintenance, ...]] = field(default_factory=dict)
    """Endpoint → its declared windows."""

    @staticmethod
    def declared(alerters: Iterable[str], alerts: Alerts, endpoints: Iterable[Endpoint]) -> Routing:
        """As the files say."""
        return Routing(tuple(alerters), alerts, {endpoint.name: endpoint.maintenance for endpoint in endpoints})

    def check(self, known: Iterable[str]) -> None:
        """Raises ConfigurationError where a route leads to what is no alerter, or to none that is configured.

        `known` names every alerter there could be.
        """
        names = sorted(known)
        weekly = self.alerts.weekly_report
        routed = [("a route leads", to) for route in self.alerts.routes for to in route.to]
        for leads, to in [*routed, *(("the weekly report goes", to) for to in (weekly.to if weekly else ()))]:
            alerter = Target.of(to).alerter
            if alerter not in names:
                raise ConfigurationError(f'alerts.yaml: {leads} to "{alerter}"; write one of: {", ".join(names)}')
            if alerter not in self.alerters:
                what = "the route" if leads == "a route leads" else "it"
                raise ConfigurationError(
                    f'alerts.yaml: {leads} to "{alerter}", which this environment does not configure; '
                    f"set its variables, or remove {what}"
                )

    def route(self, subject: Subject, now: datetime) -> tuple[Owed, ...]:
        """The notices owed, one a target."""
        return tuple(
            Owed(target, at, reason, hold, private)
            for target, (reason, private) in self._who(subject).items()
            for at, hold in [self._when(subject, target, now)]
        )

    def escalates(self, subject: Subject, now: datetime) -> bool:
        """Whether somebody is to be notified now because nobody acknowledges. Quiet hours and maintenance put it off:
        by their end it may be acknowledged."""
        return any(not owed.hold for owed in self.route(replace(subject, event="unacknowledged"), now))

    def weekly_report(self, now: datetime) -> tuple[datetime, tuple[Owed, ...]] | None:
        """When the newest weekly report was due, and who is to get it; None where none was due in the last day."""
        weekly = self.alerts.weekly_report
        if weekly is None:
            return None
        zone = ZoneInfo(self.alerts.timezone)
        today = now.astimezone(zone).date()
        for day in (today, today - timedelta(days=1)):
            due = datetime.combine(day, time.fromisoformat(weekly.at), zone).astimezone(UTC)
            if DAYS[day.weekday()] == weekly.day and due <= now < due + timedelta(days=1):
                targets = dict.fromkeys(map(Target.of, weekly.to))
                return due, tuple(Owed(one, now, "routed", private=self._shows_less(one)) for one in targets)
        return None

    def maintained_until(self, endpoint: str, now: datetime, busy_until: datetime | None = None) -> datetime | None:
        """When the work on an endpoint ends that is going on now; None where there is none."""
        declared = maintained_until(self.maintenance.get(endpoint, ()), now)
        ends = [end for end in (declared, busy_until) if end is not None and end > now]
        return max(ends, default=None)

    def _who(self, subject: Subject) -> dict[Target, tuple[RouteReason, bool]]:
        private = self.alerts.private
        fitting = [route for route in self.alerts.routes if _fits(route, subject)]
        later = [route for route in fitting if route.after_s is not None]
        if EVENTS[subject.event].audience == "escalated":
            waits_s = subject.waits_for.total_seconds()
            due = [route for route in later if route.after_s is not None and route.after_s <= waits_s]
            named = [target for route in due for target in map(Target.of, route.to)]
            return {
                target: ("escalated", self._shows_less(target)) for target in named if target not in subject.notified
            }
        routed: dict[Target, tuple[RouteReason, bool]] = {}
        for route in (route for route in fitting if route not in later):
            for to in route.to:
                target = Target.of(to)
                # Where two routes lead to one place, the one that shows less decides.
                routed[target] = ("routed", private or route.private or routed.get(target, ("", False))[1])
        if len(later) == len(fitting):
            after = {to for route in later for to in route.to}
            first = [name for name in self.alerters if name not in after] or self.alerters
            routed = {Target(name): ("unrouted", private) for name in first}
        if subject.notified and EVENTS[subject.event].audience == "notified":
            return {target: ("notified_before", self._shows_less(target)) for target in dict.fromkeys(subject.notified)}
        for target in subject.notified:
            routed.setdefault(target, ("notified_before", self._shows_less(target)))
        return routed

    def _shows_less(self, target: Target) -> bool:
        """Whether any route to a place is private: what was kept from it once stays so."""
        return self.alerts.private or any(
            route.private and target in map(Target.of, route.to) for route in self.alerts.routes
        )

    def _when(self, subject: Subject, target: Target, now: datetime) -> tuple[datetime, Hold]:
        """When it may be sent, and why not at once."""
        rule, alerts = EVENTS[subject.event], self.alerts
        urgency = rule.urgency
        is_daily = rule.is_daily and subject.severity == "info" and target.alerter in READ_BY_PEOPLE
        if urgency == "at_once" and not is_daily:
            return now, ""
        busy_until = self.maintained_until(subject.endpoint, now, subject.busy_until)
        if busy_until is not None and urgency != "good_news":
            return busy_until, "maintenance"
        if subject.severity == "critical":
            return now, ""
        if is_daily:
            return self.digest_at(now), "digest"
        if urgency != "good_news" and alerts.digest is not None and subject.severity in alerts.digest.severities:
            return self.digest_at(now), "digest"
        quiet_until = self.quiet_until(now)
        if quiet_until is None:
            return now, ""
        if alerts.digest is None or urgency == "good_news":
            return quiet_until, "quiet_hours"
        return self.digest_at(now), "digest"

    def quiet_until(self, now: datetime) -> datetime | None:
        """The end of the quiet hours that are going on now; None where it is no such hour."""
        quiet = self.alerts.quiet_hours
        if quiet is None:
            return None
        zone = ZoneInfo(self.alerts.timezone)
        today = now.astimezone(zone).date()
        for day in (today - timedelta(days=1), today):
            if quiet.days and DAYS[day.weekday()] not in quiet.days:
                continue
            over = day if quiet.start < quiet.end else day + timedelta(days=1)
            start = datetime.combine(day, time.fromisoformat(quiet.start), zone).astimezone(UTC)
            end = datetime.combine(over, time.fromisoformat(quiet.end), zone).astimezone(UTC)
            if start <= now < end:
                return end
        return None

    def digest_at(self, now: datetime) -> datetime:
        """The next hour of the digest, after now and outside of quiet hours."""
        at = time.fromisoformat(self.alerts.digest.at if self.alerts.digest is not None else "09:00")
        zone = ZoneInfo(self.alerts.timezone)
        today = now.astimezone(zone).date()
        moments = (datetime.combine(today + timedelta(days=n), at, zone).astimezone(UTC) for n in range(9))
        ahead = [moment for moment in moments if moment > now]
        return next((moment for moment in ahead if self.quiet_until(moment) is None), ahead[0])


READ_BY_PEOPLE: Final = ("slack", "apprise")
"""Alerters whose messages people read one by one; the others are logs, and systems with a grouping of their own."""
NOBODY: Final = Routing(())
"""No alerter: nobody is notified."""


def _fits(route: Route, subject: Subject) -> bool:
    """Whether all that a route names is so."""
    if SEVERITIES.index(subject.severity) < SEVERITIES.index(route.severity):
        return False
    if route.owners and not set(route.owners) & set(subject.owners):
        return False
    if route.tags and not set(route.tags) & set(subject.tags):
        return False
    return not route.endpoints or any(_named(pattern, subject.endpoint) for pattern in route.endpoints)


def _named(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
