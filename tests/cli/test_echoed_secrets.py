"""An endpoint answers with every secret it is sent, in each place of a reply; no verb, file, message or page shows one."""

from __future__ import annotations

import base64
import gzip
import json
import os
import sqlite3
import subprocess
import sys
import urllib.parse
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from pyarrow import parquet

from dashboard.app import PAGES
from prober.api.app import ROUTES, application
from prober.api.guard import Entry
from prober.api.source import Source
from prober.cli import VERBS, load_verb
from prober.store import Store
from tests.alerts.hook import Hook, listening
from tests.alerts.slack_server import CHANNEL, SlackServer
from tests.api.conftest import asker
from tests.asking.wire_server import WireServer
from tests.cli.conftest import Run
from tests.cli.test_planted_secrets import PLANTED, assert_no_file_shows_any, declare, everything, planted
from tests.dashboard.conftest import Page, page
from tests.processes import free_port, wait_until

__all__ = ["page", "planted"]

pytestmark = pytest.mark.slow

SPELLINGS: list[Callable[[str], str]] = [
    str,
    lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    lambda key: urllib.parse.quote(key, safe=""),
    lambda key: base64.b64encode(f"Bearer {key}".encode()).decode(),
]

ROWS: dict[str, list[list[str]]] = {
    "init": [["made", "--provider", "openai", "--model", "m", "--base-url", "{url}", "--api-key-env", "MODEL_KEY", "--ask"]],
    "once": [["--json"], [], [], []],
    "power": [["refused", "--replications", "5"]],
    "export": [["--output", "log.jsonl"], ["--output", "log.csv"], ["--output", "log.jsonl.gz"], ["--output", "log.parquet"]],
    "db": [["info"], ["check"], ["backup", "copy.db"], ["prune"], ["upgrade"], ["restore", "copy.db"]],
    "doctor": [[], ["--ask"], ["--json", "--ask"]],
    "status": [[], ["--json"], ["--metrics"], ["--expect-every", "1s", "--notify"]],
    "incidents": [["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"], ["postmortem", "1"], ["runbook", "1"], ["acknowledge", "1", "--by", "me"], ["mute", "1", "--for", "1h", "--by", "me"], ["unmute", "1", "--by", "me"], ["maintenance"], ["accept", "1", "--by", "me"], ["dismiss", "1", "--by", "me"], ["close", "1", "--by", "me"]],
    "reference": [[], ["--json"], ["reset", "refused", "--reason", "x", "--by", "me"]],
    "replay": [["log.jsonl"], ["log.jsonl", "--json"]],
    "compare": [["log.jsonl", "log.jsonl"]],
    "import": [["log.jsonl", "--into", "copied"]],
    "ingest": [["log.jsonl"]],
    "gate": [["probes/set.yaml", "--reference", "refused", "--candidate", "dead"], ["probes/set.yaml", "--reference", "refused", "--candidate", "by-file", "--json", "--markdown", "gate.md", "--junit", "gate.xml"]],
    "triage": [["refused"], ["refused", "--json"], ["refused", "--ask"], ["refused", "--markdown", "triage.md"]],
    "discover": [["refused", "--output", "found.yaml", "--budget-tokens", "2000"]],
    "drill": [["refused"], ["by-file", "--json"]],
    "mark": [["deploy", "--what", "api", "--ref", "r1", "--by", "me"], ["known-good", "--what", "refused", "--by", "me"]],
    "router": [["--litellm", "{url}"]],
    "retirement": [[], ["--ask"], ["--ics", "retire.ics"]],
    "versions": [[], ["--json"], ["refused"], ["set/c", "--print", "1"]],
}  # fmt: skip
"""Verb → how it is called. A verb without a row is called alone, and with `--json`."""
RECEIVERS = {
    "PAGER": "Pager0Planted7Zq7Lm0pQrStUvWxYz1",
    "OPSGENIE": "0pPlanted-7Zq7-4Lm0-9QrS-tUvWxYz12345",
    "DISCORD": "D1scordPlanted7Zq7Lm0pQrStUvWxYz",
    "TELEGRAM": "T3legramPlanted7Zq7Lm0pQrStUvWxYz12",
    "MAIL": "M4ilPlanted7Zq7Lm0pQrStUvWxYz",
    "APP": "xapp-1-PlantedZq7Lm0pQrStUv-7",
}
"""Keys of receivers, in the shape that each takes, beside those of `PLANTED`."""
SERVERS = {"run", "worker", "serve", "dashboard"}
"""Verbs that go on until they are stopped: see the test of their logs."""
WITHOUT = {"demo"}
"""Asks a model of its own."""


def spellings(secret: str) -> set[str]:
    """Plain, for JSON, for a URL and in base64, wherever in the encoded text it begins."""
    found = {spell(secret) for spell in SPELLINGS[:3]}
    for before in range(3):
        found.add(base64.b64encode(b"\0" * before + secret.encode()).decode().rstrip("=")[2 + before : -2])
    return {*found, secret[:14]}


def assert_hidden(text: str, what: object) -> None:
    for name, secret in PLANTED.items():
        for spelled in spellings(secret):
            assert spelled not in text, (what, name, text[max(text.find(spelled) - 200, 0) : text.find(spelled) + 100])


def talker() -> Callable[[BaseHTTPRequestHandler], None]:
    """Answers with all that it was sent, each time in another spelling: in replies, errors, headers, names and lists."""
    count = 0

    def behave(handler: BaseHTTPRequestHandler) -> None:
        nonlocal count
        count += 1
        secrets = [value for name, value in handler.headers.items() if "Planted" in value]
        secrets += urllib.parse.parse_qs(urllib.parse.urlsplit(handler.path).query).get("code", [])
        said = "; ".join(SPELLINGS[count % 4](one.removeprefix("Bearer ")) for one in secrets)
        told = urllib.parse.quote(said)[:4_000]
        status, entry = 200, {"id": "m", "owned_by": said, "root": said, "digest": said, "deprecation": said}
        content: object = {"data": [entry, {"id": said}], "model_path": said, "build_info": said, "version": said,
                           "chat_template": said}  # fmt: skip
        if handler.command == "POST":
            call = {"id": said, "function": {"name": said, "arguments": json.dumps({"a": said})}}
            message = {
                "content": f"I know {said} now.",
                "tool_calls": [call],
                "refusal": said if count % 5 == 0 else None,
            }
            content = {"id": said, "model": f"m-{said}", "system_fingerprint": said, "service_tier": said, "provider": said,
                       "choices": [{"message": message, "finish_reason": "stop"}], "usage": {"prompt_tokens": 3, "x": said}}  # fmt: skip
            if count % 3 == 0:
                status = (400, 401, 403, 404, 429, 500, 503)[count % 7]
                content = {"error": {"message": said, "code": said, "type": said, "param": said}}
        body = json.dumps(content).replace("/", "\\/").encode()
        handler.send_response_only(status)
        for name in (
            "x-request-id",
            "x-ms-region",
            "openai-organization",
            "x-ratelimit-limit-requests",
            "server",
            "retry-after",
        ):
            handler.send_header(name, told)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with SlackServer(token=PLANTED["SLACK"]) as server:
        yield server


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as one:
        yield one


@pytest.fixture
def told(planted: Path, hook: Hook, slack: SlackServer, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Receivers that take what they are sent; those with an address of their own are behind a proxy that is not there."""
    for name, secret in RECEIVERS.items():
        monkeypatch.setitem(PLANTED, name, secret)
    quoted = {name: urllib.parse.quote(secret, safe="") for name, secret in PLANTED.items()}
    for name, value in {
        "PROBER_WEBHOOK_URL": f"{hook.base}/{quoted['WEBHOOK']}?t={quoted['WEBHOOK']}",
        "PROBER_ALERTMANAGER_URL": f"{hook.base}/{quoted['MANAGER']}",
        "PROBER_HEARTBEAT_URL": f"{hook.base}/{quoted['HEARTBEAT']}",
        "PROBER_APPRISE_URLS": f"json://u:{quoted['APPRISE']}@{hook.base.removeprefix('http://')}/x "
        f"opsgenie://{RECEIVERS['OPSGENIE']} discord://4174216298/{RECEIVERS['DISCORD']} "
        f"tgram://123456789:{RECEIVERS['TELEGRAM']}/12315544 mailto://me:{RECEIVERS['MAIL']}@a.example:9?smtp=127.0.0.1",
        "PROBER_PAGERDUTY_ROUTING_KEY": RECEIVERS["PAGER"], "PROBER_PAGERDUTY_URL": f"{hook.base}/pager",
        "SLACK_APP_TOKEN": RECEIVERS["APP"], "HTTPS_PROXY": f"http://u:{quoted['PROXY']}@127.0.0.1:9",
        "PROBER_SLACK_BASE_URL": slack.base_url, "PROBER_SLACK_CHANNEL": CHANNEL,
        "PROBER_LITELLM_KEY": PLANTED["ADMIN"],
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    (planted / "command").write_text(f"#!/bin/sh\necho '{PLANTED['COMMAND']}'\n")
    return planted


def assert_nothing_sent_shows_any(hook: Hook, slack: SlackServer) -> None:
    assert hook.received and slack.messages
    for path, _, body in hook.received:
        said = body.decode()
        if path == "/pager":  # the one place where a key of its own belongs into what is said
            own = json.loads(said)
            assert own.pop("routing_key") == RECEIVERS["PAGER"]
            said = json.dumps(own)
        assert_hidden(said, f"sent to {path}")
    assert "/pager" in {path for path, _, _ in hook.received}
    for one in (slack.requests, slack.messages, slack.edits):
        assert_hidden(json.dumps(one), "Slack")
        assert_hidden(repr(one), "Slack")


def assert_nothing_packed_shows_any(home: Path) -> None:
    """Files and columns that are compressed, unpacked."""
    assert_hidden(gzip.decompress((home / "log.jsonl.gz").read_bytes()).decode(), "log.jsonl.gz")
    assert_hidden(repr(parquet.read_table(home / "log.parquet").to_pylist()), "log.parquet")
    unpacked = 0
    with closing(sqlite3.connect(home / "prober.db")) as database:
        for (table,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            for row in database.execute(f'SELECT * FROM "{table}"'):
                for value in row:
                    assert_hidden(str(value), table)
                    with suppress(zlib.error, TypeError):
                        assert_hidden(zlib.decompress(value).decode(errors="replace"), table)
                        unpacked += 1
    assert unpacked > 10


def test_no_verb_address_message_export_or_page_shows_what_an_endpoint_echoes(
    prober: Run, told: Path, hook: Hook, slack: SlackServer, page: Page
) -> None:
    with WireServer() as server:
        server.behave = server.behave_on_get = talker()
        declare(told, server.url)
        first, misused = ["once", "export"], []
        for verb in [*first, *(one for one in VERBS if one not in {*first, *SERVERS, *WITHOUT})]:
            for arguments in ROWS.get(verb, [[], ["--json"]]):
                done = prober(verb, *(one.replace("{url}", server.url) for one in arguments))
                assert "this is a bug" not in done.err, (verb, arguments)
                misused += [(verb, arguments, done.err)] if "Usage:" in done.err and verb in ROWS else []
                assert_hidden(done.out + done.err, (verb, *arguments))
        assert len(server.asked) > 30
    assert not misused
    assert "[redacted]" in (told / "log.jsonl").read_text()
    assert_nothing_sent_shows_any(hook, slack)
    assert_no_file_shows_any(told)
    assert_nothing_packed_shows_any(told)
    with Store.open(f"sqlite:///{told}/prober.db", read_only=True) as store:
        for name in ["", *PAGES]:
            for query in ((), ("endpoint", "refused"), ("incident", "1")):
                drawn = page(store, name, **dict([query] if query else []))
                assert_hidden(everything(drawn.main), (name, query))
    ask = asker(
        application(
            Source(f"sqlite:///{told}/prober.db", lambda: datetime.now(UTC)), Entry(None, frozenset({"localhost"}))
        )
    )
    for route in ROUTES:
        answer = ask(route.path.replace("{name}", "refused"), route.method, b"{}", content_type="application/json")
        assert answer.status < 500 or route.path.endswith("health"), route
        assert_hidden(answer.body.decode() + repr(answer.headers), route.path)


@pytest.mark.parametrize("written", ["text", "json"])
def test_no_log_of_a_daemon_a_worker_or_a_server_shows_any(
    prober: Run, told: Path, hook: Hook, slack: SlackServer, written: str
) -> None:
    with WireServer() as server:
        server.behave = server.behave_on_get = talker()
        declare(told, server.url)
        asked = json.loads((told / "probes" / "set.yaml").read_text())
        (told / "probes" / "set.yaml").write_text(json.dumps({**asked, "schedule": {"every": "10s"}}))
        prober("once")
        started = []
        for called in (["run"], ["worker"], ["serve", "--listen", f"127.0.0.1:{free_port()}"]):
            log = (told / f"{called[0]}.log").open("w", encoding="utf-8")
            command = [sys.executable, "-m", "prober", *called, "--log-format", written]
            started.append(subprocess.Popen(command, stdout=log, stderr=log, env=dict(os.environ)))
        before = len(server.asked)
        try:
            wait_until(lambda: len(server.asked) > before + 12 and slack.messages and hook.received, 90)
        finally:
            for one in started:
                one.terminate()
            codes = [one.wait() for one in started]
    assert set(codes) <= {0, 143}
    for verb in ("run", "worker", "serve"):
        assert_hidden((told / f"{verb}.log").read_text("utf-8"), verb)
    assert_nothing_sent_shows_any(hook, slack)
    assert_no_file_shows_any(told)


def test_every_row_is_of_a_verb() -> None:
    assert set(ROWS) | SERVERS | WITHOUT <= set(VERBS)
    for verb, rows in ROWS.items():
        below = set(getattr(load_verb(verb), "commands", {}))
        assert below - {row[0] for row in rows if row} <= {"list"}, verb
