"""The database under a running daemon: whether it can be used, and old replies."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prober.daemon.due_times import ClockWatch
from prober.daemon.log import logger, reported
from prober.model.errors import StoreError
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


class OldReplies:
    """Of one daemon."""

    def __init__(self, store: Store, clock: Clock, watch: ClockWatch, may_go_on: Callable[[], bool]) -> None:
        self._store, self._clock, self._watch, self._may_go_on = store, clock, watch, may_go_on

    def delete(self) -> None:
        """Those that are kept no longer, and give back their space."""
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
        self._failed = 0
        self.fault = ""
        """Why it cannot be used; empty while it can."""

    def look(self) -> Event | None:
        """What is news of it by now: `database_lost`, `database_back`, or nothing. For one thread at a time."""
        try:
            self._store.examine()
        except StoreError as error:
            self._failed += 1
            # Another process may hold it for a moment.
            if self.fault or (is_held(error) and self._failed < TRIES_WHILE_HELD):
                return None
            self.fault = str(error)
            logger.error("THE DATABASE CANNOT BE USED, nothing is asked until it can: %s", error)
            return "database_lost"
        self._failed = 0
        if not self.fault:
            return None
        logger.warning("the database can be used again; it could not: %s", self.fault)
        self.fault = ""
        return "database_back"


def is_held(error: StoreError) -> bool:
    """Whether somebody else has a lock on it, and nothing else is wrong."""
    return "locked" in str(error) or "lock timeout" in str(error)
