"""A provider echoes its key, in random spellings, places and pieces; no output of any verb, and no file, shows it."""

from __future__ import annotations

import base64
import html
import json
import random
import re
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from prober.cli import main
from tests.alerts.hook import listening
from tests.asking.wire_server import WireServer

SECRET = "sk-Ab3_x9+Zq/7LmN0pQ-rStUvWxYz12"
TEAM = "pk-team+98765/fedcba_QwErTy"
WINDOW = 7
"""Characters in a row that would show a secret."""

Spelling = Callable[[random.Random, str], str]
SPELLINGS: list[Spelling] = [
    lambda rng, key: key,
    lambda rng, key: f"Bearer {key}",
    lambda rng, key: json.dumps({"key": key}),
    lambda rng, key: "".join(f"\\u{ord(c):04x}" if rng.random() < 0.5 else c for c in key),
    lambda rng, key: urllib.parse.quote(key, safe=""),
    lambda rng, key: urllib.parse.quote(urllib.parse.quote(key, safe=""), safe=""),
    lambda rng, key: "".join(f"%{ord(c):02x}" if rng.random() < 0.5 else c for c in key),
    lambda rng, key: f"https://x.example/v1?code={urllib.parse.quote(key)}&b=1",
    lambda rng, key: html.escape(key),
    lambda rng, key: "".join(f"&#{ord(c)};" if rng.random() < 0.5 else c for c in key),
    lambda rng, key: base64.b64encode(b"x" * rng.randrange(6) + key.encode()).decode(),
    lambda rng, key: base64.urlsafe_b64encode(b":" * rng.randrange(4) + key.encode() + b"\n").decode(),
    lambda rng, key: key.encode().hex(),
    lambda rng, key: key[::-1],
    lambda rng, key: key.upper(),
    lambda rng, key: "\u200b".join(key),
    lambda rng, key: f"{key[: (at := rng.randrange(1, len(key)))]}\n{key[at:]}",
    lambda rng, key: f"{key[: rng.randint(3, 7)]}...{key[-rng.randint(3, 6) :]}",
    lambda rng, key: f"{'*' * rng.randint(3, 12)}{key[-rng.randint(6, 9) :]}",
    lambda rng, key: key[: rng.randrange(24, len(key))],
]


def shown(text: str, secret: str) -> str:
    """A part of the secret that can be read in a text, however it is spelled there, with what is around it."""
    plain = re.sub(r"\\+(?:u00|x)([0-9a-fA-F]{2})", lambda found: chr(int(found[1], 16)), text)
    plain = urllib.parse.unquote(urllib.parse.unquote(html.unescape(html.unescape(plain))))
    plain = re.sub("[\\s\\\\\u200b]", "", plain).lower()
    key, raw = secret.lower(), secret.encode()
    spelled = [key, key[::-1], raw.hex()]
    for before in range(3):
        inner = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")[2 + before : -2]
        spelled += [inner.lower(), inner.replace("+", "-").replace("/", "_").lower()]
    windows = {one[n : n + WINDOW] for one in spelled for n in range(len(one) - WINDOW + 1)}
    at = next((plain.find(window) for window in windows if window in plain), None)
    return "" if at is None else plain[max(0, at - 40) : at + 60]


def echo(rng: random.Random) -> tuple[int, dict[str, str], bytes]:
    """An answer of a hostile provider: (status, headers, body)."""
    said = f"I know {rng.choice(SPELLINGS)(rng, rng.choice((SECRET, TEAM)))} now."
    header = {"x-ms-region": urllib.parse.quote(rng.choice((SECRET, TEAM)))} if rng.random() < 0.2 else {}
    place = rng.randrange(6)
    if place == 0:
        error: dict[str, Any] = {"error": {"message": said, "code": said[:60], "param": said}}
        return rng.choice((400, 401, 429, 500)), header, json.dumps(error, ensure_ascii=rng.random() < 0.5).encode()
    if place == 1:
        return rng.choice((302, 403, 502)), {**header, "location": urllib.parse.quote(said)}, said.encode()
    call = {"function": {"name": "f", "arguments": json.dumps({"a": said})}}
    message = {"content": said, "refusal": said if place == 2 else None, "tool_calls": [call] if place == 3 else None}
    tags = {"model": said, "system_fingerprint": said, "id": said} if place == 4 else {"model": "m"}
    if place == 5:
        cuts = sorted(rng.sample(range(1, len(said)), 4))
        pieces = [said[a:b] for a, b in zip([0, *cuts], [*cuts, None], strict=True)]
        deltas: list[tuple[dict[str, str], str | None]] = [({"content": piece}, None) for piece in pieces]
        events = [{"choices": [{"delta": delta, "finish_reason": end}]} for delta, end in [*deltas, ({}, "stop")]]
        body = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
        return 200, {**header, "content-type": "text/event-stream"}, body.encode()
    return 200, header, json.dumps({**tags, "choices": [{"message": message, "finish_reason": "stop"}]}).encode()


@pytest.fixture
def echoing() -> Iterator[WireServer]:
    rng = random.Random(20261129)
    with WireServer() as server:

        def behave(handler: BaseHTTPRequestHandler) -> None:
            status, headers, body = echo(rng)
            handler.send_response_only(status)
            for name, value in {
                "content-type": "application/json",
                **headers,
                "content-length": str(len(body)),
            }.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        server.behave = behave
        yield server


@pytest.mark.slow
def test_no_output_and_no_file_shows_a_secret_that_was_echoed(
    echoing: WireServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "probes"
    folder.mkdir()
    endpoint = {
        "provider": "openai", "model": "m", "base_url": echoing.url, "api_key_env": "WIRE_KEY", "concurrency": 1,
        "headers": {"x-team": "${TEAM_KEY}"}, "query": {"code": "${TEAM_KEY}"},
    }  # fmt: skip
    endpoints = {"plain": endpoint, "streamed": {**endpoint, "stream": True}}
    probes = [{"id": f"p{n}", "prompt": f"Pick {n}.", "samples": 4, "expect": [{"type": "is-json"}]} for n in range(10)]
    asked = {"owner": "us", "endpoints": ["plain", "streamed"], "schedule": {"every": "6h"}, "probes": probes}
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
    (folder / "set.yaml").write_text(json.dumps(asked))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WIRE_KEY", SECRET)
    monkeypatch.setenv("TEAM_KEY", TEAM)
    monkeypatch.setenv("PROBER_DATABASE_URL", f"sqlite:///{tmp_path}/prober.db")
    with listening() as hook:
        monkeypatch.setenv("PROBER_WEBHOOK_URL", hook.base)
        for _ in range(3):
            main(["once", str(folder), "--json"])
        for verb in (
            ["once", str(folder)], ["doctor", str(folder), "--ask"], ["status"], ["status", "--json"], ["incidents"],
            ["incidents", "show", "1"], ["export", "--output", str(tmp_path / "log.jsonl")], ["versions"],
            ["replay", str(tmp_path / "log.jsonl"), "--json"], ["plan", str(folder)], ["validate", str(folder)],
        ):  # fmt: skip
            main(verb)
        sent = [body.decode() for _, _, body in hook.received]
    out = capfd.readouterr()
    files = [path.read_bytes().decode(errors="ignore") for path in tmp_path.rglob("*") if path.is_file()]
    assert len(echoing.asked) >= 150
    for what, text in [
        ("output", out.out),
        ("log", out.err),
        *(("file", one) for one in files),
        *(("sent", one) for one in sent),
    ]:
        for line in text.splitlines():
            for secret in (SECRET, TEAM):
                assert shown(line, secret) == "", what
    assert "[redacted]" in "".join(files)


def test_what_would_be_seen_is_seen() -> None:
    rng = random.Random(1)
    for spelling in SPELLINGS[:-3]:
        for _ in range(20):
            assert shown(f"I know {spelling(rng, SECRET)} now.", SECRET)
    assert not shown("I know [redacted] now.", SECRET)
