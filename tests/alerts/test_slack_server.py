"""The fake Slack keeps Slack's own rules, so that a message it takes is one that Slack would take."""

from __future__ import annotations

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from prober.alerts.slack.buttons import Block
from tests.alerts.slack_server import CHANNEL, SlackServer, refusal


def header(text: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": text}}


def section(**parts: object) -> dict[str, object]:
    return {"type": "section", **parts}


def mrkdwn(text: str) -> dict[str, str]:
    return {"type": "mrkdwn", "text": text}


def rich(*elements: dict[str, object]) -> dict[str, object]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(elements)}]}


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "no_text"),
        ({"text": "x" * 40_001}, "msg_too_long"),
        ({"text": "x" * 40_000}, None),
        ({"text": "\ud800"}, "invalid_arguments"),
        ({"text": "t", "blocks": "[]"}, "invalid_blocks_format"),
        ({"blocks": [header("x" * 150)]}, None),
        ({"blocks": [header("x" * 151)]}, "invalid_blocks"),
        ({"blocks": [header("😀" * 76)]}, "invalid_blocks"),
        ({"blocks": [header("")]}, "invalid_blocks"),
        ({"blocks": [header("x")] * 50}, None),
        ({"blocks": [header("x")] * 51}, "invalid_blocks"),
        ({"blocks": [{**header("x"), "block_id": "i" * 255}]}, None),
        ({"blocks": [{**header("x"), "block_id": "i" * 256}]}, "invalid_blocks"),
        ({"blocks": [{**header("x"), "block_id": "i"}] * 2}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn("x" * 3001))]}, "invalid_blocks"),
        ({"blocks": [section(fields=[mrkdwn("x")] * 11)]}, "invalid_blocks"),
        ({"blocks": [section(fields=[mrkdwn("x" * 2001)])]}, "invalid_blocks"),
        ({"blocks": [section(text=mrkdwn("x" * 3000), fields=[mrkdwn("x" * 800)] * 10)]}, None),
        ({"blocks": [section(text=mrkdwn("x" * 3000))] * 5}, "msg_blocks_too_long"),
        ({"blocks": [rich({"type": "text", "text": ""})]}, "invalid_blocks"),
        ({"blocks": [rich({"type": "link", "url": "javascript:x"})]}, "invalid_blocks"),
        ({"blocks": [rich({"type": "link", "url": "https://a.example/" + "x" * 3000})]}, "invalid_blocks"),
        ({"blocks": [{"type": "carousel"}]}, "invalid_blocks"),
        ({"text": "t", "metadata": {"event_type": "ok"}}, "invalid_metadata_format"),
        ({"text": "t", "metadata": {"event_type": "Not Ok", "event_payload": {}}}, "invalid_metadata_schema"),
        ({"text": "t", "metadata": {"event_type": "ok", "event_payload": {"x": "y" * 9000}}}, "metadata_too_large"),
    ],
)
def test_each_limit_has_its_error_word(body: dict[str, object], word: str | None) -> None:
    assert refusal(body) == word


def test_it_speaks_with_the_real_client(slack: SlackServer) -> None:
    client = WebClient(slack.token, slack.base_url)
    assert client.auth_test()["user"] == "prober"
    for number in range(3):
        client.chat_postMessage(
            channel=CHANNEL, text=f"message {number}", metadata={"event_type": "t", "event_payload": {"n": number}}
        )
    slack.page = 2
    first = client.conversations_history(channel=CHANNEL, include_all_metadata=True)
    assert [message["metadata"]["event_payload"]["n"] for message in first["messages"]] == [2, 1]
    second = client.conversations_history(channel=CHANNEL, cursor=first["response_metadata"]["next_cursor"])
    assert [message["text"] for message in second["messages"]] == ["message 0"]
    assert "metadata" not in second["messages"][0] and not second["has_more"]


@pytest.mark.parametrize(
    ("token", "channel", "word"),
    [("", CHANNEL, "not_authed"), ("xoxb-other", CHANNEL, "invalid_auth"), (None, "C0OTHER", "channel_not_found")],
)
def test_it_checks_token_and_channel(slack: SlackServer, token: str | None, channel: str, word: str) -> None:
    client = WebClient(slack.token if token is None else token, slack.base_url)
    with pytest.raises(SlackApiError) as caught:
        client.chat_postMessage(channel=channel, text="x")
    assert caught.value.response["error"] == word
    assert slack.messages == []
