"""Rows that a clock wrote while it was ahead: after it was set right, nothing waits for their moments."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from prober.incidents.routing import Routing
from prober.model.alerting import Alerts, Digest, QuietHours, Route
from prober.model.bill import OwnTraffic
from prober.model.sample import SampleRules, StoredSample
from prober.service.bill import look_at_bill
from prober.service.decisions import notify_of_no_incident
from prober.service.samples import accept_samples, judge_windows
from prober.service.upkeep import look_at_incidents
from prober.status.endpoint_status import endpoint_statuses
from prober.store import Store, bill, daemons, declared, incidents, notices, rounds, samples
from prober.store.pages import overview
from tests.store.world import BILLING, CHAT, DAY, MONEY, NOW, SEARCH, alarm, complete, declare, observe

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
AHEAD = pytest.mark.parametrize(
    "ahead",
    [pytest.param(HOUR, marks=pytest.mark.slow), 2 * DAY, pytest.param(3650 * DAY, marks=pytest.mark.slow)],
)


def events(store: Store) -> list[str]:
    return [one.event for one in reversed(store.query(notices.recent)) if one.state == "owed"]


@AHEAD
def test_what_is_held_for_a_digest_comes_with_the_next_look(store: Store, ahead: timedelta) -> None:
    declare(store)
    night = NOW.replace(hour=23)
    alerts = Alerts(quiet_hours=QuietHours(start="22:00", end="07:00"), digest=Digest(at="09:00"))
    routing, said = Routing(("slack",), alerts), {"endpoint": "search", "cause": "no rounds", "reason": "overdue"}
    store.change(notify_of_no_incident, "stale", routing, night + ahead, **said)
    assert [one.state for one in store.query(notices.recent)] == ["held"]
    look_at_incidents(store, routing, night)
    assert events(store) == ["digest"]


@AHEAD
def test_who_is_notified_where_nobody_acknowledges_does_not_wait(store: Store, ahead: timedelta) -> None:
    declare(store)
    routes = (Route(to=("slack",)), Route(to=("pagerduty",), after="30m"))
    routing = Routing(("slack", "log", "pagerduty"), Alerts(routes=routes))
    alarm(store, NOW + ahead)
    for look in range(3):
        look_at_incidents(store, routing, NOW + look * MINUTE)
    once = [(one.event, one.alerter) for one in store.query(notices.recent) if one.event != "opened"]
    assert sorted(once) == [("reminded", "log"), ("reminded", "slack"), ("unacknowledged", "pagerduty")]


@AHEAD
def test_work_that_was_announced_ends_when_it_is_ended(store: Store, ahead: timedelta) -> None:
    declare(store)
    store.change(daemons.announce, "billing", NOW + ahead + 6 * HOUR, "ana", "upgrade", NOW + ahead)
    assert store.query(daemons.busy_until, "billing", NOW) is None
    assert store.change(daemons.end, "billing", NOW) == 1
    assert store.query(daemons.not_over, now=NOW) == ()
    assert store.query(daemons.busy_until, "billing", NOW + ahead + HOUR) is None


@AHEAD
def test_a_status_shows_the_rounds_of_the_present_though_hundreds_are_missed_in_the_future(
    store: Store, ahead: timedelta
) -> None:
    declare(store)
    moments = [NOW + 3 * HOUR + ahead + number * HOUR for number in range(200)]
    store.change(rounds.pass_over, BILLING, "money", moments, "misfire", NOW + ahead)
    for number in range(4):
        failed = observe(at=NOW + number * HOUR, error="provider_error")
        complete(store, NOW + number * HOUR, failed)
    now = NOW + 3 * HOUR + MINUTE
    newest = store.query(overview.recent_rounds_of_each, now)
    assert [one.due_at for one in newest if one.state == "completed"] == [NOW + n * HOUR for n in (3, 2, 1, 0)]
    found = {one.name: one for one in endpoint_statuses(store.query(overview.endpoints), newest, (), now)}
    assert found["billing"].state == "unreachable"


def test_the_list_of_prices_is_looked_up_again_though_it_was_read_in_the_future(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[datetime] = []
    known = declared.tariff
    monkeypatch.setattr(declared, "tariff", lambda endpoint, now: (looked.append(now), known(endpoint, now))[1])
    for now in (NOW + 3650 * DAY, NOW, NOW + HOUR):
        store.change(declared.remember, [MONEY, CHAT], [BILLING, SEARCH], now)
    assert sorted({*looked}) == [NOW, NOW + 3650 * DAY]


def sample(number: int, at: datetime) -> dict[str, object]:
    return {
        "endpoint": "billing", "feature": "support", "id": f"r{number}", "at": at.isoformat(), "text": "Sure.",
        "prompt": f"Question {number}", "model": "m", "input_tokens": 1000, "output_tokens": 500,
    }  # fmt: skip


@pytest.mark.slow
@AHEAD
def test_live_samples_are_judged_by_the_present(store: Store, ahead: timedelta) -> None:
    lines = [sample(number, NOW + number * MINUTE) for number in range(60)]
    accept_samples(store, lines, SampleRules(), NOW + HOUR)
    judge_windows(store, "billing", "support", NOW + ahead)  # while the clock is ahead
    accept_samples(store, [sample(60, NOW + ahead)], SampleRules(), NOW + ahead)
    judge_windows(store, "billing", "support", NOW + ahead + 6 * HOUR)
    now = NOW + 4 * HOUR
    for _ in range(4):
        more = [sample(1000 + int(now.timestamp()) % 10**6 + number, now + number * MINUTE) for number in range(60)]
        now += 6 * HOUR
        accept_samples(store, more, SampleRules(), now)
        judge_windows(store, "billing", "support", now)
    held = store.query(samples.watched, "billing", "support", "inputs")
    assert held is not None and now - 12 * HOUR <= held.judged_until <= now
    assert held.since <= held.judged_until


@pytest.mark.slow
@AHEAD
def test_the_bill_of_a_feature_is_judged_by_the_present(store: Store, ahead: timedelta) -> None:
    own = OwnTraffic.model_validate({"features": {"support": {"owner": "helpdesk"}}})
    number, now = 1000, NOW

    def spend(calls: int, now: datetime) -> None:
        nonlocal number
        lines = [sample(number + one, now - 30 * MINUTE) for one in range(calls)]
        number += calls
        accept_samples(store, lines, SampleRules(per_minute=1000), now)
        look_at_bill(store, own, (BILLING,), Routing(("log",)), now)

    with store.write() as tx:
        for hour in range(24 * 9):
            at = now + hour * HOUR
            one = StoredSample(f"h{hour}", "billing", "support", at, model="m", input_tokens=1000, output_tokens=500)
            bill.add_samples(tx, [one])
    now += 9 * DAY
    spend(1, now)
    spend(1, now + ahead)
    for _ in range(4):
        now += HOUR
        spend(200, now)
    known = store.query(bill.known, "feature", "billing", "support")
    assert known is not None and known.judged_until is not None and known.judged_until <= now + 2 * DAY
    assert [one.kind for one in store.query(incidents.not_closed)] == ["bill"]
