"""The daemon: starts rounds when they are due, takes up what was left, delivers notices, follows the files.

Threads: rounds and deliveries run in APScheduler's pool; reloading and sweeping in the thread that called `run`, which
alone changes what is watched. The store decides who has a round, so any number of daemons may share one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Literal

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED, JobEvent
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from prober.alerts import ALERTERS
from prober.alerts.heartbeat import Ping
from prober.alerts.interface import Alerter
from prober.daemon.due_rounds import MissReason, Rounds, Watched, key_of
from prober.daemon.due_times import DueTimes, RoundTrigger
from prober.daemon.files import Files
from prober.daemon.heartbeat import BEAT_S, Heartbeat
from prober.daemon.log import logger, reported, tell_decision, tell_freshness
from prober.incidents.routing import Routing
from prober.loading import Declarations
from prober.service.deliver import deliver
from prober.service.run_round import Clock, now_utc
from prober.store import Store
from prober.store.pages.views import RoundView

LOOK_S = 5.0
"""Between two looks: at the files, at the notices owed, and at the rounds that wait for someone."""
FORGOTTEN = timedelta(hours=1)
"""How old a round of nothing we declare must be to be missed: another daemon on the same store may declare it."""
MOST_THREADS = 256
"""Rounds in hand at once; a thread is made when it is needed."""

Call = Literal["stop", "reload", "sweep"]


class Daemon:
    """See `run`. `worker` names this process in the store."""

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
    ) -> None:
        self._files = Files(paths)
        self._store = store
        self._alerters = tuple(alerters)
        self._dashboard_url = dashboard_url
        self._worker = worker
        self._clock = clock
        self._pulse = Heartbeat(store, worker, ping)
        self._routing = Routing(tuple(alerter.name for alerter in alerters))
        self._rounds = Rounds(store, lambda: self._routing, worker, clock)
        self._declared = Declarations((), ())
        self._is_remembered = True
        """Whether the store knows what is declared."""
        self._watched: dict[str, Watched] = {}
        self._stopping = False
        self._calls: SimpleQueue[Call] = SimpleQueue()
        self._scheduler = BackgroundScheduler(
            timezone=UTC, executors={"default": ThreadPoolExecutor(MOST_THREADS, {"thread_name_prefix": "round"})}
        )
        self._scheduler.add_listener(self._on_missed, EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)

    @property
    def routing(self) -> Routing:
        """Who is notified of what, as the files say now."""
        return self._routing

    def call(self, call: Call) -> None:
        """Have it done soon. From any thread, and from a signal handler; after `stop` no new round starts."""
        if call == "stop":
            self._stopping = True
        self._calls.put(call)

    def run(self) -> None:
        """Watch until told to stop; then finish the rounds in hand and deliver once more.

        Raises ConfigurationError where the files are broken at the start. Later, nothing that goes wrong ends it.
        """
        self.declare(self._files.load())
        self._scheduler.add_job(
            self.deliver, "interval", seconds=LOOK_S, coalesce=True, max_instances=1, misfire_grace_time=None
        )
        self._scheduler.add_job(
            self.beat, "interval", seconds=BEAT_S, next_run_time=datetime.now(UTC), coalesce=True, max_instances=1,
            misfire_grace_time=None,
        )  # fmt: skip
        self._scheduler.start()
        logger.info("watching %s as %s", ", ".join(self._watched), self._worker)
        try:
            self._keep_house()
        finally:
            self._stopping = True
            logger.info("stopping: no new round starts, those in hand are finished; a second signal ends them too")
            self._scheduler.shutdown(wait=True)
            self.deliver()
            self._pulse.stop(self._clock())
        logger.info("stopped")

    def _keep_house(self) -> None:
        call: Call | None = None
        while not self._stopping:
            with reported("looking at the probe files"):
                self.reload(unchanged_too=call == "reload")
            with reported("looking for rounds to take up"):
                self.sweep()
            try:
                call = self._calls.get(timeout=LOOK_S)
            except Empty:
                call = None

    # What is watched

    def reload(self, *, unchanged_too: bool = False) -> None:
        """Follow the files, where they are good."""
        declarations = self._files.reload(self._clock(), unchanged_too=unchanged_too)
        if declarations is not None:
            self.declare(declarations)
            self.call("sweep")

    def declare(self, declarations: Declarations) -> None:
        """Watch this from now on. A round in hand ends as it began.

        What is new, or has a new schedule, is asked at once: the round of the moment last past is due, unless the store
        has it already, from before a restart or from another daemon. DueTimes before it are not made up for.
        """
        routing = Routing.declared(self._routing.alerters, declarations.alerts, declarations.endpoints)
        routing.check({*ALERTERS, *routing.alerters})
        self._routing = routing
        watched = {each.key: each for each in self._all(declarations)}
        for key in self._watched.keys() - watched.keys():
            self._scheduler.remove_job(key)
        for key, each in watched.items():
            before = self._watched.get(key)
            if before is not None and before.moments == each.moments:
                each.reached, each.accounted, each.since = before.reached, before.accounted, before.since
                continue
            self._scheduler.add_job(
                self.tick,
                RoundTrigger(each.moments),
                args=(key,),
                id=key,
                replace_existing=True,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=each.moments.grace_s,
            )
        self._watched = watched
        self._declared, self._is_remembered = declarations, False

    def _all(self, declarations: Declarations) -> Iterator[Watched]:
        now = self._clock()
        for probe_set in declarations.sets:
            for name in probe_set.endpoints:
                endpoint = declarations.endpoint(name)
                moments = DueTimes(probe_set.schedule, salt=f"{self._worker} {key_of(probe_set.name, name)}")
                latest = moments.latest(now)
                before = moments.latest(latest - timedelta.resolution)
                yield Watched(probe_set, endpoint, declarations.promise(endpoint), moments, latest, before, now)

    # Rounds

    def tick(self, key: str) -> None:
        """The round of this moment, as APScheduler calls for it."""
        watched = self._watched.get(key)
        if watched is None or self._stopping:
            return
        due = watched.moments.latest(self._clock())
        if due <= watched.accounted:
            return
        watched.reached = due
        with reported(f"round {due.isoformat()} of {key}"):
            self._rounds.make_due(watched, due)
            self._ask(watched, due)

    def sweep(self) -> None:
        """Take up every round that waits for someone, while it is the newest of its set; later it is missed."""
        if not self._is_remembered:
            self._store.remember(self._declared.sets, self._declared.endpoints, self._clock())
            self._is_remembered = True
        for watched in self._watched.values():
            if watched.reached > watched.accounted:
                with reported(f"round {watched.reached.isoformat()} of {watched.key}"):
                    self._rounds.make_due(watched, watched.reached)
        for waiting in self._store.unfinished(self._clock()):
            with reported(f"round {waiting.due_at.isoformat()} of {key_of(waiting.probe_set, waiting.endpoint)}"):
                self._take_up(waiting)

    def _take_up(self, waiting: RoundView) -> None:
        now = self._clock()
        key = key_of(waiting.probe_set, waiting.endpoint)
        watched = self._watched.get(key)
        reason: MissReason
        if watched is not None and now < watched.moments.following(waiting.due_at):
            # Jitter keeps fleets out of step at the moments they share; a suspicion is an endpoint's own.
            start = waiting.due_at if waiting.confirms else watched.moments.start(waiting.due_at)
            start_in = max(timedelta(0), start - now)
            self._scheduler.add_job(
                self._ask,
                "date",
                run_date=datetime.now(UTC) + start_in,
                args=(watched, waiting.due_at),
                id=f"{key} {waiting.due_at.isoformat()}",
                replace_existing=True,
                misfire_grace_time=None,
            )
            return
        if watched is None:
            if now - waiting.due_at < FORGOTTEN:
                return
            reason = "not_declared"
        else:
            reason = "abandoned" if waiting.state == "claimed" else "overdue"
        self._store.miss(waiting.id, reason, now, ours=False)
        logger.warning("round %s of %s is missed: %s", waiting.due_at.isoformat(), key, reason)

    def _ask(self, watched: Watched, due: datetime) -> None:
        if not self._stopping and self._rounds.ask(watched, due):
            self.call("sweep")  # another round may wait for this endpoint

    def _on_missed(self, event: JobEvent) -> None:
        watched = self._watched.get(event.job_id)
        if watched is None or self._stopping:
            return
        late = event.code == EVENT_JOB_MISSED
        due = watched.moments.latest(event.scheduled_run_time if late else event.scheduled_run_times[-1])
        with reported(f"round {due.isoformat()} of {watched.key}"):
            self._rounds.miss(watched, due, "misfire" if late else "still_running")

    # Notices

    def pass_time(self) -> None:
        """What time alone brings: reminders, mutes that end, digests, endpoints that go stale or are fresh again."""
        now = self._clock()
        with reported("looking for what is due by now"):
            for decision in self._store.pass_time(self._routing, now):
                tell_decision(decision)
        deadlines: dict[str, tuple[Watched, datetime]] = {}
        for watched in tuple(self._watched.values()):
            deadline = watched.moments.back(now, self._routing.alerts.stale_after)
            known = deadlines.get(watched.endpoint.name)
            if known is None or deadline > known[1]:  # the set that is asked most often decides
                deadlines[watched.endpoint.name] = (watched, deadline)
        for watched, deadline in deadlines.values():
            with reported(f"looking whether {watched.endpoint.name} is stale"):
                tell_freshness(
                    watched.endpoint.name,
                    self._store.check_freshness(watched.endpoint, watched.since, deadline, self._routing, now),
                )

    def deliver(self) -> None:
        """Every notice that is due."""
        self.pass_time()
        with reported("delivering notices"):
            while deliver(self._store, self._alerters, self._clock, self._dashboard_url):
                pass

    # Signs of life

    def beat(self) -> None:
        """Say that this is alive, and what it watches."""
        with reported("giving a sign of life"):
            watched = {each.endpoint.name for each in self._watched.values()}
            self._pulse.beat(watched, self._routing, self._clock())
