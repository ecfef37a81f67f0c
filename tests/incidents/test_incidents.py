"""The state machine of incidents: every outcome has a named reason, and no judgement changes an open incident."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.incidents.actions import accept, acknowledge, act_on, had_effect, refusal, reset
from prober.incidents.lifecycle import AFTERMATH, Circumstances, decide
from prober.incidents.runbooks import choose
from prober.model.decision import LEARNT, Action, Reason
from prober.model.evidence import Fact, Findings, Judgement, Kind, Shift, State, Verdict, headline
from prober.model.incident import SERIOUS, Change, Course

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
    Change,
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


def decided(judgement: Judgement, incident: Change | None = None):
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
    assert decision.incident == Change(
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
        notified_at=NOW,
    )


def test_without_an_onset_the_change_began_where_it_was_seen() -> None:
    incident = decided(replace(ALARM, onset=None)).incident
    assert incident is not None and incident.onset == "0031"


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(judgements)
def test_an_incident_opens_on_an_alarm_with_a_kind_and_on_nothing_else(judgement: Judgement) -> None:
    decision = decided(judgement)
    opens = judgement.state == "alarm" and judgement.kind is not None
    assert (decision.event == "opened") == (decision.incident is not None and decision.incident.is_live) == opens
    assert decision.reason in get_args(Reason)
    assert decision.new_epoch is None


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(judgements, incidents)
def test_a_judgement_touches_nothing_a_person_says_nor_when_and_where_it_began(
    judgement: Judgement, incident: Change
) -> None:
    decision = decided(judgement, incident)
    after = decision.incident
    assert after is not None and decision.new_epoch is None
    learnt = ("kind", "verdicts", "course", "rounds_after", "peak_log_e", "passed", "severity", "settled_round")
    learnt += ("e_value", "findings", "calm_rounds", "state", "closed_at", "close_reason")
    learnt += ("notified_at",) if decision.event == "escalated" else ()
    assert repr(replace(after, **{name: getattr(incident, name) for name in learnt})) == repr(incident)
    assert (after is incident) == (decision.reason not in LEARNT)
    assert SERIOUS.index(after.kind) >= SERIOUS.index(incident.kind)
    assert {one.channel for one in after.verdicts} >= {one.channel for one in incident.verdicts}


def later(log_e: float, number: int = 32, *more: Verdict, kind: Kind = "behaviour_change") -> Judgement:
    """The judgement of a round after the alarm, whose first channel has come to this evidence."""
    length = replace(LENGTH, e_value=math.exp(min(log_e, 700.0)), log_e=log_e)
    return replace(ALARM, round=f"{number:04d}", verdicts=(length, *more), kind=kind)


def watched(*log_es: float) -> tuple[Change, list[str], list[str | None]]:
    """An incident that began with evidence e⁷, after rounds that brought it to these; reasons and events on the way."""
    incident = decided(later(7.0, 31)).incident
    assert incident is not None
    reasons, events = [], []
    for number, log_e in enumerate(log_es, 32):
        decision = decided(later(log_e, number), incident)
        assert decision.incident is not None
        incident = decision.incident
        reasons.append(decision.reason)
        events.append(decision.event)
    return incident, reasons, events


def test_a_change_that_goes_on_is_persistent_and_nobody_is_notified_again() -> None:
    incident, reasons, events = watched(9.0, 12.0, 13.0, 8.0, 8.0)
    assert reasons == ["aftermath", "aftermath", "persistent", "refreshed", "already_open"]
    assert (incident.course, incident.rounds_after, incident.back_since) == ("persistent", AFTERMATH, None)
    assert set(events) == {None}


def test_a_change_that_is_over_is_transient_and_people_are_notified_since_when() -> None:
    incident, reasons, events = watched(8.0, 5.0, 3.0, 1.0)
    assert reasons == ["aftermath", "aftermath", "transient", "back_so_far"]
    assert events == [None, None, "passed", None]
    assert (incident.course, incident.passed) == ("transient", "0033"), "0032 was the last that spoke for the change"
    assert incident.state == "open", "a person closes it"


def test_a_change_that_stayed_and_is_back_passes_and_closes_by_itself() -> None:
    incident, reasons, events = watched(9.0, 12.0, 13.0, 16.0, 30.0, 26.0, 22.0, 18.0, 14.0, 10.0)
    assert reasons[-4:] == ["transient", "back_so_far", "back_so_far", "back_for_good"]
    assert (events[-4], events[-1]) == ("passed", "recovered")
    assert (incident.back_since, incident.close_reason) == ("0037", "recovered")
    assert watched(9.0, 12.0, 13.0, 16.0, 30.0, 26.0, 24.0, 31.0)[1][-1] == "refreshed", "it only scattered"


def test_it_is_not_back_while_a_grave_channel_without_a_statistic_says_otherwise() -> None:
    refuses = Shift("refusal", "refuses 74 % (was 8 %)", 24, 96, "worse", is_clear=True)
    given = Circumstances(look=lambda change: Findings((refuses,)))
    incident = decide(None, later(7.0, 31), "acme/gpt-4o", "e1", NOW, given=given).incident
    for number, log_e in enumerate((9.0, 12.0, 13.0, 30.0, 10.0), 32):
        incident = decide(incident, later(log_e, number), "acme/gpt-4o", "e1", NOW, given=given).incident
    assert incident is not None
    assert (incident.course, incident.severity, incident.headline) == (
        "persistent", "critical", "refuses 74 % (was 8 %)",
    )  # fmt: skip


def test_another_model_is_named_with_the_one_before() -> None:
    """The channel of identities knows the old name only; what the provider says has both."""
    said = [("identity", "model: “m-1” 0 % (was 100 %), answers never seen before 100 % (was 0 %)", "")]
    fact = Fact("r", "model_name", "model", "m-1", "m-2", seen=6, of=6)
    assert headline(said, (fact,)) == "served model m-1 → m-2"
    worse = ("refusal", "refuses 74 % (was 8 %)", "worse")
    assert headline([*said, worse], (fact,)) == "refuses 74 % (was 8 %)", "the gravest first"


def test_an_improvement_is_info_and_said_as_one() -> None:
    better = Shift("refusal", "refuses 1 % (was 31 %)", 24, 96, "better", is_clear=True)
    longer = Shift("length", "40 % longer", 24, 96, follows=True)
    given = Circumstances(look=lambda change: Findings((better, longer)))
    incident = decide(None, later(7.0, 31), "acme/gpt-4o", "e1", NOW, given=given).incident
    assert incident is not None
    assert (incident.severity, incident.kind) == ("info", "behaviour_change")
    assert incident.headline == incident.for_better_or_worse == "better: refuses 1 % (was 31 %)"
    worse = Shift("expectation", "checks hold in 40 % (was 98 %)", 24, 96, "worse", is_clear=True)
    both = replace(incident, findings=Findings((worse, better, longer)))
    assert both.for_better_or_worse == ("worse: checks hold in 40 % (was 98 %); better: refuses 1 % (was 31 %)")
    assert replace(incident, findings=Findings((longer,))).for_better_or_worse == ""


def provisional() -> Change:
    """A change that was found while the reference was gathered."""
    incident = decided(replace(ALARM, is_provisional=True)).incident
    assert incident is not None and incident.is_provisional
    return incident


def test_a_provisional_change_closes_once_rounds_are_like_the_reference_it_became() -> None:
    """The reference is gathered from the rounds since then; until it is complete nothing is decided."""
    incident, reasons = provisional(), []
    quiet = Judgement("0050", "quiet", 1.0, 365.0, (replace(LENGTH, e_value=1.0, log_e=0.0),))
    suspected = replace(quiet, state="suspected")
    for judgement in (replace(quiet, state="insufficient_evidence"), quiet, suspected, quiet, quiet):
        decision = decided(judgement, incident)
        incident = decision.incident
        reasons.append(decision.reason)
    assert reasons[0] == "insufficient_evidence" and reasons[-1] == "became_reference"
    assert (incident.state, incident.close_reason, incident.actor) == ("closed", "superseded", "")
    assert incident.cause == "the rounds since then became the reference"
    assert decision.event == "became_reference"


def test_an_alarm_after_a_provisional_change_is_another_change() -> None:
    again = replace(ALARM, round="0063", onset="0060", verdicts=(replace(LENGTH, onset="0060"),))
    decision = decided(again, provisional())
    assert (decision.reason, decision.successor.onset) == ("changed_again", "0060")


def test_in_doubt_more_rounds_are_waited_for() -> None:
    incident, reasons, _ = watched(6.5, 6.0, 5.0, 5.5, 4.5)
    assert (incident.course, reasons) == ("unknown", ["aftermath"] * 5)
    incident, reasons, _ = watched(6.5, 6.0, 5.0, 5.5, 7.0)
    assert (incident.course, incident.passed, reasons[-1]) == ("persistent", None, "persistent")
    incident, reasons, _ = watched(6.5, 6.0, 5.0, 5.5, 3.9)
    assert (incident.course, incident.passed, reasons[-1]) == ("transient", "0032", "transient")


@pytest.mark.parametrize("log_e", [800.0, 5000.0])
def test_evidence_beyond_any_double_is_still_compared(log_e: float) -> None:
    incident = decided(later(1000.0, 31)).incident
    for number in (32, 33, 34):
        assert incident is not None
        incident = decided(later(log_e, number), incident).incident
    assert incident is not None
    assert incident.course == ("persistent" if log_e > 1000 else "transient")


def test_without_a_word_of_its_first_channel_nobody_knows_whether_it_lasts() -> None:
    incident = decided(later(7.0, 31)).incident
    assert incident is not None
    silent = replace(ALARM, verdicts=(replace(LENGTH, channel="choice", e_value=1.0),))
    assert decided(silent, incident).reason == "already_open"
    numberless = decided(ALARM).incident
    assert decided(ALARM, numberless).reason == "already_open"


BROKEN = Verdict("expectation", 500.0, 0.5, 1.0, "share of replies", -0.5, "passes 50 %", "0030", ("a.b",), 6.2)


def test_a_more_serious_channel_makes_it_worse_and_people_are_notified_once() -> None:
    opened = decided(later(7.0, 31, replace(BROKEN, e_value=1.0))).incident
    worse = later(9.0, 32, BROKEN, kind="contract_break")
    decision = decided(worse, opened)
    assert (decision.reason, decision.event) == ("more_serious", "escalated")
    assert decision.incident is not None and opened is not None
    assert (decision.incident.kind, decision.incident.rounds_after) == ("contract_break", 1)
    assert [one.channel for one in decision.incident.moved] == ["length", "expectation"]
    assert decision.incident.verdicts[0] == opened.verdicts[0], "what was frozen stays"
    again = decided(replace(worse, round="0033"), decision.incident)
    assert (again.event, again.incident and again.incident.kind) == (None, "contract_break")


def test_a_less_serious_channel_is_added_and_nobody_is_notified() -> None:
    opened = decided(ALARM).incident
    named = replace(BROKEN, channel="identity")
    decision = decided(replace(ALARM, verdicts=(LENGTH, named)), opened)
    assert (decision.reason, decision.event) == ("more_channels", None)
    assert decision.incident is not None
    assert decision.incident.kind == "behaviour_change"
    assert [one.channel for one in decision.incident.moved] == ["length", "identity"]
    weak = replace(named, e_value=36.0)
    assert decided(replace(ALARM, verdicts=(LENGTH, weak)), opened).reason == "already_open", "a tenth of the threshold"


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(st.lists(judgements, max_size=8))
def test_one_change_is_one_incident_however_long_it_lasts(rounds: list[Judgement]) -> None:
    incident, opened = None, 0
    for judgement in rounds:
        decision = decided(judgement, incident)
        incident, opened = decision.incident, opened + (decision.event == "opened")
        incident = None if incident is not None and incident.state == "closed" else incident
    assert opened <= 1
    assert (incident is not None and incident.is_live) == (opened == 1)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(judgements, st.none() | incidents)
def test_the_same_question_has_the_same_answer(judgement: Judgement, incident: Change | None) -> None:
    first, second = decided(judgement, incident), decided(judgement, incident)
    assert repr(first) == repr(second)  # a NaN in a verdict is not equal to itself


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(incidents, st.text(max_size=8))
def test_acknowledging_changes_who_acknowledged_it_and_nothing_else(incident: Change, actor: str) -> None:
    decision = acknowledge(incident, actor, "why", NOW)
    in_hand = replace(incident, state="acknowledged", actor=actor, note="why", acknowledged_at=NOW)
    assert decision.incident == in_hand
    assert (decision.reason, decision.event, decision.new_epoch) == ("acknowledged", "acknowledged", None)


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(incidents, st.text(max_size=8), st.text(max_size=8))
def test_accepting_closes_it_and_begins_a_new_epoch_at_its_onset(incident: Change, actor: str, note: str) -> None:
    decision = accept(incident, actor, note, NOW)
    closed = replace(incident, state="closed", closed_at=NOW, close_reason="accepted", actor=actor, note=note)
    assert decision.incident == closed
    assert (decision.reason, decision.event, decision.new_epoch) == ("accepted", "accepted", incident.onset)


def test_accepting_a_change_that_has_passed_begins_with_the_rounds_after_it() -> None:
    passed, _, _ = watched(8.0, 5.0, 3.0)
    assert accept(passed, "alice", "", NOW).new_epoch == "0033"
    stayed, _, _ = watched(8.0, 7.0, 9.0)
    assert accept(stayed, "alice", "", NOW).new_epoch == "0029"


@pytest.mark.parametrize(
    ("passed", "course", "epoch"),
    [
        (None, "unknown", "0029"),
        (None, "transient", "0029"),
        ("0040", "unknown", "0029"),
        ("0040", "persistent", "0029"),
        ("0040", "transient", "0040"),
    ],
)
def test_only_a_change_that_is_known_to_have_passed_is_accepted_from_its_end(
    passed: str | None, course: Course, epoch: str
) -> None:
    first = decided(ALARM).incident
    assert first is not None
    assert accept(replace(first, passed=passed, course=course), "alice", "", NOW).new_epoch == epoch


def test_a_reset_closes_what_is_open() -> None:
    incident = decided(ALARM).incident
    assert incident is not None
    decision = reset(incident, "bob", "new prompt cache", NOW)
    closed = replace(
        incident, state="closed", closed_at=NOW, close_reason="reset", actor="bob", note="new prompt cache"
    )
    assert (decision.reason, decision.event, decision.new_epoch) == ("reset", "closed", None)
    assert decision.incident == closed


def test_after_acceptance_the_next_change_opens_a_new_incident() -> None:
    first = decided(ALARM).incident
    assert first is not None
    assert accept(first, "alice", "better", NOW).new_epoch == "0029"
    assert decided(replace(ALARM, round="0060", onset="0058")).event == "opened"


def test_a_change_that_holds_a_fact_is_never_a_false_alarm() -> None:
    opened = decide(None, ALARM, "billing", "h", NOW).incident
    assert isinstance(opened, Change)
    assert act_on(opened, Action("dismiss", "ana"), NOW).reason == "dismissed"
    fact = Fact("0029", "model_name", "model", "gpt-x-0613", "gpt-x-1106", 18, 18)
    decision = act_on(replace(opened, facts=(fact,)), Action("dismiss", "ana"), NOW)
    assert (decision.reason, decision.event, had_effect(decision.reason)) == ("rests_on_fact", None, False)
    assert refusal(opened, decision.reason, "ana") == (
        "holds a fact, which is never a false alarm: accept it to keep the new behaviour, or close it if the old one is "
        "back"
    )


@pytest.mark.parametrize(
    ("channel", "runbook"),
    [("length", "model-version"), ("reasoning", "model-version"), ("refusal", "refusal-spike"),
     ("expectation", "semantic-regression"), ("embedding", "semantic-regression")],
)  # fmt: skip
def test_the_runbook_is_that_of_what_moved_and_longer_replies_are_another_model_before_they_are_a_cost(
    channel: str, runbook: str
) -> None:
    moved = replace(ALARM, verdicts=(replace(LENGTH, channel=channel),))
    opened = decide(None, moved, "billing", "h", NOW).incident
    assert choose(opened) == runbook
