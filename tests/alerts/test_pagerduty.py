"""One alert an incident, held against what PagerDuty documents."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator

from prober.alerts.keys import notice_key, subject_key
from prober.alerts.message import compose
from prober.alerts.pagerduty import event, open_pagerduty
from prober.alerts.post import NOTHING_TO_SAY
from prober.incidents.events import EVENTS
from prober.model.errors import ConfigurationError
from prober.model.notice import Outcome
from prober.settings import Settings
from tests.alerts.hook import Hook
from tests.alerts.notices import NAMED, PLAIN, any_notice, edited
from tests.alerts.receivers import PAGERDUTY, PAGERDUTY_BYTES

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
KEY = "0123456789abcdef0123456789abcdef"
TOLD = {name: notice for name, notice in NAMED.items() if EVENTS[notice.event].phase is not None}
TAKEN = Draft202012Validator(PAGERDUTY)


@pytest.mark.parametrize("notice", TOLD.values(), ids=TOLD)
def test_every_message_is_taken(notice) -> None:
    body = event(notice, NOW, routing_key=KEY)
    TAKEN.validate(body)
    assert len(json.dumps(body)) < PAGERDUTY_BYTES


@pytest.mark.slow
@given(any_notice())
def test_whatever_is_in_it(notice) -> None:
    body = event(notice, NOW, routing_key=KEY)
    if EVENTS[notice.event].phase is not None:
        TAKEN.validate(body)
    assert len(json.dumps(body)) < PAGERDUTY_BYTES


def test_an_alarm_says_what_the_message_says_and_where() -> None:
    notice = edited(PLAIN, severity="critical")
    body = event(notice, NOW, routing_key=KEY)
    assert body["event_action"] == "trigger"
    assert body["payload"] == {
        "summary": compose(notice).title,
        "source": "acme/gpt-4o",
        "severity": "critical",
        "timestamp": "2026-01-31T06:00:12Z",
        "component": "gpt-4o-2024-08-06",
        "group": "team-billing",
        "class": "behaviour_change",
        "custom_details": body["payload"]["custom_details"],
    }
    assert body["links"] == [
        {"href": "http://localhost:8501/?incident=12", "text": "Incident"},
        {"href": "https://runbooks.example/model-changed", "text": "Runbook"},
    ]
    assert "34 % longer" in json.dumps(body["payload"]["custom_details"], ensure_ascii=False)


def test_no_reply_leaves_for_a_pager() -> None:
    text = json.dumps(event(PLAIN, NOW, routing_key=KEY))
    assert "reduced rate" not in text


@pytest.mark.parametrize(
    ("kind", "action"), [("firing", "trigger"), ("acknowledged", "acknowledge"), ("resolved", "resolve")]
)
def test_its_life_is_the_incidents(kind: str, action: str) -> None:
    events = [name for name, rule in EVENTS.items() if rule.phase == kind]
    assert events
    bodies = [event(edited(PLAIN, event=name), NOW, routing_key=KEY) for name in events]
    assert {body["event_action"] for body in bodies} == {action}
    assert all(("payload" in body) == (action == "trigger") for body in bodies)


def test_a_drill_says_so_and_meets_no_real_alert() -> None:
    body = event(edited(PLAIN, drill=True), NOW, routing_key=KEY)
    assert body["payload"]["summary"].lower().startswith("drill")
    assert body["payload"]["custom_details"]["drill"] is True
    assert body["dedup_key"] != subject_key(PLAIN)


def test_a_digest_wakes_nobody(hook: Hook) -> None:
    assert alerter(hook).send(edited(PLAIN, event="digest")) == NOTHING_TO_SAY
    assert hook.received == []


def alerter(hook: Hook):
    settings = Settings(pagerduty_routing_key=KEY, pagerduty_url=hook.url)  # type: ignore[arg-type]
    opened = open_pagerduty(settings)
    assert opened is not None
    return opened


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (202, Outcome(True, "sent", receipt=notice_key(PLAIN))),
        (400, Outcome(False, "http_400", permanent=True)),
        (429, Outcome(False, "rate_limited", retry_after_s=9.0)),
        (500, Outcome(False, "server_error: 500", retry_after_s=9.0)),
        (-1, Outcome(False, "connection_lost")),
    ],
)
def test_every_answer_has_its_outcome(hook: Hook, status: int, outcome: Outcome) -> None:
    hook.status, hook.headers = status, {"Retry-After": "9"}
    assert alerter(hook).send(PLAIN) == outcome
    [(_, headers, body)] = hook.received
    assert headers["Content-Type"] == "application/json"
    assert json.loads(body)["routing_key"] == KEY


def test_two_tries_are_one_alert(hook: Hook) -> None:
    alerter(hook).send(PLAIN)
    alerter(hook).send(edited(PLAIN, attempts=1))
    assert len({json.loads(body)["dedup_key"] for _, _, body in hook.received}) == 1


def test_without_a_key_there_is_none() -> None:
    assert open_pagerduty(Settings()) is None


@pytest.mark.parametrize("key", ["too-short", KEY + "0", "0123456789abcdef0123456789abcde "])
def test_what_is_no_key_is_refused_unshown(key: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^PROBER_PAGERDUTY_ROUTING_KEY is not an integration key") as caught:
        open_pagerduty(Settings(pagerduty_routing_key=key))  # type: ignore[arg-type]
    assert key not in str(caught.value)


def test_the_alerter_does_not_show_its_key() -> None:
    assert KEY not in repr(open_pagerduty(Settings(pagerduty_routing_key=KEY)))  # type: ignore[arg-type]
