"""Rounds as units of work: due → claimed → completed | missed, one an endpoint at a time, never half."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from prober.incidents.routing import NOBODY
from prober.model.errors import ClaimLost, StoreError
from prober.store import Store
from tests.store.world import BILLING, DAY, NOW, QUIET, SEARCH, SERIES, begin, complete, judge, observe


def test_the_same_round_is_due_once(store: Store) -> None:
    first = store.due(BILLING, "money", NOW)
    assert store.due(BILLING, "money", NOW) == first
    others = {
        store.due(BILLING, "chat", NOW),
        store.due(SEARCH, "money", NOW),
        store.due(BILLING, "money", NOW + DAY),
    }
    assert len(others | {first}) == 4
    assert len(store.rounds()) == 4


def test_due_is_one_moment_in_any_time_zone(store: Store) -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert store.due(BILLING, "money", tokyo) == store.due(BILLING, "money", NOW)
    assert store.rounds()[0].due_at == NOW
    assert store.rounds()[0].due_at.utcoffset() == timedelta(0)


def test_a_time_without_zone_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        store.due(BILLING, "money", datetime(2026, 3, 1))  # noqa: DTZ001


def test_a_claim_says_what_is_in_hand(store: Store) -> None:
    round_id = store.due(BILLING, "money", NOW)
    view = store.claim(round_id, "host:1", NOW + timedelta(seconds=3), 60)
    assert view is not None
    assert (view.id, view.endpoint, view.endpoint_hash, view.probe_set) == (
        round_id, "billing", BILLING.content_hash, "money",
    )  # fmt: skip
    assert (view.state, view.worker, view.due_at) == ("claimed", "host:1", NOW)
    assert view.lease_until == NOW + timedelta(seconds=63)
    assert view.label == "2026-03-01T12:00:03.000000Z"
    assert store.rounds() == (view,)


def test_a_live_claim_is_exclusive_even_for_the_same_worker(store: Store) -> None:
    view = begin(store)
    assert store.claim(view.id, "other", NOW, 60) is None
    assert store.claim(view.id, "worker", NOW + timedelta(seconds=59), 60) is None
    assert store.rounds()[0] == view


def test_one_round_an_endpoint_at_a_time(store: Store) -> None:
    begin(store)
    waiting = store.due(BILLING, "chat", NOW)
    assert store.claim(waiting, "other", NOW, 60) is None
    assert store.claim(store.due(SEARCH, "chat", NOW), "other", NOW, 60) is not None


def test_two_names_of_one_content_are_one_endpoint(store: Store) -> None:
    begin(store)
    twin = BILLING.model_copy(update={"name": "twin"})
    assert store.claim(store.due(twin, "money", NOW), "other", NOW, 60) is None


def test_a_finished_round_frees_the_endpoint_and_is_not_claimed_again(store: Store) -> None:
    done = complete(store)
    assert store.claim(done.id, "other", NOW + DAY, 60) is None
    missed = begin(store, NOW + DAY)
    store.miss(missed.id, "budget_exhausted", NOW + DAY)
    assert store.claim(missed.id, "other", NOW + 2 * DAY, 60) is None
    assert begin(store, NOW + 2 * DAY).state == "claimed"


def test_labels_grow_whatever_the_clock_does(store: Store) -> None:
    labels = [complete(store, NOW + DAY).label]
    for due_at, now in ((NOW, NOW), (NOW + 2 * DAY, NOW + DAY), (NOW + 3 * DAY, NOW - DAY)):
        round_id = store.due(BILLING, "money", due_at)
        view = store.claim(round_id, "w", now, 60)
        assert view is not None
        store.miss(round_id, "test", now)
        labels.append(view.label)
    assert labels == sorted(set(labels))


def test_a_round_taken_over_keeps_its_label_and_its_replies(store: Store) -> None:
    view = begin(store)
    store.record(view.id, observe("Paris"), NOW)
    again = store.claim(view.id, "other", NOW + timedelta(seconds=60), 60)
    assert again is not None
    assert (again.label, again.worker, again.asked) == (view.label, "other", 1)
    assert store.recorded(view.id) == (observe("Paris"),)


def test_an_overtaken_round_gets_a_new_label_so_that_labels_grow_in_the_order_of_judging(store: Store) -> None:
    slow = begin(store)
    later = NOW + timedelta(minutes=5)
    quick = complete(store, later)
    again = store.claim(slow.id, "other", later, 60)
    assert again is not None
    assert slow.label < quick.label < again.label


def test_record_is_idempotent_and_the_first_reply_stays(store: Store) -> None:
    view = begin(store)
    store.record(view.id, observe("Paris"), NOW)
    store.record(view.id, observe("Lyon"), NOW)
    store.record(view.id, observe("Nice", sample=1), NOW)
    store.record(view.id, observe(error="timeout", series="other.series"), NOW)
    store.record(view.id, observe(error="timeout", series="other.series"), NOW)
    assert [one.reply.text for one in store.recorded(view.id)] == ["Paris", "Nice", None]
    assert (store.rounds()[0].asked, store.rounds()[0].failed) == (3, 1)


def test_nothing_is_written_to_a_round_nobody_holds(store: Store) -> None:
    round_id = store.due(BILLING, "money", NOW)
    with pytest.raises(ClaimLost, match=f"round {round_id} of billing is due"):
        store.record(round_id, observe(), NOW)
    with pytest.raises(StoreError, match="there is no round 99"):
        store.record(99, observe(), NOW)
    assert store.recorded(round_id) == ()


def test_whoever_lost_the_claim_is_refused_however_late(store: Store, url: str) -> None:
    view = begin(store)
    with Store.open(url) as thief:
        stolen = thief.claim(view.id, "thief", NOW + timedelta(minutes=2), 60)
        assert stolen is not None
        for write in (
            lambda: store.record(view.id, observe(), NOW),
            lambda: store.settle(view.id, judge(view.label), "stale", QUIET, NOBODY, NOW),
            lambda: store.miss(view.id, "stale", NOW + timedelta(minutes=2)),
        ):
            with pytest.raises(ClaimLost, match="last claimed by thief"):
                write()
        thief.settle(view.id, judge(view.label), "fresh", QUIET, NOBODY, NOW)
    assert store.memory(BILLING.content_hash) == "fresh"
    assert store.recorded(view.id) == ()


def test_a_holder_overtaken_by_another_round_of_the_endpoint_is_refused(store: Store) -> None:
    slow = begin(store)
    complete(store, NOW + timedelta(minutes=5), memory="newer")
    with pytest.raises(ClaimLost):
        store.settle(slow.id, judge(slow.label), "older", QUIET, NOBODY, NOW)
    assert store.memory(BILLING.content_hash) == "newer"
    assert [view.id for view in store.unfinished(NOW + DAY)] == [slow.id]


def test_a_claim_outlives_its_lease_while_nobody_wants_the_endpoint(store: Store) -> None:
    view = begin(store)
    store.record(view.id, observe(), NOW + DAY)
    store.settle(view.id, judge(view.label), None, QUIET, NOBODY, NOW + DAY)
    assert store.rounds()[0].state == "completed"


def test_a_missed_round_says_why_and_keeps_its_replies(store: Store) -> None:
    view = begin(store)
    store.record(view.id, observe(), NOW)
    store.miss(view.id, "budget_exhausted", NOW)
    store.miss(view.id, "said again", NOW)
    (missed,) = store.rounds()
    assert (missed.state, missed.reason, missed.lease_until) == ("missed", "budget_exhausted", None)
    assert len(store.recorded(view.id)) == 1
    with pytest.raises(ClaimLost):
        store.record(view.id, observe(sample=1), NOW)


def test_a_round_that_was_never_claimed_can_be_missed(store: Store) -> None:
    round_id = store.due(BILLING, "money", NOW)
    store.miss(round_id, "misfire", NOW)
    assert store.unfinished(NOW + DAY) == ()


def test_an_abandoned_round_can_be_missed_by_anyone_and_a_live_one_cannot(store: Store, url: str) -> None:
    view = begin(store)
    with Store.open(url) as other:
        with pytest.raises(ClaimLost):
            other.miss(view.id, "too old", NOW)
        other.miss(view.id, "too old", NOW + DAY)
    assert store.rounds()[0].reason == "too old"
    assert begin(store, NOW + DAY).state == "claimed"


def test_a_thread_that_sweeps_cannot_miss_the_round_that_another_of_the_same_process_asks(store: Store) -> None:
    view = begin(store)
    with pytest.raises(ClaimLost):
        store.miss(view.id, "overdue", NOW, ours=False)
    store.record(view.id, observe(), NOW)
    assert store.rounds()[0].state == "claimed"
    store.miss(view.id, "overdue", NOW + DAY, ours=False)
    assert store.rounds()[0].reason == "overdue"


def test_a_completed_round_cannot_be_missed(store: Store) -> None:
    view = complete(store)
    with pytest.raises(StoreError, match="is completed"):
        store.miss(view.id, "late", NOW)


def test_unfinished_rounds_oldest_first(store: Store) -> None:
    complete(store, NOW - DAY)
    later, earlier = store.due(BILLING, "money", NOW + DAY), store.due(BILLING, "chat", NOW)
    held = begin(store, NOW + 2 * DAY)
    ids = [view.id for view in store.unfinished(NOW + 2 * DAY)]
    assert ids == [earlier, later]
    assert [view.id for view in store.unfinished(NOW + 3 * DAY)] == [earlier, later, held.id]


def test_spent_counts_every_ask_since(store: Store) -> None:
    view = begin(store)
    store.record(view.id, observe("old", 0, at=NOW - DAY, input_tokens=1000), NOW)
    store.record(view.id, observe("a", 1, at=NOW, input_tokens=10, output_tokens=5, reasoning_tokens=7), NOW)
    store.record(view.id, observe("b", 2, at=NOW + DAY), NOW)
    store.record(view.id, observe(error="timeout", sample=3, at=NOW), NOW)
    assert store.spent("billing", NOW) == (3, 22)  # more reasoning than output: it is counted apart
    assert store.spent("billing", NOW - DAY) == (4, 1022)
    assert store.spent("search", NOW - DAY) == (0, 0)


def test_token_counts_no_column_can_hold_do_no_harm(store: Store) -> None:
    view = begin(store)
    store.record(view.id, observe("a", 0, input_tokens=10**30), NOW)
    store.record(view.id, observe("b", 1, input_tokens=-5), NOW)
    assert store.spent("billing", NOW) == (2, 2**31 - 1)
    assert [one.reply.input_tokens for one in store.recorded(view.id)] == [10**30, -5]


def test_recorded_of_an_unknown_round_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no round 7"):
        store.recorded(7)


def test_many_samples_come_back_in_order(store: Store) -> None:
    view = begin(store)
    observations = tuple(observe(f"answer {n}", n, series=SERIES) for n in range(20))
    for observation in observations:
        store.record(view.id, observation, NOW)
    assert store.recorded(view.id) == observations
