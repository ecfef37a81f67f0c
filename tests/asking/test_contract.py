"""The contract every row of PROVIDERS keeps, shown over a real HTTP server with saved examples of each wire format.

`wire/<provider>[_<api>]/<case>.json` holds an HTTP answer and the fields of the Reply it must become. A new provider needs
only its folder.
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable
from dataclasses import fields
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, get_args

import pytest

from prober.asking.headers import HEADERS
from prober.model.providers import PROVIDERS
from prober.model.reply import Failure, Reply, ToolCall
from tests.asking.conftest import KEY, NOW, PROBE, ask, endpoint_for
from tests.asking.wire_server import WireServer
from tests.processes import free_port, wait_until

WIRE = Path(__file__).parent / "wire"
WIRES = sorted(folder.name for folder in WIRE.iterdir())
CASES = sorted(path.relative_to(WIRE).as_posix().removesuffix(".json") for path in WIRE.glob("*/*.json"))
EVERY_WIRE_HAS = {
    "success",
    "refusal",
    "tool_call",
    "reasoning_and_cache",
    "parameter",
    "wrong_shape",
    "stream",
    "stream_broken",
}
KEY_HEADERS = {
    "openai": "authorization",
    "anthropic": "x-api-key",
    "google": "x-goog-api-key",
    "bedrock": "authorization",
}


def load(wire: str, name: str) -> tuple[dict[str, Any], bytes]:
    case = json.loads((WIRE / wire / f"{name}.json").read_text(encoding="utf-8"))
    if "body_file" in case:
        return case, (WIRE / wire / case["body_file"]).read_bytes()
    text = case["text"] if "text" in case else json.dumps(case["body"])
    return case, text.replace("{{KEY}}", KEY).encode()


def comparable(name: str, value: object) -> object:
    if name == "tool_calls":
        return tuple(ToolCall(*call) for call in value)  # type: ignore[attr-defined]
    if name == "top_logprobs":
        return tuple((token, logprob) for token, logprob in value)  # type: ignore[attr-defined]
    return value


def check_reply(reply: Reply) -> None:
    """What holds for every reply of every provider."""
    assert reply.at == NOW
    assert (reply.error is None) == (reply.text is not None)
    assert reply.error is None or reply.error in get_args(Failure)
    assert bool(reply.error_detail) == (reply.error is not None)
    assert KEY not in repr(reply)
    assert all(name.removeprefix("llm_provider-") in HEADERS or name.startswith("body:") for name in reply.headers)


def test_every_row_has_examples() -> None:
    assert {wire.partition("_")[0] for wire in WIRES} == set(PROVIDERS) - {"scripted"}
    for wire in WIRES:
        assert {path.stem for path in (WIRE / wire).glob("*.json")} >= EVERY_WIRE_HAS


@pytest.mark.parametrize("case", CASES)
def test_saved_answers_become_the_right_reply(server: WireServer, case: str) -> None:
    wire, _, name = case.partition("/")
    saved, body = load(wire, name)
    server.says(saved["status"], saved["headers"], body)
    parameters = saved.get("parameters", {"temperature": 0.7})
    reply = ask(endpoint_for(wire, server.url, parameters=parameters, stream="body_file" in saved))
    check_reply(reply)
    assert len(server.asked) == 1
    assert set(saved["reply"]) <= {field.name for field in fields(Reply)}
    for field_name, expected in saved["reply"].items():
        assert getattr(reply, field_name) == comparable(field_name, expected), field_name
    assert reply.latency_s is not None
    streamed = "body_file" in saved and reply.answered and bool(reply.text or reply.tool_calls)
    assert (reply.ttft_s is not None) == streamed
    assert reply.ttft_s is None or reply.ttft_s <= reply.latency_s


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wire", WIRES)
def test_only_what_was_declared_is_sent(server: WireServer, wire: str, stream: bool) -> None:
    saved, body = load(wire, "success")
    server.says(200, saved["headers"], body)
    endpoint = endpoint_for(wire, server.url, parameters={"temperature": 0.7}, stream=stream)
    assert ask(endpoint).text == saved["reply"]["text"]  # also where a server ignores that a stream was asked for
    (asked,) = server.asked
    own = {
        "model",
        "messages",
        "input",
        "instructions",
        "contents",
        "systemInstruction",
        "system",
        "tools",
        "toolConfig",
    }
    stream_field = {"stream"} if stream and wire not in ("google", "bedrock") else set()
    assert set(asked.body) - own == set(endpoint.parameters) | stream_field
    assert all(asked.body[name] == value for name, value in endpoint.parameters.items())
    assert asked.headers[KEY_HEADERS[wire.partition("_")[0]]].endswith(KEY)
    said = json.dumps(asked.body)
    assert PROBE.prompt in said and "Be brief." in said and "get_weather" in said
    assert KEY not in said and KEY not in asked.path


@pytest.mark.parametrize("wire", WIRES)
def test_the_bare_ask_is_bare(server: WireServer, wire: str) -> None:
    saved, body = load(wire, "success")
    server.says(200, saved["headers"], body)
    ask(endpoint_for(wire, server.url, api_key_env=None), PROBE.model_copy(update={"system": None, "tools": ()}))
    (asked,) = server.asked
    assert not {"tools", "system", "systemInstruction", "instructions", "stream", "temperature"} & set(asked.body)
    assert not {"authorization", "x-api-key", "x-goog-api-key", "api-key"} & set(asked.headers)


# --- answers that are none --------------------------------------------------------------------------------------------


def truncated(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response_only(200)
    handler.send_header("content-type", "application/json")
    handler.send_header("content-length", "5000")
    handler.end_headers()
    handler.wfile.write(b'{"id": "x", "choices": [')


def hangs_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def silent(server: WireServer) -> Callable[[BaseHTTPRequestHandler], None]:
    return lambda _: server.stop.wait(20) and None


def trickle(server: WireServer, head: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    """Bytes keep coming, so that no read ever times out, and never end."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        while not server.stop.wait(0.02):
            handler.wfile.write(b"x")

    return behave


HTML = b"<!doctype html><title>DaemonStatus in</title>"
NOT_ANSWERS: dict[str, tuple[int, dict[str, str], bytes, str, str]] = {
    "html": (200, {"content-type": "text/html"}, HTML, "invalid_reply", "not JSON but '<!doctype"),
    "truncated JSON": (200, {}, b'{"choices": [{"mess', "invalid_reply", "not JSON but '{\"choices"),
    "binary": (200, {}, bytes(range(256)) * 4, "invalid_reply", "not JSON"),
    "empty": (200, {}, b"", "invalid_reply", "an empty body"),
    "null": (200, {}, b"null", "invalid_reply", ""),
    "a list": (200, {}, b"[1, 2]", "invalid_reply", ""),
    "deep": (200, {}, b"[" * 9_000, "invalid_reply", ""),
    "a huge number": (200, {}, b'{"a": ' + b"9" * 6_000 + b"}", "invalid_reply", ""),
    "wrong types all over": (
        200,
        {},
        b'{"choices": [{"message": [{"content": {"a": 1}}]}], "content": 3, "output": {}, "candidates": 7}',
        "invalid_reply",
        "",
    ),
    "stream of garbage": (200, {"content-type": "text/event-stream"}, b"data: {oops\n\n", "invalid_reply", ""),
    "too large": (200, {}, b'{"a": "' + b"x" * 20_000 + b'"}', "too_large", "more than 10000 bytes"),
    "a bomb": (200, {"content-encoding": "gzip"}, gzip.compress(bytes(50_000_000)), "too_large", "more than 10000"),
    "unasked encoding": (200, {"content-encoding": "br"}, b"\x0b\x02\x80", "invalid_reply", "content-encoding 'br'"),
    "not its encoding": (200, {"content-encoding": "gzip"}, b"plain", "invalid_reply", "not the gzip it says"),
    "cut encoding": (
        200,
        {"content-encoding": "deflate"},
        zlib.compress(b"{}" * 99)[:-6],
        "invalid_reply",
        "ends early",
    ),
    "redirect": (302, {"location": "http://127.0.0.1:9/v2"}, b"", "not_found", "HTTP 302 to http://127.0.0.1:9/v2"),
    "a large error": (500, {}, b"x" * 20_000, "provider_error", "HTTP 500: xxx"),
    "payment": (402, {}, b'{"error": "out of credit"}', "out_of_credit", "HTTP 402: out of credit"),
    "html 403": (
        403,
        {"content-type": "text/html"},
        b"<h1>Forbidden\x00\x07</h1>",
        "unauthorized",
        "HTTP 403: Forbidden",
    ),
}


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("name", NOT_ANSWERS)
def test_what_is_no_answer_is_a_named_failure(server: WireServer, wire: str, name: str) -> None:
    status, headers, body, error, words = NOT_ANSWERS[name]
    server.says(status, headers, body)
    reply = ask(endpoint_for(wire, server.url, max_reply_bytes=10_000))
    check_reply(reply)
    assert reply.error == error
    assert words in reply.error_detail
    assert reply.error_detail.isprintable() and len(reply.error_detail) < 500
    assert len(server.asked) == 1


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.slow
def test_a_connection_that_fails_is_a_named_failure(server: WireServer, wire: str) -> None:
    quick = {"connect_s": 5, "read_s": 0.15, "total_s": 5}
    cut = {"connect_s": 5, "read_s": 5, "total_s": 0.25}
    ok = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"
    patient = {"connect_s": 60, "read_s": 60, "total_s": 60}
    for behave, timeouts, error, words in (
        (truncated, patient, "invalid_reply", "the answer broke off"),
        (hangs_up, patient, "unreachable", ""),
        (silent(server), quick, "timeout", "silent for 0.15 s"),
        (trickle(server, ok + b"\r\n"), cut, "timeout", "the whole ask took longer than 0.25 s"),
        (trickle(server, ok + b"x-slow: "), cut, "timeout", "the whole ask took longer than 0.25 s"),
    ):
        server.behave, server.asked = behave, []
        reply = ask(endpoint_for(wire, server.url, timeouts=timeouts))
        check_reply(reply)
        wait_until(lambda: server.asked)  # it may read the request after the prober gave up
        assert (reply.error, len(server.asked)) == (error, 1)
        assert words in reply.error_detail


@pytest.mark.parametrize("wire", WIRES)
def test_nobody_there(server: WireServer, wire: str) -> None:
    reply = ask(endpoint_for(wire, f"http://127.0.0.1:{free_port()}/v1"))
    check_reply(reply)
    assert reply.error == "unreachable"


@pytest.mark.parametrize("wire", WIRES)
def test_without_its_key_nothing_is_sent(server: WireServer, wire: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WIRE_KEY")
    reply = ask(endpoint_for(wire, server.url))
    assert (reply.error, "WIRE_KEY" in reply.error_detail) == ("missing_key", True)
    monkeypatch.setenv("WIRE_KEY", "sk-…pasted")
    reply = ask(endpoint_for(wire, server.url))
    assert (reply.error, "pasted" in reply.error_detail) == ("missing_key", False)
    if PROVIDERS[wire.partition("_")[0]].base_url:
        assert ask(endpoint_for(wire, server.url, base_url=None, api_key_env=None)).error == "missing_key"
    assert server.asked == []


@pytest.mark.parametrize("wire", WIRES)
def test_hostile_words_arrive_as_they_are(server: WireServer, wire: str) -> None:
    saved, body = load(wire, "success")
    hostile = "<!channel> \x00 \ud83d\ude00 \ud800 </script> \u202e"
    server.says(200, saved["headers"], body.replace(b'"Teal"', json.dumps(hostile).encode()))
    assert ask(endpoint_for(wire, server.url)).text == json.loads(json.dumps(hostile))
