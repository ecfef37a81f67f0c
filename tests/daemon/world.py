"""A small world to watch: files on disk, a clock that is set by hand, and a provider whose asks can be held up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.job import Job

from prober.alerts.log import LogAlerter
from prober.asking.scripted import ScriptedProvider
from prober.daemon import Daemon
from prober.loading.declarations import load
from prober.model.declaration import Endpoint, Probe
from prober.model.reply import Reply
from prober.store import Store
from prober.store.pages import overview
from prober.store.views import RoundView
from tests.processes import wait_until

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
ENDPOINTS = """\
endpoints:
  parrot:
    provider: scripted
    model: parrot-1
    concurrency: 1
    reference: {asked_again: 0}
    parameters: {world: still}
  magpie:
    provider: scripted
    model: magpie-1
    reference: {asked_again: 0}
    parameters: {world: still, seed: 2}
"""


class Clock:
    """Time as the test says."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def go(self, by: timedelta) -> None:
        self.now += by


def write_set(folder: Path, name: str = "canary", every: str = "1h", *, cron: str | None = None, jitter: str = "0s",
              endpoints: str = "parrot", samples: int = 3, prompt: str = "Name a colour.") -> None:  # fmt: skip
    folder.mkdir(exist_ok=True)
    (folder / "endpoints.yaml").exists() or (folder / "endpoints.yaml").write_text(ENDPOINTS)
    when = f'cron: "{cron}"' if cron else f'every: "{every}"'
    (folder / f"{name}.yaml").write_text(
        f"name: {name}\nowner: us\nendpoints: [{endpoints}]\nschedule: {{{when}, jitter: {jitter}}}\n"
        f"probes:\n  - id: colour\n    prompt: {prompt}\n    samples: {samples}\n"
    )


def watching(folder: Path, store: Store, clock: Callable[[], datetime], worker: str = "here") -> Daemon:
    """A daemon that watches the files, not yet running."""
    daemon = Daemon([folder], store, [LogAlerter()], "http://localhost:8501", worker=worker, clock=clock)
    daemon.declare(load(folder))
    return daemon


def finish(daemon: Daemon) -> None:
    """Do, here and now and in order, what was handed to the scheduler for once and is due; until nothing is left."""
    while due := [job for job in handed_on(daemon) if job.args[1] <= daemon.clock()]:
        job = due[0]
        while daemon.scheduler.get_job(job.id) is not None:
            daemon.scheduler.remove_job(job.id)
        job.func(*job.args)


def handed_on(daemon: Daemon) -> list[Job]:
    """Rounds that were handed to the scheduler. One that does not run keeps a job beside the job that replaces it."""
    return list({job.id: job for job in daemon.scheduler.get_jobs() if job.id.count(" ") == 3}.values())


def work(daemon: Daemon) -> None:
    """Take up what waits, and do all that comes of it."""
    daemon.claim_waiting()
    finish(daemon)


def tick(daemon: Daemon, key: str) -> None:
    """A moment of a set on an endpoint, and all that comes of it."""
    daemon.tick(key)
    work(daemon)


def look(daemon: Daemon) -> None:
    """What time brings, and its delivery."""
    daemon.pass_time()
    daemon.deliver()


def rounds(store: Store) -> list[tuple[str, str, str]]:
    """(set, hour due, state or the reason why missed), oldest first."""
    views = sorted(store.query(overview.recent_rounds, limit=10_000), key=lambda view: (view.due_at, view.probe_set))
    return [(view.probe_set, f"{view.due_at:%H:%M}", view.reason or view.state) for view in views]


def completed(store: Store, probe_set: str | None = None) -> list[RoundView]:
    views = store.query(overview.recent_rounds, limit=10_000)
    return [view for view in views if view.state == "completed" and probe_set in (None, view.probe_set)]


class HeldUp(ScriptedProvider):
    """Answers as scripted, notes every ask in a file, and after `free` asks waits for the file `go` before each.

    All its replies name one build: a build that a round sees first would be asked about once more.
    """

    def __init__(self, folder: Path, free: int) -> None:
        super().__init__()
        self._folder = folder
        self._free = free

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        if len(asked(self._folder)) >= self._free:
            (self._folder / "held").touch()
            wait_until((self._folder / "go").exists)
        with (self._folder / "asked").open("a") as log:
            log.write(f"{endpoint.name} {probe.id} {sample}\n")
        return replace(super().ask(endpoint, probe, sample, now), system_fingerprint="fp_1")


def asked(folder: Path) -> list[str]:
    """Every ask so far, by whoever."""
    log = folder / "asked"
    return log.read_text().splitlines() if log.exists() else []
