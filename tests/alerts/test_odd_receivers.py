"""Receivers that say what no receiver should, over real sockets: every sending ends with a named outcome."""

from __future__ import annotations

import contextlib
import socket
import threading
from itertools import chain, repeat

import pytest

from prober.alerts.post import post

HEAD = b"HTTP/1.1 200 OK\r\n"
DRIPS = {
    "the status": (b"HTTP/1.1 2", b"0"),
    "headers": (HEAD, b"X-a: b\r\n"),
    "interim answers": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


def answered_by(first: bytes, rest: bytes = b"", timeout_s: float = 30.0) -> str:
    """The reason of a sending to a receiver that says `first` and then, if there is a `rest`, drips it without end."""
    given_up = threading.Event()

    def answer(server: socket.socket) -> None:
        connection = server.accept()[0]
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            for part in chain([first], repeat(rest) if rest else ()):
                connection.sendall(part)
                if rest and given_up.wait(0.02):
                    return

    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = threading.Thread(target=answer, args=(server,), daemon=True)
        receiver.start()
        outcome = post(f"http://127.0.0.1:{server.getsockname()[1]}/", b"{}", {}, "receipt", timeout_s)
        given_up.set()
        receiver.join()
    return outcome.reason


@pytest.mark.parametrize("drip", DRIPS)
def test_a_receiver_that_drips_is_given_up(drip: str) -> None:
    assert answered_by(*DRIPS[drip], timeout_s=0.1) == "timeout: not over within 0.2 s"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "connection_lost"),
        (b"hello there\r\n", "connection_lost"),
        (b"220 mail.example ESMTP\r\n", "connection_lost"),
        (bytes(range(256)), "connection_lost"),
        (b"HTTP/1.1 000 x\r\n\r\n", "connection_lost"),
        (b"HTTP/1.1 abc x\r\n\r\n", "connection_lost"),
        (b"HTTP/1.1 99999999 x\r\n\r\n", "connection_lost"),
        (HEAD + b"X: " + b"a" * 70_000, "connection_lost"),
        (HEAD + b"X-a: b\r\n" * 200, "connection_lost"),
        (HEAD + b"Content-Length: 99999999999999999999999999\r\n\r\nab", "sent"),
        (HEAD + b"Content-Length: -5\r\n\r\nab", "sent"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", "sent"),
        (HEAD + b"Content-Encoding: gzip\r\n\r\nnot gzip", "sent"),
        (b"HTTP/1.1 101 x\r\nUpgrade: h\r\n\r\n", "http_101"),
        (b"HTTP/1.1 401 x\r\nWWW-Authenticate: Digest realm=\xff\r\n\r\n", "http_401"),
        (b"HTTP/1.1 429 x\r\nRetry-After: inf\r\n\r\n", "rate_limited"),
        *[
            (b"HTTP/1.1 %d x\r\nLocation: %s\r\n\r\n" % (status, place), f"redirected: {status}; write the final address")
            for status in (301, 302, 303, 307, 308)
            for place in (b"http://[bad", b"file:///etc/passwd", b"//[::1", b"")
        ],
    ],
)  # fmt: skip
def test_an_odd_answer_has_its_outcome(answer: bytes, reason: str) -> None:
    assert answered_by(answer) == reason


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ".example"])
def test_a_host_that_cannot_be_is_unreachable(host: str) -> None:
    assert post(f"http://{host}/", b"{}", {}, "").reason == "unreachable"
