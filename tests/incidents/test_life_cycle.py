"""Random verdicts, presses and clock moves through the pure state machine: what may never happen does not, and
everything that may happen does."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from prober.incidents.actions import act_on, reset
from prober.incidents.clock import freshness, pass_time, replaced
from prober.incidents.events import EVENTS
from prober.incidents.lifecycle import Circumstances, decide
from prober.incidents.trouble import inhibits, trouble
from prober.model.alerting import Reminders
from prober.model.decision import Action, ActionName, Decision, Reason
from prober.model.evidence import Judgement, Verdict
from prober.model.incident import SEVERITIES, Change, CloseReason, Event, Incident, IncidentState
from prober.model.watch import Health

pytestmark = pytest.mark.slow

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MAY_FOLLOW: dict[IncidentState, set[IncidentState]] = {
    "suspected": {"suspected", "open", "closed"},
    "open": {"open", "acknowledged", "muted", "closed"},
    "acknowledged": {"acknowledged", "muted", "closed"},
    "muted": {"muted", "open", "acknowledged", "closed"},
    "closed": {"closed"},
}
NEWS: dict[str, set[Event]] = {
    "open": {"opened", "trouble", "unmuted", "escalated"},
    "acknowledged": {"acknowledged", "unmuted"},
    "muted": {"muted"},
    "recovered": {"recovered", "trouble_over"},
    "accepted": {"accepted"},
    "dismissed": {"dismissed"},
    "superseded": {"superseded"},
    "reset": {"closed"},
}
"""Where an incident came to → the news, one of which the decision must bring."""


@dataclass
class World:
    """One endpoint, in memory."""

    now: datetime = NOW
    number: int = 0
    change: Incident | None = None
    failing: Incident | None = None
    rounds: list[Health] = field(default_factory=list)
    working_until: datetime = NOW
    states: set[str] = field(default_factory=set)
    ends: set[str] = field(default_factory=set)
    reasons: set[str] = field(default_factory=set)
    events: set[str] = field(default_factory=set)

    def carry_out(self, before: Incident | None, decision: Decision) -> Incident | None:
        """As the store does; and every rule that holds for each step."""
        self.reasons.add(decision.reason)
        assert decision.reason in get_args(Reason)
        after = decision.incident
        if after is None:
            assert before is None or before.state == "closed", "an incident is never forgotten"
            assert decision.event is None
            return None
        self.states.add(after.state)
        self.ends.add(after.close_reason)
        self.events |= {decision.event} if decision.event else set()
        assert (after.state == "muted") == (after.muted_until is not None)
        assert (after.state == "closed") == bool(after.close_reason) == (after.closed_at is not None)
        if before is not None:
            assert after.state in MAY_FOLLOW[before.state]
            assert before.state != "closed" or after is before
            assert before.severity == after.severity or before.state == "suspected" or (
                SEVERITIES.index(after.severity) > SEVERITIES.index(before.severity)
                and decision.event == "escalated"
            )  # fmt: skip
        if after.state != (before.state if before else None):
            silent = after.state == "suspected" or after.close_reason == "faded"
            where = after.close_reason or after.state
            assert (decision.event is None) if silent else decision.event in NEWS[where], (where, decision)
        if decision.successor is not None:
            self.states.add(decision.successor.state)
            assert after.close_reason == "superseded" and decision.successor.state == "open"
            return decision.successor
        return None if after.state == "closed" else after

    def round(self, shape: str) -> None:
        self.now += timedelta(minutes=30)
        self.number += 1
        label = f"{self.number:06d}"
        failed = {"outage": 4, "half": 2}.get(shape, 0)
        self.rounds.append(Health(label, 4, failed, "unauthorized" if failed else ""))
        busy = self.working_until > self.now
        given_ = Circumstances(in_maintenance=busy, inhibited=inhibits(self.failing, self.rounds[-1]))
        was_live = self.change is not None and self.change.is_live
        decision = decide(self.change, judged(shape, label), "billing", "h", self.now, (), given_)
        self.change = self.carry_out(self.change, decision)
        if given_.inhibited or busy:
            assert was_live or self.change is None or not self.change.is_live, "nothing opens"
        news = trouble(self.failing, self.rounds[-10:], "billing", "h", self.now, {}, busy)
        self.failing = self.carry_out(self.failing, news)
        assert self.change is None or isinstance(self.change, Change), "trouble never looks like a change"

    def press(self, action: ActionName, on_trouble: bool) -> None:
        chosen = self.failing if on_trouble else self.change
        if chosen is None:
            return
        decision = act_on(chosen, Action(action, "ana", "because"), self.now)
        after = self.carry_out(chosen, decision)
        assert decision.event is None or decision.incident is None or decision.incident.actor == "ana"
        if on_trouble:
            self.failing = after
        else:
            self.change = after
        if after is None:  # a press that comes after the end
            late = act_on(decision.incident or chosen, Action(action, "bo"), self.now)
            self.reasons.add(late.reason)
            assert (late.reason, late.event, late.incident) == ("already_closed", None, decision.incident)

    def presses(self, first: ActionName, second: ActionName, on_trouble: bool) -> None:
        self.press(first, on_trouble)
        self.press(second, on_trouble)

    def go(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        for is_trouble in (True, False):
            one = self.failing if is_trouble else self.change
            if one is None:
                continue
            after = self.carry_out(one, pass_time(one, Reminders(), self.now))
            if is_trouble:
                self.failing = after
            else:
                self.change = after

    def work(self, hours: float) -> None:
        self.working_until = self.now + timedelta(hours=hours)

    def reset(self) -> None:
        if self.change is not None:
            self.change = self.carry_out(self.change, reset(self.change, "ana", "why", self.now))

    def edit(self) -> None:
        if self.change is not None:
            self.change = self.carry_out(self.change, replaced(self.change, self.now))


def judged(shape: str, label: str) -> Judgement:
    """What the judge says of a round of this shape."""
    logs = {"alarm": 9.0, "stays": 12.0, "worse": 12.0, "again": 12.0, "back": 1.0, "suspect": 5.0, "falls": 5.5}
    log_e = logs.get(shape, 0.5)
    onset = label if shape in ("alarm", "again", "suspect") else None
    verdicts = [Verdict("length", math.exp(log_e), 1.3, 1.0, "ratio", 0.3, "34 % longer", onset, (), log_e)]
    if shape in ("worse", "again", "more"):
        name = {"worse": "expectation", "again": "layout", "more": "choice"}[shape]
        later = label if shape == "again" else None
        verdicts.append(Verdict(name, math.exp(12.0), 0.5, 1.0, "share", -0.5, "other", later, (), 12.0))
    said = {"suspect": "suspected", "back": "quiet", "quiet": "quiet", "learning": "insufficient_evidence"}.get(
        shape, "alarm"
    )
    kind = "contract_break" if shape == "worse" else "behaviour_change"
    return Judgement(label, said, math.exp(log_e), 100.0, tuple(verdicts), onset, kind if said == "alarm" else None)  # type: ignore[arg-type]


SHAPES = ["alarm", "stays", "worse", "again", "more", "back", "quiet", "suspect", "falls", "learning", "outage", "half"]
STEPS = st.one_of(
    st.tuples(st.just("round"), st.sampled_from(SHAPES), st.sampled_from([1, 1, 2, 3, 4])),
    st.tuples(st.just("round"), st.sampled_from(["alarm", "back", "outage", "suspect"]), st.sampled_from([1, 3, 4])),
    st.tuples(st.just("presses"), *[st.sampled_from(get_args(ActionName))] * 2, st.booleans()),
    st.tuples(st.just("presses"), *[st.sampled_from(get_args(ActionName)[:3])] * 2, st.booleans()),
    st.tuples(st.just("presses"), st.just("accept"), st.sampled_from(get_args(ActionName)), st.just(True)),
    st.tuples(st.just("go"), st.sampled_from([0.1, 3.0, 9.0, 30.0])),
    st.tuples(st.just("work"), st.sampled_from([1.0, 5.0])),
    st.tuples(st.just("reset")),
    st.tuples(st.just("edit")),
)


def test_no_state_is_out_of_reach_no_transition_lost_and_every_decision_has_a_reason() -> None:
    reached = World()

    @example(steps=[("round", "alarm", 1), ("presses", "mute", "mute", False), ("go", 30.0)])
    @example(steps=[("round", "alarm", 1), ("presses", "mute", "unmute", False), ("round", "worse", 1)])
    @example(steps=[("round", "outage", 3), ("presses", "accept", "acknowledge", True)])
    @example(steps=[("round", "outage", 3), ("presses", "dismiss", "acknowledge", True)])
    @example(steps=[("round", "alarm", 1), ("presses", "acknowledge", "dismiss", False)])
    @settings(max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(steps=st.lists(STEPS, min_size=8, max_size=30))
    def walk(steps: list[tuple]) -> None:
        world = World()
        for name, *arguments in steps:
            times = arguments.pop() if name == "round" else 1
            for _ in range(times):
                getattr(world, name)(*arguments)
        for name in ("states", "ends", "reasons", "events"):
            setattr(reached, name, getattr(reached, name) | getattr(world, name))

    walk()
    for is_stale, newest in ((False, NOW - timedelta(days=1)), (True, NOW)):
        reached.reasons.add(freshness(is_stale, newest, NOW).reason)
    assert reached.states == set(get_args(IncidentState))
    assert reached.ends == set(get_args(CloseReason))
    causes, facts = {"asks_failed", "cause_changed", "cause_refreshed"}, {"fact_found", "fact_over", "rests_on_fact"}
    measured = {"budget_burns", "burn_over", "shift_found", "shift_learnt", "not_declared", "overspent", "back_in_plan"}
    measured |= {"bill_above_plan", "bill_in_plan"}
    assert set(get_args(Reason)) - reached.reasons == {
        "joined", "not_allowed", "not_acknowledged", "became_reference", "mute_moved", *causes, *facts, *measured
    }, "said elsewhere"  # fmt: skip
    elsewhere = {
        "joined",
        "became_reference",
        "unacknowledged",
        "stale",
        "fresh",
        "retiring",
        "compared",
        "version_compared",
        "daemon_silent",
        "database_lost",
        "database_back",
        "daemon_back",
        "test",
        "digest",
        "weekly_report",
        "samples_learnt",
        "samples_shifted",
        "objective_missed",
        "objective_over",
        "runaway",
        "runaway_over",
        "bill_above_plan",
        "bill_in_plan",
        "cause_changed",
    }
    assert set(EVENTS) - reached.events == elsewhere | {"fact", "fact_over", "fact_acknowledged", "answers_changed"}
