"""What odd, broken and hostile HTTP servers send, byte by byte: a right value or a named failure, in bounded time."""

from __future__ import annotations

import contextlib
import gzip
import json
import resource
import socket
import socketserver
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.asking.cost_reports import CostReportError, read_report
from prober.asking.http_provider import HttpProvider
from prober.cli import main
from prober.model.bill import BilledAccount
from prober.model.declaration import Endpoint
from prober.model.reply import Reply
from tests.asking.conftest import KEY, NOW, PROBE, ask

Behaviour = Callable[[socket.socket, threading.Event], object]

OK = {
    "id": "a",
    "model": "m",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Teal"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1},
}
WHOLE = json.dumps(OK).encode()
CHUNK = {"id": "a", "model": "m", "choices": [{"index": 0, "delta": {"content": "Teal"}, "finish_reason": "stop"}]}
STREAM = f"data: {json.dumps(CHUNK)}\n\ndata: [DONE]\n\n"
SOON = {"connect_s": 5, "read_s": 5, "total_s": 0.2}
"""For what never ends."""
PATIENT = {"connect_s": 30, "read_s": 30, "total_s": 30}
DAMAGED = "the answer is not HTTP as it should be"


def head(status: str = "200 OK", *headers: str, kind: str = "application/json") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-type: {kind}", "connection: close", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def says(raw: bytes) -> Behaviour:
    return lambda line, stop: line.sendall(raw)


def whole(body: bytes, status: str = "200 OK", *headers: str, kind: str = "application/json") -> Behaviour:
    return says(head(status, f"content-length: {len(body)}", *headers, kind=kind) + body)


def endless(start: bytes, piece: bytes, pause_s: float = 0.0) -> Behaviour:
    def behave(line: socket.socket, stop: threading.Event) -> None:
        line.sendall(start)
        while not stop.wait(pause_s):
            line.sendall(piece)

    return behave


def bomb(line: socket.socket, stop: threading.Event) -> None:
    """Ten gigabytes, packed."""
    pack, zeros = zlib.compressobj(9, zlib.DEFLATED, 31), bytes(1 << 20)
    line.sendall(head("200 OK", "content-encoding: gzip"))
    for _ in range(10_000):
        if stop.is_set():
            break
        line.sendall(pack.compress(zeros))


def reset(start: bytes) -> Behaviour:
    """The connection is reset in the middle of the body."""

    def behave(line: socket.socket, stop: threading.Event) -> None:
        line.sendall(start)
        stop.wait(0.02)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    return behave


def chunked(body: bytes, end: bytes = b"0\r\n\r\n") -> Behaviour:
    return says(head("200 OK", "transfer-encoding: chunked") + b"%x\r\n%s\r\n" % (len(body), body) + end)


def saying(content: object) -> bytes:
    return json.dumps(OK).replace('"Teal"', json.dumps(content)).encode()


RIGHT: dict[str, tuple[Behaviour, str]] = {
    "chunks": (chunked(WHOLE), "Teal"),
    "chunks and a wrong length": (
        says(head("200 OK", "content-length: 3", "transfer-encoding: chunked") + b"%x\r\n%s\r\n0\r\n\r\n" % (len(WHOLE), WHOLE)),
        "Teal",
    ),
    "early hints": (says(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n" + head() + WHOLE), "Teal"),
    "HTTP/1.0": (says(b"HTTP/1.0 200 OK\r\n\r\n" + WHOLE), "Teal"),
    "line feeds alone": (says(b"HTTP/1.1 200 OK\ncontent-length: %d\n\n" % len(WHOLE) + WHOLE), "Teal"),
    "no words after the status": (says(b"HTTP/1.1 200\r\nconnection: close\r\n\r\n" + WHOLE), "Teal"),
    "two answers": (says((head("200 OK", f"content-length: {len(WHOLE)}") + WHOLE) * 2), "Teal"),
    "a thousand headers": (says(head("200 OK", *(f"x-ms-region-{n}: a" for n in range(1000))) + WHOLE), "Teal"),
    "headers in Latin-1": (says(head("200 OK", "x-ms-region: caf\u00e9") + WHOLE), "Teal"),
    "a Date that is none": (whole(WHOLE, "200 OK", "date: Sun, 99 Foo 99999 99:99:99 GMT"), "Teal"),
    "a Date at the end of time": (whole(WHOLE, "200 OK", "date: Fri, 31 Dec 9999 23:59:59 -2359"), "Teal"),
    "a length and gzip": (whole(gzip.compress(WHOLE), "200 OK", "content-encoding: x-gzip"), "Teal"),
    "BOM": (whole(b"\xef\xbb\xbf" + WHOLE), "Teal"),
    "UTF-16": (whole(WHOLE.decode().encode("utf-16"), kind="application/json; charset=utf-16"), "Teal"),
    "UTF-16, undeclared": (whole(WHOLE.decode().encode("utf-16-le")), "Teal"),
    "UTF-32": (whole(WHOLE.decode().encode("utf-32")), "Teal"),
    "Latin-1": (whole(saying("x").replace(b'"x"', b'"caf\xe9"'), kind='text/plain; charset="ISO-8859-1"'), "caf\u00e9"),
    "Shift JIS": (whole(saying("x").replace(b'"x"', b'"\x90\xc2"'), kind="text/plain;charset=Shift_JIS"), "\u9752"),
    "UTF-8 that calls itself Latin-1": (
        whole(saying("x").replace(b'"x"', '"caf\u00e9"'.encode()), kind="text/plain; charset=iso-8859-1"),
        "caf\u00e9",
    ),
    "an unknown character set": (whole(WHOLE, kind="application/json; charset=klingon"), "Teal"),
    "a character set that is none": (whole(WHOLE, kind="application/json; charset=rot13"), "Teal"),
    "a byte that is no UTF-8": (whole(WHOLE.replace(b"Teal", b"Te\xffal")), "Te\ufffdal"),
    "a line end inside a text": (whole(WHOLE.replace(b"Teal", b"Te\nal")), "Te\nal"),
    "NaN and Infinity": (whole(WHOLE.replace(b"3", b"NaN").replace(b"1}", b"Infinity}")), "Teal"),
    "400 digits": (whole(WHOLE.replace(b'"index": 0', b'"index": ' + b"9" * 400)), "Teal"),
    "duplicate keys": (whole(WHOLE[:-1] + b', "model": "m"}'), "Teal"),
    "900 levels": (whole(WHOLE[:-1] + b', "x": ' + b"[" * 900 + b"]" * 900 + b"}"), "Teal"),
    "lone surrogates and NUL": (whole(saying("\ud800a\x00\udc00")), "\ud800a\x00\udc00"),
    "a stream with a BOM": (whole(b"\xef\xbb\xbf" + STREAM.encode(), kind="text/event-stream"), "Teal"),
    "a stream of carriage returns": (whole(STREAM.replace("\n", "\r").encode(), kind="text/event-stream"), "Teal"),
    "a stream in UTF-16": (whole(STREAM.encode("utf-16"), kind="text/event-stream; charset=utf-16"), "Teal"),
}  # fmt: skip

FAILURES: dict[str, tuple[Behaviour, str, str]] = {
    "a bomb": (bomb, "too_large", "more than 50000 bytes"),
    "br": (whole(b"\x0b\x02\x80", "200 OK", "content-encoding: br"), "invalid_reply", "content-encoding 'br'"),
    "zstd": (whole(b"\x28\xb5\x2f\xfd", "200 OK", "content-encoding: zstd"), "invalid_reply", "content-encoding 'zstd'"),
    "gzip twice": (
        whole(gzip.compress(gzip.compress(WHOLE)), "200 OK", "content-encoding: gzip, gzip"), "invalid_reply", "gzip, gzip",
    ),
    "endless": (endless(head(), b" " * 65_536), "too_large", "reading stopped there"),
    "endless events": (endless(head(kind="text/event-stream"), STREAM.encode()), "too_large", ""),
    "endless comments": (endless(head(kind="text/event-stream"), b": ping\n\n" * 99), "too_large", ""),
    "an endless line": (endless(head(kind="text/event-stream") + b"data: ", b"x" * 65_536), "too_large", ""),
    "endless headers": (endless(b"HTTP/1.1 200 OK\r\n", b"x-a: b\r\n" * 999), "invalid_reply", DAMAGED),
    "an endless header": (endless(b"HTTP/1.1 200 OK\r\nx-a: ", b"b" * 65_536), "invalid_reply", DAMAGED),
    "endless trailers": (
        endless(head("200 OK", "transfer-encoding: chunked") + b"0\r\n", b"a: b\r\n" * 999), "invalid_reply", "broke off",
    ),
    "endless interim answers": (endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"), "timeout", "0.2 s"),
    "endless chunks of one byte": (
        endless(head("200 OK", "transfer-encoding: chunked"), b"1\r\nx\r\n", 0.001), "timeout", "0.2 s",
    ),
    "a slow status": (endless(b"HTTP/1.1 200 ", b"x", 0.02), "timeout", "the whole ask took longer"),
    "slow comments": (endless(head(kind="text/event-stream"), b": ping\n\n", 0.02), "timeout", "the whole ask took longer"),
    "an upgrade": (says(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: h2c\r\n\r\n"), "invalid_reply", DAMAGED),
    "no content": (says(b"HTTP/1.1 204 No Content\r\n\r\n"), "invalid_reply", "HTTP 204: an empty body"),
    "a stream of nothing": (whole(b"", kind="text/event-stream"), "invalid_reply", "broke off"),
    "a length too long": (says(head("200 OK", "content-length: 9999") + WHOLE), "invalid_reply", "broke off"),
    "a length too short": (says(head("200 OK", "content-length: 20") + WHOLE), "invalid_reply", "not JSON"),
    "a length below 0": (says(head("200 OK", "content-length: -1") + WHOLE), "invalid_reply", DAMAGED),
    "a length of 400 digits": (says(head("200 OK", "content-length: " + "9" * 400) + WHOLE), "invalid_reply", DAMAGED),
    "two lengths": (says(head("200 OK", "content-length: 5", "content-length: 6") + WHOLE), "invalid_reply", DAMAGED),
    "cut chunks": (chunked(WHOLE, b""), "invalid_reply", "broke off"),
    "a chunk that is none": (chunked(WHOLE, b"zz\r\n"), "invalid_reply", "broke off"),
    "a reset": (reset(head("200 OK", "content-length: 9999") + WHOLE), "invalid_reply", "broke off"),
    "HTTP/0.9 and a hang up": (says(b""), "unreachable", ""),
    "ICY": (says(b"ICY 200 OK\r\n\r\n{}"), "invalid_reply", DAMAGED),
    "HTTP/2": (says(b"\0\0\x12\4\0\0\0\0\0" + bytes(18)), "invalid_reply", DAMAGED),
    "TLS on a plain port": (says(b"\x15\x03\x01\x00\x02\x02\x28"), "invalid_reply", DAMAGED),
    "status 0": (says(head("000 X") + WHOLE), "invalid_reply", DAMAGED),
    "status 999": (whole(b"denied", "999 Request denied"), "provider_error", "HTTP 999: denied"),
    "HTML": (whole(b"<html>Sign in</html>", kind="text/html"), "invalid_reply", "not JSON but '<html>Sign in"),
    "100,000 levels": (whole(b'{"a":' * 8_000 + b"1" + b"}" * 8_000), "invalid_reply", ""),
    "the last of duplicate keys": (whole(WHOLE[:-1] + b', "choices": []}'), "invalid_reply", "no choices[0].message"),
    "5,000 digits": (whole(WHOLE.replace(b"3", b"9" * 5_000)), "invalid_reply", ""),
    "a huge field": (whole(saying("x" * 1_000_000)), "too_large", ""),
    "an array in place of an object": (whole(b"[" + WHOLE + b"]"), "invalid_reply", ""),
    "an object in place of an array": (whole(json.dumps({**OK, "choices": {"0": 1}}).encode()), "invalid_reply", ""),
    "a redirect with words in place of an address": (whole(b"", "301 X", "location: javascript:alert(1)"), "not_found", "HTTP 301"),
    "a redirect to a broken address": (whole(b"", "302 X", "location: http://[::bad/\x01"), "not_found", "HTTP 302"),
    "a redirect to nowhere": (whole(b"", "308 X"), "not_found", "to nowhere"),
    # The status alone says what happened, whatever becomes of the body.
    "429 in an encoding": (whole(b"\x0b", "429 X", "content-encoding: br", "retry-after: 5"), "rate_limited", ""),
    "401 cut short": (says(head("401 X", "content-length: 999") + b'{"error": "no such key"}'), "unauthorized", "no such key"),
    "429 and a reset": (reset(head("429 X", "content-length: 999") + b'{"er'), "rate_limited", ""),
    "500 without end": (endless(head("500 X"), b"x" * 65_536), "provider_error", "HTTP 500: xxx"),
    "401 in Latin-1": (whole(b"Schl\xfcssel", "401 X", kind="text/plain; charset=latin-1"), "unauthorized", "Schl\u00fcssel"),
    "a wait of 400 digits": (whole(b"{}", "429 X", "retry-after: " + "9" * 400), "rate_limited", ""),
    "a load time of 400 digits": (
        whole(b'{"error": "loading", "estimated_time": ' + b"9" * 400 + b"}", "503 X"), "provider_error", "loading",
    ),
}  # fmt: skip


@dataclass
class Odd:
    """A server of bytes; `behave` is what the next connections get."""

    behave: Behaviour = lambda line, stop: None
    by_path: dict[str, Behaviour] = field(default_factory=dict)
    """First part of a path → what it gets in place of that."""
    asked: list[bytes] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"


@pytest.fixture(scope="module")
def _running() -> Iterator[Odd]:
    odd = Odd()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            lines, stop = [line := self.rfile.readline()], odd.stop
            behave = odd.by_path.get(line.split(b"/")[1].decode(), odd.behave)
            while line.strip():
                lines.append(line := self.rfile.readline())
            length = next((int(one.split(b":")[1]) for one in lines if one.lower().startswith(b"content-length")), 0)
            odd.asked.append(b"".join(lines) + self.rfile.read(length))
            with contextlib.suppress(OSError):  # the prober hung up
                behave(self.connection, stop)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, request_queue_size = True, 50

        def handle_error(self, *_: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        odd.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield odd
        odd.stop.set()
        server.shutdown()


@pytest.fixture
def odd(_running: Odd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Odd]:
    monkeypatch.setenv("WIRE_KEY", KEY)
    _running.asked, _running.by_path, _running.stop = [], {}, threading.Event()
    yield _running
    _running.stop.set()


def endpoint_of(odd: Odd, **fields: object) -> Endpoint:
    return Endpoint.model_validate(
        {
            "name": "odd",
            "provider": "openai",
            "model": "m",
            "base_url": odd.url,
            "api_key_env": "WIRE_KEY",
            "max_reply_bytes": 50_000,
            "timeouts": PATIENT,
            **fields,
        }
    )


def asked_of(odd: Odd, behave: Behaviour, **fields: object) -> Reply:
    odd.behave = behave
    return ask(endpoint_of(odd, **fields))


@contextlib.contextmanager
def opened(endpoint: Endpoint) -> Iterator[HttpProvider]:
    with contextlib.closing(open_provider(endpoint)) as provider:
        assert isinstance(provider, HttpProvider)
        yield provider


@pytest.mark.parametrize("name", RIGHT)
def test_odd_but_readable(odd: Odd, name: str) -> None:
    behave, text = RIGHT[name]
    for stream in (False, True):
        reply = asked_of(odd, behave, stream=stream)
        assert (reply.error, reply.text) == (None, text)


@pytest.mark.parametrize("name", FAILURES)
def test_what_is_no_answer_has_a_name_and_an_end(odd: Odd, name: str) -> None:
    behave, error, words = FAILURES[name]
    reply = asked_of(odd, behave, timeouts=SOON if error == "timeout" else PATIENT)
    assert reply.error == error
    assert words in reply.error_detail
    assert reply.error_detail.isprintable()
    assert len(reply.error_detail) < 500
    assert len(odd.asked) == 1


def test_no_redirect_is_followed_and_no_cookie_is_sent_back(odd: Odd) -> None:
    for status in (301, 302, 303, 307, 308):
        asked_of(odd, whole(b"", f"{status} X", f"location: {odd.url}/steal", "set-cookie: a=b"))
    endpoint = endpoint_of(odd)
    odd.behave = says(
        b"HTTP/1.1 200 OK\r\nset-cookie: who=you; Path=/\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        % len(WHOLE)
        + WHOLE
    )
    with contextlib.closing(open_provider(endpoint)) as provider:
        assert [provider.ask(endpoint, PROBE, n, NOW).text for n in range(3)] == ["Teal"] * 3
    assert len(odd.asked) == 8
    assert not any(b"steal" in one or b"cookie" in one.lower() for one in odd.asked)


def test_a_server_that_writes_the_key_into_what_is_no_http_is_not_quoted(odd: Odd) -> None:
    odd.behave = says(f"ICY {KEY} OK\r\n\r\n".encode())
    assert KEY not in asked_of(odd, odd.behave).error_detail
    with pytest.raises(CostReportError) as report:
        read_report(BilledAccount(provider="openai", admin_key_env="WIRE_KEY", base_url=odd.url), NOW)
    assert "[redacted]" in str(report.value)
    assert KEY not in str(report.value)


@pytest.mark.parametrize("name", [*RIGHT, *FAILURES])
@pytest.mark.slow
def test_what_an_endpoint_says_of_itself_and_costs_is_bounded(odd: Odd, name: str) -> None:
    """The same answers to the asks for metadata, for the list of models and for a cost report."""
    odd.behave = (RIGHT.get(name) or FAILURES[name])[0]
    takes_all = name in FAILURES and FAILURES[name][1] == "timeout"
    endpoint = endpoint_of(odd, metadata=True, timeouts=SOON if takes_all else PATIENT)
    with opened(endpoint) as provider:
        assert provider.describe(endpoint).values == {}
    with opened(endpoint) as provider:
        assert set(provider.list_models(endpoint).models) <= {OK["id"]}
    account = BilledAccount(provider="openai", admin_key_env="WIRE_KEY", base_url=odd.url)
    with pytest.raises(CostReportError) as report:
        read_report(account, NOW, most_s=0.2 if takes_all else 30.0)
    assert KEY not in str(report.value)


@pytest.mark.slow
def test_verbs_that_ask_go_on_whatever_arrives(
    odd: Odd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """No round is voided, nothing hangs, nothing of the key is shown; memory stays within what a few replies need."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROBER_DATABASE_URL", f"sqlite:///{tmp_path}/prober.db")
    behaviours = [*(row[0] for row in RIGHT.values()), *(row[0] for row in FAILURES.values())]
    odd.by_path = {f"e{n}": behave for n, behave in enumerate(behaviours)}
    failing = {(f"e{len(RIGHT) + n}", row[1]) for n, row in enumerate(FAILURES.values())}
    declared = {
        name: {
            "provider": "openai", "model": "m", "base_url": f"http://127.0.0.1:{odd.port}/{name}/v1",
            "api_key_env": "WIRE_KEY", "max_reply_bytes": 50_000, "metadata": True, "stream": n % 2 == 0,
            "timeouts": SOON if (name, "timeout") in failing else PATIENT,
        }
        for n, name in enumerate(odd.by_path)
    }  # fmt: skip
    asked = {
        "owner": "us",
        "endpoints": [*declared],
        "schedule": {"every": "1d"},
        "probes": [{"id": "c", "prompt": "Pick."}],
    }
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "endpoints.yaml").write_text(json.dumps({"endpoints": declared}))
    (tmp_path / "probes" / "set.yaml").write_text(json.dumps(asked))
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert main(["once", "--json"]) == 3
    rounds = json.loads(capfd.readouterr().out)["rounds"]
    assert len(rounds) == len(declared)
    assert {one["outcome"] for one in rounds} == {"completed"}
    failures = {one["endpoint"]: [failed["reason"] for failed in one["failures"]] for one in rounds}
    for n, name in enumerate([*RIGHT, *FAILURES]):
        assert failures[f"e{n}"] == ([FAILURES[name][1]] if name in FAILURES else []), name
    assert main(["doctor", "--ask"]) == 2
    discovered = [
        main(["discover", f"e{n}", "--budget-tokens", "500", "--output", f"found-{n}.yaml"])
        for n, name in enumerate([*RIGHT, *FAILURES])
        if name in ("HTML", "a reset", "a redirect to a broken address", "lone surrogates and NUL", "401 cut short")
    ]
    assert set(discovered) <= {0, 2, 3}
    shown = capfd.readouterr()
    files = "".join(one.read_bytes().decode(errors="ignore") for one in tmp_path.rglob("*") if one.is_file())
    for text in (shown.out, shown.err, files):
        assert KEY not in text
    assert "this is a bug" not in shown.err
    assert "Traceback" not in shown.err
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 200_000
