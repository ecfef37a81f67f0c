"""What tests with other threads and processes need: a port, and patience."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count

_NEXT = count(os.getpid() * 37 % 10_000)


def free_port() -> int:
    """A port where nobody listens, and which nobody else is given meanwhile.

    The system gives out ports above 32,767 to whoever asks for any, so one that was just closed may be another's a
    moment later. These are below, and each process begins elsewhere and takes each once.
    """
    while True:
        port = 20_000 + next(_NEXT) % 12_000
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_until(done: Callable[[], object], at_most_s: float = 300.0) -> None:
    """Wait for what must come. The limit only ends a hung test; nothing is measured."""
    give_up, pause_s = time.monotonic() + at_most_s, 0.01
    while not done():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(pause_s)
        pause_s = min(0.1, 1.2 * pause_s)  # a look may be a query, which takes time from what is waited for
