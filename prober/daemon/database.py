"""The database under a running daemon: whether it can be used, and old replies."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from prober.daemon.due_times import ClockWatch
from prober.daemon.log import logger, reported
from prober.model.errors import ClaimLost, StoreError
from prober.model.incident import Event
from prober.service.run_round import Clock
from prober.service.upkeep import prune
from prober.store import Store

PRUNE_S: Final = 3600.0
"""Between two looks for old replies."""
STEADY_S: Final = 3600.0
"""How long the clock must have run evenly before anything is deleted by it: a clock that was set wrong is likely to be
set right again within that time."""
TRIES_WHILE_HELD: Final = 2
"""So many looks in a row find the database locked, each after waiting, before it counts as lost."""
TRIES_OF_ROUNDS: Final = 2
"""So many rounds in a row cannot be stored, though a trial can, before it counts as lost."""
HOLD_S: Final = 60.0
"""How long then no round is asked; twice as long after each further one."""
ANSWER_S: Final = 15.0
"""How long a server may take to answer: longer than a lock is waited for."""


class OldReplies:
    """Of one daemon."""

    def __init__(self, store: Store, clock: Clock, watch: ClockWatch, may_go_on: Callable[[], bool]) -> None:
        self._store, self._clock, self._watch, self._may_go_on = store, clock, watch, may_go_on

    def delete(self) -> None:
        """Delete the replies that are kept no longer, and give back their space."""
        if self._watch.steady_s < STEADY_S:
            return
        with reported("deleting old replies"):
            done = [one for one in prune(self._store, self._clock(), may_go_on=self._may_go_on) if one.replies]
            for one in done:
                logger.info(
                    "%d replies of %s to rounds before %s were deleted (keep_replies)",
                    one.replies, one.probe_set, f"{one.before:%Y-%m-%d %H:%M} UTC",
                )  # fmt: skip
            if done:
                self._store.compact()


class DatabaseWatch:
    """Whether the database can be used. Where it cannot, that is said once, and its end once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held = 0
        """Looks in a row that found it locked."""
        self._refused = 0
        """Rounds in a row that could not be stored."""
        self._refusal = ""
        """Why the last of them could not."""
        self._is_refused = False
        """Whether one could not since the last look."""
        self._look_again_at = 0.0
        """By the monotonic clock: until then no round is expected to be stored."""
        self._looking = threading.Thread()
        self.fault = ""
        """Why it cannot be used; empty while it can."""

    def round_ended(self, error: StoreError | None) -> None:
        """A round was stored, or could not be. What happens when others write at the same time is no fault."""
        if error is None:
            self._refused = 0
        elif not isinstance(error, ClaimLost) and not is_held(error):
            self._refused, self._refusal = self._refused + 1, str(error)
            self._is_refused = True

    def look(self) -> Event | None:
        """What is news of it by now: `database_lost`, `database_back`, or nothing. For one thread at a time."""
        error = self._found()
        if error is not None:
            self._held += 1
            # Another process may hold it for a moment.
            if self.fault or (is_held(error) and self._held < TRIES_WHILE_HELD):
                return None
            return self._lost(str(error))
        self._held = 0
        is_refused, self._is_refused = self._is_refused, False
        if is_refused and not self.fault and self._refused >= TRIES_OF_ROUNDS:
            # A trial finds nothing, and still every round fails: each costs its asks, so they become rare.
            wait_s = HOLD_S * 2.0 ** min(self._refused - TRIES_OF_ROUNDS, 6)
            self._look_again_at = time.monotonic() + wait_s
            return self._lost(self._refusal)
        if not self.fault or time.monotonic() < self._look_again_at:
            return None
        logger.warning("the database can be used again; it could not: %s", self.fault)
        self.fault = ""
        return "database_back"

    def _lost(self, fault: str) -> Event:
        self.fault = fault
        logger.error("THE DATABASE CANNOT BE USED, nothing is asked until it can: %s", fault)
        return "database_lost"

    def _found(self) -> StoreError | None:
        """What is wrong with it; a server that does not answer at all is given up after `ANSWER_S`."""
        if not self._store.is_served:
            return self._examined()
        found: list[StoreError | None] = []
        if not self._looking.is_alive():
            self._looking = threading.Thread(target=lambda: found.append(self._examined()), daemon=True)
            self._looking.start()
            self._looking.join(ANSWER_S)
        if found:
            return found[0]
        where, fix = self._store.where, "see whether it hangs, and restart it"
        return StoreError(f"{where}: the server does not answer within {ANSWER_S:g} s; {fix}")

    def _examined(self) -> StoreError | None:
        try:
            self._store.examine()
            if self._refused:
                self._store.try_out()
        except StoreError as error:
            return error
        return None


def is_held(error: StoreError) -> bool:
    """Whether somebody else has a lock on it, and nothing else is wrong."""
    return any(sign in str(error) for sign in ("locked", "lock timeout", "deadlock"))
