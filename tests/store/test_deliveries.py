"""How messages fare, place by place."""

from __future__ import annotations

from datetime import timedelta

from prober.incidents.routing import Routing
from prober.model.alerting import Alerts, Route
from prober.model.notice import Outcome
from prober.service.decisions import notify_of_no_incident
from prober.service.deliver import StoredOutbox
from prober.store import Store, notices
from prober.store.pages.deliveries import deliveries
from prober.store.views import DeliveryView
from tests.store.world import NOW, declare

SENT = Outcome(True, "sent")
LATER = timedelta(minutes=10)


def owe(store: Store, *places: str) -> None:
    """One notice to each of these places."""
    store.change(notify_of_no_incident, "stale", routed(*places), NOW, endpoint="billing", cause="no rounds")


def routed(*places: str) -> Routing:
    return Routing(("slack", "log", "webhook"), Alerts(routes=(Route(to=places),)))


def settle(store: Store, outcome: Outcome, after: timedelta = timedelta(0), retry: timedelta | None = None) -> None:
    """What becomes of the next one."""
    notice = StoredOutbox(store).claim_notice(NOW + after, 60, "https://dash")
    assert notice is not None
    retry_at = None if retry is None else NOW + after + retry
    store.change(notices.settle, notice.id, outcome, retry_at, NOW + after)


def of(store: Store, alerter: str, channel: str = "") -> DeliveryView:
    [view] = [one for one in store.query(deliveries) if (one.alerter, one.channel) == (alerter, channel)]
    return view


def test_nothing_owed_is_no_place(store: Store) -> None:
    assert store.query(deliveries) == ()


def test_each_place_is_counted_by_itself(store: Store) -> None:
    declare(store)
    owe(store, "slack:#a", "slack:#b", "log")
    settle(store, SENT)
    places = [(one.alerter, one.channel, one.owed, one.sent, one.failed) for one in store.query(deliveries)]
    assert places == [("log", "", 1, 0, 0), ("slack", "#a", 0, 1, 0), ("slack", "#b", 1, 0, 0)]
    assert of(store, "slack", "#a").last_sent_at == NOW
    assert not any(one.failing or one.last_reason for one in store.query(deliveries))


def test_what_fails_for_good_is_failing_until_a_message_arrives(store: Store) -> None:
    declare(store)
    owe(store, "slack")
    settle(store, Outcome(False, "channel_not_found", permanent=True))
    found = of(store, "slack")
    assert (found.failed, found.failing, found.last_reason, found.since) == (1, True, "channel_not_found", NOW)
    owe(store, "slack")
    settle(store, SENT, LATER)
    found = of(store, "slack")
    assert (found.failed, found.failing, found.last_reason, found.since) == (1, False, "", None)


def test_what_is_tried_again_waits_and_is_not_failing(store: Store) -> None:
    declare(store)
    owe(store, "webhook")
    settle(store, Outcome(False, "timeout"), retry=LATER)
    found = of(store, "webhook")
    assert (found.owed, found.failing, found.last_reason, found.since) == (1, False, "timeout", NOW)
    settle(store, SENT, LATER)
    assert of(store, "webhook").last_reason == ""


def test_one_channel_may_fail_while_another_does_not(store: Store) -> None:
    declare(store)
    owe(store, "slack:#gone", "slack:#here")
    settle(store, Outcome(False, "channel_not_found", permanent=True))
    settle(store, SENT)
    assert of(store, "slack", "#gone").failing
    assert not of(store, "slack", "#here").failing
