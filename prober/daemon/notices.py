"""Notices: what time alone makes due, their delivery, and what people do about them in Slack."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from prober.alerts import Alerter
from prober.daemon.due_times import Watched
from prober.daemon.log import log_decision, log_freshness, logger, reported
from prober.incidents.routing import Routing
from prober.model.decision import Action, Decision
from prober.model.incident import Event, Incident
from prober.model.notice import Notice
from prober.service.act import try_to_act
from prober.service.deliver import (
    REPEAT_S,
    Outbox,
    StoredOutbox,
    UnstoredOutbox,
    deliver,
    news_of_database,
    repeat,
)
from prober.service.measure import look_at_samples
from prober.service.run_round import Clock
from prober.service.upkeep import check_freshness, look_at_incidents, may_be_news, owe_weekly_report
from prober.store import Store, incidents
from prober.store.notices import Lane
from prober.store.pages.notices import latest_notice_of


class Notices:
    """The notices of one daemon."""

    def __init__(self, store: Store, alerters: Sequence[Alerter], dashboard_url: str, clock: Clock) -> None:
        self._store = store
        self._alerters = alerters
        self._dashboard_url = dashboard_url
        self._clock = clock
        names = tuple(alerter.name for alerter in alerters)
        self.lanes = (*map(Lane, names), Lane(others=names))
        """One for each alerter, and one for what was owed to alerters that are configured no more."""
        self._unstored = {lane.alerter: UnstoredOutbox() for lane in self.lanes}
        self._repeated_at: dict[str, float] = {}
        """Alerter → when open alerts were last repeated to it, by the monotonic clock."""
        self.has_database = True
        """Whether it can be used; where not, only what needs none is delivered."""

    def of_database(self, event: Event, cause: str, routing: Routing) -> None:
        """Owe news of the database itself, which is delivered without it."""
        for notice in news_of_database(event, cause, routing, self._clock()):
            self._unstored[notice.alerter].owe(notice)

    def pass_time(self, watched: Sequence[Watched], routing: Routing) -> None:
        """Reminders, mutes that end, digests, endpoints that go stale or are fresh again."""
        now = self._clock()
        with reported("looking for what is due by now"):
            for decision in look_at_incidents(self._store, routing, now):
                log_decision(decision)
        with reported("looking whether the weekly report is due"):
            if owed := owe_weekly_report(self._store, routing, now):
                logger.info("the weekly report is due: %d notices", owed)
        with reported("looking at live samples"):
            for decision in look_at_samples(self._store, [one.endpoint for one in watched], routing, now):
                log_decision(decision)
        deadlines: dict[str, tuple[Watched, datetime]] = {}
        for one in watched:
            deadline = one.moments.back(now, routing.alerts.stale_after)
            known = deadlines.get(one.endpoint.name)
            if known is None or deadline > known[1]:  # the set that is asked most often decides
                deadlines[one.endpoint.name] = (one, deadline)
        news = frozenset[str]()
        with reported("looking which endpoints are stale"):
            looked_at = {one.endpoint.content_hash: (one.since, deadline) for one, deadline in deadlines.values()}
            news = may_be_news(self._store, looked_at, now)
        for one, deadline in deadlines.values():
            if one.endpoint.content_hash not in news:
                continue
            with reported(f"looking whether {one.endpoint.name} is stale"):
                log_freshness(
                    one.endpoint.name, check_freshness(self._store, one.endpoint, one.since, deadline, routing, now)
                )

    def deliver(self, lane: Lane, may_go_on: Callable[[], bool]) -> None:
        """Every notice of a lane that is due, one after the other, for as long as that may go on."""
        if self.has_database:
            self._deliver(lane, StoredOutbox(self._store, lane), may_go_on)
            self._repeat(lane)

    def _repeat(self, lane: Lane) -> None:
        """Runs in the thread that delivers the lane, so that an alert is not repeated after its end was sent."""
        alerter = next((one for one in self._alerters if one.name == lane.alerter), None)
        if alerter is None or not getattr(alerter, "forgets", False):
            return
        if time.monotonic() - self._repeated_at.get(alerter.name, -REPEAT_S) < REPEAT_S:
            return
        self._repeated_at[alerter.name] = time.monotonic()
        with reported(f"repeating what holds to {alerter.name}"):
            repeat(self._store, alerter, self._dashboard_url, self._clock())

    def deliver_unstored(self, lane: Lane, may_go_on: Callable[[], bool]) -> None:
        """The same of news of the database itself, by a thread that no database holds up."""
        self._deliver(lane, self._unstored[lane.alerter], may_go_on)

    def _deliver(self, lane: Lane, outbox: Outbox, may_go_on: Callable[[], bool]) -> None:
        with reported(f"delivering notices to {lane.alerter or 'others'}"):
            while may_go_on() and deliver(outbox, self._alerters, self._clock, self._dashboard_url):
                pass

    def deliver_last(self, end: float) -> None:
        """What is due, until that moment of the monotonic clock; whatever hangs is left alone then."""
        threads = [
            threading.Thread(target=how, args=(lane, lambda: time.monotonic() < end), name="last delivery", daemon=True)
            for lane in self.lanes
            for how in (self.deliver_unstored, self.deliver)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))


@dataclass(frozen=True, slots=True)
class StoredIncidentActions:
    """Acts on incidents in the store, and delivers the resulting notices at once."""

    store: Store
    dashboard_url: str
    clock: Clock
    routing: Callable[[], Routing]
    deliver: Callable[[], None]

    def now(self) -> datetime:
        return self.clock()

    def incident(self, incident_id: int) -> Incident | None:
        return self.store.query(incidents.get, incident_id)

    def act(self, incident_id: int, action: Action) -> tuple[Incident, Decision] | None:
        outcome = try_to_act(self.store, incident_id, action, self.routing(), self.clock())
        self.deliver()
        return outcome

    def notice(self, incident_id: int) -> Notice | None:
        return self.store.query(latest_notice_of, incident_id, "slack", self.dashboard_url)
