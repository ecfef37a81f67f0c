"""Rounds as units of work: due → claimed → completed | missed, one an endpoint at a time, never half."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from prober.model.budget import Budget, ScopedBudget, Spent
from prober.model.errors import ClaimLost, StoreError
from prober.store import Store, judge_state, replies, rounds, spending
from prober.store.pages import overview
from prober.store.rounds import Claim
from tests.store.world import BILLING, DAY, NOW, SEARCH, SERIES, begin, complete, finish, miss, observe, record


def test_the_same_round_is_due_once(store: Store) -> None:
    first = store.change(rounds.due, BILLING, "money", NOW)
    assert store.change(rounds.due, BILLING, "money", NOW) == first
    others = {
        store.change(rounds.due, BILLING, "chat", NOW),
        store.change(rounds.due, SEARCH, "money", NOW),
        store.change(rounds.due, BILLING, "money", NOW + DAY),
    }
    assert len(others | {first}) == 4
    assert len(store.query(overview.recent_rounds)) == 4


def test_due_is_one_moment_in_any_time_zone(store: Store) -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert store.change(rounds.due, BILLING, "money", tokyo) == store.change(rounds.due, BILLING, "money", NOW)
    assert store.query(overview.recent_rounds)[0].due_at == NOW
    assert store.query(overview.recent_rounds)[0].due_at.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.change(rounds.due, BILLING, "money", datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_claim_says_what_is_in_progress(store: Store) -> None:
    round_id = store.change(rounds.due, BILLING, "money", NOW)
    view = store.change(rounds.claim, round_id, "host:1", NOW + timedelta(seconds=3), 60)
    assert view is not None
    assert (view.round.id, view.round.endpoint, view.round.endpoint_hash, view.round.probe_set) == (
        round_id, "billing", BILLING.content_hash, "money",
    )  # fmt: skip
    assert (view.round.state, view.round.worker, view.round.due_at) == ("claimed", "host:1", NOW)
    assert view.round.lease_until == NOW + timedelta(seconds=63)
    assert view.round.label == "2026-03-01T12:00:03.000000Z"
    assert store.query(overview.recent_rounds) == (view.round,)


def test_a_live_claim_is_exclusive_even_for_the_same_worker(store: Store) -> None:
    view = begin(store)
    assert store.change(rounds.claim, view.round.id, "other", NOW, 60) is None
    assert store.change(rounds.claim, view.round.id, "worker", NOW + timedelta(seconds=59), 60) is None
    assert store.query(overview.recent_rounds)[0] == view.round


def test_one_round_an_endpoint_at_a_time(store: Store) -> None:
    begin(store)
    waiting = store.change(rounds.due, BILLING, "chat", NOW)
    assert store.change(rounds.claim, waiting, "other", NOW, 60) is None
    assert store.change(rounds.claim, store.change(rounds.due, SEARCH, "chat", NOW), "other", NOW, 60) is not None


def test_two_names_of_one_content_are_one_endpoint(store: Store) -> None:
    begin(store)
    twin = BILLING.model_copy(update={"name": "twin"})
    assert store.change(rounds.claim, store.change(rounds.due, twin, "money", NOW), "other", NOW, 60) is None


def test_a_finished_round_frees_the_endpoint_and_is_not_claimed_again(store: Store) -> None:
    done = complete(store)
    assert store.change(rounds.claim, done.id, "other", NOW + DAY, 60) is None
    missed = begin(store, NOW + DAY)
    miss(store, missed, "budget_exhausted", NOW + DAY)
    assert store.change(rounds.claim, missed.round.id, "other", NOW + 2 * DAY, 60) is None
    assert begin(store, NOW + 2 * DAY).round.state == "claimed"


def test_labels_grow_whatever_the_clock_does(store: Store) -> None:
    labels = [complete(store, NOW + DAY).label]
    for due_at, now in ((NOW, NOW), (NOW + 2 * DAY, NOW + DAY), (NOW + 3 * DAY, NOW - DAY)):
        round_id = store.change(rounds.due, BILLING, "money", due_at)
        view = store.change(rounds.claim, round_id, "w", now, 60)
        assert view is not None
        miss(store, view, "test", now)
        labels.append(view.round.label)
    assert labels == sorted(set(labels))


def test_a_round_taken_over_keeps_its_label_and_its_replies(store: Store) -> None:
    view = begin(store)
    record(store, view, observe("Paris"))
    again = store.change(rounds.claim, view.round.id, "other", NOW + timedelta(seconds=60), 60)
    assert again is not None
    assert (again.round.label, again.round.worker, again.round.asked) == (view.round.label, "other", 1)
    assert store.query(replies.recorded, view.round.id) == (observe("Paris"),)


def test_an_overtaken_round_gets_a_new_label_so_that_labels_grow_in_the_order_of_judging(store: Store) -> None:
    slow = begin(store)
    later = NOW + timedelta(minutes=5)
    quick = complete(store, later)
    again = store.change(rounds.claim, slow.round.id, "other", later, 60)
    assert again is not None
    assert slow.round.label < quick.label < again.round.label


def test_record_is_idempotent_and_the_first_reply_stays(store: Store) -> None:
    view = begin(store)
    record(store, view, observe("Paris"))
    record(store, view, observe("Lyon"))
    record(store, view, observe("Nice", sample=1))
    record(store, view, observe(error="timeout", series="other.series"))
    record(store, view, observe(error="timeout", series="other.series"))
    assert [one.reply.text for one in store.query(replies.recorded, view.round.id)] == ["Paris", "Nice", None]
    assert (store.query(overview.recent_rounds)[0].asked, store.query(overview.recent_rounds)[0].failed) == (3, 1)


def test_nothing_is_written_to_a_round_nobody_holds(store: Store) -> None:
    round_id = store.change(rounds.due, BILLING, "money", NOW)
    with pytest.raises(ClaimLost, match=f"round {round_id} of billing is due"):
        record(store, Claim(store.query(overview.recent_rounds)[0], 0), observe())
    with pytest.raises(StoreError, match="there is no round 99"):
        store.change(rounds.miss, 99, "late", NOW)
    assert store.query(replies.recorded, round_id) == ()


def test_whoever_lost_the_claim_is_refused_however_late(store: Store, url: str) -> None:
    view = begin(store)
    with Store.open(url) as thief:
        stolen = thief.change(rounds.claim, view.round.id, "thief", NOW + timedelta(minutes=2), 60)
        assert stolen is not None
        for write in (
            lambda: record(store, view, observe()),
            lambda: finish(store, view, "stale"),
            lambda: miss(store, view, "stale", NOW + timedelta(minutes=2)),
        ):
            with pytest.raises(ClaimLost, match=r"took it over or ended it \(thief\)"):
                write()
        finish(thief, stolen, "fresh")
    assert store.query(judge_state.memory, BILLING.content_hash) == "fresh"
    assert store.query(replies.recorded, view.round.id) == ()


def test_a_holder_overtaken_by_another_round_of_the_endpoint_is_refused(store: Store) -> None:
    slow = begin(store)
    complete(store, NOW + timedelta(minutes=5), memory="newer")
    with pytest.raises(ClaimLost):
        finish(store, slow, "older")
    assert store.query(judge_state.memory, BILLING.content_hash) == "newer"
    assert [view.id for view in store.query(rounds.unfinished, NOW + DAY)] == [slow.round.id]


def test_a_claim_outlives_its_lease_while_nobody_wants_the_endpoint(store: Store) -> None:
    view = begin(store)
    record(store, view, observe())
    finish(store, view, None, at=NOW + DAY)
    assert store.query(overview.recent_rounds)[0].state == "completed"


def test_a_missed_round_says_why_and_keeps_its_replies(store: Store) -> None:
    view = begin(store)
    record(store, view, observe())
    miss(store, view, "budget_exhausted", NOW)
    miss(store, view, "said again", NOW)
    (missed,) = store.query(overview.recent_rounds)
    assert (missed.state, missed.reason, missed.lease_until) == ("missed", "budget_exhausted", None)
    assert len(store.query(replies.recorded, view.round.id)) == 1
    with pytest.raises(ClaimLost):
        record(store, view, observe(sample=1))


def test_a_round_that_was_never_claimed_can_be_missed(store: Store) -> None:
    round_id = store.change(rounds.due, BILLING, "money", NOW)
    store.change(rounds.miss, round_id, "misfire", NOW)
    assert store.query(rounds.unfinished, NOW + DAY) == ()


def test_an_abandoned_round_can_be_missed_by_anyone_and_a_live_one_cannot(store: Store, url: str) -> None:
    view = begin(store)
    with Store.open(url) as other:
        with pytest.raises(ClaimLost):
            other.change(rounds.miss, view.round.id, "too old", NOW)
        other.change(rounds.miss, view.round.id, "too old", NOW + DAY)
    assert store.query(overview.recent_rounds)[0].reason == "too old"
    assert begin(store, NOW + DAY).round.state == "claimed"


def test_a_thread_that_sweeps_cannot_miss_the_round_that_another_of_the_same_process_asks(store: Store) -> None:
    view = begin(store)
    with pytest.raises(ClaimLost):
        store.change(rounds.miss, view.round.id, "overdue", NOW)
    record(store, view, observe())
    assert store.query(overview.recent_rounds)[0].state == "claimed"
    store.change(rounds.miss, view.round.id, "overdue", NOW + DAY)
    assert store.query(overview.recent_rounds)[0].reason == "overdue"


def test_a_completed_round_cannot_be_missed(store: Store) -> None:
    view = complete(store)
    with pytest.raises(StoreError, match="is completed"):
        store.change(rounds.miss, view.id, "late", NOW)


def test_unfinished_rounds_oldest_first(store: Store) -> None:
    complete(store, NOW - DAY)
    later, earlier = (
        store.change(rounds.due, BILLING, "money", NOW + DAY),
        store.change(rounds.due, BILLING, "chat", NOW),
    )
    held = begin(store, NOW + 2 * DAY)
    ids = [view.id for view in store.query(rounds.unfinished, NOW + 2 * DAY)]
    assert ids == [earlier, later]
    assert [view.id for view in store.query(rounds.unfinished, NOW + 3 * DAY)] == [earlier, later, held.round.id]


def spent_of_day(store: Store, endpoint: str, now: datetime) -> Spent:
    return store.query(spending.spent, ScopedBudget(endpoint, Budget(), endpoint=endpoint), now)["day"]


def test_spent_counts_every_ask_since(store: Store) -> None:
    view = begin(store)
    record(store, view, observe("old", 0, at=NOW - timedelta(hours=47), input_tokens=1000))
    record(store, view, observe("a", 1, at=NOW, input_tokens=10, output_tokens=5, reasoning_tokens=7))
    record(store, view, observe("b", 2, at=NOW + DAY))
    record(store, view, observe(error="timeout", sample=3, at=NOW))
    assert spent_of_day(store, "billing", NOW) == (3, 22, 0)  # more reasoning than output: it is counted apart
    assert spent_of_day(store, "billing", NOW - DAY) == (4, 1022, 0)
    assert spent_of_day(store, "search", NOW - DAY) == (0, 0, 0)


def test_token_counts_no_column_can_hold_do_no_harm(store: Store) -> None:
    view = begin(store)
    record(store, view, observe("a", 0, input_tokens=10**30))
    record(store, view, observe("b", 1, input_tokens=-5))
    assert spent_of_day(store, "billing", NOW) == (2, 2**31 - 1, 0)
    assert [one.reply.input_tokens for one in store.query(replies.recorded, view.round.id)] == [10**30, -5]


def test_recorded_of_an_unknown_round_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no round 7"):
        store.query(replies.recorded, 7)


@pytest.mark.slow
def test_many_samples_come_back_in_order(store: Store) -> None:
    view = begin(store)
    observations = tuple(observe(f"answer {n}", n, series=SERIES) for n in range(20))
    for observation in observations:
        record(store, view, observation)
    assert store.query(replies.recorded, view.round.id) == observations
