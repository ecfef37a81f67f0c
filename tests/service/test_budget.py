"""The budget of a day: an ask is booked before it is made, by whoever makes it, and counts whatever becomes of it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.asking.breaker import ANY_ASK
from prober.incidents.routing import NOBODY
from prober.judging.promise import Promise
from prober.model.budget import Budget, ScopedBudget, Spent
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.reference import ReferenceRule
from prober.model.reply import Reply
from prober.service import run_round
from prober.service.run_round import RoundResult
from prober.status.system_status import system_status
from prober.store import Store, replies, spending
from prober.store.pages import overview
from prober.tokens import TokenEstimate
from tests.asking.wire_server import WireServer
from tests.processes import wait_until

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
CONCURRENCY = 4
SET = ProbeSet(
    name="s", owner="us", endpoints=("e",), schedule=Schedule(every="1h"),
    probes=(Probe(id="p", prompt="Pick a colour.", samples=8),),
)  # fmt: skip


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'prober.db'}"


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


class Says:
    """Answers the same to every ask, and counts the asks."""

    def __init__(self, **reply: object) -> None:
        self.reply, self.asked = {"text": "Teal", **reply}, 0
        self.lock = threading.Lock()

    def ask(self, endpoint, probe, sample, now):
        with self.lock:
            self.asked += 1
        return Reply(at=now, **self.reply)

    def close(self) -> None: ...


def endpoint_of(**fields: object) -> Endpoint:
    return Endpoint.model_validate(
        {"name": "e", "provider": "openai", "model": "m", "concurrency": CONCURRENCY, **fields}
    )


def round_of(store: Store, endpoint: Endpoint, provider: object, at: datetime = NOON) -> RoundResult:
    return run_round.run(
        SET, endpoint, Promise(1.0, 365.25, ReferenceRule()), provider, store, NOBODY, at, clock=lambda: at
    )


def of_endpoint(budget: Budget) -> ScopedBudget:
    return ScopedBudget("e", budget, endpoint="e")


def spent(store: Store, dollars: bool = False) -> tuple[int, ...]:
    """Asks and tokens of the newest day, and billionths of dollars."""
    return store.query(spending.spent, of_endpoint(Budget()), NOON + 6 * HOUR)["day"][: 3 if dollars else 2]


def test_twenty_five_asks_are_twenty_five_asks(store: Store) -> None:
    endpoint, provider = endpoint_of(budget=Budget(asks_per_day=25)), Says()
    results = [round_of(store, endpoint, provider, NOON + n * HOUR) for n in range(5)]
    assert [one.outcome for one in results] == ["completed"] * 4 + ["missed"]
    assert [one.asked for one in results] == [8, 8, 8, 1, 0]
    said = "budget_exhausted: 25 of 25 asks of the last 24 hours are spent"
    assert [one.reason for one in results[3:]] == [f"{said}; 1 of 8 asks of the round were made", said]
    assert provider.asked == 25
    assert round_of(store, endpoint, provider, NOON + 28 * HOUR).asked == 8, "a day after the last of them"


@pytest.mark.slow
def test_a_round_of_more_asks_than_the_budget_is_judged_with_what_it_has(store: Store) -> None:
    endpoint, provider = endpoint_of(budget=Budget(asks_per_day=25)), Says()
    probes = tuple(Probe(id=name, prompt=f"Pick a {name}.", samples=10) for name in ("colour", "tree", "day", "name"))
    forty = SET.model_copy(update={"probes": probes})
    rounds = [
        run_round.run(
            forty, endpoint, Promise(1.0, 365.25, ReferenceRule(rounds=4, hours=0)), provider, store, NOBODY, at,
            clock=lambda at=at: at,
        )
        for at in (NOON + n * 24 * HOUR for n in range(5))
    ]  # fmt: skip
    assert provider.asked == 5 * 25
    for one in rounds:
        assert (one.outcome, one.asked, one.failures) == ("completed", 25, ())
        assert one.reason == (
            "budget_exhausted: 25 of 25 asks of the last 24 hours are spent; 25 of 40 asks of the round were made"
        )
    assert [one.judgement.state for one in rounds if one.judgement] == [*["insufficient_evidence"] * 4, "quiet"]


def test_those_who_share_a_store_share_the_budget(url: str, store: Store) -> None:
    budget = of_endpoint(Budget(asks_per_day=25))

    def book(_: int) -> int:
        with Store.open(url) as own:
            return sum(own.change(spending.reserve, [budget], [Spent(1, 10)] * 2, NOON)[0] for _ in range(5))

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(book, range(4))) == 25
    assert spent(store) == (25, 250)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reply", "each"),
    [
        ({"input_tokens": 10, "output_tokens": 5}, 15),
        ({"input_tokens": 10, "output_tokens": 20, "reasoning_tokens": 15}, 30),
        ({"input_tokens": 10, "output_tokens": 5, "reasoning_tokens": 40}, 55),
        ({}, 14 + 64 + 20),  # unknown: the bytes of the prompt, what is put around it, and the limit of the answer
        ({"text": None, "error": "timeout", "error_detail": "silent"}, 14 + 64 + 20),
        ({"text": None, "error": "rate_limited", "error_detail": "HTTP 429"}, 0),
        ({"text": None, "error": "model_retired", "error_detail": "HTTP 410"}, 0),
        ({"text": None, "error": "out_of_credit", "error_detail": "HTTP 402"}, 0),
        ({"text": None, "error": "a word of another tool"}, 14 + 64 + 20),
    ],
)
def test_what_an_ask_costs(store: Store, reply: dict[str, object], each: int) -> None:
    endpoint = endpoint_of(budget=Budget(tokens_per_day=100_000), parameters={"max_tokens": 20})
    provider = Says(**reply)
    round_of(store, endpoint, provider)
    assert provider.asked == (3 if reply.get("error") in ANY_ASK else 8), "the breaker opens after three failures"
    assert spent(store) == (provider.asked, provider.asked * each)


@pytest.mark.slow
def test_tokens_are_set_aside_before_each_ask_so_that_the_limit_holds(store: Store) -> None:
    endpoint = endpoint_of(budget=Budget(tokens_per_day=500), parameters={"max_tokens": 20})
    provider = Says(input_tokens=30, output_tokens=20)
    results = [round_of(store, endpoint, provider, NOON + n * HOUR) for n in range(3)]
    assert [one.outcome for one in results] == ["completed", "completed", "missed"]
    assert results[2].reason == "budget_exhausted: 500 of 500 tokens of the last 24 hours are spent"
    assert (provider.asked, spent(store)) == (10, (10, 500))


@pytest.mark.slow
def test_without_a_limit_of_its_own_an_ask_is_taken_to_cost_a_multiple_of_the_longest_before(store: Store) -> None:
    endpoint = endpoint_of(budget=Budget(tokens_per_day=2_000))
    provider = Says(input_tokens=20, output_tokens=10)
    assert [round_of(store, endpoint, provider, NOON + n * HOUR).asked for n in range(3)] == [8, 8, 8]
    assert spent(store) == (24, 24 * 30)


@pytest.mark.slow
def test_a_budget_declared_in_the_course_of_a_day_counts_the_replies_before_it(store: Store) -> None:
    provider = Says(input_tokens=10, output_tokens=5)
    round_of(store, endpoint_of(), provider)
    endpoint = endpoint_of(budget=Budget(asks_per_day=10))
    assert round_of(store, endpoint, provider, NOON + HOUR).asked == 2
    assert spent(store) == (10, 150)


# Killed

ROUND = """
import sys
from datetime import datetime
from prober.asking import open_provider
from prober.incidents.routing import NOBODY
from prober.judging.promise import Promise
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.reference import ReferenceRule
from prober.service import run_round
from prober.store import Store

url, endpoint, probe_set, at = sys.argv[1:]
endpoint, at = Endpoint.model_validate_json(endpoint), datetime.fromisoformat(at)
with Store.open(url) as store:
    run_round.run(
        ProbeSet.model_validate_json(probe_set), endpoint, Promise(1.0, 365.25, ReferenceRule()),
        open_provider(endpoint), store, NOBODY, at, clock=lambda: at,
    )
"""
ANSWER = json.dumps({"choices": [{"message": {"content": "Teal"}, "finish_reason": "stop"}]}).encode()


class Slow:
    """A server whose first answer never comes; it counts those that were sent whole."""

    def __init__(self, server: WireServer) -> None:
        self.server, self.lock, self.begun, self.answered = server, threading.Lock(), 0, 0
        server.behave = self

    def __call__(self, handler) -> None:
        with self.lock:
            self.begun += 1
            first = self.begun == 1
        if first:
            self.server.stop.wait(60)
            return
        handler.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(ANSWER) + ANSWER)
        handler.wfile.flush()
        with self.lock:
            self.answered += 1


@pytest.mark.slow
@pytest.mark.parametrize(("budget", "asked_again"), [(25, 1), (9, 1), (8, 0)])
def test_a_kill_with_one_slow_answer_loses_the_asks_in_flight_only_and_none_is_free(
    url: str, store: Store, budget: int, asked_again: int
) -> None:
    with WireServer() as server:
        slow = Slow(server)
        endpoint = endpoint_of(base_url=server.url, budget=Budget(asks_per_day=budget))
        arguments = [url, endpoint.model_dump_json(), SET.model_dump_json(), NOON.isoformat()]
        process = subprocess.Popen([sys.executable, "-c", ROUND, *arguments])
        try:
            wait_until(
                lambda: (
                    slow.answered == 7
                    and store.query(overview.recent_rounds)
                    and len(store.query(replies.recorded, 1)) == 7
                )
            )
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
        assert spent(store)[0] == slow.begun == 8, "an ask counts when it is made"
        with contextlib.closing(open_provider(endpoint)) as provider:
            later = NOON + HOUR
            resumed = run_round.run(
                SET, endpoint, Promise(1.0, 365.25, ReferenceRule()), provider, store, NOBODY, NOON, clock=lambda: later
            )
        assert (resumed.outcome, resumed.asked) == ("completed", 7 + asked_again)
        assert spent(store)[0] == slow.begun == 8 + asked_again


# Windows, and several budgets


@pytest.mark.slow
def test_an_hour_goes_by_part_by_part(store: Store) -> None:
    """Neither in the running minute and the 59 before it are more asks than the limit, whatever the hour."""
    hourly = [of_endpoint(Budget(asks_per_hour=10))]
    made: list[datetime] = []
    for minute in range(0, 200, 3):
        at = NOON + timedelta(minutes=minute)
        made += [at] * store.change(spending.reserve, hourly, [Spent(1, 0)] * 2, at)[0]
    assert max(sum(timedelta() <= one - first < HOUR for one in made) for first in made) == 10
    assert len(made) >= 30


@pytest.mark.parametrize(
    "step", [timedelta(seconds=-30), timedelta(minutes=-59), timedelta(hours=-2), timedelta(days=-400)]
)
def test_a_clock_that_steps_back_frees_nothing_and_the_window_ends_when_time_has_caught_up(
    store: Store, step: timedelta
) -> None:
    hourly = [of_endpoint(Budget(asks_per_hour=10))]
    assert store.change(spending.reserve, hourly, [Spent(1, 0)] * 20, NOON)[0] == 10
    for at in (NOON + step, NOON + step, NOON + step + HOUR / 2, NOON + timedelta(minutes=1)):
        assert store.change(spending.reserve, hourly, [Spent(1, 0)], at)[0] == 0
    assert store.change(spending.reserve, hourly, [Spent(1, 0)] * 20, NOON + HOUR)[0] == 10


@pytest.mark.parametrize(
    ("ahead", "later"), [(timedelta(minutes=20), 1), (timedelta(hours=5), 10), (timedelta(days=400), 10)]
)
def test_a_clock_that_was_ahead_locks_a_budget_for_one_window(store: Store, ahead: timedelta, later: int) -> None:
    hourly = [of_endpoint(Budget(asks_per_hour=10))]
    assert store.change(spending.reserve, hourly, [Spent(1, 0)] * 20, NOON + ahead)[0] == 10
    store.change(spending.give_back, [one.scope for one in hourly], NOON + ahead, Spent(1, 0))
    made = [
        store.change(spending.reserve, hourly, [Spent(1, 0)] * 20, NOON + timedelta(minutes=minute))[0]
        for minute in (0, 30, 66)
    ]
    assert made == [1, 0, later]


def test_the_tightest_budget_decides_and_says_whose_it_is(store: Store) -> None:
    ours = [
        of_endpoint(Budget(asks_per_day=9)),
        ScopedBudget("owner:us", Budget(dollars_per_month=1e-6), ("s",)),
        ScopedBudget("all:", Budget()),
    ]
    count, reason = store.change(spending.reserve, ours, [Spent(1, 5, 300)] * 4, NOON)
    assert (count, reason) == (
        3,
        "budget_exhausted: the owner us: $0.0000 of $0.0000 of the last 30 days are spent, and the next ask may need $0.0000",
    )
    store.change(spending.give_back, [one.scope for one in ours], NOON, Spent(0, 4, 250))
    assert store.change(spending.reserve, ours, [Spent(1, 5, 300)] * 4, NOON + HOUR)[0] == 1
    later = NOON + timedelta(days=31)
    store.change(spending.forget, later)
    assert store.query(spending.spent, ours[1], later)["month"] == (0, 0, 0)


def test_a_budget_in_dollars_is_kept_and_needs_a_price(store: Store) -> None:
    provider = Says(input_tokens=100, output_tokens=10)
    fields = {"budget": Budget(dollars_per_day=0.01), "parameters": {"max_tokens": 10}}
    unknown = round_of(store, endpoint_of(model="nobody-knows-it", base_url="http://127.0.0.1:9", **fields), provider)
    assert unknown.outcome == "missed" and "the price is not known" in unknown.reason and provider.asked == 0
    price = {"input_per_million": 10.0, "output_per_million": 100.0}  # 0.2 cents an ask
    known = round_of(store, endpoint_of(price=price, **fields), provider, NOON + HOUR)
    assert (known.asked, provider.asked) == (5, 5)
    assert spent(store, dollars=True) == (5, 550, 10_000_000)


@pytest.mark.slow
def test_reasoning_that_no_limit_stops_is_set_aside_at_its_99th_percentile() -> None:
    estimate, probe = TokenEstimate(20), Probe(id="p", prompt="Think.")
    for number in range(200):
        estimate.learn(probe, Reply(at=NOON, text="x", input_tokens=7, output_tokens=20 + number))
    assert estimate.of(probe) == (7, 20 + 197)


def test_a_dead_key_costs_one_ask_a_round_and_the_status_says_so(store: Store) -> None:
    endpoint, dead = endpoint_of(), Says(text=None, error="unauthorized")
    for hour in range(4):
        round_of(store, endpoint, dead, NOON + hour * HOUR)
    assert dead.asked == 3 + 3 * 1
    (status,) = system_status(store, NOON + 4 * HOUR).endpoints
    assert status.breaker is not None and status.breaker.failures == 6
    answers = Says()
    round_of(store, endpoint, answers, NOON + 4 * HOUR)
    assert answers.asked == 8, "the first answer asks the rest"
    (status,) = system_status(store, NOON + 4 * HOUR).endpoints
    assert status.breaker is None


def test_a_round_in_the_pause_of_the_breaker_is_missed_and_says_nothing_of_the_endpoint(store: Store) -> None:
    dead = Says(text=None, error="unreachable")
    round_of(store, endpoint_of(), dead)
    done = run_round.run(
        SET, endpoint_of(), Promise(1.0, 365.25, ReferenceRule()), dead, store, NOBODY, NOON + timedelta(seconds=9),
        clock=lambda: NOON + timedelta(seconds=9), is_scheduled=True,
    )  # fmt: skip
    assert (done.outcome, dead.asked) == ("missed", 3)
    assert done.reason == "breaker_open: the last 3 asks failed, the newest one: unreachable"
