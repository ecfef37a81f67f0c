"""Random rounds, presses, clock moves, crashes and restarts over the real store: nothing is lost, undone or unreported.

`tests/incidents/test_life_cycle.py` does the same over the pure functions, a thousand times faster."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prober.incidents.routing import Routing
from prober.model.alerting import Alerts, Digest, QuietHours, Route
from prober.model.decision import Action, ActionName, Reason
from prober.model.evidence import Judgement, Verdict
from prober.model.incident import Change, Incident, IncidentState, Trouble
from prober.model.notice import Outcome
from prober.service.act import begin_reference, try_to_act
from prober.service.deliver import StoredOutbox
from prober.service.settle import settle
from prober.service.upkeep import look_at_incidents
from prober.store import Store, daemons, declared, rounds
from prober.store import incidents as stored_incidents
from prober.store import notices as stored_notices
from tests.incidents.test_life_cycle import MAY_FOLLOW
from tests.store.world import BILLING, CHAT, MONEY, NOW, SEARCH, SILENT, observe, record

ALERTS = Alerts(
    routes=(Route(to=("slack:#all",)), Route(to=("pager",), severity="critical")),
    quiet_hours=QuietHours(start="22:00", end="07:00"),
    digest=Digest(at="09:00"),
)
TELLS: dict[str, set[str]] = {
    "open": {"opened", "joined", "trouble", "unmuted", "escalated"},
    "acknowledged": {"acknowledged", "unmuted"},
    "muted": {"muted"},
    "recovered": {"recovered", "trouble_over"},
    "accepted": {"accepted"},
    "superseded": {"superseded"},
    "reset": {"closed"},
}
"""Where an incident came to → the news of it, one of which must be owed in the same transaction."""
UNTOLD = {"faded"}


class World:
    """One endpoint, its store, and a clock that only goes forward."""

    def __init__(self, url: str) -> None:
        self.url, self.now, self.number = url, NOW, 0
        self.store = Store.open(url)
        self.routing = Routing(("slack", "pager"), ALERTS)
        self.reasons: set[str] = set()
        self.store.change(declared.remember, [MONEY, CHAT], [BILLING, SEARCH], self.now)

    def restart(self) -> None:
        self.store.close()
        self.store = Store.open(self.url)

    def go(self, hours: float) -> None:
        self.now += timedelta(hours=hours)
        self.reasons |= {decision.reason for decision in look_at_incidents(self.store, self.routing, self.now)}

    def round(self, shape: str, crash: bool) -> None:
        """One round from due to settled, as `service.run_round.run` does it; or killed before it is settled."""
        self.go(0.5)
        claim = self.store.change(
            rounds.claim, self.store.change(rounds.due, BILLING, "money", self.now), "worker", self.now, 60
        )
        assert claim is not None
        for sample in range(4):
            failed = shape == "outage" or (shape == "half" and sample < 2)
            record(self.store, claim, observe("x", sample, error="unauthorized" if failed else None))
        if crash:
            self.restart()
            self.now += timedelta(minutes=2)
            self.store.change(rounds.miss, claim.round.id, "abandoned", self.now)
            return
        judgement = judged(shape, claim.round.label)
        settled = settle(self.store, claim, BILLING, judgement, "{}", self.routing, self.now, rule=SILENT)
        self.reasons |= {settled.change.reason, settled.trouble.reason}

    def press(self, action: ActionName, number: int) -> None:
        incidents = [
            one for state in get_args(IncidentState) for one in self.store.query(stored_incidents.recent, state=state)
        ]
        if incidents:
            chosen = sorted(incidents, key=lambda one: -one.id)[number % len(incidents)]
            pressed = try_to_act(self.store, chosen.id, Action(action, "ana", "because"), self.routing, self.now)
            assert pressed is not None
            self.reasons.add(pressed[1].reason)

    def reset(self) -> None:
        begin_reference(self.store, "billing", "ana", "why", self.routing, self.now)

    def work(self, hours: float) -> None:
        self.store.change(daemons.announce, "billing", self.now + timedelta(hours=hours), "ana", "upgrade", self.now)

    def deliver(self) -> None:
        while (notice := StoredOutbox(self.store).claim_notice(self.now, 60, "http://d")) is not None:
            assert notice.reason, f"{notice.event} has no reason"
            assert notice.reason in (*get_args(Reason), "digest")
            self.store.change(
                stored_notices.settle, notice.id, Outcome(True, "sent", receipt=f"C/{notice.id}"), None, self.now
            )

    def all(self) -> dict[int, Incident]:
        return {
            one.id: one
            for state in get_args(IncidentState)
            for one in self.store.query(stored_incidents.recent, state=state)
        }


def judged(shape: str, label: str) -> Judgement:
    """What the judge says of a round of this shape."""
    log_e = {"alarm": 9.0, "stays": 12.0, "worse": 12.0, "again": 12.0, "back": 1.0, "quiet": 0.5, "suspect": 5.0}
    e = math.exp(log_e.get(shape, 0.5))
    onset = label if shape in ("alarm", "again", "suspect") else None
    first = Verdict("length", e, 1.3, 1.0, "ratio", 0.3, "34 % longer", onset, (), log_e.get(shape, 0.5))
    verdicts = [first]
    if shape in ("worse", "again"):
        name = "expectation" if shape == "worse" else "text"
        later = label if shape == "again" else None
        verdicts.append(Verdict(name, e, 0.5, 1.0, "share", -0.5, "passes 50 %", later, (), 12.0))
    state = {"suspect": "suspected", "back": "quiet", "quiet": "quiet", "outage": "alarm", "half": "alarm"}
    kind = "contract_break" if shape == "worse" else "behaviour_change"
    said = state.get(shape, "alarm")
    return Judgement(label, said, e, 100.0, tuple(verdicts), onset, kind if said == "alarm" else None)  # type: ignore[arg-type]


SHAPES = ["alarm", "stays", "worse", "again", "back", "quiet", "suspect", "outage", "half"]
STEPS = st.one_of(
    st.tuples(st.just("rounds"), st.sampled_from(SHAPES), st.sampled_from([1, 1, 2, 3, 4])),
    st.tuples(st.just("crash"), st.sampled_from(SHAPES)),
    st.tuples(st.just("press"), st.sampled_from(get_args(ActionName)), st.integers(0, 3)),
    st.tuples(st.just("go"), st.sampled_from([0.1, 3.0, 9.0, 30.0])),
    st.tuples(st.just("deliver")),
    st.tuples(st.just("restart")),
    st.tuples(st.just("work"), st.sampled_from([1.0, 5.0])),
    st.tuples(st.just("reset")),
)


def doings(world: World, step: tuple) -> list[Callable[[], None]]:
    match step:
        case ("rounds", shape, times):
            return [lambda: world.round(shape, crash=False)] * times
        case ("crash", shape):
            return [lambda: world.round(shape, crash=True)]
        case (name, *arguments):
            return [lambda: getattr(world, name)(*arguments)]
    raise AssertionError(step)


def check(before: dict[int, Incident], after: dict[int, Incident], notices: list) -> None:
    """Between two looks: no transition that may not be, none that nobody is told of, nothing undone."""
    assert before.keys() <= after.keys(), "an incident is never forgotten"
    for incident in after.values():
        old = before.get(incident.id)
        assert old is None or incident.state in MAY_FOLLOW[old.state], (old and old.state, incident.state)
        assert (incident.state == "muted") == (incident.muted_until is not None)
        assert (incident.state == "closed") == bool(incident.close_reason) == (incident.closed_at is not None)
        if old is not None and old.state == "closed":
            assert old == incident
        if (old.state if old else None) == incident.state or incident.state == "suspected":
            continue
        if incident.close_reason in UNTOLD:
            assert not any(one.incident_id == incident.id for one in notices), "nobody was told that it began"
            continue
        news = {one.event for one in notices if one.incident_id == incident.id}
        where = incident.close_reason or incident.state
        assert news & TELLS[where], f"{incident.id} came to {where}, and nobody is owed the news: {news}"
    changes = [one for one in after.values() if one.state != "closed" and isinstance(one, Change)]
    troubles = [one for one in after.values() if one.state != "closed" and isinstance(one, Trouble)]
    assert len(changes) <= 1 and len(troubles) <= 1


def walk(template: Path, folder: Path, steps: list[tuple]) -> None:
    database = folder / "walk.db"
    for left in folder.glob("walk.db*"):
        left.unlink()
    shutil.copy(template, database)
    world = World(f"sqlite:///{database}")
    try:
        before = world.all()
        for step in steps:
            for do in doings(world, step):
                do()
                after = world.all()
                check(before, after, list(world.store.query(stored_notices.recent, limit=100_000)))
                before = after
        everything = world.store.query(stored_notices.recent, limit=100_000)
        assert all(one.reason in (*get_args(Reason), "digest") for one in everything)
        give_time(world)
    finally:
        world.store.close()


def give_time(world: World) -> None:
    """Whatever happened, a few days later every notice was sent, or told in a digest that was."""
    for _ in range(4):
        world.go(30.0)
        world.deliver()
    left: list[tuple[str, str, datetime]] = [
        (one.event, one.state, one.next_try_at)
        for one in world.store.query(stored_notices.recent, limit=100_000)
        if one.state not in ("sent", "digested") and one.next_try_at <= world.now
    ]
    assert left == []


@pytest.mark.parametrize("examples", [2, pytest.param(12, marks=pytest.mark.slow)])
def test_nothing_is_lost_undone_or_unreported(sqlite_template: Path, tmp_path: Path, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(steps=st.lists(STEPS, min_size=6, max_size=25))
    def walks(steps: list[tuple]) -> None:
        walk(sqlite_template, tmp_path, steps)

    walks()
