"""Secrets in every place of the environment that has one; no verb shows one, and no file has one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.parse
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from streamlit.testing.v1.element_tree import Block

from dashboard.app import PAGES
from prober.store import Store
from tests.asking.wire_server import WireServer
from tests.cli.conftest import Run
from tests.dashboard.conftest import Page, page
from tests.processes import wait_until

__all__ = ["page"]

PLANTED = {
    name: f"{name.lower()[:3]}-Planted+{n:04d}/Zq7Lm0pQrStU"
    for n, name in enumerate(
        ("KEY", "TEAM", "QUERY", "ADMIN", "WEBHOOK", "SIGNATURE", "HEARTBEAT", "PAGER", "SLACK", "MANAGER", "APPRISE",
         "COMMAND", "FILE", "PROXY", "DATABASE")
    )
}  # fmt: skip
VERBS = [
    ["validate"], ["plan"], ["doctor", "--ask"], ["once"], ["once", "--json"], ["status"], ["status", "--json"],
    ["status", "--metrics"], ["incidents"], ["incidents", "show", "1"], ["incidents", "postmortem", "1"],
    ["export", "--output", "log.jsonl"], ["versions"], ["versions", "--json"], ["replay", "log.jsonl"], ["slo"],
    ["report"], ["triage", "refused"], ["triage", "refused", "--json"], ["power"], ["reference"], ["candidates"],
    ["retirement"], ["discover", "refused", "--output", "found.yaml"], ["drill", "refused"], ["db", "info"],
    ["db", "check"], ["gate", "probes/set.yaml", "--reference", "refused", "--candidate", "dead"],
]  # fmt: skip


def spellings(secret: str) -> set[str]:
    """As it is, as a URL has it, and the parts that would give most of it away."""
    quoted = urllib.parse.quote(secret, safe="")
    every = "".join(f"%{ord(one):02x}" for one in secret)
    return {secret, quoted, every, secret[:14], secret[-12:]}


def assert_hidden(text: str, what: object) -> None:
    for name, secret in PLANTED.items():
        for spelled in spellings(secret):
            assert spelled not in text, (what, name)


def echoes(handler: BaseHTTPRequestHandler) -> None:
    """All that it was sent, in every place of a refusal."""
    said = f"{handler.path} {dict(handler.headers)}"
    body = json.dumps({"error": {"message": said, "code": said[:200]}}).encode()
    handler.send_response_only(403, str(handler.headers.get("authorization")))
    handler.send_header("x-request-id", urllib.parse.quote(said)[:4_000])
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


@pytest.fixture
def planted(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (home / "key").write_text(PLANTED["FILE"])
    command = home / "command"
    command.write_text(f"#!/bin/sh\necho 'fatal: {PLANTED['COMMAND']} expired' >&2\nexit 3\n")
    for file in (home / "key", command):
        file.chmod(0o700)
    quoted = {name: urllib.parse.quote(secret, safe="") for name, secret in PLANTED.items()}
    for name, value in {
        "MODEL_KEY": PLANTED["KEY"], "TEAM_KEY": PLANTED["TEAM"], "QUERY_KEY": PLANTED["QUERY"],
        "ADMIN_KEY": PLANTED["ADMIN"],
        "PROBER_WEBHOOK_URL": f"http://u:{quoted['WEBHOOK']}@127.0.0.1:9/{quoted['WEBHOOK']}?t={quoted['WEBHOOK']}",
        "PROBER_WEBHOOK_SECRET": PLANTED["SIGNATURE"],
        "PROBER_HEARTBEAT_URL": f"http://127.0.0.1:9/{quoted['HEARTBEAT']}",
        "PROBER_PAGERDUTY_ROUTING_KEY": PLANTED["PAGER"], "PROBER_PAGERDUTY_URL": "http://127.0.0.1:9/x",
        "SLACK_BOT_TOKEN": PLANTED["SLACK"], "PROBER_SLACK_CHANNEL": "C1", "PROBER_SLACK_BASE_URL": "http://127.0.0.1:9/",
        "PROBER_ALERTMANAGER_URL": f"http://u:{quoted['MANAGER']}@127.0.0.1:9/{quoted['MANAGER']}",
        "PROBER_APPRISE_URLS": f"json://u:{quoted['APPRISE']}@127.0.0.1:9/x nowhere://{quoted['APPRISE']}",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return home


def declare(home: Path, url: str) -> None:
    base = {"provider": "openai", "model": "m", "timeouts": {"connect_s": 5, "read_s": 20, "total_s": 20}}
    known = {
        **base,
        "api_key_env": "MODEL_KEY",
        "headers": {"x-team": "${TEAM_KEY}"},
        "query": {"code": "${QUERY_KEY}"},
    }
    endpoints = {
        "refused": {**known, "base_url": url},
        "dead": {**known, "base_url": "http://127.0.0.1:9/v1"},
        "unknown": {**known, "base_url": "https://nowhere.invalid/v1"},
        "by-file": {**base, "base_url": url, "api_key_file": str(home / "key")},
        "by-command": {**base, "base_url": url, "api_key_command": [str(home / "command")]},
    }
    account = {"provider": "openai", "admin_key_env": "ADMIN_KEY", "base_url": url}
    asked = {
        "owner": "us",
        "endpoints": [*endpoints],
        "schedule": {"every": "1h"},
        "probes": [{"id": "c", "prompt": "Pick."}],
    }
    (home / "probes").mkdir()
    (home / "probes" / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
    (home / "probes" / "budgets.yaml").write_text(json.dumps({"own_traffic": {"accounts": {"ours": account}}}))
    (home / "probes" / "set.yaml").write_text(json.dumps(asked))


@pytest.mark.slow
def test_no_verb_shows_what_is_planted(prober: Run, planted: Path) -> None:
    with WireServer() as server:
        server.behave = echoes
        declare(planted, server.url)
        for arguments in VERBS:
            done = prober(*arguments)
            assert "this is a bug" not in done.err, arguments
            assert_hidden(done.out + done.err, arguments)
        assert len(server.asked) > 5
    assert_no_file_shows_any(planted)


def assert_no_file_shows_any(home: Path) -> None:
    for path in home.rglob("*"):
        if path.is_file() and path.name not in ("key", "command"):
            assert_hidden(path.read_bytes().decode(errors="replace"), path)


def make_alerters_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets of the shape that alerters take, so that all of them open, and fail to deliver."""
    monkeypatch.setitem(PLANTED, "PAGER", "Pager0Planted7Zq7Lm0pQrStUvWxYz1")
    quoted = {name: urllib.parse.quote(secret, safe="") for name, secret in PLANTED.items()}
    for name, value in {
        "PROBER_WEBHOOK_URL": f"http://127.0.0.1:9/{quoted['WEBHOOK']}?t={quoted['WEBHOOK']}",
        "PROBER_ALERTMANAGER_URL": f"http://127.0.0.1:9/{quoted['MANAGER']}",
        "PROBER_PAGERDUTY_ROUTING_KEY": PLANTED["PAGER"],
        "PROBER_APPRISE_URLS": "json://u:{0}@127.0.0.1:9/{0}?+X-Key={0} jsons://127.0.0.1:9/{0}".format(
            quoted["APPRISE"]
        ),
    }.items():
        monkeypatch.setenv(name, value)


@pytest.mark.slow
def test_no_daemon_and_no_page_shows_what_is_planted(
    prober: Run, planted: Path, monkeypatch: pytest.MonkeyPatch, page: Page
) -> None:
    """The daemon asks, opens incidents, fails to deliver its notices; then every page of the dashboard is drawn."""
    make_alerters_open(monkeypatch)
    with WireServer() as server:
        server.behave = echoes
        declare(planted, server.url)
        asked = json.loads((planted / "probes" / "set.yaml").read_text())
        (planted / "probes" / "set.yaml").write_text(json.dumps({**asked, "schedule": {"every": "10s"}}))
        with Path(planted / "daemon.log").open("w+", encoding="utf-8") as log:
            daemon = subprocess.Popen([sys.executable, "-m", "prober", "run"], stdout=log, stderr=log)

            def said() -> str:
                return (planted / "daemon.log").read_text("utf-8")

            try:
                wait_until(
                    lambda: (
                        daemon.poll() is not None
                        or ("to apprise: unreachable" in said() and "the heartbeat does not" in said())
                    ),
                    90,
                )
            finally:
                daemon.terminate()
                assert daemon.wait() in (0, 143), said()
        assert len(server.asked) > 1
    with Store.open(f"sqlite:///{planted}/prober.db", read_only=True) as store:
        drawn = {
            (name, *query): everything(page(store, name, **dict([query] if query else [])).main)
            for name in ["", *PAGES]
            for query in ((), ("endpoint", "refused"), ("incident", "1"))
        }
    assert any("unauthorized" in text for text in drawn.values())
    for place, text in drawn.items():
        assert_hidden(text, place)
    assert_no_file_shows_any(planted)


def everything(block: Block) -> str:
    """All that a page sends to the browser."""
    parts = [str(block.proto)] if getattr(block, "proto", None) is not None else []
    return "\n".join([*parts, *(everything(one) for one in getattr(block, "children", {}).values())])


NOTES: list[list[str]] = [
    ["mark", "deploy", "--what", "api", "--ref", "r1", "--note", "{}"],
    ["mark", "deploy", "--what", "api", "--ref", "r2", "--note", "was {} before", "--json"],
    ["mark", "deploy", "--what", "api {}", "--ref", "r {}"],
    ["incidents", "mute", "1", "--for", "1h", "--reason", "key {}"],
    ["incidents", "acknowledge", "1", "--reason", "{}"],
    ["incidents", "maintenance", "refused", "--for", "1h", "--reason", "{} is replaced"],
    ["reference", "reset", "refused", "--reason", "with {}"],
    ["incidents", "close", "1", "--reason", "{}"],
]


@pytest.mark.slow
def test_no_note_keeps_a_key(prober: Run, planted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_alerters_open(monkeypatch)
    (planted / "http-token").write_text("correct-horse\n")
    (planted / "command").write_text(f"#!/bin/sh\necho '{PLANTED['COMMAND']}'\n")
    monkeypatch.setenv("PROBER_HTTP_TOKEN_FILE", str(planted / "http-token"))
    known = {
        "an endpoint": PLANTED["KEY"],
        "Slack": PLANTED["SLACK"],
        "a webhook": os.environ["PROBER_WEBHOOK_URL"],
        "a file": "correct-horse",
        "a command": PLANTED["COMMAND"],
        "a declared file": PLANTED["FILE"],
    }
    unknown = "sk-proj-Ab3x9Zq7LmN0pQrStUvWxYz12"
    typed = [*known.values(), unknown]
    with WireServer() as server:
        server.behave = echoes
        declare(planted, server.url)
        for _ in range(3):
            prober("once")
    for arguments in NOTES:
        done = prober(*(one.replace("{}", " ".join(typed)) for one in arguments))
        assert done.code == 0, done.err
        for secret in typed:
            assert secret not in done.out + done.err, arguments
    verbs = (["incidents", "show", "1"], ["versions", "--json"], ["reference"], ["incidents", "maintenance"])
    shown = "".join(prober(*verb).out for verb in verbs)
    for secret in typed:
        assert secret not in shown
    assert shown.count("[redacted]") >= 4 * len(known)
    assert shown.count("[secret]") >= 4
    stored = b"".join(path.read_bytes() for path in planted.glob("prober.db*"))
    assert [secret for secret in typed if secret.encode() in stored] == []


SECRET = PLANTED["DATABASE"].replace("/", "_").replace("+", "_")
ENCODED = "".join(f"%{ord(one):02x}" for one in SECRET)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://u:{}@127.0.0.1:9/db",
        "postgresql+psycopg://u@127.0.0.1:9/db?password={}",
        "postgresql+psycopg://127.0.0.1:9/db?user=u&password={}&sslpassword={}",
        "postgresql+psycopg://u:{}@127.0.0.1:9/db?PASSWORD={}",
        "postgresql+psycopg://u:{}@127.0.0.1:9/db?foo={}",
        "postgresql+psycopg://u:{}@127.0.0.1:9/db?options=-c%20x={}",
        "postgresql+psycopg://u:{}@127.0.0.1:9/db?passfile={}",
        "postgresql+psycopg://u:{}@127.0.0.1:port/db",
        "postgresql+psycopg://u:a@{}@127.0.0.1/db",
        "postgresql://u:{}@/db?host=/nowhere",
        "mysql://u:{}@127.0.0.1/db",
        "redis://:{}@127.0.0.1",
        "postgresql+psycopg:u:{}@127.0.0.1",
        "//u:{}@127.0.0.1/db",
        "host=127.0.0.1 port=9 password={}",
        "sqlite:///nowhere/x.db?password={}",
    ],
)
@pytest.mark.slow
def test_no_spelling_of_a_database_url_shows_its_password(prober: Run, home: Path, url: str) -> None:
    for secret in (SECRET, ENCODED):
        for arguments in (["status"], ["doctor"], ["db", "info"], ["db", "backup", "x.db"]):
            done = prober(*arguments, "--database", url.replace("{}", secret))
            assert done.code in (2, 3), arguments
            for shown in (SECRET, ENCODED, SECRET[:14], SECRET[-12:]):
                assert shown not in done.out + done.err, arguments


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HTTP_PROXY", "http://user:{}@127.0.0.1:9"),
        ("http_proxy", "http://user:{}@:badport"),
        ("ALL_PROXY", "socks5://user:{}@127.0.0.1:9"),
        ("all_proxy", "foo://user:{}@host"),
        ("HTTP_PROXY", "user:{}@host:99999"),
        ("HTTP_PROXY", "http://user:{}@[::bad"),
    ],
)
@pytest.mark.slow
def test_no_proxy_variable_is_shown(
    prober: Run, planted: Path, name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(planted, "http://192.0.2.1/v1")
    secret = PLANTED["PROXY"].replace("/", "_")
    for one in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(one, raising=False)
    monkeypatch.setenv(name, value.replace("{}", secret))
    for arguments in (
        ["once", "--endpoint", "refused"],
        ["doctor", "--ask"],
        ["discover", "refused", "--output", "d.yaml"],
    ):
        done = prober(*arguments)
        assert done.code in (1, 2, 3), arguments
        assert "this is a bug" not in done.err, arguments
        for shown in (secret, secret[:14], secret[-12:]):
            assert shown not in done.out + done.err, arguments
