"""The daemon: starts rounds when they are due, takes up what was left, delivers notices, follows the files.

APScheduler is the only scheduler; whatever happens is one of its jobs. The thread that called `run` waits for the
end, and watches the clock meanwhile: APScheduler sleeps until a time of day, and would oversleep after a step back.
The store decides who has a round, so any number of daemons may share one.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from apscheduler.events import EVENT_JOB_MAX_INSTANCES

from prober.alerts import ALERTERS, Alerter
from prober.alerts.post import Ping
from prober.daemon.database import PRUNE_S, DatabaseWatch, OldReplies
from prober.daemon.due_rounds import DueRounds, RoundOver
from prober.daemon.due_times import ClockWatch, RoundTrigger, Watched, all_watched
from prober.daemon.files import Files
from prober.daemon.heartbeat import BEAT_S, Heartbeat
from prober.daemon.jobs import CLAIM_WAITING, Jobs
from prober.daemon.log import log_decision, logger, reported
from prober.daemon.models import RETIREMENT_S, VERSIONS_S, look_for_retirements, run_version_gates
from prober.daemon.notices import Notices
from prober.daemon.queue import RoundQueue, StoredQueue
from prober.incidents.routing import Routing
from prober.loading.declarations import Declarations
from prober.service.bill import look_at_bill
from prober.service.declare import remember
from prober.service.run_round import Clock, now_utc
from prober.store import Store
from prober.store.notices import Lane

LOOK_S: Final = 5.0
"""Between two looks: at the files, at the notices owed, and at the rounds that wait for someone."""
BILL_S: Final = 60.0
"""Time between two looks at what the team's own traffic costs."""
GRACE_S: Final = 27.0
"""How long a daemon that is stopped waits for the rounds and deliveries in progress, so that the process ends within 30
seconds. What has not ended by then is left in the store, for the next process."""


class Daemon:
    """See `run`. `worker` names this process in the store.

    It asks the endpoints of its `vantage`, and those of none. A worker makes no round due, and leaves reminders and
    what else time brings to the daemons.
    """

    def __init__(
        self,
        paths: Sequence[str | Path],
        store: Store,
        alerters: Sequence[Alerter],
        dashboard_url: str,
        *,
        worker: str,
        clock: Clock = now_utc,
        ping: Ping | None = None,
        queue: RoundQueue | None = None,
        grace_s: float = GRACE_S,
        vantage: str = "",
        is_worker: bool = False,
        round_over: RoundOver = lambda watched, began, result: None,
    ) -> None:
        self._files = Files(paths)
        self._store = store
        self._notices = Notices(store, alerters, dashboard_url, clock)
        self._worker = worker
        self._is_worker, self._vantage = is_worker, vantage
        self.clock = clock
        self._grace_s = grace_s
        self._heartbeat = Heartbeat(store, worker, ping)
        self._database = DatabaseWatch(store)
        self._routing = Routing(tuple(alerter.name for alerter in alerters))
        self._declared = Declarations((), ())
        self._is_remembered = True
        """Whether the store knows what is declared."""
        self._clock_watch = ClockWatch(clock())
        self._old_replies = OldReplies(store, clock, self._clock_watch, lambda: not self.rounds.is_stopping)
        self._changing = threading.RLock()
        """Held while what is watched is changed."""
        self._stopped = threading.Lock()  # not an Event: a signal handler may release a lock at any moment
        self._stopped.acquire()
        self.scheduler = Jobs(10 + 2 * len(alerters))
        self.rounds = DueRounds(
            store, queue or StoredQueue(store), lambda: self._routing, worker, clock, self.scheduler,
            lambda name: self._declared.endpoint(name),  # noqa: PLW0108  # as declared last, not as declared now
            self._database.round_ended, vantage, round_over,
        )  # fmt: skip
        self._deliveries: dict[str, Callable[[], None]] = {}
        """Job → what it does."""
        for lane in self._notices.lanes:
            to = f"deliver to {lane.alerter or 'others'}"
            self._deliveries[to] = partial(self._deliver, lane)
            self._deliveries[f"{to} news of the database"] = partial(self.deliver_news_of_database, lane)
        self.scheduler.add_listener(self.rounds.not_started, EVENT_JOB_MAX_INSTANCES)

    @property
    def routing(self) -> Routing:
        """Who is notified of what, as declared last."""
        return self._routing

    def stop(self) -> None:
        """No new round starts, and `run` ends. From any thread, and from a signal handler."""
        self.rounds.is_stopping = True
        with suppress(RuntimeError):  # it was stopped before
            self._stopped.release()

    def reload_now(self) -> None:
        """Read the files again, in a moment. From any thread, and from a signal handler."""
        self.scheduler.add_job(self._follow_files, kwargs={"unchanged_too": True}, misfire_grace_time=None)

    def run(self) -> bool:
        """Watch until stopped; then finish the rounds in progress and deliver once more, within the grace.

        Whether all that was in progress has ended. Raises ConfigurationError where files are broken at the start only.
        """
        self.declare(self._files.load())
        self.scheduler.every(LOOK_S, "files", self._follow_files)
        self.scheduler.every(LOOK_S, CLAIM_WAITING, self.claim_waiting, most_at_once=2)
        self.scheduler.every(BEAT_S, "beat", self.beat)
        self.scheduler.every(LOOK_S, "database", self.look_at_database)
        if not self._is_worker:
            self.scheduler.every(LOOK_S, "time", self._look_at_time)
            self.scheduler.every(PRUNE_S, "old replies", self._old_replies.delete)
            self.scheduler.every(RETIREMENT_S, "retirement", self.look_for_retirements)
            self.scheduler.every(VERSIONS_S, "new versions", self.run_version_gates)
            self.scheduler.every(BILL_S, "own bill", self.look_at_bill)
        for name, deliver in self._deliveries.items():
            self.scheduler.every(LOOK_S, name, deliver)
        self.scheduler.start()
        logger.info("watching %s as %s", ", ".join(self.rounds.watched), self._worker)
        try:
            while not self._stopped.acquire(timeout=LOOK_S):
                self.watch_clock()
        finally:
            ended = self._close()
        return ended

    def _close(self) -> bool:
        """End within the grace, however much is left and whatever hangs."""
        self.rounds.is_stopping = True
        end = time.monotonic() + self._grace_s
        logger.info("stopping: no new round starts, running ones are finished; a second signal ends them too")
        self.scheduler.end(end)
        self._notices.deliver_last(end)
        # In a thread of its own: a database that hangs must not hold up the end.
        last = threading.Thread(target=self._heartbeat.stop, args=(self.clock(),), daemon=True)
        last.start()
        last.join(max(0.0, end + 1 - time.monotonic()))
        if not self.scheduler.is_working and not last.is_alive():
            logger.info("stopped")
            return True
        left = ", ".join(self.rounds.in_hand) or "a delivery"
        logger.warning("stopped after %g s; left for the next start: %s", self._grace_s, left)
        return False

    # The clock

    def watch_clock(self) -> None:
        """Notice a clock that was set, and a machine that slept."""
        with self._changing:
            now = self.clock()
            step = self._clock_watch.step(now)
            if step is None:
                return
            for watched in self.rounds.watched.values():
                if step < timedelta(0):
                    watched.begin_again(now)
                else:  # what was not asked meanwhile is asked now; until then it is no news that it is stale
                    watched.since = now
            if step < timedelta(0):
                self.scheduler.count_anew()

    # What is watched

    def _follow_files(self, *, unchanged_too: bool = False) -> None:
        with reported("looking at the probe files"):
            before = self._files.problems
            self.reload(unchanged_too=unchanged_too)
            if self._files.problems != before:
                self.beat()

    def reload(self, *, unchanged_too: bool = False) -> None:
        """Follow the files, where they are good."""
        with self._changing:
            declarations = self._files.reload(self.clock(), unchanged_too=unchanged_too)
            if declarations is not None:
                self.declare(declarations)
                self.rounds.claim_waiting_soon()

    def declare(self, declarations: Declarations) -> None:
        """Watch this from now on. A round in progress ends as it began.

        What is new, or has a new schedule, is asked at once: the round of the moment last past is due, unless the store
        has it already, from before a restart or from another daemon. Earlier moments are not made up for.
        """
        routing = Routing.declared(self._routing.alerters, declarations.alerts, declarations.endpoints)
        routing.check({*ALERTERS, *routing.alerters})
        self._routing = routing
        watched = {each.key: each for each in all_watched(declarations, self._worker, self.clock())}
        if self._is_worker:
            for each in watched.values():
                each.account(each.reached)  # as if a daemon had made it due
        else:
            self._schedule(watched)
        self.rounds.watched = watched
        self._declared, self._is_remembered = declarations, False

    def _schedule(self, watched: Mapping[str, Watched]) -> None:
        for key in self.rounds.watched.keys() - watched.keys():
            self.scheduler.remove_job(key)
        for key, each in watched.items():
            before = self.rounds.watched.get(key)
            if before is not None and before.moments == each.moments:
                each.reached, each.accounted, each.since = before.reached, before.accounted, before.since
                each.asked_ahead = before.asked_ahead
                continue
            self.scheduler.scheduled(key, RoundTrigger(each.moments), self.tick)

    def look_for_retirements(self) -> None:
        """Whether the models of what is watched are to be retired."""
        if not self._database.fault:
            look_for_retirements(
                self._store, self._declared.endpoints, self._routing, self.clock(), lambda: self.rounds.is_stopping
            )

    def look_at_bill(self) -> None:
        """What the team's own traffic costs."""
        if not self._database.fault:
            with reported("looking at the bill of the team's own traffic"):
                own, endpoints = self._declared.budgets.own_traffic, self._declared.endpoints
                for decision in look_at_bill(self._store, own, endpoints, self._routing, self.clock()):
                    log_decision(decision)

    def run_version_gates(self) -> None:
        """Compare a new version that the provider serves, where an endpoint declares it."""
        if not self._database.fault:
            run_version_gates(
                self._store, self._declared, self._vantage, self._routing, self.clock, lambda: self.rounds.is_stopping
            )

    # Rounds

    def tick(self, key: str) -> None:
        self.watch_clock()
        self.rounds.tick(key, has_database=not self._database.fault)

    def claim_waiting(self) -> None:
        """Start every round that waits."""
        if self._database.fault:
            return
        with reported("looking for rounds to ask"):
            if not self._is_remembered:
                remember(self._store, self._declared, self._files.paths, self.clock())
                self._is_remembered = True
            self.rounds.claim_waiting()

    # Notices, and heartbeats

    def _look_at_time(self) -> None:
        self.watch_clock()
        self.pass_time()

    def pass_time(self) -> None:
        """What time alone brings: reminders, mutes that end, digests, endpoints that go stale or are fresh again."""
        if not self._database.fault:
            self._notices.pass_time(tuple(self.rounds.watched.values()), self._routing)

    def look_at_database(self) -> None:
        """Whether it can be used; where that is news, people are notified without it."""
        before = self._database.fault
        if (event := self._database.look()) is None:
            return
        self._notices.has_database = not self._database.fault
        self._notices.of_database(event, self._database.fault or f"it could not: {before}", self._routing)
        self._is_remembered = False  # it may be another now
        self.deliver_soon()
        self.beat()
        self.rounds.claim_waiting_soon()

    def _deliver(self, lane: Lane) -> None:
        self._notices.deliver(lane, lambda: not self.rounds.is_stopping)

    def deliver_news_of_database(self, lane: Lane | None = None) -> None:
        """Deliver it in one lane, or in all. Works while the database hangs."""
        for one in self._notices.lanes if lane is None else (lane,):
            self._notices.deliver_unstored(one, lambda: not self.rounds.is_stopping)

    def deliver(self) -> None:
        """Every notice that is due."""
        self.deliver_news_of_database()
        for lane in self._notices.lanes:
            self._deliver(lane)

    def deliver_soon(self) -> None:
        """The same, in a moment."""
        self.scheduler.soon(*self._deliveries)

    def beat(self) -> None:
        """Say that this is alive, and what it watches."""
        with reported("sending a heartbeat"):
            watched = {each.endpoint.name for each in self.rounds.watched.values()}
            self._heartbeat.beat(watched, self._routing, self.clock(), self._files.problems, self._database.fault)
