"""How far one database and one machine carry: thousands of endpoints on Postgres, memory, and how soon a verb starts.

The schedule is simulated (every endpoint is due at once, as hourly rounds of one fleet are), the daemon, its queue and
the store are real, and the providers are scripted. All endpoints are made due; a part of their rounds is asked.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

from sqlalchemy import create_engine, text

from benchmarks.pages import postgres
from benchmarks.part import RESULTS, Effort, Part, unlogged
from prober.alerts.log import LogAlerter
from prober.cli import VERBS
from prober.daemon import Daemon
from prober.loading.declarations import load
from prober.status.system_status import system_status
from prober.store import Store
from prober.text import count

ENDPOINTS: Final = 10_000
ROUNDS: Final = 100
"""Rounds that are asked, of those that are due."""
ASKS: Final = 4
NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MEMORY: Final = """
import resource, sys
from pathlib import Path
from benchmarks.scale import NOON, daemon_of
from datetime import timedelta
from prober.store import Store
home = Path(sys.argv[1])
def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
begun = resident()
with Store.open(f"sqlite:///{home}/prober.db") as store:
    clock = [NOON]
    daemon = daemon_of(home / "probes", store, lambda: clock[0])
    watching = resident()
    for _ in range(int(sys.argv[2])):
        for key in tuple(daemon.rounds.watched):
            daemon.tick(key)
        daemon.claim_waiting()
        for job in [job for job in daemon.scheduler.get_jobs() if job.id.count(" ") == 3]:
            job.remove()
            job.func(*job.args)
        daemon.beat()
        clock[0] += timedelta(hours=1)
print(begun, watching, resident())
"""
"""A process of its own, whose memory is only the daemon's: (start, watching, after some rounds of each), bytes."""


@dataclass(frozen=True)
class Fleet:
    """So many endpoints on one Postgres."""

    endpoints: int
    load_s: float
    """CPU to read and check the files."""
    declare_s: float
    """CPU to begin watching."""
    due_s: float
    """CPU to keep what is declared, make all rounds due, and hand them to threads."""
    take_s: float
    """CPU to look once at all that wait, and hand them to threads."""
    round_ms: float
    """CPU of a round of this process: claimed, asked, judged, settled."""
    round_wall_ms: float
    """The same in time, one round after the other: with what Postgres takes."""
    reply_bytes: float
    """On disk, with its share of the indexes."""
    round_bytes: float
    """What a round leaves for ever, without its replies."""
    beat_s: float
    """CPU of a heartbeat, once a minute."""
    pass_time_s: float
    """CPU of a look at reminders and stale endpoints, every five seconds."""
    status_s: float
    """CPU of a page of metrics."""

    @property
    def asks_per_second(self) -> float:
        """Of one core of this process."""
        return ASKS * 1000 / self.round_ms

    @property
    def share(self) -> dict[str, float]:
        """What takes how much of one core in an hour, of the whole fleet."""
        return {
            "rounds": self.endpoints * self.round_ms / 3_600_000,
            "making rounds due": self.due_s / 3600,
            "looking at what waits, once": self.take_s / 3600,
            "heartbeats": self.beat_s / 60,
            "reminders and stale endpoints": self.pass_time_s / 5,
        }


@dataclass(frozen=True)
class Started:
    """One verb with `--help`."""

    verb: str
    cpu_s: float


@dataclass(frozen=True)
class Scale:
    """The numbers."""

    fleets: tuple[Fleet, ...]
    rounds: int
    memory_mb: tuple[float, float, float]
    """Of the daemon with 100 endpoints × 20 probes: at its start, watching, and after some rounds of each."""
    memory_rounds: int
    verbs: tuple[Started, ...]


def measure(effort: Effort) -> Scale:
    """A tenth of the fleet, then the whole."""
    return run((5, 10) if effort.quick else (ENDPOINTS // 10, ENDPOINTS), is_quick=effort.quick)


@unlogged()
def run(sizes: Sequence[int], *, is_quick: bool = False) -> Scale:
    """Fleets of these sizes, one after the other; then memory and verbs."""
    rounds = 10 if is_quick else ROUNDS
    with postgres() as new:
        fleets = tuple(_fleet(new(f"scale{size}"), size, rounds) for size in sizes)
    hours = 1 if is_quick else 3
    memory = _memory(3 if is_quick else 100, 20, hours)
    verbs = ["status"] if is_quick else list(VERBS)
    return Scale(fleets, rounds, memory, hours, tuple(Started(verb, _start(verb)) for verb in verbs))


def daemon_of(folder: Path, store: Store, clock: Callable[[], datetime]) -> Daemon:
    """A daemon that watches these files, driven by hand."""
    daemon = Daemon([folder], store, [LogAlerter()], "http://localhost:8501", worker="scale", clock=clock)
    daemon.declare(load(folder))
    return daemon


def declare(folder: Path, endpoints: int, probes: int, samples: int) -> Path:
    """Files of so many endpoints, a thousand in a folder of their own: a file may have 1 MB."""
    for first in range(0, endpoints, 1_000):
        part = folder / str(first)
        part.mkdir(parents=True)
        names = {f"endpoint-{number:05d}": number for number in range(first, min(first + 1_000, endpoints))}
        (part / "endpoints.yaml").write_text(
            "endpoints:\n"
            + "".join(
                f"  {name}: {{provider: scripted, model: {name}, parameters: {{world: still, seed: {number}}}}}\n"
                for name, number in names.items()
            )
        )
        (part / "canary.yaml").write_text(
            f"name: canary-{first}\nowner: us\nendpoints: [{', '.join(names)}]\nschedule: {{every: 1h}}\nprobes:\n"
            + "".join(
                f"  - {{id: p{number}, prompt: 'Name a colour, number {number}.', samples: {samples}}}\n"
                for number in range(probes)
            )
        )
    return folder


def _fleet(url: str, endpoints: int, rounds: int) -> Fleet:
    took = dict[str, float]()

    @contextmanager
    def timed(what: str) -> Iterator[None]:
        began = time.process_time()
        yield
        took[what] = time.process_time() - began

    with tempfile.TemporaryDirectory() as home, Store.open(url) as store:
        folder = declare(Path(home) / "probes", endpoints, 2, ASKS // 2)
        with timed("load"):
            declared = load(folder)
        daemon = Daemon([folder], store, [LogAlerter()], "http://localhost:8501", worker="scale", clock=lambda: NOON)
        with timed("declare"):
            daemon.declare(declared)
        with timed("due"):
            daemon.claim_waiting()  # as at the start of a daemon; later, one call of `tick` for each does it
        with timed("take"):
            daemon.claim_waiting()
        waiting = [job for job in daemon.scheduler.get_jobs() if job.id.count(" ") == 3]
        before = _sizes(url)
        cpu, wall = [], []
        for job in waiting[:rounds]:
            began = time.process_time(), time.perf_counter()
            job.func(*job.args)
            cpu.append(time.process_time() - began[0])
            wall.append(time.perf_counter() - began[1])
        after = _sizes(url)
        with timed("beat"):
            daemon.beat()
        with timed("pass_time"):
            daemon.pass_time()
        with timed("status"):
            system_status(store, NOON + timedelta(minutes=5))
    return Fleet(
        endpoints, took["load"], took["declare"], took["due"], took["take"], 1000 * median(cpu), 1000 * median(wall),
        (after["reply"] - before["reply"]) / (ASKS * rounds), (after["all"] - before["all"]) / rounds - ASKS
        * (after["reply"] - before["reply"]) / (ASKS * rounds), took["beat"], took["pass_time"], took["status"],
    )  # fmt: skip


def _sizes(url: str) -> dict[str, int]:
    """Bytes of the replies, and of the whole database, on disk."""
    engine = create_engine(url)
    with engine.connect() as connection:
        reply = connection.execute(text("SELECT pg_total_relation_size('reply')")).scalar_one()
        every = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
    engine.dispose()
    return {"reply": reply, "all": every}


def _memory(endpoints: int, probes: int, hours: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as home:
        declare(Path(home) / "probes", endpoints, probes, 1)
        ran = subprocess.run(
            [sys.executable, "-c", MEMORY, home, str(hours)], check=True, capture_output=True, text=True
        )
    begun, watching, after = (int(size) / 1e6 for size in ran.stdout.split())
    return begun, watching, after


def _start(verb: str) -> float:
    """CPU seconds of `prober VERB --help`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-m", "prober", verb, "--help"], check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def lines(found: Scale) -> list[str]:
    """How, and what was found."""
    rows: dict[str, Callable[[Fleet], str]] = {
        "files read and checked": lambda one: f"{one.load_s:.1f} s",
        "begin to watch": lambda one: f"{one.declare_s:.1f} s",
        "all rounds made due, at the start": lambda one: f"{one.due_s:.1f} s",
        "one look at all that wait": lambda one: f"{one.take_s:.1f} s",
        "a round: claimed, asked, judged, settled": lambda one: f"{one.round_ms:.0f} ms",
        "the same in time, with Postgres": lambda one: f"{one.round_wall_ms:.0f} ms",
        "asks a second of one core": lambda one: f"{one.asks_per_second:.0f}",
        "a reply on disk": lambda one: f"{one.reply_bytes / 1000:.1f} kB",
        "what else a round leaves on disk": lambda one: f"{one.round_bytes / 1000:.1f} kB",
        "a heartbeat (once a minute)": lambda one: f"{one.beat_s:.1f} s",
        "reminders and stale endpoints (every 5 s)": lambda one: f"{one.pass_time_s:.1f} s",
        "a page of metrics": lambda one: f"{one.status_s:.1f} s",
    }
    begun, watching, after = found.memory_mb
    slowest = max(found.verbs, key=lambda one: one.cpu_s)
    return [
        f"All endpoints are due at once on one Postgres; {found.rounds} of the rounds, {ASKS} asks each of a scripted "
        "provider, are asked one after the other. Times are CPU of the daemon's process.",
        "",
        "| | " + " | ".join(f"{one.endpoints:,} endpoints" for one in found.fleets) + " |",
        "|---|" + "---|" * len(found.fleets),
        *(f"| {name} | " + " | ".join(map(say, found.fleets)) + " |" for name, say in rows.items()),
        "",
        "Of one core, with a round of each endpoint an hour: "
        + "; ".join(
            f"{one.endpoints:,} endpoints: " + ", ".join(f"{name} {share:.0%}" for name, share in one.share.items())
            for one in found.fleets
        )
        + ".",
        "",
        f"Memory of a daemon with 100 endpoints × 20 probes: {begun:.0f} MB once it is loaded, {watching:.0f} MB "
        f"watching, {after:.0f} MB after {count(found.memory_rounds, 'round')} of each.",
        "",
        f"Start of a verb (`prober VERB --help`, CPU): the slowest is `{slowest.verb}` with {slowest.cpu_s:.1f} s; "
        + ", ".join(f"{one.verb} {one.cpu_s:.1f}" for one in found.verbs)
        + ".",
    ]


def headlines(found: Scale) -> list[str]:
    """In a sentence."""
    last = found.fleets[-1]
    return [
        f"{last.endpoints:,} endpoints hourly on one Postgres: rounds take {last.share['rounds']:.0%} of one core, "
        f"{last.asks_per_second:.0f} asks a second a core, {last.reply_bytes / 1000:.1f} kB a reply; a daemon with 100 "
        f"endpoints × 20 probes has {found.memory_mb[2]:.0f} MB."
    ]


PART: Final = Part("scale", "Scale", Scale, measure, lines, headlines, measures=())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--endpoints", type=int, nargs="+", default=[ENDPOINTS // 10, ENDPOINTS], help="of each fleet")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder in which the numbers are kept")
    given = parser.parse_args()
    replace(PART, measure=lambda effort: run(given.endpoints)).run(Effort(), given.results)


if __name__ == "__main__":
    main()
