"""Adding an event touches one table: with a row more, every package knows what to do with it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prober.alerts.alertmanager import alerts
from prober.alerts.message import compose, plain_text
from prober.alerts.pagerduty import event
from prober.alerts.slack.blocks import fallback_text, news_blocks, root_blocks, slack_blocks
from prober.alerts.webhook import payload
from prober.incidents.events import EVENTS, EventRule
from prober.incidents.routing import Routing, Subject
from prober.model.alerting import Alerts, QuietHours, Target
from tests.alerts.notices import PLAIN, edited

NIGHT = datetime(2026, 3, 4, 23, tzinfo=UTC)
ROUTING = Routing(("slack", "log"), Alerts(quiet_hours=QuietHours(start="22:00", end="07:00")))
HANDED_OVER = edited(PLAIN, event="handed_over", actor="alice", note="next shift")


@pytest.fixture(autouse=True)
def _one_event_more(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = EventRule(
        title="Handed over, {severity}", urgency="at_once", phase="acknowledged", steps=("Read incident {id}.",)
    )
    monkeypatch.setitem(EVENTS, "handed_over", rule)  # type: ignore[arg-type]


def test_routing_knows_its_audience_and_its_urgency() -> None:
    subject = Subject("handed_over", "warning", notified=(Target("log"),))
    assert [(one.target.alerter, one.at, one.hold) for one in ROUTING.route(subject, NIGHT)] == [("log", NIGHT, "")]


def test_messages_say_its_title_and_what_to_do() -> None:
    message = compose(HANDED_OVER)
    assert message.title.startswith("Handed over, warning · acme/gpt-4o: 34 % longer")
    assert message.paragraphs[-1] == ("Handed over, warning", "by alice: next shift")
    assert message.todo == ("Read incident 12.",)
    assert "Handed over" in plain_text(HANDED_OVER)


def test_pagers_and_the_webhook_know_its_phase() -> None:
    assert event(HANDED_OVER, NIGHT, routing_key="k" * 32)["event_action"] == "acknowledge"  # type: ignore[index,call-overload]
    assert alerts(HANDED_OVER, NIGHT)
    assert payload(HANDED_OVER)["event"] == "handed_over"


def test_slack_lays_it_out() -> None:
    assert fallback_text(HANDED_OVER).startswith("🟠 Handed over, warning · ")
    for blocks in (slack_blocks(HANDED_OVER), news_blocks(HANDED_OVER), root_blocks(HANDED_OVER, interactive=True)):
        assert blocks and all(block["block_id"] for block in blocks)
