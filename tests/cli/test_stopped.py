"""SIGINT and SIGTERM at any moment of any long verb: it ends with one line and its exit code, and leaves nothing half."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from tests.asking.wire_server import WireServer
from tests.processes import free_port

STARTER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may have switched it off
from prober.cli import main
print("begun", file=sys.stderr, flush=True)
sys.exit(main(sys.argv[1:]))
"""
"""Says when the verb begins: before, Python is still reading modules."""
STOPPED = {signal.SIGINT: 130, signal.SIGTERM: 143}
FINISHED = {0, 1, 3}
MOMENTS = ((signal.SIGINT, 1.5), (signal.SIGTERM, 3.0))
"""Seconds after a verb began; the verbs take turns."""
EARLY = {"once": (signal.SIGTERM, 0.1), "run": (signal.SIGINT, 0.3), "export": (signal.SIGTERM, 0.3)}
"""A signal before: a verb still reads its modules, in which all verbs are alike."""
VERBS: dict[str, list[str]] = {
    "once": ["once", "--set", "slow"],
    "once, nothing comes back": ["once", "--set", "hangs"],
    "run": ["run"],
    "worker": ["worker"],
    "serve": ["serve", "--listen", "127.0.0.1:{port}"],
    "router": ["router", "--litellm", "http://127.0.0.1:{port}", "--every", "1s"],
    "dashboard": ["dashboard", "--port", "{port}"],
    "replay": ["replay", "log.jsonl"],
    "compare": ["compare", "log.jsonl", "log.jsonl"],
    "power": ["power"],
    "discover": ["discover", "slow", "--output", "found.yaml"],
    "discover, nothing comes back": ["discover", "hangs", "--output", "found.yaml"],
    "drill": ["drill", "slow"],
    "demo": ["demo", "--scripted", "--no-dashboard"],
    "import": ["import", "log.jsonl"],
    "ingest": ["ingest", "log.jsonl"],
    "gate": ["gate", "probes/slow.yaml", "--reference", "slow", "--candidate", "slow"],
    "triage": ["triage", "slow", "--ask", "50"],
    "doctor": ["doctor", "--ask"],
    "export": ["export", "--output", "out.jsonl.gz"],
    "backup": ["db", "backup", "copy.db"],
    "prune": ["db", "prune"],
    "plan": ["plan"],
}
WITH_HISTORY = {"export", "backup", "prune", "drill", "power", "triage", "router"}


@pytest.fixture(scope="module")
def slow() -> Iterator[WireServer]:
    """Answers after a moment; below /hangs never."""
    with WireServer() as server:

        def behave(handler: BaseHTTPRequestHandler) -> None:
            if "/hangs/" in handler.path:
                server.stop.wait()
                return
            server.stop.wait(0.05)
            said = {"message": {"content": random.choice(("Red", "Blue"))}, "finish_reason": "stop"}
            body = json.dumps({"model": "m", "choices": [said]}).encode()
            handler.send_response_only(200)
            handler.send_header("content-length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body)

        server.behave = behave
        yield server


@pytest.fixture(scope="module")
def prepared(slow: WireServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to copy: declarations, a log, and in `imported.db` what a prober has after `import log.jsonl`."""
    home = tmp_path_factory.mktemp("stopped")
    (home / "probes").mkdir()
    base = slow.url.removesuffix("/v1")
    endpoints = {name: {"provider": "openai", "model": "m", "base_url": f"{base}/{name}"} for name in ("slow", "hangs")}
    (home / "probes" / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
    probes = [
        {"id": f"p{n}", "prompt": f"Pick {n}.", "samples": 20, "expect": [{"type": "contains", "value": "e"}]}
        for n in range(5)
    ]
    for name in endpoints:
        asked = {"owner": "us", "endpoints": [name], "schedule": {"every": "6h"}, "probes": probes}
        (home / "probes" / f"{name}.yaml").write_text(json.dumps(asked))
    rng = random.Random(7)
    lines = [
        {"round": f"2026-01-{1 + day:02d}T06:00:00Z", "at": f"2026-01-{1 + day:02d}T06:00:00Z", "endpoint": "slow",
         "probe": f"slow/p{n}", "prompt": f"Pick {n}.", "text": " ".join(rng.choices(("red", "green", "blue"), k=6))}
        for day in range(28) for n in range(5) for _ in range(20)
    ]  # fmt: skip
    (home / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    environment = {**os.environ, "PROBER_DATABASE_URL": f"sqlite:///{home}/imported.db"}
    command = [sys.executable, "-c", STARTER, "import", "log.jsonl"]
    subprocess.run(command, cwd=home, env=environment, check=True, capture_output=True)
    return home


def is_whole(path: Path) -> bool:
    if path.name in ("prober.db", "copy.db"):
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("PRAGMA quick_check").fetchone() == ("ok",)
    if path.suffix == ".gz":
        return all(json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines())
    if path.suffix == ".jsonl":
        return all(json.loads(line) for line in path.read_text().splitlines())
    return path.suffix in (".yaml", ".db-wal", ".db-shm", ".lock", ".toml")


@pytest.mark.slow
@pytest.mark.parametrize("name", VERBS)
def test_a_verb_that_is_stopped_ends_in_order(name: str, prepared: Path, tmp_path: Path) -> None:
    for source in prepared.rglob("*"):
        if source.stem == "imported" and name not in WITH_HISTORY:
            continue
        target = tmp_path / str(source.relative_to(prepared)).replace("imported", "prober")
        target.mkdir() if source.is_dir() else target.write_bytes(source.read_bytes())
    environment = {
        **os.environ,
        "PROBER_DATABASE_URL": f"sqlite:///{tmp_path}/prober.db",
        "PROBER_LITELLM_KEY": "sk-none",
    }
    command = [sys.executable, "-c", STARTER]
    late = MOMENTS[list(VERBS).index(name) % len(MOMENTS)]
    for number, after_s in [EARLY[name], late] if name in EARLY else [late]:
        arguments = [one.format(port=free_port()) for one in VERBS[name]]
        process = subprocess.Popen(
            [*command, *arguments], cwd=tmp_path, env=environment, text=True, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert process.stderr is not None
        while process.stderr.readline() != "begun\n":
            assert process.poll() is None
        timer = threading.Timer(after_s, process.send_signal, (number,))
        timer.start()
        out, err = process.communicate(timeout=60)
        ended_by_itself = timer.is_alive()
        timer.cancel()
        what = (name, number.name, after_s, process.returncode, out[-500:], err[-1500:])
        # Minus the signal: it came when the verb had ended, and Python was ending.
        assert process.returncode in FINISHED | {STOPPED[number], -number}, what
        assert "Traceback" not in err, what
        assert "this is a bug" not in err, what
        if process.returncode == STOPPED[number]:
            assert err.splitlines()[-1] == "stopped", what
        time.sleep(0.1)
        with pytest.raises(ProcessLookupError):  # none of its children is left
            os.killpg(process.pid, 0)
        for path in tmp_path.rglob("*"):
            assert path.is_dir() or is_whole(path), (what, path)
        if ended_by_itself:
            break  # later signals would not meet it either
        for output in ("out.jsonl.gz", "copy.db", "found.yaml"):  # it may have ended before the signal
            (tmp_path / output).unlink(missing_ok=True)


LOST = """
import os, signal, sys, time, weakref
from prober import cli

class Verb:
    def main(self, **_):
        thing = type("Thing", (), {})()
        seen = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGTERM))
        del thing
        time.sleep(60)

cli.typer.main.get_command = lambda app: Verb()
sys.exit(cli.main([]))
"""


def test_a_signal_that_comes_while_a_finalizer_runs_is_not_lost() -> None:
    done = subprocess.run([sys.executable, "-c", LOST], capture_output=True, text=True, timeout=50, check=False)
    assert done.returncode == 143
    assert "ignored" not in done.stderr and "Traceback" not in done.stderr, done.stderr
