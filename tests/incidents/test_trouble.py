"""Trouble is never a change; time ends mutes, reminds, and finds what is stale; windows of work open and close."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from prober.incidents.clock import freshness, maintained_until, pass_time
from prober.incidents.severity import severity
from prober.incidents.trouble import inhibits, trouble
from prober.model.alerting import Reminders
from prober.model.declaration import Maintenance
from prober.model.evidence import Verdict
from prober.model.incident import Change, Incident, Trouble
from prober.model.watch import Health, cause_in_words

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)  # a Wednesday
HOUR = timedelta(hours=1)


def rounds(*failed: int, failure: str = "timeout") -> list[Health]:
    """One round of ten asks each, of which so many failed."""
    return [Health(f"{number:04d}", 10, count, failure if count else "") for number, count in enumerate(failed)]


def after(standing: Incident | None, *failed: int, failure: str = "timeout", **given):
    return trouble(standing, rounds(*failed, failure=failure), "gpt", "h", NOW, **given)


@pytest.mark.parametrize(
    ("failed", "reason"),
    [
        ((), "quiet"),
        ((0, 0), "quiet"),
        ((10, 10), "failing"),
        ((10, 10, 0), "quiet"),
        ((10, 10, 10), "rounds_failed"),
        ((0, 6, 6, 6), "rounds_failed"),
        ((5, 5, 5), "quiet"),  # half of the asks are answered
        ((10, 0, 10, 10), "failing"),
    ],
)
def test_trouble_opens_after_three_failed_rounds_in_a_row(failed: tuple[int, ...], reason: str) -> None:
    decision = after(None, *failed)
    assert decision.reason == reason
    assert (decision.event == "trouble") == (reason == "rounds_failed") == (decision.incident is not None)


@pytest.mark.parametrize(
    ("failure", "kind", "level"),
    [
        ("rate_limited", "rate_limited", "info"),
        ("budget_exhausted: 5 of 5 asks of the last 24 hours are spent", "budget_exhausted", "info"),
        ("unauthorized", "unauthorized", "warning"),
        ("missing_key", "unauthorized", "warning"),
        ("out_of_credit", "out_of_credit", "warning"),
        ("model_retired", "model_retired", "warning"),
        ("model_not_found", "model_not_found", "warning"),
        ("bad_request", "provider_error", "warning"),
        ("timeout", "provider_error", "warning"),
    ],
)
def test_it_says_why_and_is_quiet(failure: str, kind: str, level: str) -> None:
    incident = after(None, 0, 10, 10, 10, failure=failure).incident
    assert isinstance(incident, Trouble)
    assert (incident.kind, incident.cause, incident.severity) == (kind, failure, level)
    assert (incident.onset, incident.detected_round) == ("0001", "0003")
    louder = after(None, 10, 10, 10, failure=failure, rules={kind: "critical"}).incident
    assert louder is not None and louder.severity == "critical"


def test_it_closes_by_itself_when_rounds_succeed() -> None:
    standing = after(None, 10, 10, 10).incident
    assert standing is not None
    assert after(standing, 10, 10, 10, 10).reason == "still_failing"
    assert after(standing, 10, 10, 10, 0).reason == "recovering"
    over = after(replace(standing, state="acknowledged"), 10, 10, 0, 0)
    assert (over.reason, over.event) == ("rounds_succeed", "trouble_over")
    assert over.incident is not None and over.incident.close_reason == "recovered"


def test_an_older_rule_for_provider_errors_holds_for_the_kinds_that_were_part_of_them() -> None:
    rules = {"provider_error": "critical", "model_retired": "info"}
    levels = [
        after(None, 10, 10, 10, failure=failure, rules=rules).incident.severity
        for failure in ("unauthorized", "model_retired", "rate_limited")
    ]
    assert levels == ["critical", "info", "info"]


def test_another_cause_is_news_once_it_has_lasted_two_rounds() -> None:
    standing = after(None, 10, 10, 10, failure="rate_limited").incident
    failed = rounds(10, 10, 10, failure="rate_limited")
    broke = [Health(f"{n:04d}", 10, 10, "out_of_credit", "HTTP 429: no money") for n in (3, 4, 5)]
    first = trouble(standing, [*failed, *broke[:1]], "gpt", "h", NOW)
    assert first.event is None
    told = trouble(first.incident, [*failed, *broke[:2]], "gpt", "h", NOW)
    assert (told.reason, told.event) == ("cause_changed", "cause_changed")
    now = told.incident
    assert isinstance(now, Trouble)
    assert (now.kind, now.cause, now.cause_before, now.detail) == (
        "out_of_credit", "out_of_credit", "rate_limited", "HTTP 429: no money",
    )  # fmt: skip
    assert now.severity == "warning"
    assert trouble(now, [*failed, *broke], "gpt", "h", NOW).reason == "still_failing", "once"


def test_the_name_that_an_older_version_gave_it_is_no_news() -> None:
    standing = after(None, 10, 10, 10, failure="unauthorized").incident
    assert isinstance(standing, Trouble)
    renamed = after(replace(standing, kind="provider_error"), 10, 10, 10, failure="unauthorized")
    assert (renamed.event, renamed.incident and renamed.incident.kind) == (None, "unauthorized")


def test_a_third_of_the_asks_over_many_rounds_is_trouble_though_no_round_fails_by_half() -> None:
    third = [3, 4, 3, 2, 4, 3, 4, 3, 3, 4, 3, 3]
    assert after(None, *third[:-1]).event is None
    decision = after(None, *third)
    assert (decision.reason, decision.event) == ("asks_failed", "trouble")
    standing = decision.incident
    assert isinstance(standing, Trouble) and standing.failed_share == pytest.approx(39 / 120)
    assert after(standing, *third[1:], 10).incident.failed_share is not None, "one bad round is no outage"
    assert after(standing, *third[5:], *[0] * 5).event is None
    assert after(standing, *third[-3:], *[0] * 9).event == "trouble_over"


def test_every_third_round_that_fails_is_trouble_and_an_outage_that_ended_counts_once() -> None:
    assert after(None, *[10, 0, 0] * 4).reason == "asks_failed"
    assert after(None, *[10] * 8, 0, 0, 0, 0).reason == "quiet"


def test_why_an_endpoint_cannot_be_asked_in_words() -> None:
    assert cause_in_words("out_of_credit", "HTTP 429: no money") == "out of credit: HTTP 429: no money"
    assert cause_in_words("budget_exhausted: 5 of 5 asks") == "budget exhausted: 5 of 5 asks"
    assert cause_in_words("breaker_open: the last ask failed: not found") == "the last ask failed: not found"
    assert cause_in_words("rate_limited", "", 0.33) == "33 % of the newest asks failed, the last one: rate limited"


def test_a_round_that_was_not_asked_at_all_has_failed() -> None:
    unpaid = [Health(f"{n}", 0, 0, "budget_exhausted: spent") for n in range(3)]
    assert trouble(None, unpaid, "gpt", "h", NOW).reason == "rounds_failed"


def test_in_maintenance_no_trouble_opens_but_it_may_end() -> None:
    assert after(None, 10, 10, 10, in_maintenance=True).reason == "in_maintenance"
    standing = after(None, 10, 10, 10).incident
    assert after(standing, 0, 0, in_maintenance=True).event == "trouble_over"


def test_what_little_an_ailing_endpoint_answers_opens_nothing() -> None:
    standing = after(None, 10, 10, 10).incident
    half, most, all_ = rounds(6, 2, 1)
    assert [inhibits(None, one) for one in (half, most, all_)] == [True, False, False]
    assert [inhibits(standing, one) for one in (half, most, all_)] == [True, True, False]


OPEN = Change(
    id=7,
    endpoint="gpt",
    endpoint_hash="h",
    state="open",
    kind="behaviour_change",
    onset="1",
    detected_round="3",
    opened_at=NOW,
    e_value=900.0,
    threshold=365.0,
    verdicts=(),
    notified_at=NOW,
)


@pytest.mark.parametrize(
    ("incident", "after_h", "reason"),
    [
        (OPEN, 23, "nothing_due"),
        (OPEN, 24, "reminder_due"),
        (replace(OPEN, severity="critical"), 1, "reminder_due"),
        (replace(OPEN, severity="info"), 1000, "nothing_due"),
        (replace(OPEN, state="acknowledged"), 1000, "nothing_due"),
        (replace(OPEN, part_of=3), 1000, "nothing_due"),
        (replace(OPEN, notified_at=None), 24, "reminder_due"),
        (replace(OPEN, notified_at=NOW + 100 * HOUR), 1, "reminder_due"),
        (replace(OPEN, state="suspected"), 1000, "nothing_due"),
        (replace(OPEN, state="muted", muted_until=NOW + 2 * HOUR), 1, "nothing_due"),
        (replace(OPEN, state="muted", muted_until=NOW + 2 * HOUR), 2, "mute_expired"),
    ],
)
def test_what_time_brings(incident: Incident, after_h: int, reason: str) -> None:
    decision = pass_time(incident, Reminders(), NOW + after_h * HOUR)
    assert decision.reason == reason
    assert decision.event == {"reminder_due": "reminded", "mute_expired": "unmuted"}.get(reason)
    again = pass_time(decision.incident, Reminders(), NOW + after_h * HOUR)
    assert again.reason == "nothing_due", "once"


@pytest.mark.parametrize(
    ("reminders", "hours"),
    [
        (Reminders(), [1, 5, 29, 197, 365, 533, 701]),
        (Reminders(critical="2h"), [2, 6, 30, 198, 366, 534, 702]),
        (Reminders(critical="14d"), [336, 672]),
        (Reminders(critical=None), []),
    ],
)
def test_reminders_come_ever_more_rarely(reminders: Reminders, hours: list[int]) -> None:
    """1 h, 4 h, 1 d, and then a week each time, whenever somebody looks."""
    incident, due = replace(OPEN, severity="critical"), []
    for hour in range(30 * 24):
        decision = pass_time(incident, reminders, NOW + hour * HOUR, alarmed_at=NOW)
        incident = decision.incident
        due += [hour] if decision.event == "reminded" else []
    assert due == hours
    anew = replace(incident, notified_at=NOW + 720 * HOUR)
    again = pass_time(anew, reminders, NOW + 722 * HOUR, alarmed_at=NOW + 720 * HOUR)
    assert (again.event == "reminded") == (0 < (reminders.first_s("critical") or 0) <= 7200), "it begins anew"


def test_after_a_mute_it_is_as_it_was_before() -> None:
    muted = replace(OPEN, state="muted", muted_until=NOW)
    for was, acknowledged_at in (("open", None), ("acknowledged", NOW)):
        after_ = pass_time(replace(muted, acknowledged_at=acknowledged_at), Reminders(), NOW).incident
        assert after_ is not None and (after_.state, after_.muted_until) == (was, None)


def test_stale_is_said_once_and_so_is_fresh() -> None:
    assert freshness(False, NOW - HOUR, NOW).event == "stale"
    assert freshness(True, NOW - HOUR, NOW).event is None
    assert freshness(True, NOW, NOW).event == "fresh"
    assert freshness(False, NOW, NOW).event is None


@pytest.mark.parametrize(
    ("window", "until"),
    [
        (Maintenance(begins="2026-03-04T11:30Z", lasts="1h"), NOW + timedelta(minutes=30)),
        (Maintenance(begins="2026-03-04T13:30+02:00", lasts="1h"), NOW + timedelta(minutes=30)),
        (Maintenance(begins="2026-03-04T11:00Z", lasts="1h"), None),
        (Maintenance(at="12:00", lasts="1h"), NOW + HOUR),
        (Maintenance(at="23:00", lasts="14h"), NOW + HOUR),
        (Maintenance(at="12:00", days=("tue",), lasts="1h"), None),
        (Maintenance(at="12:00", days=("tue",), lasts="2d"), NOW + timedelta(days=1)),
        (Maintenance(at="13:00", days=("wed",), lasts="7d"), NOW + HOUR),
    ],
)
def test_windows_of_work(window: Maintenance, until: datetime | None) -> None:
    assert maintained_until([window], NOW) == until


def moved(*channels: str, kind: str = "behaviour_change") -> Incident:
    verdicts = tuple(Verdict(one, 900.0, 1, 1, "", 0, "", None, ()) for one in channels)
    return replace(OPEN, verdicts=verdicts, kind=kind)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("incident", "level"),
    [
        (moved("identity", kind="identity_change"), "info"),
        (moved("serving", "tokens", kind="identity_change"), "info"),
        (moved("length"), "warning"),
        (moved("identity", "length"), "warning"),
        (moved("refusal"), "critical"),
        (moved("length", "refusal"), "critical"),
        (moved("expectation", kind="contract_break"), "critical"),
        (moved("length", kind="contract_break"), "critical"),
        (moved(), "warning"),
    ],
)
def test_how_bad_it_is_follows_from_what_moved(incident: Incident, level: str) -> None:
    assert severity(incident) == level


def test_a_team_has_its_own_rules() -> None:
    assert severity(moved("refusal"), {"refusal": "info"}) == "info"
    assert severity(moved("refusal", "length"), {"refusal": "info"}) == "warning"
    assert severity(moved("expectation", kind="contract_break"), {"expectation": "warning"}) == "warning"
