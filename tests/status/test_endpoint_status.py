"""How an endpoint stands: a table of what the store says and the state, the reason and the exit code that follow."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from prober.daemon.heartbeat import condition
from prober.model.budget import Budget, Spent
from prober.model.incident import Change, Measured, Trouble
from prober.model.reference import ReferenceRule
from prober.status.endpoint_status import (
    STATES,
    EndpointStatus,
    endpoint_status,
    endpoint_statuses,
    exit_code,
)
from prober.status.expectation import expect
from prober.status.metrics import exposition
from prober.store.views import (
    ChannelPoint,
    EndpointView,
    GatheredView,
    MaintenanceView,
    RoundState,
    RoundView,
    SpendingView,
)

NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def view(**given: Any) -> EndpointView:
    return EndpointView(
        **{
            "name": "bot", "endpoint_hash": "h", "provider": "openai", "model": "m", "owners": (), "state": "quiet",
            "missing": "", "e_value": 3.0, "threshold": 365.0, "last_round": None, "last_completed_at": NOW - HOUR,
            "rounds": 9, "missed": 1, "failed_asks": 2, "asks": 90, "last_failure": "", "channels": (),
            "open_incident": None, **given,
        }
    )  # fmt: skip


def a_round(
    hours: float, state: RoundState = "completed", asked: int = 12, failed: int = 0, reason: str = "", of: str = "set"
) -> RoundView:
    """Due and completed so many hours ago."""
    due = NOW - hours * HOUR
    at = due if state == "completed" else None
    return RoundView(0, "bot", "h", of, due, state, "", "here", None, at, reason, asked, failed)


def hourly(count: int = 6, newest: float = 1, **given: Any) -> list[RoundView]:
    return [a_round(newest + number, **given) for number in range(count)]


def incident(**given: Any) -> Change:
    return Change(
        **{
            "id": 7, "endpoint": "bot", "endpoint_hash": "h", "state": "open", "kind": "behaviour_change",
            "onset": "2026-03-14T06:00:00.000000Z", "detected_round": "", "opened_at": NOW, "e_value": 1.0,
            "threshold": 1.0, "verdicts": (), **given,
        }
    )  # fmt: skip


def status_of(rounds: list[RoundView] | None = None, **given: Any) -> EndpointStatus:
    return endpoint_status(view(**given), hourly() if rounds is None else rounds, NOW)


CHANGE, TROUBLE = incident(), Trouble(
    id=7, endpoint="bot", endpoint_hash="h", state="open", kind="provider_error", onset="2026-03-14T06:00:00.000000Z",
    detected_round="", opened_at=NOW, cause="unauthorized", severity="critical",
)  # fmt: skip
CLOSED = incident(state="closed", close_reason="recovered", actor="ana", closed_at=NOW)
STILL = (
    ", but the newest round still differs from the reference; if the next round does too, an incident opens; "
    "to keep the new behaviour, run prober reference reset bot"
)
ANSWERED = "; the newest round was answered, and the incident closes when the next one is too"
ONSET = datetime(2026, 3, 14, 6, tzinfo=UTC)
DEAD = [a_round(1, failed=12), a_round(2, failed=12), a_round(3), a_round(4), a_round(5)]


@pytest.mark.parametrize(
    ("found", "state", "why", "since", "verdict", "code"),
    [
        (status_of(), "quiet", "nothing moved", None, "ok", 0),
        (status_of([a_round(1, failed=1), *hourly(5, 2)]), "quiet", "nothing moved", None, "degraded", 0),
        (status_of([]), "quiet", "nothing moved", None, "unknown", 0),
        (status_of(state="unknown"), "gathering", "no round has been judged yet", None, "unknown", 3),
        (status_of(state="insufficient_evidence", missing="3 of 8"), "gathering", "3 of 8", None, "unknown", 3),
        (status_of(state="alarm", reference_began_at=NOW), "gathering", "a new reference is gathered", NOW, "unknown", 3),
        (status_of(reference_began_at=NOW), "gathering", "a new reference is gathered", NOW, "unknown", 3),
        (status_of(reference_began_at=NOW - 2 * HOUR), "quiet", "nothing moved", None, "ok", 0),
        (status_of(state="alarm"), "suspected", f"no incident is open{STILL}", None, "degraded", 0),
        (status_of(state="alarm", closed_incident=CLOSED), "suspected", f"incident 7 was closed by ana{STILL}", None,
         "degraded", 0),
        (status_of(state="alarm", closed_incident=replace(CLOSED, closed_at=NOW - 2 * HOUR)), "suspected",
         f"no incident is open{STILL}", None, "degraded", 0),
        (status_of(state="suspected"), "suspected", "evidence is growing", None, "degraded", 0),
        (status_of(suspected_since="2026-03-14T06:00:00.000000Z"), "suspected",
         "a round was unlike every round of the reference, or evidence came near the threshold", ONSET,
         "degraded", 0),
        (status_of(open_incident=CHANGE), "changed", "behaviour change", ONSET, "changed", 1),
        (status_of(DEAD, trouble=TROUBLE), "unreachable", "does not answer: unauthorized", ONSET, "unreachable", 3),
        (status_of(trouble=TROUBLE), "unreachable", f"does not answer: unauthorized{ANSWERED}", ONSET, "unreachable", 3),
        (status_of(trouble=TROUBLE, open_incident=CHANGE), "changed", "behaviour change", ONSET, "changed", 1),
        (status_of(DEAD, last_failure="unauthorized"), "unreachable",
         "every ask of the last round failed: unauthorized", NOW - 2 * HOUR, "unreachable", 3),
        (status_of(DEAD[:1], state="insufficient_evidence", last_failure="timeout"), "unreachable",
         "every ask of the last round failed: timeout", NOW - HOUR, "unreachable", 3),
        (status_of([a_round(0, "missed", 0, reason="budget_exhausted: 9 of 9"), *hourly()]), "unreachable",
         "the last round was missed: budget exhausted: 9 of 9", NOW, "unknown", 3),
        (status_of([a_round(0, "missed", 0, reason="breaker_open: 3 asks failed"), *hourly()]), "unreachable",
         "the last round was missed: 3 asks failed", NOW, "unreachable", 3),
        (status_of(trouble=replace(TROUBLE, kind="budget_exhausted", cause="budget_exhausted: 9 of 9")), "unreachable",
         "is not asked: budget exhausted: 9 of 9", ONSET, "unknown", 3),
        (status_of(DEAD, last_failure="missing_key"), "unreachable",
         "every ask of the last round failed: missing key", NOW - 2 * HOUR, "unknown", 3),
        (status_of([a_round(0, "missed", 0, reason="misfire"), *hourly()]), "quiet", "nothing moved", None, "ok", 0),
        (status_of([a_round(0, "claimed", 2, 2), *hourly()]), "quiet", "nothing moved", None, "ok", 0),
        (status_of(stale_since=NOW), "stale", "no fresh rounds", NOW - HOUR, "unknown", 3),
        (status_of([], stale_since=NOW, last_completed_at=None), "stale", "no round was ever completed", None,
         "unknown", 3),
    ],
)  # fmt: skip
def test_state_reason_and_exit_code(found, state, why, since, verdict, code) -> None:
    assert (found.state, found.why, found.since, found.verdict) == (state, why, since, verdict)
    assert exit_code([found]) == code


def test_every_state_is_in_the_order_of_urgency_and_nothing_known_is_not_enough() -> None:
    assert len(set(STATES)) == 7
    assert exit_code([]) == 3
    assert exit_code([status_of(), status_of(trouble=TROUBLE)]) == 3
    assert exit_code([status_of(open_incident=CHANGE), status_of(trouble=TROUBLE)]) == 1


MISSED = Measured(id=9, endpoint="bot", endpoint_hash="h", state="open", kind="objective_missed", severity="critical",
                  onset=CHANGE.onset, detected_round=CHANGE.onset, opened_at=NOW, cause="checks", about="set/checks",
                  detail="x")  # fmt: skip
RUNAWAY = replace(MISSED, id=10, kind="runaway", severity="warning", about="set", cause="tokens are 9 times the plan",
                  detail="probe set set of us on bot")  # fmt: skip


@pytest.mark.parametrize(
    ("open_", "code", "beside"),
    [
        ({"runaways": (RUNAWAY,)}, 1, [10]),
        ({"runaways": (replace(RUNAWAY, severity="info"),)}, 0, []),
        ({"measured": (replace(RUNAWAY, kind="bill"),)}, 1, [10]),
        ({"measured": (replace(MISSED, severity="info"),)}, 1, []),
        ({"runaways": (RUNAWAY,), "measured": (MISSED,)}, 1, [9, 10]),
        ({"runaways": (RUNAWAY,), "trouble": TROUBLE}, 1, [10]),
    ],
)
def test_an_incident_beside_what_it_answers_gives_its_exit_code(open_, code, beside) -> None:
    found = status_of(**open_)
    assert (exit_code([found]), [one.id for one in found.beside]) == (code, beside)


def test_the_graver_comes_first_and_of_one_severity_an_outage_before_a_change() -> None:
    missed = MISSED
    views = {
        "critical change": {"open_incident": replace(CHANGE, severity="critical")},
        "quiet, critical objective": {"measured": (missed,)},
        "outage": {"trouble": replace(TROUBLE, severity="warning")},
        "warned change, critical objective": {"open_incident": CHANGE, "measured": (missed,)},
        "warned change": {"open_incident": CHANGE},
        "acknowledged change": {"open_incident": replace(CHANGE, state="acknowledged")},
        "change that is news": {"open_incident": replace(CHANGE, severity="info")},
        "no rounds": {"stale_since": NOW},
        "suspected": {"state": "suspected"},
        "quiet": {},
        "gathering": {"state": "insufficient_evidence"},
    }
    endpoints = [replace(status_of(**given).endpoint, name=name) for name, given in views.items()]
    rounds = [replace(one, endpoint=name) for name in views for one in hourly()]
    found = [one.name for one in endpoint_statuses(endpoints, rounds, (), NOW)]
    assert found == [
        "critical change", "warned change, critical objective", "quiet, critical objective", "outage", "warned change",
        "acknowledged change", "no rounds", "change that is news", "suspected", "gathering", "quiet",
    ]  # fmt: skip
    assert endpoint_statuses(endpoints[3:4], (), (), NOW)[0].severity == "critical", "the worst of what is open"


@pytest.mark.parametrize(
    ("rounds", "hours", "gathered", "judged_from"),
    [
        (12, 6.0, 6, NOW + 5 * HOUR),  # rounds are what lacks: six more, the newest was an hour ago
        (4, 10.5, 6, NOW + 5 * HOUR),  # hours are: the first round at or after 10.5 h counts
        (4, 1.0, 6, None),  # it has all that, and needs more: nobody knows how much
    ],
)
def test_while_a_reference_is_gathered_status_says_what_watches_and_until_when(
    rounds: int, hours: float, gathered: int, judged_from: datetime | None
) -> None:
    so_far = (GatheredView("set", gathered, NOW - 6 * HOUR),)
    found = status_of(
        state="insufficient_evidence", reference=ReferenceRule(rounds=rounds, hours=hours), gathered=so_far
    )
    watches = ("facts", "checks", "provisional_judgement", "reachability", "freshness")
    assert (found.protected_by, found.judged_from) == (watches, judged_from)


@pytest.mark.parametrize(("rounds", "is_compared"), [(0, False), (2, False), (3, True), (23, True), (24, False)])
def test_rounds_are_compared_among_themselves_from_the_fourth_to_the_last_of_the_first_hours(rounds, is_compared):
    found = status_of(state="insufficient_evidence", gathered=(GatheredView("set", rounds, NOW),))
    assert ("provisional_judgement" in found.protected_by) is is_compared


def test_the_slowest_probe_set_says_when_a_reference_is_complete_and_a_whole_one_is_not_waited_for() -> None:
    rule = ReferenceRule(rounds=12, hours=0)
    so_far = (GatheredView("set", 11, NOW), GatheredView("slow", 11, NOW))
    paces = [*hourly(), *(a_round(number * 24, of="slow") for number in range(3))]
    assert status_of(paces, state="unknown", reference=rule, gathered=so_far).judged_from == NOW + 24 * HOUR
    assert status_of(hourly(), state="unknown", reference=rule, gathered=so_far).judged_from is None
    whole = status_of(reference=rule)
    assert (whole.protected_by, whole.judged_from) == ((), None)


def test_the_limit_nearest_to_being_reached_is_shown_and_yesterday_is_over() -> None:
    both = Budget(asks_per_day=100, tokens_per_day=1000)
    today = SpendingView("day", NOW - timedelta(hours=23), Spent(50, 900))
    found = status_of(budget=both, spending=(today, replace(today, period="hour"))).budget
    assert found is not None and (found.spent, found.limit, found.unit) == (900, 1000, "tokens_per_day")
    found = status_of(budget=both, spending=(replace(today, began_at=NOW - timedelta(hours=25)),)).budget
    assert found is not None and found.spent == 0
    assert status_of(budget=Budget(), spending=()).budget is None


def test_suspicion_names_the_strongest_channel() -> None:
    point = ChannelPoint("bot", "r", NOW, "length", 9.0, 1.0, 1.0, "", "9 % longer")
    strong = replace(point, e_value=90.0, words="refuses more")
    assert status_of(state="suspected", channels=(point, strong)).why == "refuses more"


@pytest.mark.parametrize("readers_see", ["quiet", "insufficient_evidence", "suspected"])
def test_a_dead_endpoint_is_unreachable_for_every_reader_from_its_first_dead_round(readers_see: str) -> None:
    endpoint = view(state=readers_see, last_failure="unauthorized")
    dead = [*DEAD[:1], *hourly(5, 9)]
    found = endpoint_statuses([endpoint], dead, (), NOW)
    assert found[0].state == "unreachable"
    assert 'prober_endpoint_state{endpoint="bot",state="unreachable"} 1.0' in exposition(found, (), (), NOW)
    assert condition(found, (), ["bot"]) == (True, "watching 1 endpoint, 0 with an open incident, unreachable: bot")
    late = expect(2 * HOUR, found, (), NOW)
    assert not late.is_met, "its newest round came in time, and nothing was answered in it"
    assert late.words(NOW) == [
        "bot: no ask was answered for 9 h, since 2026-03-15 03:00 UTC: unauthorized; expected every 2 h"
    ]


@pytest.mark.parametrize(("hours", "state"), [(3.1, "quiet"), (3.2, "stale")])
def test_three_usual_gaps_and_ten_minutes_make_it_stale(hours: float, state: str) -> None:
    rounds = hourly(6, hours)
    found = status_of(rounds, last_completed_at=rounds[0].completed_at)
    assert found.state == state
    if state == "stale":
        assert (found.why, found.since) == ("no round, usually one every 1 h", rounds[0].completed_at)


def test_two_rounds_are_too_few_to_know_the_usual_gap() -> None:
    rounds = hourly(2, 1000)
    assert status_of(rounds, last_completed_at=rounds[0].completed_at).state == "quiet"


def test_probe_sets_that_come_together_are_not_one_that_comes_often() -> None:
    daily = [a_round(30 + 24 * number, of=name) for number in range(6) for name in "abc"]
    assert status_of(daily, last_completed_at=NOW - 30 * HOUR).state == "quiet"
    often = [*daily, *hourly(6, 30, of="d")]
    assert status_of(often, last_completed_at=NOW - 30 * HOUR).why == "no round, usually one every 1 h"


def test_maintenance_pauses_what_is_not_known_to_be_changed_or_dead() -> None:
    def in_work(endpoint: EndpointView, start: datetime, rounds: list[RoundView]) -> EndpointStatus:
        work = MaintenanceView("bot", start, NOW + HOUR, "ana", "new keys")
        [found] = endpoint_statuses([endpoint], rounds, [work], NOW)
        return found

    paused = in_work(view(), NOW - HOUR, DEAD)
    assert (paused.state, paused.why, paused.since, paused.paused_until, paused.verdict) == (
        "paused", "in maintenance: new keys", NOW - HOUR, NOW + HOUR, "unknown",
    )  # fmt: skip
    assert exit_code([paused]) == 0
    assert in_work(view(open_incident=CHANGE), NOW - HOUR, []).state == "changed"
    assert in_work(view(trouble=TROUBLE), NOW - HOUR, []).state == "unreachable"
    assert in_work(view(), NOW + timedelta(minutes=1), hourly()).state == "quiet", "it has not begun"


def test_a_completion_in_the_future_is_not_fresh_and_is_said() -> None:
    ahead = NOW + 10 * HOUR
    rounds = [a_round(-10), a_round(-9), *hourly(6, 9)]
    found = status_of(rounds, last_completed_at=ahead, last_answered_at=ahead)
    assert (found.clock_ahead_at, found.completed_at, found.answered_at) == (ahead, NOW - 9 * HOUR, NOW - 9 * HOUR)
    assert (found.age_s, found.state, found.verdict) == (9 * 3600, "stale", "unknown")
    late = expect(2 * HOUR, [found], (), NOW)
    assert late.words(NOW) == [
        "bot: its newest round was completed in the future, at 2026-03-15 22:00 UTC: check the clock; expected every 2 h"
    ]
    assert str(ahead.timestamp()) not in exposition([found], (), (), NOW)


def test_only_a_round_of_the_future_is_none() -> None:
    found = status_of([a_round(-10)], last_completed_at=NOW + 10 * HOUR)
    assert (found.state, found.age_s) == ("stale", None)
    assert "the clock was once ahead" in found.why


def test_clocks_that_differ_by_seconds_are_no_news() -> None:
    found = status_of(last_completed_at=NOW + timedelta(seconds=30))
    assert (found.state, found.clock_ahead_at, found.age_s) == ("quiet", None, 0.0)


def test_under_suspicion_it_says_when_the_next_look_is() -> None:
    assert status_of(state="suspected").next_round_at == NOW
    assert status_of(state="suspected", confirmation_due_at=NOW - HOUR / 2).next_round_at == NOW - HOUR / 2
    assert status_of().next_round_at is None


@pytest.mark.parametrize(("characters", "is_said"), [(0, True), (1, False), (None, False)])
def test_an_endpoint_whose_replies_never_had_a_text_is_said_to_be_one(characters: int | None, is_said: bool) -> None:
    for state in ("insufficient_evidence", "quiet"):
        found = status_of(state=state, asks=6, failed_asks=1, characters=characters)
        assert ("no reply has had any text so far" in found.why) is is_said
