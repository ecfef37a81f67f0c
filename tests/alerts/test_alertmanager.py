"""Alerts as Alertmanager takes them, and what it makes of them over the life of an incident."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from prober.alerts.alertmanager import NAMES, alerts, open_alertmanager
from prober.alerts.keys import Subject, notice_key
from prober.alerts.message import compose
from prober.alerts.post import NOTHING_TO_SAY
from prober.incidents.events import EVENTS
from prober.model.errors import ConfigurationError
from prober.model.notice import Outcome
from prober.settings import Settings
from tests.alerts.hook import Hook
from tests.alerts.notices import NAMED, PLAIN, any_notice, edited
from tests.alerts.receivers import ALERTMANAGER, Alertmanager

NOW = datetime(2026, 2, 1, 12, 0, tzinfo=UTC)
TOLD = {name: notice for name, notice in NAMED.items() if EVENTS[notice.event].phase is not None}
TAKEN = Draft202012Validator(ALERTMANAGER)


@pytest.mark.parametrize("notice", TOLD.values(), ids=TOLD)
def test_every_message_is_taken(notice) -> None:
    body = alerts(edited(notice, fired=(notice.severity,)), NOW)
    TAKEN.validate(body)
    Alertmanager().take(body)


@given(any_notice())
@pytest.mark.slow
def test_whatever_is_in_it(notice) -> None:
    body = alerts(notice, NOW)
    if body is not None:
        TAKEN.validate(body)
        Alertmanager().take(body)


def test_an_alarm_in_full() -> None:
    notice = edited(PLAIN, severity="critical")
    [alert] = alerts(notice, NOW)
    assert {name: value for name, value in alert["labels"].items() if name != "key"} == {
        "alertname": "ProberChange",
        "endpoint": "acme/gpt-4o",
        "owner": "team-billing",
        "severity": "critical",
        "incident": "12",
        "drill": "false",
    }
    assert alert["annotations"]["summary"] == compose(notice).title
    assert alert["annotations"]["runbook_url"] == PLAIN.source.runbook
    assert "34 % longer" in alert["annotations"]["moved"]
    assert alert["startsAt"] == "2026-01-31T06:00:12Z"
    assert alert["endsAt"] == "2027-02-01T12:00:00Z"
    assert "reduced rate" not in json.dumps(alert), "no reply is in it"


OF_OTHERS = {
    "trouble": "trouble_over",
    "runaway": "runaway_over",
    "bill_above_plan": "bill_in_plan",
    "objective_missed": "objective_over",
    "samples_shifted": "samples_learnt",
    "stale": "fresh",
    "daemon_silent": "daemon_back",
    "database_lost": "database_back",
}
"""What begins and ends an alert that is not about a change."""
CHANGES = {event: rule for event, rule in EVENTS.items() if event not in {*OF_OTHERS, *OF_OTHERS.values()}}


@pytest.mark.slow
@given(
    st.sampled_from([event for event, rule in CHANGES.items() if rule.opens]),
    st.lists(
        st.tuples(
            st.sampled_from(
                [
                    event
                    for event, rule in CHANGES.items()
                    if rule.phase in ("firing", "acknowledged") and not rule.opens
                ]
            ),
            st.sampled_from(["info", "warning", "critical"]),
            st.timedeltas(timedelta(0), timedelta(days=20)),
        ),
        max_size=6,
    ),
    st.sampled_from([event for event, rule in CHANGES.items() if rule.phase == "resolved"]),
)
def test_one_alert_fires_for_an_incident_until_it_is_over(begin, steps, end) -> None:
    held, now, severity = Alertmanager(), PLAIN.since, PLAIN.severity
    held.take(alerts(edited(PLAIN, event=begin), now))
    assert held.firing(now) == [severity]
    fired = [severity]
    for event, level, later in steps:
        now, severity = now + later, level
        held.take(alerts(edited(PLAIN, event=event, severity=level, fired=tuple(fired)), now))
        assert held.firing(now) == [level]
        fired.append(level)
    fired = list(dict.fromkeys(fired))
    ends = alerts(edited(PLAIN, event=end, severity=severity, fired=tuple(fired)), now)
    held.take(ends)
    assert held.firing(now) == []
    assert [one["labels"]["severity"] for one in ends] == fired, "what never fired has no end"


def test_the_end_of_what_never_fired_here_is_not_sent() -> None:
    over = edited(PLAIN, event="recovered", state="closed", close_reason="recovered")
    assert alerts(over, NOW) is None
    assert [one["labels"]["severity"] for one in alerts(edited(over, fired=("warning",)), NOW)] == ["warning"]
    worse = alerts(edited(PLAIN, event="escalated", severity="critical", fired=("warning",)), NOW)
    assert [(one["labels"]["severity"], one["endsAt"] > one["startsAt"]) for one in worse] == [
        ("critical", True),
        ("warning", False),
    ]


@pytest.mark.parametrize(
    ("begin", "end", "is_incident"),
    [
        ("trouble", "trouble_over", True),
        ("runaway", "runaway_over", True),
        ("bill_above_plan", "bill_in_plan", True),
        ("stale", "fresh", False),
        ("daemon_silent", "daemon_back", False),
    ],
)
def test_what_begins_ends_and_may_begin_again(begin, end, is_incident) -> None:
    held, now = Alertmanager(), NOW
    for _ in range(2):
        level = EVENTS[begin].severity or "critical"
        began = edited(PLAIN, event=begin, incident_id=12 * is_incident, detected_at=now, severity=level)
        held.take(alerts(began, now))
        assert held.firing(now) == [level]
        now += timedelta(hours=5)
        # An incident began when it began; other news is as old as itself.
        held.take(alerts(edited(began, event=end, detected_at=began.since if is_incident else now,
                                 severity="warning", fired=(level,)), now))  # fmt: skip
        assert held.firing(now) == []
        now += timedelta(hours=5)


def test_every_subject_has_a_name() -> None:
    assert set(NAMES) == set(get_args(Subject)) - {"digest", "retirement", "report"}


def test_a_notice_about_the_prober_has_no_empty_label() -> None:
    silent = edited(PLAIN, event="daemon_silent", endpoint="", owner="", model="", incident_id=0, runbook=None)
    TAKEN.validate(alerts(silent, NOW))


def alerter(hook: Hook):
    opened = open_alertmanager(Settings(alertmanager_url=hook.base))  # type: ignore[arg-type]
    assert opened is not None
    return opened


def test_it_is_posted_where_alertmanager_listens(hook: Hook) -> None:
    assert alerter(hook).send(PLAIN) == Outcome(True, "sent", receipt=notice_key(PLAIN))
    [(path, _, body)] = hook.received
    assert path == "/api/v2/alerts"
    TAKEN.validate(json.loads(body))


def test_a_digest_is_no_alert(hook: Hook) -> None:
    assert alerter(hook).send(edited(PLAIN, event="digest")) == NOTHING_TO_SAY
    assert hook.received == []


def test_without_an_address_there_is_none() -> None:
    assert open_alertmanager(Settings()) is None


def test_an_address_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"^PROBER_ALERTMANAGER_URL is not an address"):
        open_alertmanager(Settings(alertmanager_url="alertmanager:9093"))  # type: ignore[arg-type]
