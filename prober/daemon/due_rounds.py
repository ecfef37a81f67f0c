"""Rounds at their moments: put in the queue, taken from it, asked, or missed with a reason.

There is one path for scheduled rounds, rounds that a lost worker left, and confirmation rounds: they wait in the
queue, a daemon takes them, `run_round` claims and asks them. No moment passes without a row in the store.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from apscheduler.events import JobSubmissionEvent

from prober.asking import open_provider
from prober.daemon.due_times import Watched, key_of
from prober.daemon.jobs import CLAIM_WAITING, ROUNDS, Jobs
from prober.daemon.log import about_round, log_fault, log_round, logger, reported
from prober.daemon.queue import RoundQueue
from prober.incidents.confirmation import longest_wait
from prober.incidents.routing import Routing
from prober.model.errors import ConfigurationError, StoreError
from prober.service import candidates, run_round
from prober.store import Store, rounds
from prober.store.views import RoundView
from prober.text import count

FORGOTTEN: Final = timedelta(hours=1)
"""How old a round of nothing we declare must be to be missed: another daemon on the same store may declare it."""
MOST_MISSED: Final = 1000
"""Rounds of one set recorded as missed after one sleep, the newest; the log says how many there were."""

BATCH: Final = 100
"""How many rounds are written at once; a daemon that is stopped waits for these at most."""

MissReason = Literal[
    "misfire",  # the moment passed while the machine slept or had too much to do
    "still_running",  # the round before it was still in progress
    "overdue",  # it waited for its endpoint until the next one was due
    "abandoned",  # its worker was lost, and nobody took it up before the next one was due
    "no_worker",  # nobody at the endpoint's vantage took it until the next one was due
    "not_declared",  # its set or endpoint is no longer declared
]
"""Why a round did not start. `prober.service.run_round` and a crash have reasons of their own."""


RoundOver = Callable[[Watched, datetime, run_round.RoundResult], None]
"""Called after every round: what was asked, when it began, and what became of it."""


class DueRounds:
    """The rounds of one daemon: what it watches, and what it is working on."""

    def __init__(
        self,
        store: Store,
        queue: RoundQueue,
        routing: Callable[[], Routing],
        worker: str,
        clock: run_round.Clock,
        scheduler: Jobs,
        find: candidates.Find,
        round_ended: Callable[[StoreError | None], None],
        vantage: str,
        round_over: RoundOver,
    ) -> None:
        self.watched: dict[str, Watched] = {}
        """By key. Replaced as a whole where it changes."""
        self.is_stopping = False
        """No round starts any more."""
        self._in_hand: Counter[str] = Counter()
        self._counting = threading.Lock()
        self._store = store
        self._queue = queue
        self._routing = routing
        self._worker = worker
        self._clock = clock
        self._scheduler = scheduler
        self._find = find
        self._round_ended = round_ended
        """Called with the error where a round could not be stored, and with None where one was."""
        self._vantage = vantage
        self._round_over = round_over

    @property
    def in_hand(self) -> tuple[str, ...]:
        """What is being asked at this moment."""
        with self._counting:
            return tuple(self._in_hand)

    def tick(self, key: str, *, has_database: bool = True) -> None:
        """The round of this moment is due, as APScheduler says. Without a database it waits in memory."""
        watched = self.watched.get(key)
        if watched is None or self.is_stopping:
            return
        due = watched.moments.latest(self._clock())
        if due <= watched.accounted:
            return
        watched.reached = due
        if not has_database:
            return
        with about_round(due), reported(f"round {due.isoformat()} of {key}"):
            if key in self.in_hand:
                self._miss(watched, due, "still_running")
            else:
                self._make_due([(watched, due)])
                self._start_waiting(watched)

    def not_started(self, event: JobSubmissionEvent) -> None:
        """APScheduler did not start a round, for it still made the one before due."""
        watched = self.watched.get(event.job_id)
        if watched is None or self.is_stopping:
            return
        due = watched.moments.latest(event.scheduled_run_times[-1])
        with about_round(due), reported(f"round {due.isoformat()} of {watched.key}"):
            self._miss(watched, due, "still_running")

    def claim_waiting_soon(self) -> None:
        self._scheduler.soon(CLAIM_WAITING)

    def claim_waiting(self) -> None:
        """Start every round that waits in the queue, while it is the newest of its set; later it is missed.

        Raises StoreError.
        """
        late = [one for one in self.watched.values() if one.reached > one.accounted]  # not stored when due
        for first in range(0, len(late), BATCH):
            some = late[first : first + BATCH]
            more = f" and {len(some) - 1} more" if len(some) > 1 else ""
            with reported(f"round {some[0].reached.isoformat()} of {some[0].key}{more}"):
                self._make_due([(watched, watched.reached) for watched in some])
        self._start_all(self._queue.take(self._clock()))

    def _start_waiting(self, watched: Watched) -> None:
        """Start what waits for this endpoint only: a look at thousands of others would hold up all of them."""
        self._start_all(self._queue.take(self._clock(), watched.endpoint.content_hash))

    def _start_all(self, every: Sequence[RoundView]) -> None:
        for waiting in every:
            if self.is_stopping:
                return
            key = key_of(waiting.probe_set, waiting.endpoint)
            with about_round(waiting.due_at), reported(f"round {waiting.due_at.isoformat()} of {key}"):
                self._start(waiting)

    def _start(self, waiting: RoundView) -> None:
        now = self._clock()
        key = key_of(waiting.probe_set, waiting.endpoint)
        watched = self.watched.get(key)
        reason: MissReason
        if (
            watched is not None
            and waiting.confirms
            and waiting.due_at - now > longest_wait(watched.endpoint.confirm, watched.endpoint.reference)
        ):
            self._queue.done(waiting, "misfire", now)
            logger.warning("the confirmation of %s was due by a clock that was ahead; it is decided again", key)
            return
        here = watched is None or watched.endpoint.is_asked_from(self._vantage)
        if watched is not None and now < watched.moments.following(waiting.due_at):
            if not here:
                return  # it waits for a worker at its vantage
            # Jitter keeps fleets out of step at the moments they share; a suspicion is an endpoint's own.
            start = waiting.due_at if waiting.confirms else watched.moments.start(waiting.due_at)
            self._scheduler.add_job(
                self._ask,
                "date",
                run_date=datetime.now(UTC) + max(timedelta(0), start - now),
                args=(watched, waiting.due_at, f"{key}, confirmation" if waiting.confirms else key),
                id=f"{key} {waiting.due_at.isoformat()}",
                executor=ROUNDS,
                replace_existing=True,
                misfire_grace_time=None,
            )
            return
        if watched is None:
            if now - waiting.due_at < FORGOTTEN:
                return
            reason = "not_declared"
        else:
            reason = "abandoned" if waiting.state == "claimed" else "overdue" if here else "no_worker"
        if self._queue.done(waiting, reason, now):  # else it was found in the queue twice
            logger.warning("round %s of %s is missed: %s", waiting.due_at.isoformat(), key, reason)

    def _ask(self, watched: Watched, due: datetime, name: str) -> None:
        if self.is_stopping:
            return
        with self._counting:
            self._in_hand[name] += 1
        try:
            with about_round(due):
                is_over = self._run(watched, due)
            if is_over:
                with reported(f"looking for what waits for {watched.endpoint.name}"):
                    self._start_waiting(watched)
        finally:
            with self._counting:
                self._in_hand[name] -= 1
                self._in_hand += Counter()  # without zeros

    def _run(self, watched: Watched, due: datetime) -> bool:
        """One round, whatever becomes of it; whether it is over. What goes wrong is logged and kept, never raised."""
        about, began = f"round {due.isoformat()} of {watched.key}", self._clock()
        try:
            # A provider lives as long as a round: no connection would outlive the wait for the next.
            asked = candidates.in_force(self._store, watched.probe_set, watched.endpoint, self._clock())
            with closing(open_provider(watched.endpoint)) as provider:
                result = run_round.run(
                    asked,
                    watched.endpoint,
                    watched.promise,
                    provider,
                    self._store,
                    self._routing(),
                    due,
                    worker=self._worker,
                    clock=self._clock,
                    confirming=True,
                    budgets=watched.budgets,
                    is_scheduled=True,
                )
        except StoreError as error:
            log_fault(f"{about} is left for another worker", error)
            self._round_ended(error)
            return False
        except Exception as error:
            log_fault(about, error)
            return self._give_up(watched, due, error)
        if result.outcome != "busy":  # then nothing was stored
            self._round_ended(None)
        log_round(about, result)
        with reported(f"what was seen of {about}"):
            self._round_over(watched, began, result)
        if result.judgement is not None:
            with reported(f"candidates beside {about}"):
                candidates.ask_beside(
                    self._store,
                    watched.probe_set,
                    asked,
                    watched.endpoint,
                    result.observations,
                    result.judgement.round,
                    self._find,
                    open_provider,
                    self._routing(),
                    self._clock,
                    watched.budgets,
                )
        return result.outcome != "busy"

    def _make_due(self, wanted: Sequence[tuple[Watched, datetime]]) -> None:
        """The rounds of these moments are in the queue, to be asked by the workers that claim them."""
        with ExitStack() as accounting:
            for watched, _ in wanted:
                accounting.enter_context(watched.accounting)
            due = [(one, at) for one, at in wanted if at > one.accounted and self._pass_over(one, at)]
            if due:
                self._queue.put(due, self._clock())
            for watched, at in due:
                watched.account(at)

    def _miss(self, watched: Watched, due: datetime, reason: MissReason) -> None:
        """The round of this moment does not start; nor did those that nobody noticed before it."""
        with watched.accounting:
            if due > watched.accounted and self._pass_over(watched, due):
                self._write_missed(watched, [due], reason)

    def _pass_over(self, watched: Watched, due: datetime) -> bool:
        """Record the moments between the last one accounted for and this one; whether this one has its turn now.

        APScheduler runs only the newest moment after a sleep. What a daemon that stops leaves over, whoever comes next
        passes over: they begin with the present. So does this one, after the clock was set back.
        """
        moments = watched.passed(due, MOST_MISSED + 1)
        if len(moments) > MOST_MISSED:
            logger.error(
                "more than %d rounds of %s were passed over; the newest are recorded", MOST_MISSED, watched.key
            )
        moments = moments[-MOST_MISSED:]
        for first in range(0, len(moments), BATCH):
            if self._is_over(due):
                return False
            self._write_missed(watched, moments[first : first + BATCH], "misfire")
        return not self._is_over(due)

    def _is_over(self, due: datetime) -> bool:
        """Whether nothing more is written of this moment: we stop, or the clock was set back before it."""
        return self.is_stopping or due > self._clock()

    def _write_missed(self, watched: Watched, moments: Sequence[datetime], reason: MissReason) -> None:
        missed = self._queue.pass_over(watched, moments, reason, self._clock())
        if moments[-1] <= self._clock():  # else the clock was set back meanwhile
            watched.account(moments[-1])
        if missed == 0:
            return  # another daemon has them, or had them
        # The log has said that the machine slept, and that the rounds before the newest are missed.
        level = logging.DEBUG if reason == "misfire" and watched.slept_through(moments[-1]) else logging.WARNING
        if len(moments) == 1:
            logger.log(level, "round %s of %s is missed: %s", moments[0].isoformat(), watched.key, reason)
        else:
            span = f"{moments[0].isoformat()} to {moments[-1].isoformat()}"
            logger.log(level, "%s of %s missed, %s: %s", count(missed, "round"), watched.key, span, reason)

    def _give_up(self, watched: Watched, due: datetime, error: Exception) -> bool:
        """Left as it is, a round that crashed would hold the endpoint until its lease ran out, and then crash again."""
        known = isinstance(error, ConfigurationError)
        reason = f"configuration: {error}" if known else f"crashed: {type(error).__name__}"
        try:
            with self._store.write() as tx:
                round_id = rounds.due(tx, watched.endpoint, watched.probe_set.name, due)
                rounds.miss(tx, round_id, reason, self._clock(), rounds.claim_of(tx, round_id, self._worker))
        except StoreError as fault:
            log_fault(f"round {due.isoformat()} of {watched.key}, missed: {reason}", fault)
            return False
        return True
