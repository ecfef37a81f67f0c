"""demo, run, dashboard: verbs that hand on to another package, with the right arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from prober.model.errors import StoreError
from prober.settings import Settings
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("options", "scripted", "page"), [((), False, True), (("--scripted", "--no-dashboard"), True, False)]
)
@pytest.mark.parametrize("code", [0, 1])
def test_demo(
    prober: Run, monkeypatch: pytest.MonkeyPatch, options: Sequence[str], scripted: bool, page: bool, code: int
) -> None:
    calls = []

    def run_demo(*, scripted: bool, dashboard: bool, console: Console) -> int:
        calls.append((scripted, dashboard))
        return code

    monkeypatch.setattr("prober.cli.demo.run_demo", run_demo)
    assert prober("demo", *options).code == code
    assert calls == [(scripted, page)]


def test_run_serves_the_paths_and_the_database(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Sequence[Path], str]] = []

    def serve(paths: Sequence[Path], settings: Settings, *, is_worker: bool) -> bool:
        calls.append((paths, settings.database_url))
        return True

    monkeypatch.setattr("prober.cli.run.serve", serve)
    assert prober("run").code == 0
    assert prober("run", "a", "b.yaml", "--database", "sqlite:///x.db").code == 0
    assert calls == [
        ([Path("probes")], "sqlite:///prober.db"),
        ([Path("a"), Path("b.yaml")], "sqlite:///x.db"),
    ]


def test_what_the_daemon_raises_is_an_exit_code(prober: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def serve(*arguments: object, is_worker: bool) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr("prober.cli.run.serve", serve)
    done = prober("run")
    assert (done.code, done.err) == (2, "the disk is full\n")


@pytest.mark.parametrize(
    ("options", "said", "warned"),
    [
        ((), "http://127.0.0.1:8501/", False),
        (("--address", "0.0.0.0", "--port", "9000"), "http://localhost:9000/", True),
    ],
)
def test_dashboard_becomes_the_page(
    prober: Run, monkeypatch: pytest.MonkeyPatch, options: Sequence[str], said: str, warned: bool
) -> None:
    calls: list[tuple[str, Sequence[str], Mapping[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: calls.append(arguments))
    done = prober("dashboard", "--database", "sqlite:///x.db", *options)
    assert said in done.err
    assert ("everyone who can reach it" in done.err) is warned
    assert "The pages wait for a database: x.db: there is no database yet; `prober run`" in done.err
    ((program, command, environment),) = calls
    assert program == command[0]
    assert command[1:4] == ["-m", "dashboard", "run"]
    assert environment["PROBER_DATABASE_URL"] == "sqlite:///x.db"
    port = command[command.index("--server.port") + 1]
    assert port == ("9000" if warned else "8501")
