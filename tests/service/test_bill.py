"""The bill of the team's own traffic: counted once, estimated by its share, judged, notified once, never the prober's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from prober.asking.cost_reports import CostReportError
from prober.incidents.bill import bill_words
from prober.incidents.routing import Routing
from prober.judging.bill import estimate
from prober.model.alerting import Alerts, Route
from prober.model.bill import BilledAccount, BilledDay, OwnTraffic, start_of_last_month
from prober.model.decision import Action
from prober.model.declaration import Endpoint
from prober.model.incident import Measured
from prober.model.sample import SampleRules, StoredSample
from prober.service.act import act
from prober.service.bill import look_at_bill
from prober.service.samples import accept_samples
from prober.status.postmortem import gather
from prober.store import Store, incidents, notices
from prober.store.bill import add_samples, bills, hours
from tests.bounds import fewest, most

START = datetime(2026, 3, 2, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BOT = Endpoint.model_validate(
    {"name": "bot", "provider": "openai", "model": "m", "price": {"input_per_million": 10, "output_per_million": 20}}
)
LOG = Routing(("log",))
RULES = SampleRules(per_minute=10_000)
ACCOUNT = {"provider": "openai", "admin_key_env": "ADMIN_KEY", "owner": "platform"}


class World:
    """Live samples of one feature, looked at every hour."""

    def __init__(self, **feature: Any) -> None:
        self.store, self.now, self.number = Store.in_memory(), START, 0
        self.own = OwnTraffic.model_validate({"features": {"support": {"owner": "helpdesk", **feature}}})
        self.endpoints: tuple[Endpoint, ...] = (BOT,)
        self.routing = LOG

    def line(self, at: datetime, **given: Any) -> dict[str, Any]:
        self.number += 1
        return {
            "endpoint": "bot", "feature": "support", "id": f"r{self.number}", "at": at.isoformat(), "text": "Sure.",
            "prompt": f"Question {self.number}", "model": "m", "input_tokens": 1_000, "output_tokens": 500, **given,
        }  # fmt: skip

    def hours(self, count: int, calls: int = 1, **given: Any) -> World:
        for _ in range(count):
            lines = [self.line(self.now + (i + 1) * HOUR / (calls + 1), **given) for i in range(calls)]
            self.now += HOUR
            self.take(lines)
            self.look()
        return self

    def history(self, days: int, calls: Callable[[int, int], int]) -> World:
        """Days before now, of which only what their hours took is stored. `calls`: of a day and an hour of it."""
        begin = self.now
        with self.store.write() as tx:
            for n in range(days * 24):
                at = begin + n * HOUR
                one = StoredSample(f"h{n}", "bot", "support", at, model="m", input_tokens=1_000, output_tokens=500)
                add_samples(tx, [one] * calls(n // 24, n % 24))
        self.now += days * DAY
        return self.hours(1, 1)

    def take(self, lines: Sequence[dict[str, Any]], rules: SampleRules = RULES) -> None:
        accept_samples(self.store, lines, rules, self.now)

    def look(self) -> None:
        look_at_bill(self.store, self.own, self.endpoints, self.routing, self.now)

    @property
    def found(self) -> list[Measured]:
        return [one for one in self.store.query(incidents.recent) if isinstance(one, Measured)]

    @property
    def news(self) -> list[str]:
        return [one.event for one in reversed(self.store.query(notices.recent))]

    @property
    def words(self) -> str:
        (one,) = self.store.query(bills, start_of_last_month(self.now))
        return bill_words(one, self.now)


@pytest.fixture
def world() -> Iterator[World]:
    one = World()
    yield one
    one.store.close()


def test_samples_are_priced_by_the_endpoint_and_counted_once_however_often_they_come(world: World) -> None:
    lines = [world.line(START + i * timedelta(minutes=1)) for i in range(10)]
    for _ in range(2):
        world.now = START + HOUR
        world.take(lines)
        world.look()
    # 10 calls of 1,000 input and 500 output tokens: 10 × (1,000 × $10 + 500 × $20) / 1,000,000.
    assert world.words == "own traffic of support on bot (helpdesk): $0.20 this month, $0.20 on 2026-03-02"


def test_a_postmortem_of_a_bill_names_its_owner(world: World) -> None:
    world.own = OwnTraffic.model_validate({"features": {"support": {"owner": "helpdesk", "dollars_per_day": 0.01}}})
    world.hours(1, 4)
    (found,) = world.found
    assert world.store.query(gather, found, world.now).owners == ("helpdesk",)


@pytest.mark.parametrize("minutes", [330, 345, -210, 0])
def test_a_call_counts_in_its_hour_of_utc_whatever_the_zone_of_its_time(world: World, minutes: int) -> None:
    at = (START + timedelta(minutes=10)).astimezone(timezone(timedelta(minutes=minutes)))
    world.now = START + HOUR
    world.take([world.line(at)])
    assert list(world.store.query(hours, "bot", "support", START - DAY)) == [START]


def test_samples_beyond_the_rate_are_part_of_the_bill_and_a_file_read_again_adds_none(world: World) -> None:
    lines = [world.line(START + timedelta(seconds=i)) for i in range(30)]
    world.now = START + HOUR
    for _ in range(2):
        world.take(lines, SampleRules(per_minute=5))
    world.look()
    assert "$0.60 this month" in world.words


def test_what_is_sampled_is_an_estimate_with_its_interval() -> None:
    world = World(share=0.01)
    world.hours(1, 4)
    world.own = OwnTraffic.model_validate({"features": {"support": {"owner": "helpdesk", "share": 0.01}}})
    # 4 calls of $0.02: $8 of all; a standard error of √(4 × 0.02² × 0.99) / 0.01 = $3.98.
    said = "about $8.00 (95 %: $0.20 to $15.80) this month, about $8.00 (estimated from 1 % of the calls; 95 %: $0.20"
    assert said in world.words
    world.store.close()


def test_the_interval_of_an_estimate_holds_the_whole_bill() -> None:
    rng, hits = np.random.default_rng(7), 0
    for _ in range(400):
        costs = rng.exponential(1.0, 5_000)
        sent = costs[rng.random(costs.size) < 0.05]
        total, low, high = estimate(float(sent.sum()), float((sent**2).sum()), 0.05)
        assert low < total < high
        hits += bool(low <= costs.sum() <= high)
    assert fewest(400, 0.95) <= hits <= most(400, 0.95)


@pytest.mark.parametrize(
    ("endpoints", "model", "says"),
    [
        ((BOT,), "m", "$0.02 this month"),
        ((), "gpt-4o", "$0.0075 this month"),  # of an endpoint that is not declared: by the name of the model
        ((), "nobody-knows-1", "1,500 tokens, of unknown price this month"),
    ],
)
def test_a_price_is_declared_listed_or_said_to_be_unknown(
    world: World, endpoints: tuple[Endpoint, ...], model: str, says: str
) -> None:
    world.endpoints, world.now = endpoints, START + HOUR
    world.take([world.line(START, model=model)])
    world.look()
    assert says in world.words
    (one,) = world.store.query(bills, "2026-03-01")
    assert ("has no price of nobody-knows-1" in one.no_price) is (model == "nobody-knows-1")


@pytest.mark.slow
def test_ten_times_the_busiest_hour_is_one_incident_notified_once_that_names_feature_and_owner(world: World) -> None:
    world.history(9, lambda day, hour: 1 if hour < 12 else 4 + day % 2)  # quiet nights, busy days
    assert world.found == []
    world.hours(10, 45)
    (incident,) = world.found
    assert (incident.kind, incident.about, incident.endpoint, incident.state) == ("bill", "support", "bot", "open")
    assert incident.headline == "support costs 9.2 times the plan"
    assert "live samples of support on bot, owner helpdesk: $" in incident.detail
    assert "; planned is about $" in incident.detail and " an hour at most" in incident.detail
    assert incident.e_value >= incident.threshold == pytest.approx(87_660, rel=0.01)
    world.hours(1, 45)
    assert world.news == ["bill_above_plan"]
    world.hours(5, 4)
    assert (world.news, world.found[0].close_reason) == (["bill_above_plan", "bill_in_plan"], "recovered")
    world.hours(3, 5)
    assert len(world.found) == 1


@pytest.mark.slow
def test_a_rhythm_of_weekdays_and_growth_by_half_open_nothing(world: World) -> None:
    rng = np.random.default_rng(3)

    def calls(day: int, hour: int) -> int:
        busy = (0.2 if day % 7 in (5, 6) else 1.0) * (1.5 if day > 10 else 1.0)
        return int(rng.poisson(busy * (12 if 8 <= hour < 20 else 3)))

    world.history(40, calls)
    (one,) = world.store.query(bills, "2026-03-01")
    assert one.is_learnt and world.found == []


@pytest.mark.slow
def test_accepting_makes_what_is_spent_the_plan_and_closing_keeps_it(world: World) -> None:
    world.history(9, lambda day, hour: 2).hours(10, 2, output_tokens=9_000)
    (first,) = world.found
    act(world.store, first.id, Action("accept", "ann", "a launch"), LOG, world.now)
    world.hours(1, 2, output_tokens=9_000).history(10, lambda day, hour: 20)
    assert [one.close_reason for one in world.found] == ["accepted"]
    world.hours(10, 2, output_tokens=100_000)
    again = world.found[0]
    assert again.state == "open" and again.id != first.id


@pytest.mark.slow
@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"trace": "t", "prompt": "Call the tool again"}, "the same input 51 times in one trace within an hour"),
        ({"prompt": "Call the tool again"}, "the same input 51 times of 51 within an hour, more than 50"),
        ({"trace": "t", "calls": 101}, "101 steps in one trace within an hour, more than 100"),
        ({"trace": "t", "calls": 50, "prompt": "same"}, ""),  # as many as may be
        ({"trace": "t", "calls": 100}, ""),
        ({"calls": 300}, ""),  # other inputs, no traces
    ],
)
def test_an_agent_in_a_loop_is_an_incident_at_once_and_over_an_hour_later(
    world: World, given: dict[str, Any], says: str
) -> None:
    calls = int(given.pop("calls", 51))
    world.hours(1, calls, **given)
    assert [one.headline for one in world.found if says in one.headline] == [
        one.headline for one in world.found
    ] and bool(world.found) is bool(says)
    if says:
        world.hours(2, 3)
        assert world.news == ["bill_above_plan", "bill_in_plan"]


@pytest.mark.slow
def test_a_greeting_that_many_users_send_is_no_loop(world: World) -> None:
    world.now = START + HOUR
    hello = [world.line(START + timedelta(seconds=i), prompt="hi") for i in range(80)]
    world.take([*hello, *(world.line(START + timedelta(seconds=i)) for i in range(100))])
    world.look()
    assert world.found == []


@pytest.mark.slow
def test_declared_caps_hold_and_null_allows_any_number(world: World) -> None:
    for caps, opens in (({"max_repeats": 5}, True), ({"max_repeats": None, "max_steps": None}, False)):
        one = World(**caps)
        one.hours(1, 150, trace="t", prompt="same")
        assert bool(one.found) is opens
        one.store.close()


@pytest.mark.slow
def test_a_loop_that_a_person_closed_opens_again_only_when_it_goes_on_for_an_hour(world: World) -> None:
    world.hours(1, 60, prompt="same")
    act(world.store, world.found[0].id, Action("close", "ann", "known"), LOG, world.now)
    world.now += timedelta(minutes=5)
    world.take([world.line(world.now, prompt="same")])
    world.look()
    assert [one.state for one in world.found] == ["closed"]
    world.hours(2, 60, prompt="same")
    assert [one.state for one in world.found] == ["open", "closed"]


@pytest.mark.slow
def test_a_day_beyond_its_limit_is_an_incident_at_once_by_the_lower_end_of_an_estimate() -> None:
    for share, calls, opens in ((1.0, 60, True), (1.0, 40, False), (0.01, 1, False)):
        world = World(dollars_per_day=1, share=share)
        world.hours(1, calls)
        assert [one.headline for one in world.found] == (
            ["support cost $1.20 on 2026-03-02, more than $1.00 a day"] if opens else []
        )
        world.store.close()


def test_the_route_of_its_owner_gets_it(world: World) -> None:
    routes = (Route(owners=("helpdesk",), to=("log",)), Route(owners=("others",), to=("pager",)))
    world.routing = Routing(("log", "pager"), Alerts(routes=routes))
    world.hours(1, 60, prompt="same")
    assert [(one.event, one.alerter) for one in world.store.query(notices.recent)] == [("bill_above_plan", "log")]


# A provider's report


def reported(world: World, report: Callable[[BilledAccount, datetime], Sequence[BilledDay]], days: int = 1) -> None:
    world.own = OwnTraffic.model_validate({"accounts": {"main": ACCOUNT}})
    for _ in range(days):
        look_at_bill(world.store, world.own, (), LOG, world.now, report)
        world.now += DAY


def day(at: datetime, dollars: float) -> BilledDay:
    return BilledDay(f"{at:%Y-%m-%d}", dollars, dollars, dollars)


def test_a_report_is_read_as_often_as_declared_and_after_a_failure_in_an_hour(world: World) -> None:
    asked: list[datetime] = []

    def report(account: BilledAccount, since: datetime) -> Sequence[BilledDay]:
        asked.append(world.now)
        if len(asked) == 1:
            raise CostReportError("too many requests (HTTP 429)")
        return [day(world.now, 12.5)]

    world.own = OwnTraffic.model_validate({"accounts": {"main": ACCOUNT}})
    for minute in range(0, 50 * 60, 30):
        world.now = START + timedelta(minutes=minute)
        look_at_bill(world.store, world.own, (), LOG, world.now, report)
        if minute == 0:
            assert world.words == (
                "own traffic of account main (platform): the cost report could not be read: too many requests (HTTP 429)"
            )
    assert [round((at - START) / HOUR) for at in asked] == [0, 1, 25, 49][: len(asked)] and len(asked) >= 3
    assert "own traffic of account main (platform): $" in world.words


def test_an_account_that_bills_ten_times_its_plan_is_found_from_its_history_at_the_first_look(world: World) -> None:
    history = [day(START - (31 - i) * DAY, 20.0 if i < 20 else 200.0) for i in range(31)]
    reported(world, lambda account, since: history)
    (incident,) = world.found
    assert (incident.kind, incident.about, incident.endpoint) == ("bill", "main", "main")
    assert "main costs 10 times the plan" in incident.headline
    assert incident.detail.startswith("the account main at openai, owner platform: $200.00 on ")


def test_the_day_in_progress_counts_as_far_as_it_is_known_and_a_corrected_day_replaces_the_first(world: World) -> None:
    quiet = [day(START - (12 - i) * DAY, 20.0) for i in range(12)]
    reported(world, lambda account, since: [*quiet, day(world.now, 5.0)])
    assert world.found == []
    reported(world, lambda account, since: [*quiet, day(START, 21.0), day(world.now, 10_000_000.0)])
    assert [one.state for one in world.found] == ["open"]
    (one,) = world.store.query(bills, "2026-03-01")
    assert [each.dollars for each in one.days] == [20.0, 21.0, 10_000_000.0]


def test_an_account_that_is_declared_no_more_is_over_after_a_week(world: World) -> None:
    history = [day(START - (31 - i) * DAY, 20.0 if i < 20 else 200.0) for i in range(31)]
    reported(world, lambda account, since: history)
    world.own = OwnTraffic()
    for days, state in ((5, "open"), (9, "closed")):
        world.now = START + days * DAY
        world.look()
        assert [one.state for one in world.found] == [state]


def test_an_account_that_failed_until_it_was_removed_is_not_shown_for_ever(world: World) -> None:
    def report(account: BilledAccount, since: datetime) -> Sequence[BilledDay]:
        raise CostReportError("HTTP 503")

    reported(world, report)
    world.own = OwnTraffic()
    for days, shown in ((5, 1), (9, 0)):
        world.now = START + days * DAY
        world.look()
        assert len(world.store.query(bills, "2026-03-01")) == shown
