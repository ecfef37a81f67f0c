"""Who may enter, and what a request may cost."""

from __future__ import annotations

import asyncio
import json

import pytest

from prober.api.guard import Entry, Guard, is_known_host
from prober.api.listener import entry_of, listen_address
from prober.model.errors import ConfigurationError
from prober.settings import Settings
from tests.api.conftest import TOKEN, Ask, asker

PRIVATE = ["/metrics", "/v1/endpoints", "/v1/endpoints/swapped", "/openapi.json", "/none"]


@pytest.mark.parametrize("path", PRIVATE)
def test_without_the_token_nothing_is_said(ask_guarded: Ask, path: str) -> None:
    for authorization in ("", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
        done = ask_guarded(path, host="prober.example", authorization=authorization)
        assert (done.status, done.headers["www-authenticate"]) == (401, "Bearer")
    assert ask_guarded(path, host="prober.example", authorization=f"Bearer {TOKEN}").status in {200, 404}
    body = json.dumps({"kind": "deploy", "what": "shop", "ref": "1"}).encode()
    assert ask_guarded("/v1/marks", "POST", body, host="prober.example", content_type="application/json").status == 401


def test_what_is_public_needs_no_token(ask_guarded: Ask) -> None:
    for path in ("/healthz", "/readyz", "/status", "/badge/swapped.svg"):
        assert ask_guarded(path, host="prober.example").status == 200


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True), ("LOCALHOST:9464", True), ("localhost.", True), ("127.0.0.1:9464", True),
        ("10.1.2.3", True), ("[::1]:9464", True), ("evil.example", False), ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False), ("localhost:x", False), ("", False), (None, False),
    ],
)  # fmt: skip
def test_hosts(host: str | None, known: bool) -> None:
    assert is_known_host(host, {"localhost"}) is known


def test_another_host_is_refused_before_anything_else(ask: Ask) -> None:
    assert ask("/healthz", host="evil.example").status == 421


def test_a_token_is_needed_where_others_listen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PROBER_HTTP_TOKEN", "PROBER_HTTP_TOKEN_FILE", "PROBER_HTTP_TOKEN_COMMAND"):
        monkeypatch.delenv(name, raising=False)
    assert entry_of(listen_address("127.0.0.1:1"), Settings()).token is None
    assert entry_of(listen_address("[::1]:1"), Settings()).token is None
    for text in ("0.0.0.0:9464", "[::]:9464", "10.0.0.1:9464", "prober.example:9464"):
        with pytest.raises(ConfigurationError, match="so a token is needed"):
            entry_of(listen_address(text), Settings())
    monkeypatch.setenv("PROBER_HTTP_TOKEN_COMMAND", f"echo {TOKEN}")
    entry = entry_of(listen_address("0.0.0.0:9464"), Settings())
    assert entry.token == TOKEN
    assert TOKEN not in repr(entry)
    monkeypatch.setenv("PROBER_HTTP_TOKEN", "short")
    with pytest.raises(ConfigurationError, match="set one of them"):
        entry_of(listen_address("127.0.0.1:1"), Settings())
    monkeypatch.delenv("PROBER_HTTP_TOKEN_COMMAND")
    with pytest.raises(ConfigurationError, match="fewer than 16") as raised:
        entry_of(listen_address("127.0.0.1:1"), Settings())
    assert "short" not in str(raised.value)


@pytest.mark.parametrize("text", ["9464", ":9464", "localhost", "localhost:x", "::1:9464", "localhost:99999"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write HOST:PORT"):
        listen_address(text)


def test_an_answer_that_takes_too_long_is_given_up() -> None:
    async def never(scope: object, receive: object, send: object) -> None:
        await asyncio.Event().wait()

    done = asker(Guard(never, Entry(None, frozenset({"localhost"})), deadline_s=0.01))("/metrics")
    assert (done.status, done.json["title"]) == (503, "Too slow")


def test_a_fault_says_nothing_to_the_client(caplog: pytest.LogCaptureFixture) -> None:
    address = "https://user:secret@host"

    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError(address)

    done = asker(Guard(broken, Entry(None, frozenset({"localhost"}))))("/metrics")
    assert done.status == 500
    assert "secret" not in done.body.decode() + caplog.text
