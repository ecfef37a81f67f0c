"""A probe set that spends more than planned: an incident opens, once; what is not needed first is held back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from prober.asking.gates import MAY_BE_AHEAD, Overspending, Purpose, held_back
from prober.incidents.actions import act_on
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.judging.runaway import LEARNT_FROM, Spending, decode, encode, with_unplanned
from prober.model.decision import Action, ActionName
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.service import run_round
from prober.service.decisions import carry_out
from prober.service.gates import overspending_gates
from prober.service.measure import planned_rounds
from prober.service.run_round import RoundResult
from prober.store import Store, incidents, notices, watches

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
ROUTING = Routing(("log",))
ENDPOINT = Endpoint.model_validate({"name": "e", "provider": "openai", "model": "m"})


def set_of(name: str = "s", **fields: object) -> ProbeSet:
    return ProbeSet.model_validate(
        {"name": name, "owner": "us", "endpoints": ("e",), "schedule": {"every": "1h"},
         "probes": (Probe(id="p", prompt=f"Pick a colour, {name}.", samples=8),), **fields}
    )  # fmt: skip


class Says:
    """Takes so many tokens for every answer."""

    def __init__(self) -> None:
        self.output, self.reasoning, self.asked = 20, 0, 0

    def ask(self, endpoint, probe, sample, now):
        self.asked += 1
        output = self.output + self.reasoning
        return Reply(at=now, text="Teal", input_tokens=10, output_tokens=output, reasoning_tokens=self.reasoning)

    def close(self) -> None: ...


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        yield opened


class Prober:
    """Asks rounds, and keeps the time."""

    def __init__(self, store: Store) -> None:
        self.store, self.says, self.now = store, Says(), NOON

    def round(self, wait: timedelta = HOUR, probe_set: ProbeSet | None = None, by_schedule: bool = True) -> RoundResult:
        self.now += wait
        promise = Promise(1.0, 365.25 * 24, ReferenceRule())
        asked = probe_set or set_of()
        return run_round.run(
            asked, ENDPOINT, promise, self.says, self.store, ROUTING, self.now, clock=lambda: self.now,
            is_scheduled=by_schedule,
        )  # fmt: skip

    def opened(self):
        return self.store.query(incidents.open_measured, "runaway", ENDPOINT.content_hash)

    def events(self) -> list[str]:
        return [one.event for one in reversed(self.store.query(notices.recent))]


@pytest.fixture
def prober(store: Store) -> Prober:
    found = Prober(store)
    assert found.round().outcome == "completed"
    with store.write() as tx:  # as after many rounds
        held = watches.spending(tx, ENDPOINT.content_hash)
        known = decode(held["s"])
        learnt = replace(known, tokens=known.tokens * LEARNT_FROM, reasoning=known.reasoning * LEARNT_FROM)
        watches.keep_spending(tx, ENDPOINT.content_hash, {"s": encode(learnt)})
    assert found.round().outcome == "completed"
    assert not found.opened()
    return found


@pytest.mark.slow
def test_reasoning_that_explodes_is_told_once_held_to_the_plan_and_over_by_rule(prober: Prober) -> None:
    prober.says.reasoning = 3_000
    rounds = [prober.round() for _ in range(5)]
    (found,) = prober.opened()
    assert found.headline.startswith("reasoning tokens are ")
    assert "probe set s of us on e: " in found.detail
    assert prober.events() == ["runaway"]
    held = [one.reason for one in rounds if one.outcome == "missed"]
    assert held
    assert held[0] == f"held_back: s has spent the tokens of 49 planned rounds too early (incident {found.id})"
    assert [one.outcome for one in rounds] == ["completed", *["missed"] * 4]
    assert overspending_gates(prober.store, ENDPOINT, "beside", "", prober.now)
    prober.says.reasoning = 0
    assert prober.round(43 * HOUR).outcome == "missed", "the plan has not caught up"
    prober.round(4 * HOUR)
    while prober.opened():
        prober.round()
        assert prober.now < NOON + 70 * HOUR
    assert prober.events() == ["runaway", "runaway_over"]
    assert not overspending_gates(prober.store, ENDPOINT, "beside", "", prober.now)


@pytest.mark.slow
def test_a_loop_of_the_same_round_is_held_back_and_a_person_may_let_it_go_on(prober: Prober) -> None:
    second = timedelta(seconds=1)
    made = 0
    while not prober.opened():
        prober.round(second)
        made += 1
    assert made <= 6
    (found,) = prober.opened()
    assert found.headline.startswith("the same requests are made ")
    asked = prober.says.asked
    assert {prober.round(second).outcome for _ in range(3)} == {"missed"}
    assert prober.says.asked == asked
    with prober.store.write() as tx:
        carry_out(tx, act_on(found, Action("accept", "ana"), prober.now), ROUTING, prober.now)
    assert prober.round(second).outcome == "completed"
    assert prober.events() == ["runaway", "accepted"]


@pytest.mark.slow
def test_probes_that_are_edited_while_they_spend_too_much_are_asked_and_learnt_anew(prober: Prober) -> None:
    prober.says.reasoning = 3_000
    prober.round()
    (found,) = prober.opened()
    prober.says.reasoning = 0
    edited = set_of(probes=(Probe(id="p", prompt="Pick another colour.", samples=8),))
    assert prober.round(60 * HOUR, edited).outcome == "completed"
    assert prober.opened() == (found,), "it stays as it is until the new plan is known"


@pytest.mark.slow
def test_what_a_person_asks_in_a_loop_opens_one_incident_which_ends_with_it(prober: Prober) -> None:
    """Twenty rounds an hour are no loop; with more, the incident names who asks, and ends at half as many."""
    minute = timedelta(minutes=1)
    for _ in range(20):
        assert prober.round(minute, by_schedule=False).outcome == "completed"
    assert not prober.opened()
    prober.round(minute, by_schedule=False)
    (found,) = prober.opened()
    assert found.cause == "21 rounds in an hour that no schedule made due"
    assert found.detail == (
        "probe set s of us on e: 21 rounds of 8 asks in the last hour that no schedule made due; look for a script or "
        "cron job that calls prober once in a loop"
    )
    for _ in range(15):  # about twenty an hour: it neither ends nor opens again
        prober.round(3 * minute, by_schedule=False)
    assert len(prober.opened()) == 1
    assert prober.round(minute).outcome == "completed", "rounds of the schedule go on"
    assert prober.round(2 * HOUR, by_schedule=False).outcome == "completed"
    assert not prober.opened(), "no daemon is needed to notice that it is over"
    assert prober.events() == ["runaway", "runaway_over"]


@pytest.mark.slow
@pytest.mark.parametrize(("action", "more"), [("accept", 180), ("close", 20)])
def test_a_loop_that_a_person_accepts_is_usual_and_one_that_is_closed_is_counted_anew(
    prober: Prober, action: ActionName, more: int
) -> None:
    second = timedelta(seconds=1)
    for _ in range(21):
        prober.round(second, by_schedule=False)
    (found,) = prober.opened()
    with prober.store.write() as tx:
        carry_out(tx, act_on(found, Action(action, "ana"), prober.now), ROUTING, prober.now)
    for _ in range(more):
        prober.round(second, by_schedule=False)
    assert not prober.opened()
    if action == "close":
        prober.round(second, by_schedule=False)
        assert len(prober.opened()) == 1


@pytest.mark.slow
def test_rounds_of_the_schedule_that_spend_too_much_beside_a_loop_are_one_incident(prober: Prober) -> None:
    second = timedelta(seconds=1)
    for _ in range(21):
        prober.round(second, by_schedule=False)
    (loop,) = prober.opened()
    prober.says.reasoning = 3_000
    prober.round()
    (found,) = prober.opened()
    assert found.id == loop.id and found.headline.startswith("reasoning tokens are ")
    prober.round(2 * HOUR, by_schedule=False)
    assert prober.opened(), "the loop is over, what the schedule asks is too dear still"
    assert prober.events() == ["runaway"]


def test_more_is_a_loop_where_more_is_planned() -> None:
    known = Spending()
    for second in range(600):
        known = with_unplanned(known, second, 60.0, is_scheduled=False)
        assert not known.is_loop
    assert with_unplanned(known, 600, 60.0, is_scheduled=False).is_loop
    assert not with_unplanned(known, 600, 60.0, is_scheduled=True).is_loop
    for second in range(2000):
        known = with_unplanned(known, second, 3600.0, is_scheduled=False)
    assert known.is_loop and len(known.unplanned) == 1000
    assert with_unplanned(known, -10_000.0, 1.0, is_scheduled=False).unplanned == (-10_000,), "the clock was set back"


@pytest.mark.slow
def test_others_give_way_by_priority(prober: Prober) -> None:
    low, high = set_of("low", priority="low"), set_of("high", priority="high")
    prober.says.reasoning = 3_000
    while not prober.opened():
        prober.round()
    assert prober.round(probe_set=low).reason.startswith("held_back: s has spent")
    assert prober.round(probe_set=high).outcome == "completed"


def test_what_is_not_needed_first_is_held_back_first() -> None:
    def admits(ahead: float) -> list[Purpose]:
        return [one for one in MAY_BE_AHEAD if held_back(one, "s", [Overspending(1, "s", "normal", ahead)]) is None]

    assert admits(0.5) == ["low", "normal", "high", "confirmation"]
    assert admits(1.5) == ["normal", "high", "confirmation"]
    assert admits(3) == ["high", "confirmation"]
    assert admits(5) == ["confirmation"]
    assert admits(9) == []
    assert held_back("normal", "other", [Overspending(1, "s", "normal", 50)]) is None
    assert held_back("low", "other", [Overspending(1, "s", "normal", 50)]) is not None


def test_planned_rounds_of_a_schedule() -> None:
    monday = datetime(2026, 3, 2, tzinfo=UTC)
    working = Schedule(cron="0 9-17 * * mon-fri", timezone="UTC")
    assert planned_rounds(working, monday, monday + timedelta(days=7)) == 45
    assert planned_rounds(working, monday + 17 * HOUR, monday + 33 * HOUR) == 1
    assert planned_rounds(working, monday + 17 * HOUR, monday) == 1, "written by a clock that was ahead"
    assert planned_rounds(Schedule(every="6h"), monday, monday + 3 * HOUR) == 0.5
    assert planned_rounds(Schedule(every="6h"), None, monday) == 1
