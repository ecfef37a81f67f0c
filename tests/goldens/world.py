"""The prober from outside: its verbs, a clock that stands still, a receiver of posts, and a look into the database.

This is the one file of the goldens that knows modules of the prober, and it knows `main` and, for notices that no
scripted world brings about, how channels are opened. Modules may move; what is written here about them is little.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import io
import json
import logging
import os
import shlex
import sqlite3
import sys
import threading
import time
import types
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

# As in tests/conftest.py: sums do not depend on how many cores add them up.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

SECRET = "not-a-real-secret"
NOT_INHERITED = ("PROBER_", "SLACK_", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY",
                 "OPENAI_", "ANTHROPIC_", "GOOGLE_", "GEMINI_", "TERMINAL_WIDTH", "FORCE_COLOR")  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """The command line, as the console script calls it."""
    from prober.cli import main as verbs

    return verbs(arguments)


def verbs() -> Mapping[str, str]:
    """Verb → what it does."""
    from prober.cli import VERBS

    return VERBS


def send_everywhere(notices: Mapping[str, Any]) -> str:
    """Send these notices, one after another, by every channel that the environment configures; what was logged."""
    from prober.alerts import open_alerters
    from prober.settings import Settings

    logged = io.StringIO()
    with _logging_to(logged, logging.INFO):
        for alerter in open_alerters(Settings()):
            for notice in notices.values():
                alerter.send(notice)
    return logged.getvalue()


# A clock that stands still


class _AnyDatetime(type(datetime)):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, datetime)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return issubclass(subclass, datetime)


@dataclass
class Clock:
    """Time as the prober sees it while `standing()`: `now`, until somebody sleeps or sets it.

    Every module of the prober that says `datetime.now` or `time.sleep` is given names of ours, wherever it lies and
    whenever it is imported; everybody else keeps the real ones.
    """

    now: datetime
    slept_s: float = 0.0

    @contextmanager
    def standing(self) -> Iterator[None]:
        finder = _Late(self._give)
        known = [module for name, module in sys.modules.items() if name.partition(".")[0] == "prober"]
        for module in known:
            self._give(module)
        sys.meta_path.insert(0, finder)
        try:
            yield
        finally:
            sys.meta_path.remove(finder)
            for module in [*known, *finder.met]:
                for name, real in (("datetime", datetime), ("time", time)):
                    if getattr(vars(module).get(name), "is_golden", False):
                        setattr(module, name, real)

    def _give(self, module: types.ModuleType) -> None:
        if vars(module).get("datetime") is datetime:
            module.datetime = self._datetime()  # type: ignore[attr-defined]
        if vars(module).get("time") is time:
            module.time = self._time()  # type: ignore[attr-defined]

    def _datetime(self) -> type:
        clock = self

        class Standing(datetime, metaclass=_AnyDatetime):
            is_golden = True

            def __new__(cls, *arguments: Any, **named: Any) -> datetime:  # type: ignore[misc]
                return datetime(*arguments, **named)  # noqa: DTZ001

            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return clock.now.astimezone(tz)

        return Standing

    def _time(self) -> types.SimpleNamespace:
        def sleep(span_s: float) -> None:
            self.now += timedelta(seconds=span_s)
            self.slept_s += span_s

        return types.SimpleNamespace(
            **{
                **vars(time),
                "is_golden": True,
                "sleep": sleep,
                "time": lambda: self.now.timestamp(),  # noqa: PLW0108  # of now, not of then
                "monotonic": lambda: self.slept_s,
                "perf_counter": lambda: self.slept_s,
            }
        )


class _Late(importlib.abc.MetaPathFinder):
    """Modules of the prober that are imported from now on, told to `meet` once they are there."""

    def __init__(self, meet: Callable[[types.ModuleType], None]) -> None:
        self.meet = meet
        self.met: list[types.ModuleType] = []

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        if name.partition(".")[0] != "prober":
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is None or spec.loader is None:
            return spec
        execute = spec.loader.exec_module

        def and_meet(module: types.ModuleType) -> None:
            execute(module)
            self.met.append(module)
            self.meet(module)

        spec.loader.exec_module = and_meet  # type: ignore[method-assign]
        return spec


# A receiver of posts


@dataclass
class Hook:
    """A receiver over real HTTP that keeps what it gets, and answers as Slack's incoming webhooks do."""

    base: str
    received: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    """(path, headers, body)"""
    status: int = 200

    def taken(self) -> list[tuple[str, dict[str, str], str]]:
        """What came since the last look."""
        taken = self.received[:]
        self.received.clear()
        return taken


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            hook.received.append((self.path, dict(self.headers.items()), body))
            self.send_response(hook.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    hook.base = f"http://127.0.0.1:{server.server_port}"
    yield hook
    server.shutdown()
    server.server_close()


# A model of our own


@dataclass
class Model:
    """An endpoint that speaks as OpenAI's do, behind a proxy, so that its address is the same on every run."""

    proxy: str
    say: Callable[[str, int], tuple[str, str]]
    """(prompt, how often it was asked before) → the answer, and the model that says to have given it"""
    asked: dict[str, int] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    """What was sent, as text."""
    turn: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, body: str) -> str:
        sent = json.loads(body)
        with self.turn:
            self.requests.append(f"POST {path}\n{pretty(sent)}")
            prompt = sent["messages"][-1]["content"]
            before = self.asked[prompt] = self.asked.get(prompt, -1) + 1
        text, name = self.say(prompt, before)
        return json.dumps(
            {
                "model": name,
                "system_fingerprint": "fp_1",
                "choices": [{"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                "usage": {"prompt_tokens": 9, "completion_tokens": 1 + len(text) // 4},
            }
        )


@contextmanager
def modelled(say: Callable[[str, int], tuple[str, str]]) -> Iterator[Model]:
    model = Model("", say)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = model.answer(self.path, self.rfile.read(int(self.headers["Content-Length"])).decode()).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    model.proxy = f"http://127.0.0.1:{server.server_port}"
    yield model
    server.shutdown()
    server.server_close()


# The prober, in a folder of its own


TIMED = {("reply", "id"), ("watch", "changes")}
"""(table, column): replies are recorded as they come in, as many in one transaction as have come."""


@dataclass
class World:
    """A folder to stand in, an environment, a time; and what was said in it so far."""

    home: Path
    clock: Clock
    environment: dict[str, str] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)

    @property
    def now(self) -> datetime:
        return self.clock.now

    @now.setter
    def now(self, now: datetime) -> None:
        self.clock.now = now

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Inside: the folder, the environment and the clock."""
        before, place = dict(os.environ), Path.cwd()
        for name in before:
            if name.startswith(NOT_INHERITED):
                del os.environ[name]
        os.environ.update({"no_proxy": "127.0.0.1", "COLUMNS": "80", **self.environment})
        os.chdir(self.home)
        try:
            with self.clock.standing():
                yield
        finally:
            os.chdir(place)
            os.environ.clear()
            os.environ.update(before)

    def prober(self, *arguments: object, shown: Callable[[str], str] = str, out: bool = True) -> str:
        """Run a verb and note what was typed, what came of it and what was said; standard output.

        `shown` may take out of the note what is of this machine; `out=False` leaves standard output out of it.
        """
        words = [str(argument) for argument in arguments]
        output, errors = io.StringIO(), io.StringIO()
        with self.entered(), _logging_to(errors), redirect_stdout(output), redirect_stderr(errors):
            code = main(words)
        assert "Traceback" not in output.getvalue() + errors.getvalue(), errors.getvalue()
        note = [f"{self.now:%Y-%m-%d %H:%M:%S} $ prober {shlex.join(words)}", f"exit code {code}"]
        note += [shown(readable(line)) for line in output.getvalue().splitlines()] if out else []
        note += [shown(f"stderr: {line}") for line in errors.getvalue().splitlines()]
        self.note(*note, "")
        return output.getvalue()

    def note(self, *lines: str) -> None:
        self.said += lines

    def transcript(self) -> str:
        """All that was noted since the last transcript."""
        lines, self.said = self.said, []
        return "\n".join(lines) + "\n"

    def channels(self, hook: Hook) -> None:
        """Every channel that posts leads to `hook`."""
        self.environment |= {
            "PROBER_WEBHOOK_URL": f"{hook.base}/webhook",
            "PROBER_WEBHOOK_SECRET": SECRET,
            "SLACK_WEBHOOK_URL": f"{hook.base}/slack",
            "PROBER_PAGERDUTY_ROUTING_KEY": "0" * 32,
            "PROBER_PAGERDUTY_URL": f"{hook.base}/pagerduty",
            "PROBER_ALERTMANAGER_URL": f"{hook.base}/alertmanager",
        }

    def tables(self, name: str = "prober.db") -> dict[str, list[dict[str, Any]]]:
        """Every row of a SQLite file, table by table, with packed values unpacked. Without what timing decides."""
        with closing(sqlite3.connect(self.home / name)) as database:
            database.row_factory = sqlite3.Row
            names = [
                row[0]
                for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
                if not row[0].startswith("sqlite_")
            ]
            return {
                name: sorted(
                    (
                        {key: unpacked(value) for key, value in dict(row).items() if (name, key) not in TIMED}
                        for row in database.execute(f"SELECT * FROM {name}")
                    ),
                    key=lambda row: json.dumps(list(row.values()), default=str),
                )
                for name in names
            }


@contextmanager
def _logging_to(stream: io.StringIO, level: int = logging.WARNING) -> Iterator[None]:
    """Log lines without their time, without anybody else's handlers, and whatever was logged before."""
    root, ours = logging.getLogger(), logging.getLogger("prober")
    before = root.handlers[:], root.level, ours.level
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    ours.setLevel(level)
    try:
        yield
    finally:
        root.handlers = before[0]
        root.setLevel(before[1])
        ours.setLevel(before[2])


def unpacked(value: object) -> object:
    """A value of the database as JSON has it: what is packed is compressed text."""
    if not isinstance(value, bytes):
        return value
    text = zlib.decompress(value).decode("utf-8", "surrogatepass")
    return json.loads(text) if text.startswith(("{", "[")) else text


def readable(line: str) -> str:
    """A line of JSON spread over many, so that a difference can be read; nothing is lost. Other lines as they are."""
    if not line.startswith(("{", "[")):
        return line
    try:
        content = json.loads(line)
    except ValueError:
        return line
    return json.dumps(content, indent=1) if json.dumps(content) == line else f"unusual JSON: {line}"


def posts(hook: Hook) -> str:
    """What was posted since the last look: where to, with which headers of ours, and the body."""
    lines: list[str] = []
    for path, headers, body in hook.taken():
        ours = sorted(f"{name}: {value}" for name, value in headers.items() if name.startswith("X-Prober-"))
        kind = headers.get("Content-type") or headers.get("Content-Type", "")
        lines += [f"POST {path}", f"Content-Type: {kind}", *ours, readable(body), ""]
    return "\n".join(lines) + "\n"


def pretty(content: object) -> str:
    return json.dumps(content, indent=1, ensure_ascii=True) + "\n"


EPOCH = datetime(2026, 3, 1, 12, tzinfo=UTC)


def on_day(day: float) -> datetime:
    return EPOCH + timedelta(days=day)
