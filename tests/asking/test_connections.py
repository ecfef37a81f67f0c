"""Connections that are used again: only where the server keeps them, and never one that was closed for a silent one."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator

import pytest

from prober.asking import Provider, open_provider
from prober.model.declaration import Endpoint
from tests.asking.conftest import NOW, PROBE

BODY = json.dumps({"choices": [{"message": {"content": "Teal"}, "finish_reason": "stop"}]}).encode()


class Server:
    """One thread a connection. It says `says` of the connection, and closes it after `answers` answers."""

    def __init__(self, says: str, answers: int, reads_one_more: bool = False) -> None:
        self.says, self.answers, self.reads_one_more = says, answers, reads_one_more
        self.connections = self.requests = 0
        self.closed = threading.Semaphore(0)
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}/v1"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as requests:
            for _ in range(self.answers):
                if not self._read(requests):
                    return
                head = f"HTTP/1.1 200 OK\r\ncontent-length: {len(BODY)}\r\n{self.says}\r\n"
                connection.sendall(head.encode() + BODY)
            if self.reads_one_more:
                self._read(requests)
            connection.shutdown(socket.SHUT_RDWR)
        self.closed.release()

    def _read(self, requests) -> bool:
        length = None
        for line in requests:
            if line == b"\r\n":
                break
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        if length is None:
            return False
        requests.read(length)
        self.requests += 1
        return True


@pytest.fixture
def provider() -> Iterator[Provider]:
    opened = open_provider(Endpoint(name="any", provider="openai", model="any"))
    yield opened
    opened.close()


def ask(provider: Provider, server: Server):
    timeouts = {"connect_s": 30, "read_s": 30, "total_s": 60}
    endpoint = Endpoint.model_validate(
        {"name": "e", "provider": "openai", "model": "m", "base_url": server.url, "timeouts": timeouts}
    )
    return provider.ask(endpoint, PROBE, 0, NOW)


def test_a_connection_that_the_server_keeps_is_used_again(provider: Provider) -> None:
    server = Server("connection: keep-alive\r\n", answers=9)
    assert [ask(provider, server).text for _ in range(5)] == ["Teal"] * 5
    assert (server.connections, server.requests) == (1, 5)


@pytest.mark.slow
@pytest.mark.parametrize("says", ["", "connection: close\r\n"])
def test_where_the_server_says_nothing_every_ask_has_its_own(provider: Provider, says: str) -> None:
    server = Server(says, answers=1)
    assert [ask(provider, server).text for _ in range(5)] == ["Teal"] * 5
    assert (server.connections, server.requests) == (5, 5)


def test_a_connection_that_was_closed_while_idle_is_replaced(provider: Provider) -> None:
    server = Server("connection: keep-alive\r\n", answers=1)
    for _ in range(5):
        assert ask(provider, server).text == "Teal"
        assert server.closed.acquire(timeout=30)
    assert (server.connections, server.requests) == (5, 5)


def test_a_connection_that_dies_before_an_answer_is_a_failure_at_once_and_nothing_is_sent_again(
    provider: Provider,
) -> None:
    server = Server("connection: keep-alive\r\n", answers=1, reads_one_more=True)
    assert ask(provider, server).text == "Teal"
    lost = ask(provider, server)
    assert (lost.error, lost.text) == ("unreachable", None)
    assert (server.connections, server.requests) == (1, 2)
    assert ask(provider, server).text == "Teal"
