"""The jobs of a daemon: APScheduler, its threads, and how they end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler

from prober.daemon.due_times import IntervalTrigger, RoundTrigger

CLAIM_WAITING: Final = "claim waiting rounds"
"""The job that takes rounds from the queue."""
ROUNDS: Final = "rounds"
"""The executor that rounds are asked in."""
MOST_THREADS: Final = 256
"""Rounds in progress at once; a thread is made when it is needed."""


class Jobs(BackgroundScheduler):  # type: ignore[misc]  # APScheduler has no types
    """`threads`: for everything but rounds."""

    def __init__(self, threads: int) -> None:
        self._of_jobs, self._of_rounds = f"job {id(self):x}", f"round {id(self):x}"
        super().__init__(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(threads, {"thread_name_prefix": self._of_jobs}),
                ROUNDS: ThreadPoolExecutor(MOST_THREADS, {"thread_name_prefix": self._of_rounds}),
            },
        )

    def every(self, seconds: float, name: str, job: Callable[[], None], most_at_once: int = 1) -> None:
        """From now on."""
        self.add_job(
            job, IntervalTrigger(timedelta(seconds=seconds)), id=name, next_run_time=datetime.now(UTC), coalesce=True,
            max_instances=most_at_once, misfire_grace_time=None,
        )  # fmt: skip

    def scheduled(self, name: str, trigger: RoundTrigger, job: Callable[[str], None]) -> None:
        """Add the job of a schedule, in place of the one with this name. It is called with the name, and never runs
        twice at once. A moment that is late is still called, until the next one is due."""
        self.add_job(
            job, trigger, args=(name,), id=name, executor=ROUNDS, replace_existing=True, coalesce=True, max_instances=1,
            misfire_grace_time=None,
        )  # fmt: skip

    def soon(self, *names: str) -> None:
        """These jobs run in a moment. Nothing, where the daemon does not run yet, or no more."""
        for name in names:
            with suppress(JobLookupError):
                self.modify_job(name, next_run_time=datetime.now(UTC))

    def count_anew(self) -> None:
        """The clock was set back: what waits for a moment far ahead waits for the next one of the present time."""
        for job in self.get_jobs():
            with suppress(JobLookupError):  # it has run meanwhile
                if isinstance(job.trigger, RoundTrigger):
                    job.reschedule(job.trigger)
                else:
                    job.modify(next_run_time=datetime.now(UTC))

    def end(self, until: float) -> None:
        """Start nothing more, and wait for what is in progress; not beyond `until`, of the monotonic clock."""
        # Stopped while it starts jobs, APScheduler's thread would die of a job that it does not find any more.
        self.pause()
        self.get_jobs()  # waits until that is over
        self.shutdown(wait=False)
        for one in self._working():
            one.join(max(0.0, until - time.monotonic()))

    @property
    def is_working(self) -> bool:
        """After the end: whether threads still work."""
        return bool(self._working())

    def _working(self) -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name.startswith((self._of_jobs, self._of_rounds))]
