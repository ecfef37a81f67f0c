"""One message an incident, edited in place; what shows it and what happened since in its thread; nothing twice."""

from __future__ import annotations

from functools import cache

import pytest

from prober.alerts.keys import notice_key
from prober.alerts.slack.bot import open_slack
from prober.alerts.slack.client import Pace, picture_name
from prober.alerts.slack.picture import history_png
from prober.model.notice import IncidentNews, Notice, Outcome
from prober.settings import Settings
from tests.alerts.notices import HISTORY, HOSTILE, NAMED, PLAIN, edited
from tests.alerts.slack_limits import dates, texts
from tests.alerts.slack_server import APP_TOKEN, CHANNEL, OTHER_CHANNEL, TOKEN, SlackServer
from tests.alerts.test_slack import bot, parts

OPENED = edited(PLAIN, history=HISTORY)
STEPS = [notice for notice in NAMED.values() if notice.incident_id and notice.event not in ("opened", "trouble")]


@pytest.fixture(autouse=True)
def drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The real picture, without its cost in every test."""
    monkeypatch.setattr(
        "prober.alerts.slack.bot.history_png", lambda notice: _picture() if notice.about.history[1:] else None
    )


@cache
def _picture() -> bytes:
    picture = history_png(OPENED)
    assert picture is not None
    return picture


def later(notice: Notice, root: str, **changes: object) -> Notice:
    return edited(notice, id=99, root=root, **changes)  # type: ignore[arg-type]


@pytest.mark.slow
def test_without_matplotlib_the_receipt_says_why_there_is_no_picture(
    slack: SlackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_installed(notice: Notice) -> bytes:
        raise ImportError("No module named 'matplotlib'")

    monkeypatch.setattr("prober.alerts.slack.bot.history_png", not_installed)
    outcome = bot(slack).send(OPENED)
    assert outcome.sent
    assert "without its picture (matplotlib is not installed)" in outcome.reason
    assert parts(slack) == ["root", "evidence"]


def test_an_incident_is_one_message_with_its_evidence_and_its_picture_in_the_thread(slack: SlackServer) -> None:
    outcome = bot(slack).send(OPENED)
    assert outcome == Outcome(True, "sent", receipt=f"{CHANNEL}/{slack.messages[0]['ts']}")
    assert parts(slack) == ["root", "evidence", "picture"]
    [root] = slack.roots
    assert len(slack.thread(root)) == 2
    assert "\nState" in texts(root["blocks"]) and "7 %" not in texts(root["blocks"])
    assert {"Reference", "Recent", "7 %"} <= set(texts(slack.messages[1]["blocks"]))
    [file] = slack.messages[2]["files"]  # type: ignore[misc]
    assert slack.file(file["id"]).startswith(b"\x89PNG") and file["name"] == picture_name(notice_key(OPENED))


@pytest.mark.slow
@pytest.mark.parametrize("notice", STEPS, ids=lambda notice: notice.event)
def test_each_step_edits_the_message_and_is_reported_in_the_thread(slack: SlackServer, notice: Notice) -> None:
    root = bot(slack).send(OPENED).receipt
    before, about = texts(slack.roots[0]["blocks"]), notice.about
    assert isinstance(about, IncidentNews)
    outcome = bot(slack).send(later(notice, root))
    assert outcome == Outcome(True, "sent", receipt=f"{CHANNEL}/{slack.messages[3]['ts']}")
    assert parts(slack) == ["root", "evidence", "picture", "news"] and len(slack.edits) == 1
    shown = (about.kind, about.state, notice.severity, getattr(about, "course", "unknown"), about.also)
    is_other = shown != ("behaviour_change", "open", "warning", "unknown", ()) or bool(getattr(about, "facts", ()))
    assert (texts(slack.roots[0]["blocks"]) != before) == is_other
    called = notice.event in ("escalated", "answers_changed", "reminded")
    assert (slack.messages[3].get("reply_broadcast") is True) == called, "only what calls for someone is shown to all"


def test_the_edited_message_says_who_acknowledged_it(slack: SlackServer) -> None:
    root = bot(slack).send(OPENED).receipt
    bot(slack).send(later(NAMED["acknowledged"], root))
    [first] = slack.roots
    assert str(first["text"]).startswith("👀 Acknowledged · acme/gpt-4o: 34 % longer")
    said = texts(first["blocks"])
    assert ": warning, acknowledged since " in said and " by alice: asked the provider" in said
    assert dates(first["blocks"])[-1] == {
        "type": "date",
        "timestamp": 1769934600,
        "format": "{date_short_pretty} at {time} ({ago})",
        "fallback": "2026-02-01 08:30 UTC",
    }


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["posted_but_lost", "server_error"])
@pytest.mark.parametrize("steps_before", range(6))
def test_whatever_is_lost_at_whatever_step_nothing_is_there_twice(
    slack: SlackServer, lost: str, steps_before: int
) -> None:
    """Requests of an opened incident: root, evidence, upload address, (upload,) picture."""
    slack.next.extend([*[""] * steps_before, lost])
    first = bot(slack).send(OPENED)
    slack.next.clear()
    again = bot(slack).send(edited(OPENED, attempts=1))
    assert again.sent and again.receipt == f"{CHANNEL}/{slack.messages[0]['ts']}"
    assert parts(slack) == ["root", "evidence", "picture"]
    assert first.sent == (steps_before >= 2), "the picture is an adornment: the notice is not sent again for it"


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["posted_but_lost", "lost", "server_error"])
@pytest.mark.parametrize("steps_before", [0, 1])
def test_news_is_reported_once_whatever_is_lost(slack: SlackServer, lost: str, steps_before: int) -> None:
    root = bot(slack).send(OPENED).receipt
    news = later(NAMED["escalated"], root)
    slack.next.extend([*[""] * steps_before, lost])
    assert not bot(slack).send(news).sent
    assert bot(slack).send(edited(news, attempts=1)).sent
    assert parts(slack) == ["root", "evidence", "picture", "news"]


@pytest.mark.parametrize("scopes", [{"chat:write", "channels:history"}])
def test_without_permission_for_files_the_rest_arrives(slack: SlackServer, scopes: set[str]) -> None:
    slack.scopes = scopes
    assert bot(slack).send(OPENED).reason == "sent, without its picture (missing_scope)"
    assert parts(slack) == ["root", "evidence"]


def test_without_a_history_there_is_no_picture(slack: SlackServer) -> None:
    bot(slack).send(edited(OPENED, history=HISTORY[:1]))
    assert parts(slack) == ["root", "evidence"]


def test_news_of_an_incident_that_has_no_message_here_begins_one(slack: SlackServer) -> None:
    outcome = bot(slack).send(later(NAMED["acknowledged"], "", history=HISTORY))
    assert outcome.receipt == f"{CHANNEL}/{slack.messages[0]['ts']}"
    assert parts(slack) == ["root", "evidence", "picture", "news"]


def test_news_of_an_incident_whose_message_was_deleted_is_alone_and_says_so(slack: SlackServer) -> None:
    root = bot(slack).send(OPENED).receipt
    slack.messages.clear()
    outcome = bot(slack).send(later(NAMED["recovered"], root))
    assert outcome.reason == "sent; its first message cannot be edited (message_not_found)"
    assert str(slack.roots[0]["text"]).startswith("✅ Recovered · ")
    assert bot(slack).send(later(NAMED["recovered"], root, attempts=1)).reason.startswith("sent: found in the channel")
    assert len(slack.messages) == 1


@pytest.mark.parametrize("name", ["stale", "daemon_silent", "digest"])
def test_what_is_about_no_incident_is_one_message(slack: SlackServer, name: str) -> None:
    notice = NAMED[name]
    slack.next.append("posted_but_lost")
    assert not bot(slack).send(notice).sent
    assert bot(slack).send(edited(notice, attempts=1)).reason == "sent: found in the channel"
    assert len(slack.messages) == 1
    assert bot(slack).send(edited(notice, attempts=0, id=5)).sent and len(slack.roots) == 2


def test_a_notice_may_name_its_own_channel(slack: SlackServer) -> None:
    first = bot(slack).send(edited(PLAIN, channel=OTHER_CHANNEL))
    assert first.receipt.startswith(f"{OTHER_CHANNEL}/")
    news = later(NAMED["muted"], first.receipt, channel=OTHER_CHANNEL)
    assert bot(slack).send(news).sent
    assert {message["channel"] for message in slack.messages} == {OTHER_CHANNEL}
    assert len(slack.roots) == 1


def test_a_channel_given_by_name_is_edited_by_the_id_of_its_receipt(slack: SlackServer) -> None:
    named = bot(slack, channel="#canary")
    root = named.send(PLAIN).receipt
    assert named.send(later(NAMED["muted"], root)).sent
    assert len(slack.roots) == 1 and len(slack.edits) == 1


@pytest.mark.slow
def test_buttons_are_shown_only_where_somebody_listens(slack: SlackServer) -> None:
    deaf = bot(slack)
    deaf.send(PLAIN)
    settings = Settings(
        slack_bot_token=TOKEN, slack_app_token=APP_TOKEN, slack_channel=CHANNEL, slack_base_url=slack.base_url
    )  # type: ignore[arg-type]
    hearing = open_slack(settings)
    assert hearing is not None
    hearing.send(edited(PLAIN, id=8))
    kinds = [[block["type"] for block in root["blocks"]] for root in slack.roots]  # type: ignore[attr-defined,union-attr]
    assert ["actions" in one for one in kinds] == [False, True]
    assert "SLACK_APP_TOKEN" in deaf.remark and hearing.remark == ""


def test_a_channel_gets_one_message_a_second(slack: SlackServer) -> None:
    """The server refuses what comes sooner; its clock is the one that our waiting moves on."""
    now = [1000.0]

    def sleep(wait_s: float) -> None:
        now[0] += wait_s

    slack.clock = lambda: now[0]
    paced = edited(bot(slack), pace=Pace(clock=lambda: now[0], sleep=sleep))
    assert paced.send(OPENED).sent and paced.send(edited(HOSTILE, id=8)).sent
    assert paced.send(edited(PLAIN, id=9, channel=OTHER_CHANNEL)).sent
    assert len(slack.messages) == 7
    unpaced = bot(slack)
    assert unpaced.send(edited(PLAIN, id=10)).reason == "message_limit_exceeded"
