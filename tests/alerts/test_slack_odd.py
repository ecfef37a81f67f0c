"""A Slack that refuses, and what stands in its place and answers oddly: no notice is lost, none carries the token away."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest

from prober.alerts.slack.bot import SlackBot, open_slack
from prober.alerts.slack.client import Pace
from prober.service.deliver import deliver
from prober.settings import Settings
from tests.alerts.notices import NAMED, PLAIN, edited
from tests.alerts.slack_server import CHANNEL, TOKEN, Arguments, SlackServer
from tests.alerts.test_deliver import START, Owed, outbox
from tests.alerts.test_slack import bot

NEWS = NAMED["acknowledged"]


@dataclass
class Refusing(SlackServer):
    """Refuses one kind of call with one word."""

    place: str = ""
    """`root`, `reply` or `update`."""
    word: str = ""

    def call(self, method: str, arguments: Arguments, token: str) -> Arguments:
        place = "update" if method == "chat.update" else "reply" if arguments.get("thread_ts") else "root"
        if method.startswith("chat.") and place == self.place:
            return {"ok": False, "error": self.word}
        return super().call(method, arguments, token)


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with Refusing() as slack:
        yield slack


def delivered(slack: SlackServer, notice: object) -> Owed:
    """What has become of a notice in the end."""
    owed, now = outbox(notice), [START]  # type: ignore[arg-type]
    alerter = SlackBot(bot(slack).client, CHANNEL, pace=Pace(0))
    while owed.owed[0].state in ("owed", "claimed"):
        now[0] = max(now[0], owed.owed[0].due) + timedelta(seconds=1)
        deliver(owed, [alerter], lambda: now[0], "")
    return owed.owed[0]


REFUSALS = (
    "restricted_action_non_threadable_channel", "restricted_action_thread_locked", "cannot_reply_to_message",
    "thread_not_found", "message_not_found", "cant_update_message", "edit_window_closed", "block_mismatch",
    "update_failed", "message_not_owned_by_app", "msg_too_long", "token_revoked", "is_archived", "a_word_of_next_year",
)  # fmt: skip


@pytest.mark.parametrize("word", REFUSALS)
def test_an_incident_whose_thread_is_refused_is_sent_and_says_so(refusing: Refusing, word: str) -> None:
    refusing.place, refusing.word = "reply", word
    found = delivered(refusing, PLAIN)
    assert (found.state, found.notice.attempts) == ("sent", 1)
    assert f"without all of its thread ({word})" in found.reason
    assert len(refusing.messages) == 1


@pytest.mark.parametrize("place", ["reply", "update"])
@pytest.mark.parametrize("word", REFUSALS)
def test_news_that_cannot_be_with_its_incident_is_a_message_of_its_own(
    refusing: Refusing, word: str, place: str
) -> None:
    root = bot(refusing).send(PLAIN).receipt
    refusing.place, refusing.word = place, word
    found = delivered(refusing, edited(NEWS, id=99, root=root))
    assert (found.state, found.notice.attempts) == ("sent", 1)
    assert word in found.reason
    assert len(refusing.roots) == 2, "its first message, and the news"


@pytest.mark.slow
@pytest.mark.parametrize("place", ["root", "reply", "update"])
@pytest.mark.parametrize("word", ["internal_error", "ratelimited", "external_channel_migrating", "team_added_to_org"])
def test_what_passes_is_tried_for_days_and_posts_nothing_twice(refusing: Refusing, word: str, place: str) -> None:
    root = bot(refusing).send(PLAIN).receipt
    before = len(refusing.messages)
    refusing.place, refusing.word = place, word
    found = delivered(refusing, edited(NEWS, id=99, root="" if place == "root" else root))
    assert (found.state, found.reason) == ("failed", f"gave up after 100 tries: {word}")
    assert len(refusing.messages) == before


@pytest.mark.parametrize(
    "word", ["accesslimited", "messages_tab_disabled", "restricted_action_thread_only_channel", "invalid_form_data"]
)
def test_what_a_person_must_fix_holds_up_no_later_news(refusing: Refusing, word: str) -> None:
    refusing.place, refusing.word = "root", word
    found = delivered(refusing, PLAIN)
    assert (found.state, found.reason, found.notice.attempts) == ("failed", word, 1)


# What stands in its place


@dataclass
class Answers:
    """A server that gives every request the same answer."""

    url: str
    requests: list[bytes]


@contextlib.contextmanager
def answering(answer: bytes) -> Iterator[Answers]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = Answers(f"http://127.0.0.1:{server.getsockname()[1]}", [])

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = server.accept()[0]
                    with connection, connection.makefile("rb") as read:
                        head = b"".join(iter(read.readline, b"\r\n"))
                        length = next((line.split()[1] for line in head.splitlines() if b"ength:" in line), b"0")
                        found.requests.append(head + read.read(int(length)))
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield found
        server.shutdown(socket.SHUT_RDWR)
    thread.join()


def ok(body: bytes, status: bytes = b"200 OK", more: bytes = b"") -> bytes:
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n%s\r\n%s" % (status, len(body), more, body)


SENT = ok(b'{"ok": true, "channel": "C0CANARY", "ts": "1.1"}')


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("kind", ["bot", "webhook"])
def test_a_redirect_is_not_followed_and_nothing_counts_as_sent(kind: str, status: int) -> None:
    with answering(SENT if kind == "bot" else ok(b"ok")) as elsewhere:
        to = b"Location: %s/\r\n" % elsewhere.url.encode()
        with answering(ok(b"", b"%d x" % status, to)) as here:
            given = {"slack_bot_token": TOKEN, "slack_channel": CHANNEL, "slack_base_url": here.url}
            alerter = open_slack(Settings(**given if kind == "bot" else {"slack_webhook_url": here.url}))  # type: ignore[arg-type]
            assert alerter is not None
            outcome = alerter.send(PLAIN)
    assert (outcome.reason, outcome.permanent) == (f"redirected: {status}; write the final address", True)
    assert elsewhere.requests == [], "neither the token nor the message goes elsewhere"
    assert len(here.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"[]", b'"ok"', b"1", b"null", b"", b"[" * 100_000, b'{"ok": true', b'{"ok": true}', b"\xff", b"\xef\xbb\xbf{}",
        b'{"ok": true, "ts": null, "channel": null}', b'{"ok": true, "ts": [1], "channel": {"a": 1}}',
        b'{"ok": true, "ts": NaN}', b'{"ok": true, "ts": "' + b"9" * 9000 + b'.1"}', b'{"ok": false}',
        b'{"ok": false, "error": ["x"]}', b'{"ok": false, "error": "<b>xoxb-not-a-real-token</b>"}',
        b"<html>Sign in to the hotel's network</html>",
    ],
)  # fmt: skip
def test_an_answer_that_is_not_slacks_is_tried_again(body: bytes) -> None:
    with answering(ok(body)) as here:
        alerter = open_slack(Settings(slack_bot_token=TOKEN, slack_channel=CHANNEL, slack_base_url=here.url))  # type: ignore[arg-type]
        assert alerter is not None
        outcome = alerter.send(PLAIN)
    assert (outcome.sent, outcome.reason, outcome.permanent) == (False, "invalid_answer", False)
