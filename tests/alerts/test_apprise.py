"""Apprise: what it sends, and that no address is shown."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from prober.alerts.apprise import AppriseAlerter, open_apprise
from prober.alerts.message import compose
from prober.model.errors import ConfigurationError
from prober.settings import Settings
from tests.alerts.notices import HOSTILE, PLAIN, edited

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("notice", [PLAIN, HOSTILE])
@pytest.mark.parametrize("status", [200, 500])
def test_an_address_gets_the_notice_and_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, notice: object, status: int
) -> None:
    caplog.set_level(logging.DEBUG)
    bodies = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("PROBER_APPRISE_URLS", f"json://127.0.0.1:{server.server_port}/hook-secret")
        alerter = open_apprise(Settings())
        assert alerter is not None
        outcome = alerter.send(notice)  # type: ignore[arg-type]
        server.shutdown()
    assert outcome.sent is (status == 200)
    assert not outcome.permanent
    assert bodies[0]["title"] == compose(notice).title  # type: ignore[arg-type]
    assert "hook-secret" not in repr(alerter) + repr(outcome)
    assert "hook-secret" not in caplog.text


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("scheme", ["json", "xml", "form", "apprise"])
def test_a_redirect_is_not_followed_and_not_taken_for_a_success(
    monkeypatch: pytest.MonkeyPatch, scheme: str, status: int
) -> None:
    asked: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.command)
            self.rfile.read(int(self.headers["content-length"]))
            moved = "signed-in" in self.path
            self.send_response(200 if moved else status)
            self.send_header("Location", "/signed-in")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            asked.append(self.command)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("PROBER_APPRISE_URLS", f"{scheme}://127.0.0.1:{server.server_port}/hook")
        alerter = open_apprise(Settings())
        assert alerter is not None
        outcome = alerter.send(PLAIN)
        server.shutdown()
    assert (outcome.sent, outcome.permanent, asked) == (False, False, ["POST"])
    assert "redirect: address 1 of PROBER_APPRISE_URLS" in outcome.reason


@pytest.mark.parametrize("asks", ["yes", "true", "1"])
def test_an_address_that_asks_to_follow_redirects_is_refused(monkeypatch: pytest.MonkeyPatch, asks: str) -> None:
    monkeypatch.setenv("PROBER_APPRISE_URLS", f"json://a.example/secret json://a.example/secret?redirect={asks}")
    with pytest.raises(ConfigurationError, match="address 2 asks to follow redirects") as raised:
        open_apprise(Settings())
    assert "secret" not in str(raised.value)


def test_a_wrong_address_is_an_error_that_names_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROBER_APPRISE_URLS", "json://a.example/x nowhere://user:secret@b.example")
    with pytest.raises(ConfigurationError, match="address 2 is none") as raised:
        open_apprise(Settings())
    assert "secret" not in str(raised.value)


def test_an_address_that_took_a_notice_does_not_get_it_again_with_those_that_failed() -> None:
    got: dict[int, list[str]] = {1: [], 2: [], 3: []}
    broken = {2, 3}

    def address(number: int) -> Callable[[str, str], bool]:
        def notify(title: str, body: str) -> bool:
            got[number].append(title)
            if number == 3 and 3 in broken:
                raise RuntimeError("https://user:secret@example.com")
            return number not in broken

        return notify

    alerter = AppriseAlerter([address(number) for number in got])
    outcomes = [alerter.send(PLAIN) for _ in range(3)]
    broken.clear()
    outcomes.append(alerter.send(PLAIN))
    assert [one.reason for one in outcomes] == [
        *["alerter_fault: RuntimeError: addresses 2, 3 of PROBER_APPRISE_URLS"] * 3, "sent",
    ]  # fmt: skip
    assert {number: len(titles) for number, titles in got.items()} == {1: 1, 2: 4, 3: 4}
    assert alerter.send(edited(PLAIN, id=99)).sent
    assert len(got[1]) == 2, "another notice is sent to all"
