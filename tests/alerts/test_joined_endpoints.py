"""Several endpoints, one event: one message names them all, and news of more belongs under it."""

from __future__ import annotations

import pytest

from prober.alerts.message import compose
from prober.alerts.phrases import ALSO_SHOWN
from prober.alerts.slack.bot import SlackBot
from prober.alerts.slack.client import SlackWebhook
from prober.alerts.webhook import payload
from prober.model.notice import Part
from tests.alerts.notices import NAMED, PLAIN, edited
from tests.alerts.slack_server import CHANNEL, SlackServer
from tests.alerts.test_slack import bot, parts, webhook

JOINED = NAMED["joined"]
OVER = edited(NAMED["trouble_over"], endpoint="acme/o3", incident_id=13)


def test_the_message_names_the_other_endpoints_and_where_they_are_dealt_with() -> None:
    said = dict(compose(NAMED["together"]).paragraphs)
    assert said["Also"] == "acme/gpt-4o-mini (incident 13), acme/o3 (suspected)"
    assert "Also" not in dict(compose(PLAIN).paragraphs)


def test_news_of_more_endpoints_is_about_them() -> None:
    message = compose(JOINED)
    assert message.title.startswith("More endpoints · acme/gpt-4o: 34 % longer · for ")
    assert message.pairs == message.moved == ()
    assert dict(message.paragraphs)["Also"].endswith(f", and {len(JOINED.about.also) - ALSO_SHOWN} more")
    assert "an incident of its own" in message.todo[0]


def test_a_webhook_is_reported_as_data() -> None:
    assert payload(NAMED["together"])["also"] == [
        {"endpoint": "acme/gpt-4o-mini", "incident": 13, "is_over": False},
        {"endpoint": "acme/o3", "incident": None, "is_over": False},
    ]


def test_news_is_posted_under_the_message_it_follows(slack: SlackServer) -> None:
    first = bot(slack).send(PLAIN)
    assert bot(slack).send(edited(JOINED, id=8, follows=first.receipt)).sent
    assert parts(slack) == ["root", "evidence", "news"]
    assert slack.messages[2]["thread_ts"] == slack.messages[0]["ts"]
    assert "and 3 more" in str(slack.messages[2]["text"])


def test_news_of_a_part_leaves_the_message_of_the_whole_as_it_is(slack: SlackServer) -> None:
    first = bot(slack).send(PLAIN)
    before = str(slack.messages[0])
    assert bot(slack).send(edited(OVER, id=8, follows=first.receipt)).sent
    assert str(slack.messages[0]) == before
    assert parts(slack) == ["root", "evidence", "news"]
    assert slack.messages[2]["thread_ts"] == slack.messages[0]["ts"]


def test_a_retry_finds_the_news_in_its_thread(slack: SlackServer) -> None:
    first = bot(slack).send(PLAIN)
    news = edited(JOINED, id=8, root=first.receipt, follows=first.receipt)
    slack.next.extend(["", "posted_but_lost"])  # the edit arrives, the answer to the news is lost
    assert not bot(slack).send(news).sent
    outcome = bot(slack).send(edited(news, attempts=1))
    assert outcome.reason == "sent: found in the channel"
    assert outcome.receipt == f"{CHANNEL}/{slack.messages[2]['ts']}"
    assert parts(slack) == ["root", "evidence", "news"]


@pytest.mark.parametrize("follows", ["", "log", "C0OTHER/1800000000.000100", f"{CHANNEL}/", f"{CHANNEL}/1e9", "a/b/c"])
def test_what_follows_no_message_of_this_channel_is_alone(slack: SlackServer, follows: str) -> None:
    assert bot(slack).send(edited(JOINED, follows=follows)).sent
    assert "thread_ts" not in slack.messages[0]


@pytest.mark.parametrize("opened", [bot, webhook])
def test_any_number_of_endpoints_fits(slack: SlackServer, opened) -> None:
    alerter: SlackBot | SlackWebhook = opened(slack)
    many = tuple(Part("x" * 5000, number, is_over=number % 2 == 0) for number in range(1000))
    assert alerter.send(edited(PLAIN, also=many)).reason == "sent"
    assert alerter.send(edited(JOINED, also=many)).reason == "sent"
    over = edited(NAMED["trouble_over"], also=many)
    assert alerter.send(over).reason == "sent"
