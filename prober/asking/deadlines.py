"""Cuts connections whose whole ask takes too long, whatever trickles in."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any


class Line:
    """What a deadline can cut."""

    stream: Any = None
    """The newest network stream, as the HTTP library has it."""


class Deadline:
    """Cuts the connection when the whole ask took too long.

    A read timeout alone never ends an answer whose bytes, or headers, trickle; a closed socket does.
    """

    def __init__(self, line: Line, at: float) -> None:
        self.at, self.passed, self.over = at, False, False
        self._line = line
        self._lock = threading.Lock()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by the HTTP library: remember the newest stream of this line."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._line.stream = info["return_value"]
            if self.passed:
                self.cut()

    def cut(self) -> None:
        with self._lock:
            self.passed = True
            if self.over or self._line.stream is None:
                return
            connection = self._line.stream.get_extra_info("socket")
            if connection is not None:
                with contextlib.suppress(OSError):
                    # Not the TLS socket's own shutdown, which would pull its state from under the reading thread.
                    socket.socket.shutdown(connection, socket.SHUT_RDWR)

    def end(self) -> None:
        """From here on the line is another's."""
        with self._lock:
            self.over = True


class Watch:
    """One thread that cuts every ask that is over its time."""

    def __init__(self) -> None:
        self._deadlines: list[tuple[float, int, Deadline]] = []
        self._number = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    @contextlib.contextmanager
    def over(self, line: Line, total_s: float) -> Iterator[Deadline]:
        deadline = Deadline(line, time.monotonic() + total_s)
        with self._changed:
            heapq.heappush(self._deadlines, (deadline.at, next(self._number), deadline))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
                self._thread.start()
            elif self._deadlines[0][2] is deadline:
                self._changed.notify()
        try:
            yield deadline
        finally:
            deadline.end()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while self._deadlines and (self._deadlines[0][2].over or self._deadlines[0][0] <= time.monotonic()):
                    due = heapq.heappop(self._deadlines)[2]
                    if not due.over:
                        due.cut()
                if self._closed:
                    return
                wait_s = self._deadlines[0][0] - time.monotonic() if self._deadlines else None
                self._changed.wait(wait_s)
