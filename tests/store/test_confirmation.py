"""Confirmation rounds in the store: counted from rows, at most one waits, and what is not wanted is missed with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from prober.incidents.actions import accept
from prober.model.errors import ClaimLost
from prober.model.watch import Confirmation, Suspicion
from prober.store import Store, judge_state, rounds, watches
from prober.store.check import check
from prober.store.pages import overview
from prober.store.rounds import Claim
from tests.store.world import (
    BILLING,
    DAY,
    HASH,
    NOW,
    alarm,
    begin,
    carry,
    declare,
    finish,
    make_old,
    miss,
    observe,
    record,
)

MINUTE = timedelta(minutes=1)
MIDNIGHT = NOW.replace(hour=0)
QUIETER = Confirmation("too_little_evidence")


def settle(store: Store, claim: Claim, confirmation: Confirmation | None, at: datetime) -> None:
    record(store, claim, observe(at=at))
    finish(store, claim, at=at, confirmation=confirmation)


def suspect(store: Store, at: datetime = NOW, probe_set: str = "money") -> str:
    """A scheduled round that begins a suspicion; its label. A confirmation is due a minute later."""
    view = begin(store, at, probe_set=probe_set)
    settle(store, view, Confirmation("confirm", view.round.label, at + MINUTE), at)
    return view.round.label


def suspicion(store: Store, probe_set: str = "money", midnight: datetime = MIDNIGHT) -> Suspicion:
    return store.query(judge_state.suspicion, HASH, probe_set, midnight)


def states(store: Store) -> list[tuple[str, str, str]]:
    """(minute due, state or reason, label it confirms), oldest first."""
    return [
        (f"{view.due_at:%M}", view.reason or view.state, view.confirms)
        for view in reversed(store.query(overview.recent_rounds))
    ]


def test_of_an_endpoint_never_seen_there_is_no_suspicion(store: Store) -> None:
    assert suspicion(store) == Suspicion()


def test_settling_makes_the_confirmation_due_and_remembers_the_suspicion(store: Store) -> None:
    label = suspect(store)
    assert suspicion(store) == Suspicion(label, 0, 0, NOW + MINUTE)
    (waiting,) = store.query(rounds.unfinished, NOW)
    assert (waiting.state, waiting.due_at, waiting.confirms) == ("due", NOW + MINUTE, label)
    assert (waiting.endpoint, waiting.probe_set, waiting.endpoint_hash) == ("billing", "money", HASH)


def test_it_is_found_by_a_store_opened_later_and_asked_as_the_same_round(store: Store, url: str) -> None:
    label = suspect(store)
    with Store.open(url) as later:
        view = begin(later, NOW + MINUTE)
        assert view.round.confirms == label
        settle(later, view, Confirmation("rounds_used", label), NOW + MINUTE)
        assert suspicion(later) == Suspicion(label, 1, 1)
    assert states(store) == [("00", "completed", ""), ("01", "completed", label)]


def test_rounds_are_counted_within_their_suspicion_and_their_day(store: Store) -> None:
    first = suspect(store)
    settle(store, begin(store, NOW + MINUTE), QUIETER, NOW + MINUTE)
    assert suspicion(store) == Suspicion("", 0, 1)
    second = suspect(store, NOW + DAY)
    settle(store, begin(store, NOW + DAY + MINUTE), Confirmation("confirm", second, NOW + DAY + 2 * MINUTE), NOW + DAY)
    assert first < second
    assert suspicion(store, midnight=MIDNIGHT + DAY) == Suspicion(second, 1, 1, NOW + DAY + 2 * MINUTE)
    assert suspicion(store, "chat", MIDNIGHT + DAY) == Suspicion(second, 1, 0, NOW + DAY + 2 * MINUTE)
    assert suspicion(store, midnight=MIDNIGHT).rounds_today == 2


def test_a_round_that_was_not_asked_is_not_counted_and_one_that_was_broken_off_is(store: Store) -> None:
    label = suspect(store)
    unasked = begin(store, NOW + MINUTE)
    miss(store, unasked, "budget_exhausted", NOW + MINUTE)
    assert suspicion(store) == Suspicion(label, 0, 0)
    again = begin(store, NOW + 5 * MINUTE)
    settle(store, again, Confirmation("confirm", label, NOW + 6 * MINUTE), NOW + 5 * MINUTE)
    broken = begin(store, NOW + 6 * MINUTE)
    record(store, broken, observe(at=NOW))
    assert suspicion(store) == Suspicion(label, 1, 1), "in hand"
    miss(store, broken, "crashed: KeyError", NOW + 6 * MINUTE)
    assert suspicion(store) == Suspicion(label, 1, 1)


@pytest.mark.parametrize("confirmation", [QUIETER, Confirmation("incident_open")])
def test_what_is_not_wanted_any_more_is_missed_and_why(store: Store, confirmation: Confirmation) -> None:
    label = suspect(store)
    settle(store, begin(store, NOW + MINUTE / 2, probe_set="chat"), confirmation, NOW + MINUTE / 2)
    assert states(store) == [("00", "completed", ""), ("00", "completed", ""), ("01", confirmation.reason, label)]
    assert suspicion(store) == Suspicion()
    assert store.query(rounds.unfinished, NOW + DAY) == ()


def test_one_that_waits_stays_where_another_set_comes_between(store: Store) -> None:
    label = suspect(store)
    settle(
        store, begin(store, NOW + MINUTE / 2, probe_set="chat"), Confirmation("already_due", label), NOW + MINUTE / 2
    )
    assert suspicion(store) == Suspicion(label, 0, 0, NOW + MINUTE)


def test_a_new_one_takes_the_place_of_one_that_nobody_asked(store: Store) -> None:
    label = suspect(store)
    later = NOW + 9 * MINUTE
    settle(store, begin(store, later, probe_set="chat"), Confirmation("confirm", label, later + MINUTE), later)
    assert states(store) == [
        ("00", "completed", ""), ("01", "superseded", label), ("09", "completed", ""), ("10", "due", label),
    ]  # fmt: skip


def test_where_a_scheduled_round_is_due_at_that_moment_it_will_do(store: Store) -> None:
    store.change(rounds.due, BILLING, "money", NOW + MINUTE)
    suspect(store)
    assert states(store) == [("00", "completed", ""), ("01", "due", "")]


def test_it_never_runs_beside_another_round_of_its_endpoint(store: Store) -> None:
    suspect(store)
    (waiting,) = store.query(rounds.unfinished, NOW)
    in_hand = begin(store, NOW + MINUTE, probe_set="chat")
    assert store.change(rounds.claim, waiting.id, "other", NOW + MINUTE, 60) is None
    settle(store, in_hand, None, NOW + MINUTE)
    assert store.change(rounds.claim, waiting.id, "other", NOW + MINUTE, 60) is not None


def test_settling_without_a_confirmation_leaves_the_suspicion_as_it_is(store: Store) -> None:
    label = suspect(store)
    settle(store, begin(store, NOW + MINUTE / 2, probe_set="chat"), None, NOW + MINUTE / 2)
    assert suspicion(store) == Suspicion(label, 0, 0, NOW + MINUTE)


def test_a_suspicion_is_settled_with_its_round_or_not_at_all(store: Store, url: str) -> None:
    view = begin(store)
    with Store.open(url) as another, pytest.raises(ClaimLost):
        finish(another, replace(view, token=view.token - 1), None, confirmation=Confirmation("confirm", "x", NOW))
    assert suspicion(store) == Suspicion()
    assert len(store.query(overview.recent_rounds)) == 1


def test_readers_are_notified_while_one_waits_and_while_it_is_in_progress(store: Store) -> None:
    declare(store)
    suspect(store)
    assert [view.confirmation_due_at for view in store.query(overview.endpoints)] == [NOW + MINUTE, None]
    view = begin(store, NOW + MINUTE)
    assert [view.confirmation_due_at for view in store.query(overview.endpoints)] == [NOW + MINUTE, None]
    settle(store, view, QUIETER, NOW + MINUTE)
    assert [view.confirmation_due_at for view in store.query(overview.endpoints)] == [None, None]


def test_an_incident_accepted_leaves_no_suspicion(store: Store) -> None:
    suspect(store)
    incident = alarm(store, NOW + MINUTE / 2)
    carry(store, accept(incident, "ann", "wanted", NOW + MINUTE), at=NOW + MINUTE)
    assert suspicion(store).since == ""


# Leases


def test_a_renewed_claim_holds_from_now_on(store: Store) -> None:
    view = begin(store)
    store.change(rounds.renew, view, NOW + 50 * timedelta(seconds=1), 10)
    until = NOW + timedelta(seconds=60)
    assert store.query(overview.recent_rounds)[0].lease_until == until
    assert store.query(rounds.unfinished, until - timedelta(seconds=1)) == ()
    assert store.change(rounds.claim, view.round.id, "other", until - timedelta(seconds=1), 10) is None
    assert [waiting.id for waiting in store.query(rounds.unfinished, until)] == [view.round.id]


def test_a_claim_renewed_for_less_ends_sooner(store: Store) -> None:
    view = begin(store)
    store.change(rounds.renew, view, NOW, 10)
    assert store.change(rounds.claim, view.round.id, "other", NOW + timedelta(seconds=10), 10) is not None


def test_a_lost_claim_is_not_renewed_and_readers_are_not_notified_of_renewals(store: Store, url: str) -> None:
    view = begin(store)
    before = store.query(watches.changes)
    store.change(rounds.renew, view, NOW, 10)
    assert store.query(watches.changes) == before
    with Store.open(url) as thief:
        stolen = thief.change(rounds.claim, view.round.id, "thief", NOW + timedelta(seconds=10), 60)
        assert stolen is not None
        with pytest.raises(ClaimLost, match="another process took it over or ended it"):
            store.change(rounds.renew, view, NOW + timedelta(seconds=11), 60)
        assert thief.query(overview.recent_rounds)[0].lease_until == NOW + timedelta(seconds=70)
        finish(thief, stolen, None)
        with pytest.raises(ClaimLost):
            thief.change(rounds.renew, stolen, NOW, 60)


@pytest.mark.slow
def test_a_database_of_the_first_version_is_brought_up_to_date_with_its_rounds(tmp_path: Path) -> None:
    url, label = f"sqlite:///{tmp_path / 'prober.db'}", "2026-03-01T12:00:00.000000Z"
    make_old(
        url,
        "0001",
        "INSERT INTO watch (endpoint_hash, token, epoch_start, changes) VALUES ('h', 0, '', 0)",
        "INSERT INTO round (endpoint, endpoint_hash, probe_set, due_at, state, label, worker, reason, asked, failed,"
        f" last_failure) VALUES ('billing', 'h', 'money', '2026-03-01 12:00:00', 'due', '{label}', '', '', 0, 0, '')",
    )
    with Store.open(url) as store:
        assert [(view.label, view.confirms) for view in store.query(overview.recent_rounds)] == [(label, "")]
        assert suspicion(store) == Suspicion()


def test_the_sums_of_confirmation_and_reference_rounds_are_sound(store: Store) -> None:
    """What a check counts again is what was counted as they ended."""
    suspect(store)
    settle(
        store,
        begin(store, NOW + MINUTE, probe_set="money"),
        Confirmation("reference", "", NOW + 2 * MINUTE),
        NOW + MINUTE,
    )
    settle(store, begin(store, NOW + 2 * MINUTE, probe_set="money"), None, NOW + 2 * MINUTE)
    asked = [view.confirms for view in store.query(overview.recent_rounds) if view.state == "completed"]
    assert sum(bool(one) for one in asked) == 2
    assert store.query(check, lambda text: None, lambda text: None).problems == ()
