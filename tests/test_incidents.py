"""The state machine of incidents: every outcome has a named reason, and no judgement changes an open incident."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.detectors.verdict import Judgement, Kind, State, Verdict
from prober.incidents import Incident, Reason, accept, acknowledge, decide

NOW = datetime(2026, 2, 1, tzinfo=UTC)
LENGTH = Verdict("length", 900.0, 1.34, 1.0, "ratio to reference", 0.34, "34 % longer", "0029", ("a.b",))
ALARM = Judgement("0031", "alarm", 812.0, 365.0, (LENGTH,), onset="0029", kind="behaviour_change")

verdicts = st.builds(
    Verdict,
    channel=st.text(max_size=8),
    e_value=st.floats(0, 1e9),
    value=st.floats(),
    reference_value=st.floats(),
    unit=st.text(max_size=8),
    effect=st.floats(),
    words=st.text(max_size=20),
    onset=st.none() | st.text(max_size=8),
    series=st.lists(st.text(max_size=8), max_size=3).map(tuple),
)
judgements = st.builds(
    Judgement,
    round=st.text(min_size=1, max_size=8),
    state=st.sampled_from(get_args(State)),
    e_value=st.floats(0, math.inf),
    threshold=st.floats(1, 1e6),
    verdicts=st.lists(verdicts, max_size=3).map(tuple),
    onset=st.none() | st.text(min_size=1, max_size=8),
    kind=st.none() | st.sampled_from(get_args(Kind)),
    missing=st.text(max_size=8),
)
incidents = st.builds(
    Incident,
    id=st.integers(1, 10**6),
    endpoint=st.text(max_size=8),
    endpoint_hash=st.text(max_size=8),
    state=st.sampled_from(["open", "acknowledged"]),
    kind=st.sampled_from(get_args(Kind)),
    onset=st.text(min_size=1, max_size=8),
    detected_round=st.text(min_size=1, max_size=8),
    opened_at=st.datetimes(timezones=st.just(UTC)),
    e_value=st.floats(0, math.inf),
    threshold=st.floats(1, 1e6),
    verdicts=st.lists(verdicts, max_size=3).map(tuple),
)


def decided(judgement: Judgement, incident: Incident | None = None):
    return decide(incident, judgement, "acme/gpt-4o", "e1", NOW)


@pytest.mark.parametrize(
    ("state", "kind", "open_already", "reason"),
    [
        ("insufficient_evidence", None, False, "insufficient_evidence"),
        ("insufficient_evidence", None, True, "insufficient_evidence"),
        ("quiet", None, False, "quiet"),
        ("quiet", None, True, "quiet"),
        ("suspected", None, False, "suspected"),
        ("suspected", None, True, "quiet"),
        ("alarm", "behaviour_change", False, "change_confirmed"),
        ("alarm", "behaviour_change", True, "already_open"),
        ("alarm", None, False, "quiet"),
    ],
)
def test_every_case_has_its_reason(state: State, kind: Kind | None, open_already: bool, reason: Reason) -> None:
    incident = decided(ALARM).incident if open_already else None
    assert decided(replace(ALARM, state=state, kind=kind), incident).reason == reason


def test_a_confirmed_change_opens_an_incident_that_keeps_the_evidence() -> None:
    decision = decided(ALARM)
    assert (decision.reason, decision.event, decision.new_epoch) == ("change_confirmed", "opened", None)
    assert decision.incident == Incident(
        id=0,
        endpoint="acme/gpt-4o",
        endpoint_hash="e1",
        state="open",
        kind="behaviour_change",
        onset="0029",
        detected_round="0031",
        opened_at=NOW,
        e_value=812.0,
        threshold=365.0,
        verdicts=(LENGTH,),
    )


def test_without_an_onset_the_change_began_where_it_was_seen() -> None:
    incident = decided(replace(ALARM, onset=None)).incident
    assert incident is not None and incident.onset == "0031"


@settings(max_examples=25, deadline=None)
@given(judgements)
def test_an_incident_opens_on_an_alarm_with_a_kind_and_on_nothing_else(judgement: Judgement) -> None:
    decision = decided(judgement)
    opens = judgement.state == "alarm" and judgement.kind is not None
    assert (decision.event == "opened") == (decision.incident is not None) == opens
    assert decision.reason in get_args(Reason)
    assert decision.new_epoch is None


@settings(max_examples=25, deadline=None)
@given(judgements, incidents)
def test_a_judgement_never_changes_an_open_incident_nor_tells_anyone_twice(
    judgement: Judgement, incident: Incident
) -> None:
    decision = decided(judgement, incident)
    assert decision.incident is incident
    assert decision.event is None and decision.new_epoch is None


@settings(max_examples=25, deadline=None)
@given(st.lists(judgements, max_size=8))
def test_one_change_is_one_incident_however_long_it_lasts(rounds: list[Judgement]) -> None:
    incident, opened = None, 0
    for judgement in rounds:
        decision = decided(judgement, incident)
        incident, opened = decision.incident, opened + (decision.event == "opened")
    assert opened <= 1
    assert (incident is not None) == (opened == 1)


@settings(max_examples=25, deadline=None)
@given(judgements, st.none() | incidents)
def test_the_same_question_has_the_same_answer(judgement: Judgement, incident: Incident | None) -> None:
    first, second = decided(judgement, incident), decided(judgement, incident)
    assert repr(first) == repr(second)  # a NaN in a verdict is not equal to itself


@settings(max_examples=25, deadline=None)
@given(incidents, st.text(max_size=8))
def test_acknowledging_changes_who_has_it_in_hand_and_nothing_else(incident: Incident, actor: str) -> None:
    decision = acknowledge(incident, actor)
    assert decision.incident == replace(incident, state="acknowledged", actor=actor)
    assert (decision.reason, decision.event, decision.new_epoch) == ("acknowledged", "acknowledged", None)


@settings(max_examples=25, deadline=None)
@given(incidents, st.text(max_size=8), st.text(max_size=8))
def test_accepting_closes_it_and_begins_a_new_epoch_at_its_onset(incident: Incident, actor: str, note: str) -> None:
    decision = accept(incident, actor, note, NOW)
    closed = replace(incident, state="closed", closed_at=NOW, close_reason="accepted", actor=actor, note=note)
    assert decision.incident == closed
    assert (decision.reason, decision.event, decision.new_epoch) == ("accepted", "accepted", incident.onset)


def test_after_acceptance_the_next_change_opens_a_new_incident() -> None:
    first = decided(ALARM).incident
    assert first is not None
    assert accept(first, "alice", "better", NOW).new_epoch == "0029"
    assert decided(replace(ALARM, round="0060", onset="0058")).event == "opened"
