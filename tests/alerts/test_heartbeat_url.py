"""The heartbeat, over real HTTP."""

from __future__ import annotations

import pytest

from prober.alerts.post import Ping, open_ping
from prober.model.errors import ConfigurationError
from prober.model.notice import Outcome
from prober.settings import Settings
from tests.alerts.hook import Hook


def test_all_is_well(hook: Hook) -> None:
    assert Ping(hook.url).send(True, "2 endpoints").sent
    [(path, headers, body)] = hook.received
    assert path == "/hook?key=not-a-real-secret"
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert body == b"2 endpoints"


@pytest.mark.parametrize(
    ("url", "failing"),
    [
        ("/uuid", "/uuid/fail"),
        ("/uuid/", "/uuid/fail"),
        ("/ping/key?create=1", "/ping/key/fail?create=1"),
        ("", "/fail"),
    ],
)
def test_what_is_wrong_goes_to_fail(hook: Hook, url: str, failing: str) -> None:
    assert Ping(hook.base + url).send(False, "slack: invalid_auth").sent
    [(path, _, _)] = hook.received
    assert path == failing


def test_the_words_are_cut_and_made_visible(hook: Hook) -> None:
    Ping(hook.url).send(True, "\u202e" + "x" * 10_000)
    [(_, _, body)] = hook.received
    assert body.startswith(b"\\u202exxx")
    assert len(body.decode()) <= 2000


@pytest.mark.parametrize("status", [404, 500, -1])
def test_bad_luck_is_an_outcome(hook: Hook, status: int) -> None:
    hook.status = status
    outcome = Ping(hook.url).send(True, "")
    assert not outcome.sent
    assert "not-a-real-secret" not in str(outcome)


def test_without_an_address_there_is_none() -> None:
    assert open_ping(Settings()) is None


def test_the_address_is_checked_and_never_shown() -> None:
    with pytest.raises(ConfigurationError, match=r"^PROBER_HEARTBEAT_URL is not an address") as caught:
        open_ping(Settings(heartbeat_url="hc-ping.com/secret"))  # type: ignore[arg-type]
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(open_ping(Settings(heartbeat_url="https://hc-ping.com/secret")))  # type: ignore[arg-type]


def test_a_sent_ping_has_no_receipt(hook: Hook) -> None:
    assert Ping(hook.url).send(True, "") == Outcome(True, "sent")
