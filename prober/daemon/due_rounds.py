"""Rounds at their moments: made due, asked, or missed with a reason. No moment passes without a row in the store."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prober.asking import open_provider
from prober.daemon.due_times import DueTimes
from prober.daemon.log import logger, tell_fault, tell_round
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.errors import ConfigurationError, StoreError
from prober.service import run_round
from prober.store import Store

MOST_MISSED = 1000
"""Rounds of one set recorded as missed after one sleep, the newest; the log says how many there were."""

MissReason = Literal[
    "misfire",  # the moment passed while the machine slept or had too much to do
    "still_running",  # the round before it was still in hand
    "overdue",  # it waited for its endpoint until the next one was due
    "abandoned",  # its worker was lost, and nobody took it up before the next one was due
    "not_declared",  # its set or endpoint is no longer declared
]
"""Why a round did not start. `prober.service.run_round` and a crash have reasons of their own."""


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
    """When we began to watch."""

    @property
    def key(self) -> str:
        return key_of(self.probe_set.name, self.endpoint.name)

    def account(self, moment: datetime) -> None:
        """Its round is in the store. Never backwards, whichever of two threads comes last."""
        self.accounted = max(self.accounted, moment)


def key_of(probe_set: str, endpoint: str) -> str:
    """What is watched, in the log and as the name of its job. No name holds a blank."""
    return f"{probe_set} on {endpoint}"


class Rounds:
    """The rounds of one worker. Every method but `ask` raises StoreError, and may then be called again."""

    def __init__(self, store: Store, routing: Callable[[], Routing], worker: str, clock: run_round.Clock) -> None:
        self._store = store
        self._routing = routing
        self._worker = worker
        self._clock = clock

    def make_due(self, watched: Watched, due: datetime) -> None:
        """The round of this moment is in the store, to be asked by whoever claims it."""
        self._pass_over(watched, due)
        self._store.due(watched.endpoint, watched.probe_set.name, due)
        watched.account(due)

    def ask(self, watched: Watched, due: datetime) -> bool:
        """One round, whatever becomes of it; whether it is finished. What goes wrong is told and kept, never raised."""
        about = f"round {due.isoformat()} of {watched.key}"
        try:
            # A provider lives as long as a round: no connection would outlive the wait for the next.
            with closing(open_provider(watched.endpoint)) as provider:
                result = run_round.run(
                    watched.probe_set,
                    watched.endpoint,
                    watched.promise,
                    provider,
                    self._store,
                    self._routing(),
                    due,
                    worker=self._worker,
                    clock=self._clock,
                    confirming=True,
                )
        except StoreError as error:
            tell_fault(f"{about} is left to be taken up again", error)
            return False
        except Exception as error:
            tell_fault(about, error)
            return self._give_up(watched, due, error)
        tell_round(about, result)
        return result.outcome != "busy"

    def miss(self, watched: Watched, due: datetime, reason: MissReason) -> None:
        """The round of this moment does not start; nor did those that nobody noticed before it."""
        if due <= watched.accounted:
            return
        self._pass_over(watched, due)
        self._miss(watched, due, reason)
        watched.account(due)

    def _pass_over(self, watched: Watched, due: datetime) -> None:
        """DueTimes between the last one accounted for and this one: APScheduler runs only the newest after a sleep."""
        passed: deque[datetime] = deque(maxlen=MOST_MISSED)
        count, moment = 0, watched.moments.following(watched.accounted)
        while moment < due:
            passed.append(moment)
            count, moment = count + 1, watched.moments.following(moment)
        if count > len(passed):
            logger.error("%d rounds of %s were passed over; recording the newest %d", count, watched.key, len(passed))
        for moment in passed:
            self._miss(watched, moment, "misfire")
            watched.account(moment)

    def _miss(self, watched: Watched, due: datetime, reason: MissReason) -> None:
        now = self._clock()
        round_id = self._store.due(watched.endpoint, watched.probe_set.name, due)
        if all(round_id != waiting.id for waiting in self._store.unfinished(now)):
            return  # another daemon has it, or had it
        self._store.miss(round_id, reason, now, ours=False)
        logger.warning("round %s of %s is missed: %s", due.isoformat(), watched.key, reason)

    def _give_up(self, watched: Watched, due: datetime, error: Exception) -> bool:
        """Left as it is, a round that crashed would hold the endpoint until its lease ran out, and then crash again."""
        known = isinstance(error, ConfigurationError)
        reason = f"configuration: {error}" if known else f"crashed: {type(error).__name__}"
        try:
            self._store.miss(self._store.due(watched.endpoint, watched.probe_set.name, due), reason, self._clock())
        except StoreError as fault:
            tell_fault(f"round {due.isoformat()} of {watched.key}, missed: {reason}", fault)
            return False
        return True
