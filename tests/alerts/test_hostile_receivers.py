"""Receivers that hang, drip, send without end or ask for odd waits, in place of every kind of alerter: each sending ends
within its bound, and once the receiver is well again it has the notice."""

from __future__ import annotations

import contextlib
import gzip
import resource
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from prober.alerts import Alerter
from prober.alerts.alertmanager import open_alertmanager
from prober.alerts.apprise import open_apprise
from prober.alerts.pagerduty import open_pagerduty
from prober.alerts.slack.bot import open_slack
from prober.alerts.webhook import open_webhook
from prober.service import deliver as delivering
from prober.service.deliver import LONGEST_ASKED_WAIT_S, deliver
from prober.settings import Settings
from tests.alerts.notices import PLAIN, edited
from tests.alerts.test_deliver import START, outbox

CLOSE = b"Connection: close\r\n"
HEAD = b"HTTP/1.1 200 OK\r\n" + CLOSE
WELL = {
    "slack": b'{"ok": true, "channel": "C0CANARY", "ts": "1.1", "messages": [], "user_id": "U1", "bot_id": "B1"}',
    "slack_webhook": b"ok",
}


@dataclass
class Receiver:
    """`says` what it is given on each connection, until it is well; `taken`: requests that were answered well."""

    says: Callable[[socket.socket, threading.Event], None]
    well: bytes
    is_well: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    taken: list[bytes] = field(default_factory=list)
    port: int = 0

    def serve(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection = server.accept()[0]
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, ValueError):
            if not self.is_well.is_set():
                connection.recv(65_536)
                self.says(connection, self.over)
                return
            with connection.makefile("rb") as read:
                head = b"".join(iter(read.readline, b"\r\n"))
                length = next((line.split()[1] for line in head.splitlines() if b"ength:" in line), b"0")
                self.taken.append(head + read.read(int(length)))
            connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(self.well) + self.well)


@contextlib.contextmanager
def receiving(says: Callable[[socket.socket, threading.Event], None], kind: str) -> Iterator[Receiver]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        receiver = Receiver(says, WELL.get(kind, b"{}"), port=server.getsockname()[1])
        threading.Thread(target=receiver.serve, args=(server,), daemon=True).start()
        yield receiver
        receiver.over.set()
        server.shutdown(socket.SHUT_RDWR)


def drips(first: bytes, rest: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """`first`, and then `rest` again and again, slowly."""

    def say(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.wait(0.02):
            connection.sendall(rest)

    return say


def floods(first: bytes, rest: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """The same as fast as it goes."""

    def say(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(first)
        while not over.is_set():
            connection.sendall(rest)

    return say


def says(answer: bytes) -> Callable[[socket.socket, threading.Event], None]:
    return lambda connection, over: connection.sendall(answer)


HOSTILE = {
    "never answers": lambda connection, over: over.wait(),
    "closes at once": says(b""),
    "drips the status": drips(b"HTTP/1.1 5", b"0"),
    "drips headers": drips(HEAD, b"X-a: b\r\n"),
    "a header without end": floods(HEAD + b"X-a: ", b"a" * 10_000),
    "not HTTP": says(b"220 mail.example ESMTP\r\n"),
    "429": says(b"HTTP/1.1 429 x\r\n" + CLOSE + b"\r\n"),
    "503": says(b"HTTP/1.1 503 x\r\n" + CLOSE + b"\r\n"),
    "an error whose body drips": drips(b"HTTP/1.1 503 x\r\n\r\n", b"a"),
    "an error whose body has no end": floods(b"HTTP/1.1 503 x\r\n\r\n", b"a" * 100_000),
}
"""What says nothing of the notice: it is tried again."""
WAITS = {
    "a year": "31536000", "for ever": "1e308", "negative": "-5", "past": "Wed, 21 Oct 2015 07:28:00 GMT", "NaN": "NaN",
    "infinite": "inf", "digits of another script": "٣", "many digits": "9" * 5000, "words": "later", "empty": "",
}  # fmt: skip
KINDS = ("slack", "slack_webhook", "webhook", "alertmanager", "pagerduty", "apprise")


def alerter_to(kind: str, port: int, monkeypatch: pytest.MonkeyPatch) -> Alerter:
    here = f"http://127.0.0.1:{port}"
    bot = {"slack_bot_token": "xoxb-not-a-real-token", "slack_channel": "C0CANARY", "slack_base_url": f"{here}/api/"}
    monkeypatch.setenv("PROBER_APPRISE_URLS", f"json://127.0.0.1:{port}/hook")
    open_one, given = {
        "slack": (open_slack, bot),
        "slack_webhook": (open_slack, {"slack_webhook_url": f"{here}/services/x"}),
        "webhook": (open_webhook, {"webhook_url": here}),
        "alertmanager": (open_alertmanager, {"alertmanager_url": here}),
        "pagerduty": (open_pagerduty, {"pagerduty_routing_key": "a" * 32, "pagerduty_url": here}),
        "apprise": (open_apprise, {}),
    }[kind]
    alerter = open_one(Settings(**given))  # type: ignore[operator, arg-type]
    assert alerter is not None
    return alerter


def tried(kind: str, hostile: Callable[[socket.socket, threading.Event], None], ill_for: int,
          monkeypatch: pytest.MonkeyPatch) -> tuple[str, list[float], int]:  # fmt: skip
    """State of a notice in the end, the waits in seconds, and how often it was taken by a receiver that is well after
    so many tries."""
    with receiving(hostile, kind) as receiver:
        alerter = alerter_to(kind, receiver.port, monkeypatch)
        owed, now, waits = outbox(edited(PLAIN, alerter=alerter.name)), START, list[float]()
        for tries in range(ill_for + 2):
            if tries == ill_for:
                receiver.is_well.set()
            monkeypatch.setattr(delivering, "SENDING_S", 60.0 if receiver.is_well.is_set() else 0.3)
            done = deliver(owed, [alerter], lambda: now, "")  # noqa: B023
            if done is None or done.retry_at is None:
                break
            waits.append((done.retry_at - now).total_seconds())
            now = done.retry_at + timedelta(seconds=1)
        roots = [one for one in receiver.taken if kind != "slack" or b"/chat.postMessage" in one]
        return owed.owed[0].state, waits, sum(b"thread_ts" not in one for one in roots)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hostile", HOSTILE)
def test_a_receiver_that_was_ill_has_the_notice_once(hostile: str, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    state, waits, taken = tried(kind, HOSTILE[hostile], 2, monkeypatch)
    assert (state, len(waits)) == ("sent", 2)
    assert taken == 1, "an incident's first notice is one message"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("wait", WAITS)
def test_a_wait_that_no_receiver_should_ask_for_is_bounded(
    wait: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = b"HTTP/1.1 429 x\r\nretry-after: %s\r\n%s\r\n" % (WAITS[wait].encode(), CLOSE)
    state, waits, taken = tried(kind, says(answer), 1, monkeypatch)
    assert (state, taken) == ("sent", 1)
    assert 30 <= waits[0] <= LONGEST_ASKED_WAIT_S


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["slack", "slack_webhook", "webhook", "alertmanager", "pagerduty"])
@pytest.mark.parametrize("status", [b"200 OK", b"500 x"])
def test_a_body_without_end_takes_no_memory(kind: str, status: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [0]
    zeros = gzip.compress(bytes(10_000_000))

    def say(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 " + status + b"\r\nContent-Encoding: gzip\r\n\r\n" + zeros)
        while not over.is_set() and sent[0] < 300_000_000:
            connection.sendall(b"a" * 1_000_000)
            sent[0] += 1_000_000

    with receiving(say, kind) as receiver:
        alerter = alerter_to(kind, receiver.port, monkeypatch)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        outcome = alerter.send(PLAIN)
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert outcome.sent == (status == b"200 OK" and not kind.startswith("slack"))
    assert sent[0] < 300_000_000, "it is not read to its end"
    assert grown_kb < 100_000


@pytest.mark.slow
def test_an_address_that_hangs_holds_up_no_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving(HOSTILE["never answers"], "apprise") as ill, receiving(says(b""), "apprise") as well:
        well.is_well.set()
        monkeypatch.setenv("PROBER_APPRISE_URLS", f"json://127.0.0.1:{ill.port}/a json://127.0.0.1:{well.port}/b")
        alerter = open_apprise(Settings())
        assert alerter is not None
        alerter = replace(alerter, timeout_s=0.5)
        outcomes = [alerter.send(one) for one in (PLAIN, edited(PLAIN, id=8))]
        assert [one.reason for one in outcomes] == [
            "timeout: not over within 1 s: address 1 of PROBER_APPRISE_URLS"
        ] * 2
        assert len(well.taken) == 2
        ill.is_well.set()
        assert replace(alerter, timeout_s=30).send(PLAIN).sent
        assert (len(ill.taken), len(well.taken)) == (1, 2)
