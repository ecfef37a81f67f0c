"""Settling a round is one transaction; a person's action is another; neither can undo the other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from sqlmodel import update

from prober.incidents.actions import accept, acknowledge
from prober.incidents.routing import Routing
from prober.judging.reference import times_in
from prober.model.decision import Action, Decision
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Fingerprint, Judgement
from prober.model.incident import Change, Measured, MeasuredKind
from prober.service.act import try_to_act
from prober.service.decisions import carry_out
from prober.service.settle import settle
from prober.store import Store, incidents, judge_state, notices, replies
from prober.store import rounds as stored_rounds
from prober.store.codec import pack_text
from prober.store.pages import overview
from prober.store.rounds import Claim
from prober.store.rows import MemoryRow
from tests.store.world import (
    BILLING,
    DAY,
    HASH,
    NAMES,
    NOW,
    SEARCH,
    SERIES,
    SILENT,
    alarm,
    begin,
    carry,
    complete,
    finish,
    judge,
    observe,
    record,
    verdict,
)


def test_settling_completes_the_round_and_keeps_the_memory(store: Store) -> None:
    assert store.query(judge_state.memory, HASH) is None
    view = begin(store)
    finish(store, view, '{"n": 1, "hostile": "\x00\ud800"}')
    (done,) = store.query(overview.recent_rounds)
    assert (done.state, done.completed_at, done.lease_until) == ("completed", NOW, None)
    assert store.query(judge_state.memory, HASH) == '{"n": 1, "hostile": "\x00\ud800"}'
    assert store.query(judge_state.memory, SEARCH.content_hash) is None
    assert store.query(notices.recent) == ()


def test_memory_none_forgets(store: Store) -> None:
    complete(store, NOW, memory="old")
    complete(store, NOW + DAY, memory=None)
    assert store.query(judge_state.memory, HASH) is None


def test_what_follows_the_first_line_of_a_memory_is_written_only_where_it_changes(store: Store) -> None:
    complete(store, NOW, memory="first\nsame\nlines")
    assert store.query(judge_state.memory, HASH) == "first\nsame\nlines"
    with store.write() as tx:  # what is not written again stays marked
        tx.exec(update(MemoryRow).values(constant=pack_text("marked")))
    complete(store, NOW + DAY, memory="second\nsame\nlines")
    assert store.query(judge_state.memory, HASH) == "second\nmarked"
    for number, memory in enumerate(("third\nother \ud800", "fourth", "fifth\nother \ud800"), start=2):
        complete(store, NOW + number * DAY, memory=memory)
        assert store.query(judge_state.memory, HASH) == memory


def test_nothing_is_judged_twice(store: Store) -> None:
    view = complete(store, memory="first")
    with pytest.raises(ClaimLost, match="is completed"):
        finish(store, Claim(view, 1), "second")
    assert store.query(judge_state.memory, HASH) == "first"


def test_a_round_that_was_not_claimed_is_refused(store: Store) -> None:
    store.change(stored_rounds.due, BILLING, "money", NOW)
    with pytest.raises(StoreError, match="is due"):
        finish(store, Claim(store.query(overview.recent_rounds)[0], 0), "memory")
    assert store.query(judge_state.memory, HASH) is None
    assert store.query(overview.recent_rounds)[0].state == "due"


def test_an_alarm_opens_one_incident_and_owes_one_notice_an_alerter(store: Store) -> None:
    strongest = verdict("choice", math.inf, onset="2026-02-27T00:00:00.000000Z")
    quiet = replace(verdict("refusal", 1.0), value=math.nan, words="\x00 <!channel> \ud83d")
    incident = alarm(store, NOW, strongest, quiet, onset="2026-02-27T00:00:00.000000Z")
    assert incident.id > 0
    assert (incident.endpoint, incident.endpoint_hash, incident.state) == ("billing", HASH, "open")
    assert (incident.kind, incident.onset) == ("behaviour_change", "2026-02-27T00:00:00.000000Z")
    assert incident.detected_round == store.query(overview.recent_rounds)[0].label
    assert (incident.opened_at, incident.e_value, incident.threshold) == (NOW, 900.0, 365.0)
    assert incident.verdicts[0] == strongest
    assert repr(incident.verdicts[1]) == repr(quiet)  # NaN is not equal to itself, its spelling is
    assert [(one.alerter, one.state, one.event) for one in store.query(notices.recent)] == [
        ("log", "owed", "opened"), ("slack", "owed", "opened"),
    ]  # fmt: skip


@pytest.mark.slow
def test_the_same_alarm_again_changes_nothing_and_owes_nothing(store: Store) -> None:
    first = alarm(store)
    complete(store, NOW + DAY, judgement=judge("", "alarm", verdict()))
    assert store.query(incidents.recent) == (first,)
    assert [one.event for one in store.query(notices.recent)] == ["opened", "opened"]


@pytest.mark.slow
def test_history_is_completed_rounds_in_label_order_with_the_asked_series_only(store: Store) -> None:
    for day in range(3):
        at = NOW + day * DAY
        complete(store, at, observe(f"day {day}", at=at), observe("other", series="other.series", at=at))
    complete(store, NOW + 3 * DAY, observe("only other", series="other.series"))
    complete(store, NOW, observe("elsewhere"), endpoint=SEARCH)
    unfinished = begin(store, NOW + 4 * DAY)
    record(store, unfinished, observe("not judged"))
    rounds = store.query(replies.history, HASH, {SERIES})
    assert [one.observations[0].reply for one in rounds] == [replies.NOT_READ] * 3, "the judge reads fingerprints"
    assert [one.at for one in rounds] == [NOW, NOW + DAY, NOW + 2 * DAY]
    assert [one.label for one in rounds] == sorted(one.label for one in rounds)
    assert all(one.endpoint == "billing" and len(one.observations) == 1 for one in rounds)
    assert len(store.query(replies.history, HASH, [SERIES, "other.series"])) == 4
    assert store.query(replies.history, HASH, ()) == ()
    assert store.query(replies.history, "nobody", [SERIES]) == ()


def test_the_fingerprints_of_the_history_are_those_recorded_and_what_recurs_is_kept_once(store: Store) -> None:
    said = [replace(observe(text), fingerprint=print_of(text)) for text in ("Blue.", "Blue.", "Red \0 \ud800")]
    said.append(replace(observe("Blue."), fingerprint=None))
    for day, one in enumerate(said):
        complete(store, NOW + day * DAY, one)
    read = [one.observations[0].fingerprint for one in store.query(replies.history, HASH, {SERIES})]
    assert read == [one.fingerprint for one in said]
    first, again = read[0], read[1]
    assert first is not None and again is not None
    assert first.vectors["toy"] is again.vectors["toy"]
    assert first.categories["text"] is again.categories["text"]


def print_of(text: str) -> Fingerprint:
    return Fingerprint({"text": text}, {"length": float(len(text))}, {"toy": (-0.0, len(text) / 3)}, {"x": "why"})


@pytest.mark.slow
def test_times_are_those_of_the_rounds_of_the_history_that_hold_a_fingerprint(store: Store) -> None:
    for day in range(3):
        at = NOW + day * DAY
        complete(store, at, observe(at=at), observe(at=at, sample=1), observe("other", series="other.series", at=at))
    complete(store, NOW + 3 * DAY, observe(error="timeout"), observe("only other", series="other.series"))
    record(store, begin(store, NOW + 4 * DAY), observe("not judged"))
    asked = {SERIES, "other.series", "none"}
    times = store.query(replies.times, HASH, asked)
    assert {name: times.get(name, []) for name in asked} == times_in(store.query(replies.history, HASH, asked), asked)
    assert (len(times[SERIES]), len(times["other.series"])) == (3, 4)


def test_history_of_thousands_of_series_is_one_question(store: Store) -> None:
    complete(store)
    assert len(store.query(replies.history, HASH, [SERIES, *(f"s{n}" for n in range(5000))])) == 1


def test_acknowledging_is_reported_and_the_incident_stays_the_open_one(store: Store) -> None:
    incident = alarm(store)
    held = carry(store, acknowledge(incident, "ana", "", NOW), Routing(("slack",)), NOW + DAY)
    assert (held.state, held.actor) == ("acknowledged", "ana")
    assert store.query(incidents.open_change, HASH) == held == store.query(incidents.get, incident.id)
    told = [(one.event, one.alerter) for one in store.query(notices.recent)][:2]
    assert told == [("acknowledged", "log"), ("acknowledged", "slack")], "whoever was told that it opened"


@pytest.mark.slow
def test_accepting_starts_a_new_epoch_at_the_onset(store: Store) -> None:
    before, first_changed = complete(store, NOW), complete(store, NOW + DAY)
    incident = alarm(store, NOW + 2 * DAY, onset=first_changed.label)
    closed = carry(store, accept(incident, "ana", "upgrade", NOW + 3 * DAY), Routing(("log",)), NOW + 3 * DAY)
    assert (closed.state, closed.close_reason, closed.closed_at) == ("closed", "accepted", NOW + 3 * DAY)
    assert store.query(incidents.open_change, HASH) is None
    assert store.query(judge_state.memory, HASH) is None
    assert [one.label for one in store.query(replies.history, HASH, [SERIES])] == [
        first_changed.label,
        incident.detected_round,
    ]
    (epoch,) = store.query(judge_state.epochs, "billing")
    assert (epoch.start_label, epoch.at, epoch.author, epoch.note) == (
        first_changed.label, NOW + 3 * DAY, "ana", "upgrade",
    )  # fmt: skip
    assert before.label < epoch.start_label
    assert store.query(judge_state.epochs, "search") == ()


@pytest.mark.slow
def test_a_round_in_progress_when_a_new_epoch_begins_is_judged_anew_not_against_the_old_reference(store: Store) -> None:
    incident = alarm(store)
    view = begin(store, NOW + DAY)
    record(store, view, observe("kept"))
    carry(store, accept(incident, "ana", "", NOW + DAY), at=NOW + DAY)
    with pytest.raises(ClaimLost):
        finish(store, view, "of the old reference", at=NOW + DAY)
    assert store.query(judge_state.memory, HASH) is None
    assert [one.id for one in store.query(stored_rounds.unfinished, NOW + DAY)] == [view.round.id]
    again = store.change(stored_rounds.claim, view.round.id, "worker", NOW + DAY, 60)
    assert again is not None
    assert store.query(replies.recorded, view.round.id) == (observe("kept"),)


@pytest.mark.slow
def test_after_a_close_the_next_change_is_a_new_incident(store: Store) -> None:
    first = alarm(store)
    carry(store, accept(first, "ana", "", NOW))
    second = alarm(store, NOW + DAY)
    assert second.id != first.id
    assert [one.state for one in store.query(incidents.recent)] == ["open", "closed"]


def test_the_whole_judgement_is_kept(store: Store) -> None:
    judgement = Judgement("", "insufficient_evidence", 0.0, 365.0, (verdict(),), missing="5 of 8 rounds; 3 h of 24 h")
    complete(store, judgement=judgement)
    (view,) = [one for one in store.query(overview.endpoints) if one.name == "billing"]
    assert (view.state, view.missing, view.threshold) == ("insufficient_evidence", "5 of 8 rounds; 3 h of 24 h", 365.0)


@pytest.mark.slow
def test_a_settle_that_fails_leaves_nothing_behind(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    alarm(store)
    claim = begin(store, NOW + DAY)
    record(store, claim, observe())
    worse = judge(claim.round.label, "alarm", verdict(), verdict("refusal"))

    def fail(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    with monkeypatch.context() as broken, pytest.raises(StoreError):
        broken.setattr(notices, "add", fail)
        settle(store, claim, BILLING, worse, "half", NAMES, NOW, rule=SILENT)
    assert store.query(judge_state.memory, HASH) == "{}"
    assert store.query(overview.recent_rounds)[0].state == "claimed"
    assert [one.event for one in store.query(notices.recent)] == ["opened", "opened"]
    assert store.query(incidents.recent)[0].severity == "warning"
    settled = settle(store, claim, BILLING, worse, "whole", NAMES, NOW, rule=SILENT)
    assert store.query(judge_state.memory, HASH) == "whole"
    assert settled.change.incident == store.query(incidents.open_change, HASH)
    assert settled.change.event == "escalated"


def test_what_a_person_did_while_a_round_was_judged_is_not_undone(store: Store) -> None:
    incident = alarm(store)
    claim = begin(store, NOW + DAY)
    record(store, claim, observe())
    try_to_act(store, incident.id, Action("acknowledge", "ana"), NAMES, NOW + DAY)
    settle(store, claim, BILLING, judge(claim.round.label, "alarm", verdict()), "m", NAMES, NOW + DAY, rule=SILENT)
    held = store.query(incidents.open_change, HASH)
    assert held is not None and (held.state, held.actor) == ("acknowledged", "ana")


@pytest.mark.parametrize("kind", ["runaway", "objective_missed"])
def test_a_change_is_found_beside_an_incident_of_what_is_measured(store: Store, kind: MeasuredKind) -> None:
    spends = Measured(id=0, endpoint="billing", endpoint_hash=HASH, state="open", kind=kind, severity="warning",
                      onset="a", detected_round="a", opened_at=NOW, about="money", detail="", e_value=9.0,
                      threshold=1.0)  # fmt: skip
    store.change(incidents.save, spends)
    incident = alarm(store)
    assert isinstance(incident, Change)
    claim = begin(store, NOW + DAY)
    record(store, claim, observe())
    judged = judge(claim.round.label, "alarm", verdict())
    settled = settle(store, claim, BILLING, judged, "m", NAMES, NOW + DAY, rule=SILENT)
    assert settled.change.incident is not None and settled.change.incident.id == incident.id
    assert len([one for one in store.query(incidents.recent) if isinstance(one, Change)]) == 1


def test_a_closed_incident_stays_closed(store: Store) -> None:
    incident = alarm(store)
    for action in ("accept", "acknowledge", "accept"):
        try_to_act(store, incident.id, Action(action, "ana"), NAMES, NOW)
    closed = store.query(incidents.get, incident.id)
    assert closed is not None and (closed.state, closed.close_reason, closed.actor) == ("closed", "accepted", "ana")
    assert len(store.query(judge_state.epochs, "billing")) == 1
    assert [one.event for one in store.query(notices.recent)] == ["accepted", "accepted", "opened", "opened"]
    assert [one.reason for one in store.query(incidents.actions)] == ["already_closed", "already_closed", "accepted"]


def test_an_action_on_no_incident_does_nothing(store: Store) -> None:
    assert try_to_act(store, 99, Action("accept", "ana"), NAMES, NOW) is None
    assert store.query(incidents.actions) == ()


def test_a_decision_about_no_incident_writes_nothing(store: Store) -> None:
    assert store.change(carry_out, Decision("quiet"), NAMES, NOW) is None
