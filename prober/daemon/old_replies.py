"""Old replies are deleted while the daemon runs, as the probe sets say."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from prober.daemon.log import logger, reported
from prober.service.run_round import Clock
from prober.service.upkeep import prune
from prober.store import Store

PRUNE_S: Final = 3600.0
"""Between two looks for old replies."""
STEADY_S: Final = 3600.0
"""How long the clock must have run evenly before anything is deleted by it: a clock that was set wrong is likely to be
set right again within that time."""


class OldReplies:
    """Of one daemon."""

    def __init__(self, store: Store, clock: Clock, may_go_on: Callable[[], bool]) -> None:
        self._store, self._clock, self._may_go_on = store, clock, may_go_on
        self._steady_since = time.monotonic()

    def clock_jumped(self) -> None:
        """Nothing is deleted by this clock for a while."""
        self._steady_since = time.monotonic()

    def delete(self) -> None:
        """Those that are kept no longer, and give back their space."""
        if time.monotonic() - self._steady_since < STEADY_S:
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
