"""Objectives and live samples as incidents: opened once, told once, closed by rule or by a person."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from prober.alerts.kinds import KINDS
from prober.incidents.events import EVENTS
from prober.incidents.lifecycle import Circumstances
from prober.incidents.measured import RULES, course, objective
from prober.incidents.objective_standing import objective_words
from prober.incidents.routing import Routing
from prober.judging.objectives import Batch, Standing, judge
from prober.judging.promise import Promise
from prober.model.decision import Action, Decision
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.incident import MEASURED, Incident, Measured
from prober.model.objective import Objective
from prober.model.reply import Reply
from prober.model.sample import FoundShift
from prober.service import run_round
from prober.service.act import act
from prober.service.measure import look_at_samples
from prober.service.upkeep import look_at_incidents
from prober.status.endpoint_status import endpoint_status, exit_code
from prober.status.triage import triage_of
from prober.store import Store, declared, incidents, notices, samples
from prober.store.pages import overview
from prober.store.pages.notices import notice_of

START = datetime(2026, 3, 1, 6, tzinfo=UTC)
ENDPOINT = Endpoint.model_validate({"name": "e", "provider": "openai", "model": "m"})
PROBES = (Probe(id="json", prompt="Say it in JSON.", samples=10, expect=(Check(type="is-json"),)),)
LOG = Routing(("log",))


class Says:
    """A provider whose every reply is what is set."""

    text = "{}"

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        return Reply(at=now, text=self.text, model="m")

    def close(self) -> None: ...


class World:
    """A set with an objective, on one endpoint, asked every hour."""

    def __init__(self, endpoint: Endpoint = ENDPOINT) -> None:
        self.store, self.endpoint, self.provider, self.now = Store.in_memory(), endpoint, Says(), START
        self.declare(Objective(name="valid", at_least="95 %", window="7d"))

    def declare(self, *objectives: Objective) -> None:
        self.asked = ProbeSet(name="canary", owner="us", endpoints=("e",), schedule=Schedule(every="1h"),
                              probes=PROBES, objectives=objectives)  # fmt: skip
        self.store.change(declared.remember, [self.asked], [self.endpoint], self.now)

    def rounds(self, count: int, text: str) -> World:
        self.provider.text = text
        for _ in range(count):
            self.now += timedelta(hours=1)
            result = run_round.run(self.asked, self.endpoint, Promise(1.0, 8766), self.provider, self.store, LOG,
                                   self.now, clock=lambda: self.now)  # fmt: skip
            assert result.outcome == "completed"
        return self

    @property
    def found(self) -> list[Measured]:
        return [one for one in self.store.query(incidents.recent) if isinstance(one, Measured)]

    @property
    def news(self) -> list[str]:
        told = [one.event for one in reversed(self.store.query(notices.recent))]
        return [event for event in told if event.startswith(("objective", "samples", "superseded"))]


@pytest.fixture
def burning() -> Iterator[World]:
    world = World().rounds(3, "{}").rounds(2, "no JSON")
    yield world
    world.store.close()


@pytest.mark.slow
def test_a_burning_budget_is_one_incident_told_once_with_its_numbers(burning: World) -> None:
    (incident,) = burning.found
    assert (incident.kind, incident.severity, incident.about) == ("objective_missed", "critical", "canary/valid")
    burning.rounds(2, "no JSON")
    assert burning.news == ["objective_missed"]
    (incident,) = burning.found
    assert "passed 42.9 % of 70 replies" in incident.detail and "burn rate" in incident.detail
    first = min(one.id for one in burning.store.query(notices.recent) if one.event == "objective_missed")
    notice = burning.store.query(notice_of, first, "http://here")
    assert notice.source is not None and notice.source.owner == "us"
    (view,) = burning.store.query(overview.endpoints)
    status = endpoint_status(view, burning.store.query(overview.recent_rounds, "e"), burning.now)
    assert status.misses_objective and exit_code([status]) == 1
    assert burning.store.query(triage_of, incident, burning.now) is not None


@pytest.mark.slow
def test_it_closes_by_itself_and_a_later_burn_is_another(burning: World) -> None:
    burning.rounds(20, "{}")
    assert (burning.news, burning.found[0].close_reason) == (["objective_missed", "objective_over"], "recovered")
    burning.rounds(3, "no JSON")
    assert burning.news == ["objective_missed", "objective_over", "objective_missed"]


@pytest.mark.slow
def test_a_burn_that_a_person_closed_opens_nothing_again(burning: World) -> None:
    act(burning.store, burning.found[0].id, Action("close", "ann", "known"), LOG, burning.now)
    burning.rounds(2, "no JSON")
    assert [one.state for one in burning.found] == ["closed"]
    assert burning.news == ["objective_missed", "objective_over"]


@pytest.mark.slow
def test_an_edit_of_the_endpoint_ends_no_objective_and_its_removal_does(burning: World) -> None:
    burning.endpoint = Endpoint.model_validate({"name": "e", "provider": "openai", "model": "m-2"})
    burning.declare(*burning.asked.objectives)
    look_at_incidents(burning.store, LOG, burning.now)
    assert burning.found[0].state == "open"
    burning.declare()
    look_at_samples(burning.store, [burning.endpoint], LOG, burning.now)
    assert (burning.found[0].close_reason, burning.found[0].note) == ("superseded", "declared no more")


@pytest.mark.slow
def test_a_rule_and_maintenance_hold_for_an_objective() -> None:
    world = World(ENDPOINT.model_copy(update={"severity": {"objective_missed": "info"}}))
    world.rounds(2, "no JSON")
    assert [one.severity for one in world.found] == ["info"]


def test_every_kind_of_what_is_measured_has_a_rule_events_and_words() -> None:
    assert set(RULES) == set(MEASURED) <= set(KINDS)
    for rule in RULES.values():
        assert EVENTS[rule.opens].opens and EVENTS[rule.over].phase == "resolved"


def test_an_objective_opens_once_is_refreshed_and_closes_by_the_evidence() -> None:
    declared_ = Objective(name="valid", at_least="95 %", window="7d")

    def stand(*bad: int) -> Standing:
        batches = [Batch(START + timedelta(hours=i), 20, one) for i, one in enumerate(bad)]
        return judge(batches, 0.05, timedelta(days=7), 24)

    def decide(before: Measured | None, *bad: int, busy: bool = False) -> Decision:
        now = START + timedelta(days=1)
        found = objective(before, "canary/valid", declared_, stand(*bad), ENDPOINT, now)
        return course(before, found, now, Circumstances(in_maintenance=busy))

    assert decide(None, 1, 0, 1).reason == "quiet"
    assert decide(None, 1, 8, 9, busy=True).reason == "in_maintenance"
    opened = decide(None, 1, 8, 9)
    assert (opened.reason, opened.event) == ("budget_burns", "objective_missed")
    assert (
        isinstance(opened.incident, Measured)
        and opened.incident.headline == "valid: passed 70.0 %, wanted at least 95 %"
        and "too fast" in objective_words(declared_, replace(stand(1, 8, 9), budget_left=0.1))
    )
    more = decide(opened.incident, 1, 8, 9, 5)
    assert (more.reason, more.event) == ("refreshed", None)
    over = decide(opened.incident, 1, 8, 9, *[0] * 40)
    assert (over.reason, over.event) == ("burn_over", "objective_over")
    by_hand = replace(opened.incident, state="closed", closed_at=START + timedelta(hours=3))
    assert decide(by_hand, 1, 8, 9, 5).reason == "already_closed"
    assert decide(by_hand, 1, 8, 9, *[0] * 40, 9, 9).reason == "budget_burns"


def test_a_shift_of_live_samples_is_told_once_until_it_is_learnt() -> None:
    shift = FoundShift("bot", "support", "inputs", START, START + timedelta(hours=6), "34 % longer")
    later = FoundShift("bot", "support", "inputs", START + timedelta(days=3), START + timedelta(days=4), "40 % shorter")

    def look() -> list[tuple[str, str, str]]:
        look_at_samples(store, [], LOG, START + timedelta(days=5))
        every: tuple[Incident, ...] = store.query(incidents.recent)
        return [(one.kind, one.state, one.headline) for one in reversed(every)]

    with Store.in_memory() as store:
        store.change(samples.add_shift, shift)
        first = ("input_shift", "open", "questions of support: 34 % longer")
        assert look() == look() == [first]
        store.change(samples.add_shift, later)
        second = ("input_shift", "open", "questions of support: 40 % shorter")
        assert look() == look() == [("input_shift", "closed", first[2]), second]
        told = [one.event for one in reversed(store.query(notices.recent))]
        assert told == ["samples_shifted", "superseded", "samples_shifted"]
