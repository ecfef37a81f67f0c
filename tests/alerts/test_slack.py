"""Slack, over real HTTP: what is posted, what is tried again, and that nothing is posted twice."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from prober.alerts.keys import notice_key
from prober.alerts.slack.bot import UNSEARCHED_AFTER, SlackBot, open_slack
from prober.alerts.slack.client import HISTORY_PAGES, Pace, SlackWebhook
from prober.model.errors import ConfigurationError
from prober.model.notice import Notice, Outcome
from prober.settings import Settings
from tests.alerts.notices import HOSTILE, PLAIN, edited
from tests.alerts.slack_server import CHANNEL, TOKEN, SlackServer

AGAIN = edited(PLAIN, attempts=1)


def bot(slack: SlackServer, token: str = TOKEN, channel: str = CHANNEL) -> SlackBot:
    settings = Settings(slack_bot_token=token, slack_channel=channel, slack_base_url=slack.base_url)  # type: ignore[arg-type]
    alerter = open_slack(settings)
    assert isinstance(alerter, SlackBot)
    alerter.client.timeout = slack.patience_s()  # type: ignore[assignment]
    return edited(alerter, pace=Pace(interval_s=0))


def webhook(slack: SlackServer, url: str = "") -> SlackWebhook:
    alerter = open_slack(Settings(slack_webhook_url=url or slack.webhook_url))  # type: ignore[arg-type]
    assert isinstance(alerter, SlackWebhook)
    return replace(alerter, timeout_s=slack.patience_s())


def parts(slack: SlackServer) -> list[object]:
    """What stands in the channel and its threads, as our messages say it of themselves."""
    return [
        "picture" if message.get("files") else message["metadata"]["event_payload"]["part"]  # type: ignore[index]
        for message in slack.messages
    ]


EITHER = pytest.mark.parametrize("opened", [bot, webhook])


@EITHER
@pytest.mark.parametrize("notice", [PLAIN, HOSTILE], ids=["plain", "hostile"])
def test_a_notice_is_posted_with_blocks_text_and_no_unfurling(
    slack: SlackServer, opened: Callable[[SlackServer], SlackBot | SlackWebhook], notice: Notice
) -> None:
    assert opened(slack).send(notice).sent
    assert len(slack.roots) == 1
    for message in slack.messages:
        assert message["blocks"] and message["text"]
        assert message["unfurl_links"] is message["unfurl_media"] is message["mrkdwn"] is False


def test_a_bot_gives_channel_and_ts_as_receipt_and_marks_its_message(slack: SlackServer) -> None:
    outcome = bot(slack).send(PLAIN)
    assert outcome == Outcome(True, "sent", receipt=f"{CHANNEL}/{slack.messages[0]['ts']}")
    assert slack.messages[0]["metadata"] == {
        "event_type": "prober_notice",
        "event_payload": {"notice": notice_key(PLAIN), "part": "root"},
    }
    assert slack.methods() == ["chat.postMessage"] * 2, "a first try needs no search"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("rate_limited", Outcome(False, "rate_limited", retry_after_s=7.0)),
        ("server_error", Outcome(False, "server_error: 503")),
        ("hang", Outcome(False, "timeout")),
        ("lost", Outcome(False, "connection_lost")),
        ("posted_but_hang", Outcome(False, "timeout")),
        ("posted_but_lost", Outcome(False, "connection_lost")),
        ("not_json", Outcome(False, "invalid_answer")),
        ("html", Outcome(False, "invalid_answer")),
        ("internal_error", Outcome(False, "internal_error")),
        ("a_word_of_next_year", Outcome(False, "a_word_of_next_year")),
        ("channel_not_found", Outcome(False, "channel_not_found", permanent=True)),
        ("not_in_channel", Outcome(False, "not_in_channel", permanent=True)),
        ("account_inactive", Outcome(False, "account_inactive", permanent=True)),
        ("token_revoked", Outcome(False, "token_revoked", permanent=True)),
        ("is_archived", Outcome(False, "is_archived", permanent=True)),
    ],
)
def test_a_bot_names_what_went_wrong_and_posts_once(slack: SlackServer, word: str, outcome: Outcome) -> None:
    slack.next.append(word)
    assert bot(slack).send(PLAIN) == outcome
    assert slack.methods() == ["chat.postMessage"], "one sending is one request: the client's own retries are off"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("word", "outcome"),
    [
        ("rate_limited", Outcome(False, "rate_limited", retry_after_s=7.0)),
        ("server_error", Outcome(False, "server_error: 503")),
        ("hang", Outcome(False, "timeout")),
        ("lost", Outcome(False, "connection_lost")),
        ("rollup_error", Outcome(False, "server_error: 500")),
        ("html", Outcome(False, "not_slack: the address answered, but not as Slack does", permanent=True)),
        ("no_service", Outcome(False, "no_service", permanent=True)),
        ("channel_is_archived", Outcome(False, "channel_is_archived", permanent=True)),
        ("invalid_token", Outcome(False, "invalid_token", permanent=True)),
        ("a_word_of_next_year", Outcome(False, "http_400", permanent=True)),
    ],
)
def test_an_incoming_webhook_names_what_went_wrong_and_posts_once(
    slack: SlackServer, word: str, outcome: Outcome
) -> None:
    slack.next.append(word)
    assert webhook(slack).send(PLAIN) == outcome
    assert slack.methods() == ["webhook"]


@EITHER
def test_a_retry_after_that_is_a_date_is_no_number(
    slack: SlackServer, opened: Callable[[SlackServer], SlackBot | SlackWebhook]
) -> None:
    slack.retry_after = "Wed, 21 Oct 2026 07:28:00 GMT"
    slack.next.append("rate_limited")
    assert opened(slack).send(PLAIN) == Outcome(False, "rate_limited")


@pytest.mark.slow
@EITHER
@pytest.mark.parametrize("word", ["invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format"])
def test_a_refused_layout_still_gets_its_words_through(
    slack: SlackServer, opened: Callable[[SlackServer], SlackBot | SlackWebhook], word: str
) -> None:
    slack.next.append(word)
    outcome = opened(slack).send(PLAIN)
    assert outcome.sent and outcome.reason == f"sent without layout ({word})"
    [message] = slack.roots
    assert "blocks" not in message and str(message["text"]).startswith("🟠 acme/gpt-4o: 34 % longer")


@EITHER
def test_a_layout_refused_twice_is_for_good(
    slack: SlackServer, opened: Callable[[SlackServer], SlackBot | SlackWebhook]
) -> None:
    slack.next.extend(["invalid_blocks", "msg_too_long"])
    assert opened(slack).send(PLAIN) == Outcome(False, "msg_too_long", permanent=True)


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["posted_but_hang", "posted_but_lost"])
def test_a_retry_finds_the_message_whose_answer_was_lost(slack: SlackServer, lost: str) -> None:
    slack.next.append(lost)
    assert not bot(slack).send(PLAIN).sent
    outcome = bot(slack).send(AGAIN)
    assert outcome == Outcome(True, "sent: found in the channel", receipt=f"{CHANNEL}/{slack.messages[0]['ts']}")
    assert parts(slack) == ["root", "evidence"]


def test_a_retry_of_what_never_arrived_is_posted(slack: SlackServer) -> None:
    slack.next.append("lost")
    alerter = bot(slack)
    assert not alerter.send(PLAIN).sent
    alerter.send(edited(PLAIN, id=8))  # another notice of the same incident is not this one
    assert alerter.send(AGAIN).reason == "sent"
    assert parts(slack) == ["root", "evidence"] * 2


def test_a_retry_searches_past_later_messages_but_not_for_ever(slack: SlackServer) -> None:
    bot(slack).send(PLAIN)
    for number in range(7):
        slack.post({"text": f"chatter {number}"})
    slack.page = 3
    assert bot(slack).send(AGAIN).reason == "sent: found in the channel"
    slack.requests.clear()
    slack.page = 1
    assert bot(slack).send(edited(AGAIN, id=99)).reason == "sent"
    assert slack.methods().count("conversations.history") == HISTORY_PAGES


def test_a_search_ends_where_messages_are_older_than_the_incident(slack: SlackServer) -> None:
    slack.page = 1
    for _ in range(3):
        slack.post({"text": "old"})
        slack.messages[-1]["ts"] = "1000.000000"
    assert bot(slack).send(AGAIN).sent
    assert slack.methods() == ["conversations.history", "chat.postMessage", "chat.postMessage"]


@pytest.mark.parametrize(
    "forged",
    [
        {"metadata": "x"},
        {"metadata": {"event_payload": ["x"]}},
        {"metadata": {"event_payload": {"notice": 5}}},
        {"text": notice_key(PLAIN)},
    ],
)
def test_other_messages_are_not_taken_for_ours(slack: SlackServer, forged: dict[str, object]) -> None:
    slack.post(forged)
    assert bot(slack).send(AGAIN).reason == "sent"


def test_without_permission_to_search_it_posts_and_says_so(slack: SlackServer) -> None:
    slack.scopes = {"chat:write"}
    outcome = bot(slack).send(AGAIN)
    assert outcome.sent
    assert outcome.reason == "sent; the channel could not be searched (missing_scope), so it may be there twice"


def test_a_channel_given_by_name_can_be_posted_to_but_not_searched(slack: SlackServer) -> None:
    outcome = bot(slack, channel="#canary").send(AGAIN)
    assert outcome.sent and "could not be searched (channel_not_found)" in outcome.reason
    assert outcome.receipt.startswith(f"{CHANNEL}/")


@pytest.mark.slow
@pytest.mark.parametrize("word", ["server_error", "hang", "rate_limited"])
def test_a_search_that_fails_for_now_puts_the_post_off_but_not_for_ever(slack: SlackServer, word: str) -> None:
    slack.next.extend([word, word])
    outcome = bot(slack).send(AGAIN)
    assert not outcome.sent and not outcome.permanent
    assert slack.messages == []
    assert bot(slack).send(edited(PLAIN, attempts=UNSEARCHED_AFTER)).sent
    assert parts(slack) == ["root", "evidence"]


def test_an_incoming_webhook_that_tries_again_says_that_it_may_be_there_twice(slack: SlackServer) -> None:
    assert webhook(slack).send(AGAIN).reason == "sent; an answer was lost before, so it may be there twice"


def test_a_wrong_token_and_a_wrong_address_are_for_good(slack: SlackServer) -> None:
    assert bot(slack, token="xoxb-other").send(PLAIN) == Outcome(False, "invalid_auth", permanent=True)
    assert webhook(slack, f"{slack.url}/services/other").send(PLAIN) == Outcome(False, "no_service", permanent=True)


def test_nobody_listening_is_unreachable() -> None:
    with SlackServer() as gone:
        alerter, hook = bot(gone), webhook(gone)
    assert alerter.send(PLAIN) == hook.send(PLAIN) == Outcome(False, "unreachable")


@pytest.mark.slow
@EITHER
@pytest.mark.parametrize("word", ["", "hang", "html", "server_error", "invalid_blocks"])
def test_no_secret_is_logged_or_in_an_outcome(
    slack: SlackServer,
    opened: Callable[[SlackServer], SlackBot | SlackWebhook],
    word: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    slack.next.append(word)
    outcome = opened(slack).send(PLAIN)
    for secret in (TOKEN, "not-a-real-secret"):
        assert secret not in caplog.text + repr(outcome) + repr(opened(slack))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"slack_bot_token": "xoxb-1"}, "PROBER_SLACK_CHANNEL is not"),
        ({"slack_bot_token": "xoxb-1", "slack_webhook_url": "https://hooks.example/x"}, "PROBER_SLACK_CHANNEL is not"),
        ({"slack_channel": "C1"}, "SLACK_BOT_TOKEN is not"),
        ({"slack_channel": "C1", "slack_webhook_url": "https://hooks.example/x"}, "SLACK_BOT_TOKEN is not"),
        ({"slack_bot_token": "xoxb-secret\nX-Evil: 1", "slack_channel": "C1"}, "SLACK_BOT_TOKEN holds blanks"),
        ({"slack_bot_token": "xoxb-sécret", "slack_channel": "C1"}, "SLACK_BOT_TOKEN holds"),
        (
            {"slack_bot_token": "xoxb-1", "slack_channel": "C1", "slack_base_url": "ftp://secret"},
            "PROBER_SLACK_BASE_URL is not an address",
        ),
        ({"slack_webhook_url": "hooks.slack.com/secret"}, "SLACK_WEBHOOK_URL is not an address"),
        ({"slack_webhook_url": "https://user:secret@hooks.example/x"}, "SLACK_WEBHOOK_URL is not an address"),
        ({"slack_webhook_url": "https://hooks.example:99999/secret"}, "SLACK_WEBHOOK_URL is not an address"),
    ],
)
def test_half_a_configuration_is_an_error_that_shows_no_secret(given: dict[str, str], said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        open_slack(Settings(**given))  # type: ignore[arg-type]
    assert said in str(caught.value)
    assert not any(hidden in str(caught.value) for hidden in ("secret", "sécret", "Evil"))


@pytest.mark.parametrize("given", [{}, {"slack_bot_token": "", "slack_channel": " ", "slack_webhook_url": ""}])
def test_without_configuration_there_is_no_slack(given: dict[str, str]) -> None:
    assert open_slack(Settings(**given)) is None  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_bot_is_preferred_and_a_base_url_needs_no_slash(slack: SlackServer) -> None:
    settings = Settings(
        slack_bot_token=TOKEN,
        slack_channel=f" {CHANNEL} ",
        slack_webhook_url=slack.webhook_url,
        slack_base_url=slack.base_url[:-1],
    )  # type: ignore[arg-type]
    alerter = open_slack(settings)
    assert isinstance(alerter, SlackBot) and alerter.send(PLAIN).sent
