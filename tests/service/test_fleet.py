"""A fleet on its way through rounds: believed sooner together, one incident, one call; alone, nothing changes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.asking.scripted import ScriptedProvider
from prober.incidents.lifecycle import decide, join
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.evidence import Judgement, Verdict
from prober.model.incident import Incident
from prober.model.notice import Part
from prober.service import run_round
from prober.service.run_round import RoundResult
from prober.store import Store, incidents, judge_state, notices
from prober.store.pages import overview

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)
SET = ProbeSet(
    name="canary", owner="us", endpoints=("a",), schedule=Schedule(every="1d"), probes=(Probe(id="sum", prompt="2 + 2?"),)
)  # fmt: skip


def parrot(name: str) -> Endpoint:
    parameters = {"world": "still", "seed": ord(name)}
    return Endpoint.model_validate({"name": name, "provider": "scripted", "model": name, "parameters": parameters})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as opened:
        yield opened


def said(label: str, share: float) -> Judgement:
    """What a judge might say whose evidence is this share of the threshold, for a change that began in this round."""
    state = "alarm" if share >= 1 else "suspected" if share >= 0.1 else "quiet"
    verdict = Verdict("length", 7 * 365 * share, 1.3, 1.0, "ratio", 0.3, "34 % longer", label, ())
    kind = "behaviour_change" if share >= 1 else None
    return Judgement(label, state, 365 * share, 365.0, (verdict,), label, kind)  # type: ignore[arg-type]


@pytest.fixture
def ask(store: Store, monkeypatch: pytest.MonkeyPatch):
    """One round of an endpoint in which the judge finds this much."""

    def ask(endpoint: Endpoint, share: float, at: datetime) -> RoundResult:
        monkeypatch.setattr(
            run_round, "advance", lambda memory, round_, history, promise, times: (memory, said(round_.label, share))
        )
        return run_round.run(
            SET, endpoint, Promise(), ScriptedProvider(), store, Routing(("log",)), at, clock=lambda: at
        )

    return ask


def opened(result: RoundResult) -> Incident:
    assert result.decision is not None and result.decision.incident is not None
    return result.decision.incident


@pytest.mark.slow
def test_half_suspicions_at_the_same_time_are_an_alarm_and_one_call(store: Store, ask) -> None:
    a, b, c = map(parrot, "abc")
    assert ask(a, 0.6, NOON).decision.reason == "suspected"
    first = opened(ask(b, 0.6, NOON + MINUTE))
    assert (first.kind, first.together, first.part_of) == ("behaviour_change", ("a",), None)
    # At its next round the first endpoint is believed too, and its incident is part of the same event.
    second = opened(ask(a, 0.6, NOON + DAY))
    third = opened(ask(c, 1.2, NOON + DAY))
    assert (second.part_of, third.part_of) == (first.id, first.id)
    assert store.query(incidents.parts, first) == (Part("a", second.id), Part("c", third.id))
    assert [(one.incident_id, one.event) for one in store.query(notices.recent)] == [(first.id, "opened")]


@pytest.mark.slow
def test_alone_or_at_another_time_half_a_suspicion_is_none(store: Store, ask) -> None:
    a, b = map(parrot, "ab")
    ask(a, 0.6, NOON)
    assert ask(b, 0.6, NOON + 5 * DAY).decision.reason == "suspected"
    assert ask(a, 0.4, NOON + 5 * DAY + MINUTE).decision.reason == "suspected", (
        "a half and two fifths are not two halves"
    )
    assert store.query(incidents.recent) == ()


@pytest.mark.slow
def test_the_stored_judgement_says_alarm_and_the_evidence_is_its_own(store: Store, ask) -> None:
    a, b = map(parrot, "ab")
    ask(a, 0.6, NOON)
    ask(b, 0.6, NOON + MINUTE)
    views = {view.name: view for view in store.query(overview.endpoints)}
    assert (views["a"].state, views["b"].state) == ("suspected", "alarm")
    assert views["b"].e_value == pytest.approx(0.6 * 365)


@pytest.mark.slow
def test_a_quiet_round_asks_nothing_of_the_fleet(store: Store, ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judge_state, "peers", None)
    assert ask(parrot("a"), 0.05, NOON).decision.reason == "quiet"
    assert ask(parrot("a"), 1.5, NOON + DAY).decision.reason == "change_confirmed"


def test_an_incident_joins_the_first_of_those_that_stand_open() -> None:
    alarm = said("2026-03-01T12:00:00Z", 2.0)
    new, seven, nine = (replace(opened_alone(alarm), id=number) for number in (0, 7, 9))
    assert join(new, ()) == new
    assert join(new, (nine, seven)).part_of == 7
    assert join(new, (replace(seven, part_of=3), nine)).part_of == 3
    assert replace(join(new, (seven,)), part_of=None) == new


def opened_alone(alarm: Judgement) -> Incident:
    incident = decide(None, alarm, "a", "hash", NOON, ("b",)).incident
    assert incident is not None and incident.together == ("b",)
    return incident
