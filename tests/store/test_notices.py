"""The outbox: claimed under a lease, sent by others, settled after."""

from __future__ import annotations

import math
from datetime import timedelta

import pytest

from prober.incidents.actions import acknowledge
from prober.incidents.routing import Routing
from prober.model.errors import StoreError
from prober.model.notice import Notice, Outcome
from prober.service.deliver import StoredOutbox
from prober.store import Store, declared, notices
from tests.store.world import (
    BILLING,
    CHAT,
    DAY,
    MONEY,
    NOW,
    SEARCH,
    SERIES,
    alarm,
    begin,
    carry,
    complete,
    declare,
    observe,
    verdict,
)

SENT = Outcome(sent=True, reason="sent", receipt="C1/17.5")
TIMEOUT = Outcome(sent=False, reason="timeout")
URL = "https://dash"


def claim(store: Store, after_s: float = 0, lease_s: float = 30) -> Notice | None:
    return StoredOutbox(store).claim_notice(NOW + timedelta(seconds=after_s), lease_s, URL)


def states(store: Store) -> dict[str, tuple[str, int, str]]:
    return {one.alerter: (one.state, one.attempts, one.last_reason) for one in store.query(notices.recent)}


def test_nothing_owed_nothing_claimed(store: Store) -> None:
    complete(store)
    assert claim(store) is None


def test_each_notice_is_claimed_once_oldest_first(store: Store) -> None:
    alarm(store)
    first, second = claim(store), claim(store)
    assert first is not None
    assert second is not None
    assert (first.alerter, second.alerter) == ("slack", "log")
    assert first.id < second.id
    assert claim(store) is None


def test_a_notice_whose_sender_died_is_claimed_again_and_counts_its_tries(store: Store) -> None:
    alarm(store)
    first = claim(store)
    claim(store, lease_s=40)
    assert claim(store, after_s=29) is None
    again = claim(store, after_s=30)
    assert first is not None
    assert again is not None
    assert (again.id, first.attempts, again.attempts) == (first.id, 0, 1)


def test_a_sent_notice_is_done(store: Store) -> None:
    alarm(store)
    notice = claim(store)
    assert notice is not None
    store.change(notices.settle, notice.id, SENT, None, NOW + timedelta(seconds=2))
    view = store.query(notices.recent)[-1]
    assert (view.state, view.sent_at, view.receipt) == ("sent", NOW + timedelta(seconds=2), "C1/17.5")
    assert states(store) == {"slack": ("sent", 1, "sent"), "log": ("owed", 0, "")}
    other = claim(store, after_s=86400)
    assert other is not None
    assert other.alerter == "log"


@pytest.mark.slow
def test_a_failed_try_is_owed_again_at_its_time(store: Store) -> None:
    alarm(store)
    notice = claim(store)
    claim(store, lease_s=310)
    assert notice is not None
    store.change(notices.settle, notice.id, TIMEOUT, NOW + timedelta(minutes=5), NOW)
    assert states(store)["slack"] == ("owed", 1, "timeout")
    assert claim(store, after_s=299) is None
    again = claim(store, after_s=300)
    assert again is not None
    assert (again.id, again.attempts) == (notice.id, 1)


def test_failed_for_good_is_never_claimed_again(store: Store) -> None:
    alarm(store)
    notice = claim(store)
    assert notice is not None
    store.change(notices.settle, notice.id, Outcome(sent=False, reason="invalid_auth", permanent=True), None, NOW)
    assert states(store)["slack"] == ("failed", 1, "invalid_auth")
    later = claim(store, after_s=86400)
    assert later is not None
    assert later.alerter == "log"


@pytest.mark.slow
def test_sent_wins_over_a_second_sender_that_failed(store: Store) -> None:
    alarm(store)
    slow = claim(store)
    claim(store, lease_s=600)
    quick = claim(store, after_s=60)
    assert slow is not None
    assert quick is not None
    assert slow.id == quick.id
    store.change(notices.settle, quick.id, TIMEOUT, NOW + DAY, NOW)
    store.change(notices.settle, slow.id, SENT, None, NOW)
    store.change(notices.settle, quick.id, TIMEOUT, NOW + DAY, NOW)
    assert states(store)["slack"] == ("sent", 2, "sent")


def test_settling_a_notice_that_does_not_exist_is_an_error(store: Store) -> None:
    with pytest.raises(StoreError, match="there is no notice 5"):
        store.change(notices.settle, 5, SENT, None, NOW)


@pytest.mark.slow
def test_a_notice_says_everything_a_message_needs(store: Store) -> None:
    declare(store)
    for day in range(4):
        complete(store, NOW + day * DAY, observe("Paris"))
    onset = complete(store, NOW + 4 * DAY, observe("It is Paris."))
    moved = verdict("length", 812.5, onset=onset.label)
    still = verdict("refusal", 0.7)
    incident = alarm(store, NOW + 5 * DAY, moved, still, onset=onset.label, observations=[observe("It is Paris.")])
    notice = StoredOutbox(store).claim_notice(NOW + 6 * DAY, 30, URL)
    assert notice is not None
    assert (notice.incident_id, notice.endpoint, notice.source.model) == (incident.id, "billing", "gpt-4o-2024-08-06")
    assert (notice.about.kind, notice.event, notice.drill) == ("behaviour_change", "opened", False)
    assert (notice.source.owner, notice.source.runbook) == ("payments", "https://wiki/money")
    assert (notice.about.detected_at, notice.about.onset, notice.about.rounds_since_onset) == (
        NOW + 5 * DAY,
        onset.label,
        2,
    )
    assert (notice.about.e_value, notice.about.threshold, notice.source.false_alarms_per_year) == (900.0, 365.0, 0.5)
    (moved,) = notice.about.moved
    assert (moved.channel, moved.e_value) == ("length", 812.5)
    assert (moved.words, moved.replies, moved.reference_replies) == ("117 % longer", 2, 4), "counted in the replies"
    (comparison,) = notice.about.comparisons
    assert (comparison.probe, comparison.prompt) == ("money/capital", "Capital of France?")
    assert (comparison.reference, comparison.recent) == ("Paris", "It is Paris.")
    assert notice.dashboard_url == URL


def test_owners_are_those_whose_probes_moved(store: Store) -> None:
    declare(store)
    alarm(store, NOW, verdict(series=("s",)), observations=[observe(series="s", probe="chat/talk")])
    notice = claim(store)
    assert notice is not None
    assert (notice.source.owner, notice.source.runbook) == ("support", None)


def test_owners_are_all_where_no_probe_is_named(store: Store) -> None:
    declare(store)
    alarm(store, NOW, verdict(series=()))
    notice = claim(store)
    assert notice is not None
    assert (notice.source.owner, notice.source.runbook) == ("support, payments", "https://wiki/money")


def test_without_a_moved_channel_the_strongest_is_named(store: Store) -> None:
    alarm(store, NOW, verdict("identity", math.inf), verdict("length", 2.0))
    notice = claim(store)
    assert notice is not None
    assert [one.channel for one in notice.about.moved] == ["identity"]


@pytest.mark.slow
def test_a_notice_of_an_action_names_the_person(store: Store) -> None:
    carry(store, acknowledge(alarm(store), "ana \x00<@U1>", "", NOW), Routing(("slack",)), NOW)
    for event in ("opened", "opened", "acknowledged", "acknowledged"):
        one = claim(store)
        assert one is not None
        assert (one.event, one.about.actor, one.about.note) == (event, "ana \x00<@U1>", "")
        store.change(notices.settle, one.id, Outcome(True, "sent"), None, NOW)


def test_the_model_is_that_of_the_incident_not_of_a_later_edit(store: Store) -> None:
    declare(store)
    alarm(store)
    store.change(declared.remember, [MONEY, CHAT], [BILLING.model_copy(update={"model": "gpt-5"}), SEARCH], NOW)
    notice = claim(store)
    assert notice is not None
    assert notice.source.model == "gpt-4o-2024-08-06"


def test_an_endpoint_nobody_declared_has_no_owner_and_no_runbook(store: Store) -> None:
    alarm(store, NOW, verdict(series=(SERIES,)))
    notice = claim(store)
    assert notice is not None
    assert (notice.source.owner, notice.source.runbook, notice.about.comparisons) == ("", None, ())
    assert begin(store, NOW + DAY).round.state == "claimed"


def test_no_notice_waits_for_a_moment_that_only_a_wrong_clock_made(store: Store) -> None:
    alarm(store, NOW + DAY)  # owed by a clock that was a day ahead
    notice = claim(store)
    assert notice is not None
    store.change(notices.settle, notice.id, TIMEOUT, NOW + 2 * DAY, NOW)  # and to be tried again by another
    again = claim(store)
    assert again is not None and again.id == notice.id
