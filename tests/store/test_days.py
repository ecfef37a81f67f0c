"""Days by key, and what they cost: known, unknown, and by the end of the month."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from prober.model.declaration import Price
from prober.prices import forecast
from prober.store import Store, declared, rounds, tallies
from prober.store.pages import days
from tests.store.world import BILLING, CHAT, DAY, MONEY, NOW, SEARCH, complete, observe

TODAY = NOW.date()
TWO_DAYS = (TODAY, TODAY + 2 * DAY)
PAID = BILLING.model_copy(update={"price": Price(input_per_million=100, output_per_million=1000, per_ask=0.5)})
UNKNOWN = SEARCH.model_copy(update={"model": "no such model"})


def spent(store: Store) -> None:
    """Two sets at one endpoint on two days, one of them at another whose price nobody knows."""
    sets = [MONEY.model_copy(update={"tags": ("core", "money")}), CHAT.model_copy(update={"tags": ("core",)})]
    store.change(declared.remember, sets, [PAID, UNKNOWN], NOW)
    usage = {"input_tokens": 1000, "output_tokens": 100}
    complete(store, NOW, observe(**usage), endpoint=PAID)
    complete(store, NOW + timedelta(hours=1), observe(**usage), endpoint=PAID, probe_set="chat")
    complete(store, NOW + DAY, observe(**usage), endpoint=PAID)
    complete(store, NOW + DAY, observe(**usage), endpoint=UNKNOWN, probe_set="chat")


ASK = 0.5 + 0.1 + 0.1
"""Dollars of one paid ask."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "asks"),
    [
        ("all", {"": 4}),
        ("endpoint", {"billing": 3, "search": 1}),
        ("probe_set", {"money": 2, "chat": 2}),
        ("owner", {"payments": 2, "support": 2}),
        ("tag", {"core": 4, "money": 2}),
        ("tags", {"core": 2, "core, money": 2}),
    ],
)
def test_days_are_added_up_by_key(store: Store, by, asks: dict[str, int]) -> None:
    spent(store)
    assert {one.key: one.asks for one in store.query(days.tallies, by, *TWO_DAYS, daily=False)} == asks
    daily = store.query(days.tallies, by, *TWO_DAYS)
    assert sum(one.asks for one in daily) == sum(asks.values())
    assert [one.day for one in daily] == sorted(one.day for one in daily if one.day)


def test_dollars_are_what_is_known_and_the_unknown_is_named(store: Store) -> None:
    spent(store)
    paid, unknown = store.query(days.tallies, "endpoint", *TWO_DAYS, daily=False)
    assert (paid.dollars, paid.unpriced) == (pytest.approx(3 * ASK), ())
    assert (unknown.dollars, unknown.unpriced) == (None, ("search",))
    (chat,) = (one for one in store.query(days.tallies, "probe_set", *TWO_DAYS, daily=False) if one.key == "chat")
    assert (chat.dollars, chat.unpriced) == (pytest.approx(ASK), ("search",))
    assert [one.key for one in store.query(days.tallies, "all", *TWO_DAYS, endpoint="search")] == [""]
    assert store.query(days.tallies, "all", *TWO_DAYS, endpoint="nobody") == ()


def test_sets_that_nobody_declared_have_no_owner_and_no_tag(store: Store) -> None:
    complete(store, NOW, endpoint=SEARCH, probe_set="imported")
    assert [one.key for one in store.query(days.tallies, "owner", *TWO_DAYS)] == [""]
    assert [one.key for one in store.query(days.tallies, "tag", *TWO_DAYS)] == [""]
    (one,) = store.query(days.month, "endpoint", NOW)
    assert "not looked up yet" in one.unpriced["search"]


@pytest.mark.slow
def test_a_declared_price_counts_at_once_and_a_dropped_one_no_longer(store: Store) -> None:
    spent(store)
    cheap = PAID.model_copy(update={"price": Price(input_per_million=0, output_per_million=0, per_ask=1)})
    store.change(declared.remember, [], [cheap], NOW)
    assert store.query(days.tallies, "endpoint", *TWO_DAYS, daily=False)[0].dollars == 3.0
    store.change(declared.remember, [], [UNKNOWN.model_copy(update={"name": "billing"})], NOW)
    assert store.query(days.tallies, "endpoint", *TWO_DAYS, daily=False)[0].dollars is None


def test_the_month_is_what_was_spent_and_the_rate_for_the_rest(store: Store) -> None:
    spent(store)
    at = NOW + 2 * DAY  # 3 March, noon: two whole days behind it
    paid, unknown = store.query(days.month, "endpoint", at)
    assert (paid.so_far, paid.per_day, paid.days) == (pytest.approx(3 * ASK), pytest.approx(1.5 * ASK), 2)
    assert paid.forecast == pytest.approx(3 * ASK + 1.5 * ASK * 28.5)
    assert (unknown.so_far, unknown.per_day, unknown.forecast) == (None, None, None)
    assert "no such model" in unknown.unpriced["search"]
    assert paid.unpriced == {}


def test_months_of_all_keys_add_up_to_the_month_of_all(store: Store) -> None:
    store.change(declared.remember, [], [PAID], NOW)
    complete(store, NOW - 20 * DAY, observe(input_tokens=1000, output_tokens=100), endpoint=PAID)
    spent(store)
    complete(store, NOW + 2 * DAY, observe(input_tokens=1000, output_tokens=100), endpoint=PAID, probe_set="chat")
    at = NOW + 3 * DAY
    (whole,) = store.query(days.month, "all", at)
    by_set = store.query(days.month, "probe_set", at)
    for name in ("so_far", "per_day", "forecast"):
        assert sum(getattr(one, name) for one in by_set) == pytest.approx(getattr(whole, name))
    assert (whole.before, whole.before_so_far) == (pytest.approx(ASK), 0.0)
    low, high = whole.forecast_between or (0.0, 0.0)
    assert whole.so_far <= low < whole.forecast < high


def test_what_confirmation_rounds_cost_is_counted_apart(store: Store) -> None:
    store.change(declared.remember, [MONEY], [PAID], NOW)
    store.change(rounds.insert_due, "billing", PAID.content_hash, "money", NOW, confirms="suspicion")
    complete(store, NOW, observe(input_tokens=1000, output_tokens=100), endpoint=PAID)
    complete(store, NOW + DAY, observe(input_tokens=1000, output_tokens=100), endpoint=PAID)
    (one,) = store.query(days.tallies, "all", *TWO_DAYS, daily=False)
    assert (one.dollars, one.confirming_dollars) == (pytest.approx(2 * ASK), pytest.approx(ASK))
    assert one.input_dollars + one.output_dollars == pytest.approx(2 * (ASK - 0.5))
    with store.write() as tx:  # as a database of an older version, which did not count them
        tx.connection().exec_driver_sql("UPDATE tally SET confirming_asks = 0, confirming_input_tokens = 0, "
                                        "confirming_output_tokens = 0")  # fmt: skip
        tallies.count_confirmations(tx)
    (again,) = store.query(days.tallies, "all", *TWO_DAYS, daily=False)
    assert again == one


def test_on_the_first_day_todays_is_the_rate(store: Store) -> None:
    spent(store)
    (paid,) = store.query(days.month, "endpoint", NOW + timedelta(hours=2))
    assert (paid.key, paid.days, paid.per_day) == ("billing", 0, pytest.approx(2 * ASK))


def test_a_month_that_has_just_begun_goes_by_the_days_before(store: Store) -> None:
    store.change(declared.remember, [], [PAID], NOW)
    for day in (2, 1):
        complete(store, NOW - day * DAY, observe(input_tokens=0, output_tokens=0), endpoint=PAID)
    (one,) = store.query(days.month, "all", datetime(2026, 3, 1, tzinfo=UTC))
    assert (one.so_far, one.per_day, one.forecast) == (0.0, 0.5, pytest.approx(0.5 * 31))


@pytest.mark.parametrize(
    ("now", "days_left"),
    [
        (datetime(2026, 2, 28, 12, tzinfo=UTC), 0.5),
        (datetime(2028, 2, 1, tzinfo=UTC), 29),
        (datetime(2026, 12, 31, tzinfo=UTC), 1),
    ],
)
def test_a_forecast_knows_how_long_months_are(now: datetime, days_left: float) -> None:
    assert forecast(10.0, 2.0, now) == 10 + 2 * days_left


def test_nothing_was_asked(store: Store) -> None:
    assert (
        store.query(days.tallies, "owner", date(2026, 1, 1), date(2027, 1, 1))
        == store.query(days.month, "tag", NOW)
        == ()
    )
