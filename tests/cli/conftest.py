"""The command line, called as the console script calls it, in a folder and an environment of its own."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from prober.asking import open_provider
from prober.cli import main
from prober.incidents.routing import Routing
from prober.service import run_round
from prober.store import Store
from prober.store import declared as declared_store
from prober.store.pages import overview
from prober.store.views import EndpointView
from tests.cli.world import DAYS, declarations, due


@dataclass(frozen=True)
class Done:
    """A verb, done."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        (line,) = self.out.splitlines()
        return json.loads(line)


Run = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, and no configuration."""
    for name in ("PROBER_DATABASE_URL", "SLACK_BOT_TOKEN", "PROBER_SLACK_CHANNEL", "SLACK_WEBHOOK_URL",
                 "PROBER_WEBHOOK_URL", "PROBER_WEBHOOK_SECRET", "PROBER_DEBUG"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def prober(home: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a verb; whatever happens, there is no traceback."""

    def run(*arguments: object) -> Done:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        done = Done(code, *capsys.readouterr())
        assert "Traceback" not in done.out + done.err
        return done

    return run


@dataclass
class Answer:
    """What the local server answers to every request."""

    status: int = 200
    body: bytes = field(
        default=json.dumps({
            "model": "m-1", "choices": [{"message": {"role": "assistant", "content": "Blue"}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 1},
        }).encode()
    )  # fmt: skip
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    """Further ones; `date` takes the place of the server's own."""
    requests: list[str] = field(default_factory=list)
    """The paths of all so far."""


@pytest.fixture
def server() -> Iterator[Answer]:
    """A server on this machine that speaks to everyone alike."""
    answer = Answer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            answer.requests.append(self.path)
            self.send_response_only(answer.status)
            for name, value in {"date": self.date_time_string(), **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        answer.url = f"http://127.0.0.1:{http.server_port}/v1"
        yield answer
        http.shutdown()
        thread.join()


@pytest.fixture(scope="session")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database whose endpoint `swapped` was asked daily, by the very functions of the daemon, and changed."""
    path = tmp_path_factory.mktemp("watched") / "prober.db"
    ask_daily(path, range(DAYS))
    with Store.open(f"sqlite:///{path}", read_only=True) as store:
        view: EndpointView = store.query(overview.endpoints)[0]
        assert view.open_incident is not None
    return path


def ask_daily(path: Path, days: range) -> None:
    """Ask what `declarations` declares on these days, by the functions of the daemon."""
    declared = declarations()
    (probe_set,), (endpoint,) = declared.sets, declared.endpoints
    with Store.open(f"sqlite:///{path}") as store, closing(open_provider(endpoint)) as provider:
        store.change(declared_store.remember, declared.sets, declared.endpoints, due(days[0]))
        for day in days:
            run_round.run(probe_set, endpoint, declared.promise(endpoint), provider, store, Routing(("log", "slack")), due(day),
                     clock=lambda day=day: due(day))  # fmt: skip


@pytest.fixture
def changed(home: Path, watched: Path) -> Path:
    """A copy of that database, where verbs look for it."""
    return Path(shutil.copy(watched, home / "prober.db"))
