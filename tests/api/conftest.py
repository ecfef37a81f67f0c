"""The service over a database of its own, asked without a socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prober.api.app import application
from prober.api.guard import Entry
from prober.api.source import Source
from prober.store import Store, declared
from tests.cli.world import declarations, due

TOKEN = "a-token-that-is-long-enough"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


Ask = Callable[..., Answer]


def asker(app: Any) -> Ask:
    """Asks an ASGI application, as a server would."""

    def ask(path: str, method: str = "GET", body: bytes = b"", host: str = "localhost", **headers: str) -> Answer:
        sent: list[dict[str, Any]] = []
        waiting = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> dict[str, Any]:
            return waiting.pop() if waiting else {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        named = {"host": host, **{name.replace("_", "-"): value for name, value in headers.items()}}
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": b"", "scheme": "http",
            "http_version": "1.1", "headers": [(name.encode(), value.encode()) for name, value in named.items()],
            "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1), "root_path": "",
        }  # fmt: skip
        asyncio.run(app(scope, receive, send))
        start = sent[0]
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], told, b"".join(one.get("body", b"") for one in sent[1:]))

    return ask


@pytest.fixture
def database(tmp_path: Path) -> str:
    return database_in(tmp_path)


def database_in(folder: Path) -> str:
    """One endpoint, declared and not asked yet."""
    url = f"sqlite:///{folder / 'prober.db'}"
    with Store.open(url) as store:
        store.change(declared.remember, declarations().sets, declarations().endpoints, due(0))
    return url


@pytest.fixture
def ask(database: str) -> Ask:
    """The service that only this machine reaches."""
    return asker(application(Source(database, lambda: due(1)), Entry(None, frozenset({"localhost"}))))


@pytest.fixture
def ask_guarded(database: str) -> Ask:
    """The service that others reach, whose status page is public."""
    entry = Entry(TOKEN, frozenset({"prober.example"}), is_public=True)
    return asker(application(Source(database, lambda: due(1)), entry))
