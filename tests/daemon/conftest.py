from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from prober.store import Store
from tests.daemon.world import Clock, write_set


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("SLACK_", "PROBER_")):
            monkeypatch.delenv(name)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with one set, hourly, on one endpoint."""
    write_set(tmp_path / "probes")
    return tmp_path / "probes"


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "prober.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path, template: Path) -> str:
    """A database: SQLite, unless the test asks for `postgres`."""
    if getattr(request, "param", "sqlite") == "postgres":
        return str(request.getfixturevalue("new_database")())
    shutil.copy(template, tmp_path / "prober.db")
    return f"sqlite:///{tmp_path / 'prober.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened
