"""How often a channel is posted to: Slack allows about one message a second."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class Pace:
    """Safe to share by threads. Of several processes none knows of the other: Slack's 429 is honoured then."""

    def __init__(
        self,
        interval_s: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval_s = interval_s
        self._clock = clock
        self._sleep = sleep
        self._free_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def wait(self, channel: str) -> None:
        """Until it is this caller's turn to post there."""
        with self._lock:
            now = self._clock()
            turn = max(now, self._free_at.get(channel, now))
            self._free_at[channel] = turn + self._interval_s
        if turn > now:
            self._sleep(turn - now)
