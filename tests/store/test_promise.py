"""The promise against what happened: what counts as an alarm, and when the promise is in doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlmodel import select

from prober.incidents.actions import accept, acknowledge, act_on
from prober.judging.promise import chance
from prober.model.decision import Action
from prober.status.objectives import PromiseView, promises
from prober.store import Store, incidents
from prober.store.rows import IncidentRow
from tests.store.world import BILLING, DAY, NOW, alarm, carry, complete, declare, judge


@pytest.mark.slow
def test_what_came_of_every_alarm(store: Store) -> None:
    declare(store)
    accepted = alarm(store, NOW)
    carry(store, accept(accepted, "ana", "", NOW))
    recovered = alarm(store, NOW + DAY)
    with store.write() as session:
        row = session.exec(select(IncidentRow).where(IncidentRow.id == recovered.id)).one()
        row.state, row.close_reason = "closed", "recovered"
        session.add(row)
    carry(store, acknowledge(alarm(store, NOW + 2 * DAY), "ana", "", NOW))
    billing, search = store.query(promises)
    expected = PromiseView(
        "billing", 0.5, judged=3, promised=pytest.approx(3 / 365), alarms=3, stayed=1, unclear=1, gone=1, false=0,
        chance=pytest.approx(1 - 2.718281828 ** (-3 / 365), rel=1e-6),
    )  # fmt: skip
    assert billing == expected and billing.kept, "one alone puts no promise in doubt"
    [open_still] = [one for one in store.query(incidents.recent) if one.is_live]
    carry(store, act_on(open_still, Action("dismiss", "ana", "an A/A test"), NOW))
    billing, _ = store.query(promises)
    expected = replace(expected, unclear=0, false=1, chance=pytest.approx(chance(2, 3 / 365)))
    assert billing == expected and not billing.kept
    assert (search.judged, search.alarms, search.kept) == (0, 0, True)


@pytest.mark.slow
def test_what_was_only_suspected_and_what_failed_is_no_alarm(store: Store) -> None:
    declare(store)
    others = (("closed", "behaviour_change", "faded"), ("closed", "rate_limited", "recovered"))
    for number, (state, kind, why) in enumerate((*others, ("suspected", "behaviour_change", ""))):
        incident = alarm(store, NOW + number * DAY)
        with store.write() as session:
            row = session.get_one(IncidentRow, incident.id)
            row.state, row.kind, row.close_reason = state, kind, why
            session.add(row)
    assert store.query(promises)[0].alarms == 0


@pytest.mark.parametrize(
    ("promised", "ended", "kept"),
    [(1.0, 0, True), (1.0, 1, True), (1.0, 4, True), (1.0, 6, False), (0.1, 2, False), (0.001, 1, True)],
)
def test_a_promise_is_in_doubt_beyond_chance_alone(promised: float, ended: int, kept: bool) -> None:
    for gone in range(ended + 1):  # the others were dismissed
        view = PromiseView("x", 1.0, 100, promised, ended, 0, 0, gone, ended - gone, chance(ended, promised))
        assert view.kept is kept


def test_rounds_before_the_first_judgement_promise_nothing(store: Store) -> None:
    declare(store)
    complete(store, judgement=replace(judge("", "insufficient_evidence"), threshold=365.0), endpoint=BILLING)
    assert store.query(promises)[0].promised == 0.0
