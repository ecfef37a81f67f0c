"""An incident after it opened: what the judge adds, what a person says, and a reference begun anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prober.incidents.routing import Routing
from prober.judging.lasting_noise import MODELS
from prober.judging.memory import decode, encode
from prober.model.decision import Action
from prober.model.errors import StoreError
from prober.model.evidence import Findings
from prober.service.act import begin_reference, try_to_act
from prober.store import Store, incidents, judge_state, replies, rounds
from prober.store import notices as stored_notices
from prober.store.pages import overview
from tests.store.world import DAY, HASH, NAMES, NOW, SERIES, alarm, begin, complete, declare, judge, observe, verdict


def strong(log_e: float = 9.0):
    return replace(verdict("choice"), log_e=log_e)


def opened(store: Store):
    """An incident after four quiet rounds; the change is in the replies of its round."""
    declare(store)
    for day in range(4):
        complete(store, NOW + day * DAY, observe("Paris"), observe("Paris", 1))
    return alarm(store, NOW + 4 * DAY, strong(), observations=[observe("Rome"), observe("Rome", 1)])


def after(store: Store, day: int, *verdicts, kind: str = "behaviour_change", text: str = "Rome"):
    judged = replace(judge("", "alarm", *verdicts), kind=kind)
    complete(store, NOW + day * DAY, observe(text), observe(text, 1), judgement=judged)
    return store.query(incidents.open_change, HASH)


@pytest.mark.slow
def test_an_incident_is_stored_with_what_its_replies_show(store: Store) -> None:
    incident = opened(store)
    (shift,) = incident.findings.shifts
    assert shift.words == "money/capital: “Paris” 0 % (was 100 %), answers never seen before 100 % (was 0 %)"
    assert (shift.replies, shift.reference_replies) == (2, 8)
    (example,) = incident.findings.examples
    assert (example.series, example.recent.round) == (SERIES, incident.detected_round)
    assert [(one.reference, one.recent) for one in store.query(incidents.examples, incident)] == [("Paris", "Rome")]
    assert store.query(incidents.get, incident.id) == incident


@pytest.mark.slow
def test_rounds_after_the_alarm_tell_whether_it_stays_and_count_towards_the_findings(store: Store) -> None:
    incident = opened(store)
    for day, log_e in enumerate((11.0, 12.0, 14.0), 5):
        incident = after(store, day, strong(log_e))
    assert (incident.course, incident.rounds_after, incident.peak_log_e) == ("persistent", 3, 14.0)
    assert incident.findings.shifts[0].replies == 8
    assert {one.event for one in store.query(stored_notices.recent)} == {"opened"}
    assert after(store, 8, strong(8.0)).course == "persistent", "a round that shows little changes nothing"


@pytest.mark.slow
def test_a_change_that_has_passed_is_reported_and_its_replies_are_only_those_before(store: Store) -> None:
    opened(store)
    for day, log_e in enumerate((7.0, 5.0, 3.0), 5):
        incident = after(store, day, strong(log_e), text="Paris")
    assert incident.course == "transient"
    assert incident.passed == [one.label for one in store.query(overview.recent_rounds)][2]
    assert incident.findings.shifts[0].replies == 2
    assert [one.event for one in store.query(stored_notices.recent)][:2] == ["passed", "passed"]


@pytest.mark.slow
def test_a_more_serious_channel_is_reported_with_the_new_kind(store: Store) -> None:
    opened(store)
    incident = after(store, 5, strong(), verdict("expectation"), kind="contract_break")
    assert incident.kind == "contract_break"
    assert {one.channel for one in incident.moved} == {"choice", "expectation"}
    notices = store.query(stored_notices.recent, incident.id)
    assert [one.event for one in notices] == ["escalated", "escalated", "opened", "opened"]


@pytest.mark.slow
def test_neither_judge_nor_person_undoes_the_other(store: Store) -> None:
    incident = opened(store)
    worse = after(store, 5, strong(11.0), verdict("expectation"), kind="contract_break")
    pressed = try_to_act(store, incident.id, Action("acknowledge", "ana"), NAMES, NOW)  # ana looked before it got worse
    assert pressed is not None and pressed[0] == replace(worse, state="acknowledged", actor="ana", acknowledged_at=NOW)
    later = after(store, 6, strong(12.0))
    assert (later.state, later.actor, later.rounds_after) == ("acknowledged", "ana", 2)


def test_without_a_reply_there_is_nothing_to_show(store: Store) -> None:
    incident = alarm(store, NOW, strong(), observations=[observe(error="timeout")])
    assert incident.findings == Findings()
    assert store.query(incidents.examples, incident) == ()


@pytest.mark.slow
def test_a_new_reference_begins_with_the_rounds_to_come_and_closes_what_is_open(store: Store) -> None:
    incident = opened(store)
    epoch = begin_reference(
        store, "billing", "ana", "new cache", Routing(("webhook",)), NOW
    )  # by a clock that is behind
    assert epoch.start_label > incident.detected_round
    assert store.query(judge_state.epochs, "billing") == (epoch,)
    assert store.query(judge_state.memory, HASH) is None
    assert store.query(replies.history, HASH, [SERIES]) == ()
    closed = store.query(incidents.get, incident.id)
    assert closed is not None
    assert (closed.state, closed.close_reason, closed.actor, closed.note) == ("closed", "reset", "ana", "new cache")
    assert {one.alerter for one in store.query(stored_notices.recent) if one.event == "closed"} == {"slack", "log"}, (
        "told"
    )
    complete(store, NOW + 9 * DAY, observe("Rome"))
    assert len(store.query(replies.history, HASH, [SERIES])) == 1


def test_a_reset_needs_no_incident_and_takes_a_round_in_progress_from_its_holder(store: Store) -> None:
    declare(store)
    view = begin(store)
    begin_reference(store, "billing", "ana", "", Routing(()), NOW + DAY)
    assert store.query(incidents.recent) == ()
    assert [one.id for one in store.query(rounds.unfinished, NOW + DAY)] == [view.round.id]
    with pytest.raises(StoreError, match="does not know endpoint nobody"):
        begin_reference(store, "nobody", "ana", "", Routing(()), NOW)


@pytest.mark.slow
def test_a_new_reference_keeps_only_for_how_long_noise_lasts(store: Store) -> None:
    opened(store)
    held = store.query(judge_state.memory, HASH)
    assert held is not None
    shown = np.arange(MODELS, dtype=float)
    store.change(
        judge_state.keep_memory, HASH, encode(replace(decode(held), series=(SERIES,), noise_here={"text": shown}))
    )
    begin_reference(store, "billing", "ana", "", Routing(()), NOW)
    kept = store.query(judge_state.memory, HASH)
    assert kept is not None
    memory = decode(kept)
    assert memory.series == ()
    assert np.array_equal(memory.noise["text"], shown)
    complete(store, NOW + 9 * DAY, observe("Rome"))
    assert len(store.query(replies.history, HASH, [SERIES])) == 1
