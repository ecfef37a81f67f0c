"""Settling a round is one transaction; a person's action is another; neither can undo the other."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from prober.incidents.actions import accept, acknowledge
from prober.incidents.lifecycle import decide
from prober.incidents.routing import NOBODY, Routing
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Judgement
from prober.model.incident import Decision
from prober.store import Store
from tests.store.world import (
    BILLING,
    DAY,
    HASH,
    NOW,
    QUIET,
    SEARCH,
    SERIES,
    alarm,
    begin,
    complete,
    judge,
    observe,
    verdict,
)


def test_settling_completes_the_round_and_keeps_the_memory(store: Store) -> None:
    assert store.memory(HASH) is None
    view = begin(store)
    assert (
        store.settle(view.id, judge(view.label), '{"n": 1, "hostile": "\x00\ud800"}', QUIET, Routing(("log",)), NOW)
        is None
    )
    (done,) = store.rounds()
    assert (done.state, done.completed_at, done.lease_until) == ("completed", NOW, None)
    assert store.memory(HASH) == '{"n": 1, "hostile": "\x00\ud800"}'
    assert store.memory(SEARCH.content_hash) is None
    assert store.notices() == ()


def test_memory_none_forgets(store: Store) -> None:
    complete(store, NOW, memory="old")
    complete(store, NOW + DAY, memory=None)
    assert store.memory(HASH) is None


def test_nothing_is_judged_twice(store: Store) -> None:
    view = complete(store, memory="first")
    with pytest.raises(ClaimLost, match="is completed"):
        store.settle(view.id, judge(view.label), "second", QUIET, NOBODY, NOW)
    assert store.memory(HASH) == "first"


def test_a_round_that_was_not_claimed_is_refused(store: Store) -> None:
    round_id = store.due(BILLING, "money", NOW)
    with pytest.raises(StoreError, match="is due"):
        store.settle(round_id, judge("x"), "memory", QUIET, NOBODY, NOW)
    assert store.memory(HASH) is None
    assert store.rounds()[0].state == "due"


def test_an_alarm_opens_one_incident_and_owes_one_notice_an_alerter(store: Store) -> None:
    strongest = verdict("choice", math.inf, onset="2026-02-27T00:00:00.000000Z")
    quiet = replace(verdict("refusal", 1.0), value=math.nan, words="\x00 <!channel> \ud83d")
    incident = alarm(store, NOW, strongest, quiet, onset="2026-02-27T00:00:00.000000Z")
    assert incident.id > 0
    assert (incident.endpoint, incident.endpoint_hash, incident.state) == ("billing", HASH, "open")
    assert (incident.kind, incident.onset) == ("behaviour_change", "2026-02-27T00:00:00.000000Z")
    assert incident.detected_round == store.rounds()[0].label
    assert (incident.opened_at, incident.e_value, incident.threshold) == (NOW, 900.0, 365.0)
    assert incident.verdicts[0] == strongest
    assert repr(incident.verdicts[1]) == repr(quiet)  # NaN is not equal to itself, its spelling is
    assert [(one.alerter, one.state, one.event) for one in store.notices()] == [
        ("log", "owed", "opened"), ("slack", "owed", "opened"),
    ]  # fmt: skip


def test_the_same_alarm_again_changes_nothing_and_owes_nothing(store: Store) -> None:
    first = alarm(store)
    complete(store, NOW + DAY, judgement=judge("", "alarm", verdict()))
    assert store.incidents() == (first,)
    assert [one.event for one in store.notices()] == ["opened", "opened"]


def test_settle_gives_the_incident_as_it_stands(store: Store) -> None:
    incident = alarm(store)
    view = begin(store, NOW + DAY)
    assert store.settle(view.id, judge(view.label), "m", Decision("already_open", incident), NOBODY, NOW) == incident


def test_a_settle_that_fails_leaves_nothing_behind(store: Store) -> None:
    incident = alarm(store)
    view = begin(store, NOW + DAY)
    twice = Decision("change_confirmed", replace(incident, id=0), event="opened")
    with pytest.raises(StoreError):
        store.settle(view.id, judge(view.label), "half", twice, Routing(("log",)), NOW)
    assert store.memory(HASH) == "{}"
    assert store.rounds()[0].state == "claimed"
    assert (len(store.incidents()), len(store.notices())) == (1, 2)
    store.settle(view.id, judge(view.label), "whole", QUIET, NOBODY, NOW)
    assert store.memory(HASH) == "whole"


@pytest.mark.slow
def test_history_is_completed_rounds_in_label_order_with_the_asked_series_only(store: Store) -> None:
    for day in range(3):
        at = NOW + day * DAY
        complete(store, at, observe(f"day {day}", at=at), observe("other", series="other.series", at=at))
    complete(store, NOW + 3 * DAY, observe("only other", series="other.series"))
    complete(store, NOW, observe("elsewhere"), endpoint=SEARCH)
    unfinished = begin(store, NOW + 4 * DAY)
    store.record(unfinished.id, observe("not judged"), NOW)
    rounds = store.history(HASH, {SERIES})
    assert [one.observations[0].reply.text for one in rounds] == ["day 0", "day 1", "day 2"]
    assert [one.at for one in rounds] == [NOW, NOW + DAY, NOW + 2 * DAY]
    assert [one.label for one in rounds] == sorted(one.label for one in rounds)
    assert all(one.endpoint == "billing" and len(one.observations) == 1 for one in rounds)
    assert len(store.history(HASH, [SERIES, "other.series"])) == 4
    assert store.history(HASH, ()) == ()
    assert store.history("nobody", [SERIES]) == ()


def test_history_of_thousands_of_series_is_one_question(store: Store) -> None:
    complete(store)
    assert len(store.history(HASH, [SERIES, *(f"s{n}" for n in range(5000))])) == 1


def test_acknowledging_is_told_and_the_incident_stays_the_open_one(store: Store) -> None:
    incident = alarm(store)
    held = store.carry_out(acknowledge(incident, "ana", "", NOW), Routing(("slack",)), NOW + DAY)
    assert (held.state, held.actor) == ("acknowledged", "ana")
    assert store.open_incident(HASH) == held == store.incident(incident.id)
    told = [(one.event, one.alerter) for one in store.notices()][:2]
    assert told == [("acknowledged", "log"), ("acknowledged", "slack")], "whoever was told that it opened"


def test_a_judge_that_looked_before_a_person_acted_does_not_undo_it(store: Store) -> None:
    incident = alarm(store)
    view = begin(store, NOW + DAY)
    stale = Decision("already_open", incident)
    held = store.carry_out(acknowledge(incident, "ana", "", NOW), NOBODY, NOW + DAY)
    store.settle(view.id, judge(view.label, "alarm"), "m", stale, Routing(("log",)), NOW + DAY)
    assert store.open_incident(HASH) == held


def test_accepting_starts_a_new_epoch_at_the_onset(store: Store) -> None:
    before, first_changed = complete(store, NOW), complete(store, NOW + DAY)
    incident = alarm(store, NOW + 2 * DAY, onset=first_changed.label)
    closed = store.carry_out(accept(incident, "ana", "upgrade", NOW + 3 * DAY), Routing(("log",)), NOW + 3 * DAY)
    assert (closed.state, closed.close_reason, closed.closed_at) == ("closed", "accepted", NOW + 3 * DAY)
    assert store.open_incident(HASH) is None
    assert store.memory(HASH) is None
    assert [one.label for one in store.history(HASH, [SERIES])] == [first_changed.label, incident.detected_round]
    (epoch,) = store.epochs("billing")
    assert (epoch.start_label, epoch.at, epoch.author, epoch.note) == (
        first_changed.label, NOW + 3 * DAY, "ana", "upgrade",
    )  # fmt: skip
    assert before.label < epoch.start_label
    assert store.epochs("search") == ()


def test_a_round_in_hand_when_a_new_epoch_begins_is_judged_anew_not_against_the_old_reference(store: Store) -> None:
    incident = alarm(store)
    view = begin(store, NOW + DAY)
    store.record(view.id, observe("kept"), NOW + DAY)
    store.carry_out(accept(incident, "ana", "", NOW + DAY), NOBODY, NOW + DAY)
    with pytest.raises(ClaimLost):
        store.settle(view.id, judge(view.label), "of the old reference", QUIET, NOBODY, NOW + DAY)
    assert store.memory(HASH) is None
    assert [one.id for one in store.unfinished(NOW + DAY)] == [view.id]
    again = store.claim(view.id, "worker", NOW + DAY, 60)
    assert again is not None
    assert store.recorded(view.id) == (observe("kept"),)


def test_a_closed_incident_stays_closed(store: Store) -> None:
    incident = alarm(store)
    store.carry_out(accept(incident, "ana", "", NOW), NOBODY, NOW)
    for action in (acknowledge(incident, "bo", "", NOW), accept(incident, "bo", "", NOW)):
        with pytest.raises(StoreError, match=f"incident {incident.id} is closed already: accepted by ana"):
            store.carry_out(action, Routing(("log",)), NOW)
    assert len(store.epochs("billing")) == 1
    assert [one.event for one in store.notices()] == ["accepted", "accepted", "opened", "opened"]


def test_after_a_close_the_next_change_is_a_new_incident(store: Store) -> None:
    first = alarm(store)
    store.carry_out(accept(first, "ana", "", NOW), NOBODY, NOW)
    second = alarm(store, NOW + DAY)
    assert second.id != first.id
    assert [one.state for one in store.incidents()] == ["open", "closed"]


def test_actions_on_nothing_are_refused(store: Store) -> None:
    with pytest.raises(StoreError, match="no incident to carry out 'accepted' on"):
        store.carry_out(Decision("accepted"), NOBODY, NOW)
    incident = alarm(store)
    with pytest.raises(StoreError, match="there is no incident 99"):
        store.carry_out(acknowledge(replace(incident, id=99), "ana", "", NOW), NOBODY, NOW)


def test_an_alerter_named_twice_is_told_once(store: Store) -> None:
    view = begin(store)
    judged = judge(view.label, "alarm", verdict())
    decision = decide(None, judged, BILLING.name, HASH, NOW)
    store.settle(view.id, judged, "{}", decision, Routing(("log", "log")), NOW)
    assert [one.event for one in store.notices()] == ["opened"]


def test_the_whole_judgement_is_kept(store: Store) -> None:
    judgement = Judgement("", "insufficient_evidence", 0.0, 365.0, (verdict(),), missing="5 of 8 rounds; 3 h of 24 h")
    complete(store, judgement=judgement)
    (view,) = [one for one in store.endpoints() if one.name == "billing"]
    assert (view.state, view.missing, view.threshold) == ("insufficient_evidence", "5 of 8 rounds; 3 h of 24 h", 365.0)
