"""The daemon: `serve` watches what the files declare until it is stopped.

A round is a row in the store before it is work, so nothing depends on this process living on:

- **Due.** Due times lie on one grid for everyone: whole multiples of the interval since 1970 (UTC), or what the cron
  text names. Restarts and several daemons on one database mean the same rounds, and the store gives each to one.
- **Start.** A new set is asked at once, under the moment last past, unless the store has that round already; rounds
  that nobody was there to ask are not invented.
- **Waiting.** A round whose endpoint is busy, whose worker was killed or whose database was locked waits in the store.
  A sweep (every few seconds, and when a round ends) takes it up, until the next round of its set is due; then it is
  missed. A round in progress renews its lease. If its worker is killed, another one continues it within about 15
  seconds.
  Scheduled, left and confirmation rounds go one way: put in the queue, taken from it, claimed, asked.
- **Confirmed.** Where evidence grows, settling a round makes the next one due at once
  (`prober.incidents.confirmation`). It waits in the store like any other, and like any other it never runs beside
  another round of its endpoint.
- **The clock.** A clock that is set back is noticed within seconds: rounds go on at the next moment of the present
  time. A moment in the future that is found in the store, such as the end of a lease, blocks nothing.
- **The end.** A daemon that is stopped ends within `GRACE_S`, however much is left. What is in progress by then is
  left in the store, for the next process.
- **Alive.** Every minute a daemon sends a heartbeat: a row that other daemons and `prober status` look at, and a
  ping to somebody else's watch where one is configured. Whoever finds one silent notifies people, once.
- **Missed.** What did not start is a row with a reason: see `MissReason`.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from prober.alerts import open_alerters
from prober.alerts.post import open_ping
from prober.alerts.slack.listener import SlackListener, open_listener
from prober.daemon.daemon import Daemon
from prober.daemon.due_rounds import MissReason
from prober.daemon.log import log_remarks
from prober.daemon.notices import StoredIncidentActions
from prober.daemon.telemetry import exporting
from prober.service.declarations import declarations_in
from prober.service.run_round import Clock, now_utc
from prober.settings import Settings
from prober.store import Store

__all__ = ["Daemon", "MissReason", "serve"]


def serve(paths: Sequence[str | Path], settings: Settings, *, clock: Clock = now_utc, is_worker: bool = False) -> bool:
    """Watch until SIGTERM or SIGINT, then finish what is in progress within the grace; a second signal ends it at once.

    A worker asks what other daemons make due. Whether all that was in progress has ended: where not, threads of this
    process still wait for answers.

    SIGHUP reads the files anew; a change of theirs is seen by itself within seconds. Raises ConfigurationError where
    files or settings are broken at the start, and StoreError where the database cannot be opened.
    """
    declarations_in(*paths)  # before a database is made of broken files
    alerters = open_alerters(settings)
    log_remarks(alerters)
    ping = open_ping(settings)
    worker = f"{socket.gethostname()}:{os.getpid()}"
    # One line a round is ours to write; APScheduler would add its own for every job.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
    with Store.open(settings.database_url) as store, exporting(store, worker, clock, is_worker=is_worker) as round_over:
        daemon = Daemon(
            paths, store, alerters, settings.dashboard_url, worker=worker, clock=clock, ping=ping,
            vantage=settings.vantage, is_worker=is_worker, round_over=round_over,
        )  # fmt: skip
        desk = StoredIncidentActions(store, settings.dashboard_url, clock, lambda: daemon.routing, daemon.deliver_soon)
        with _signals(daemon), listening(open_listener(settings, desk)):
            return daemon.run()


@contextmanager
def listening(presses: SlackListener | None) -> Iterator[None]:
    """What is pressed in Slack is acted on meanwhile, where the environment says so."""
    if presses is None:
        yield
        return
    presses.start()
    try:
        yield
    finally:
        presses.close()


@contextmanager
def _signals(daemon: Daemon) -> Iterator[None]:
    """Signals become calls to the daemon. Only the main thread may have them; elsewhere nothing is changed."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, signal.SIG_DFL)  # the second one ends the process at once
        daemon.stop()

    def reload(number: int, frame: FrameType | None) -> None:
        daemon.reload_now()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {signal.SIGTERM: stop, signal.SIGINT: stop}
    if hasattr(signal, "SIGHUP"):
        handlers[signal.SIGHUP] = reload
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
