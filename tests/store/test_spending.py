"""Budgets that many processes share."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from prober.model.allowance import AccountLimits, Allowance, Told
from prober.model.budget import NOTHING, Budget, ScopedBudget, Spent
from prober.service.gates import StoredLedger
from prober.store import Store, limits, spending

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
ASKERS, PROCESSES, EACH = 8, 4, 4
LIMIT = 500
"""Tokens an hour: fewer than all askers book at once."""
BOOKING = """
import random, sys
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from prober.model.budget import Budget, ScopedBudget, Spent
from prober.service.gates import StoredLedger
from prober.asking.gates import Entry
from prober.model.errors import StoreError
from prober.store import Store, spending

url, at, seed, askers, each, limit = sys.argv[1], datetime.fromisoformat(sys.argv[2]), *map(int, sys.argv[3:])
budgets = [ScopedBudget("e", Budget(tokens_per_hour=limit), endpoint="e"), ScopedBudget("all:", Budget(tokens_per_day=10**6))]

def patiently(call, *arguments):
    # A lock that is not had in time is a StoreError, after which nothing is booked: on a busy machine it happens.
    while True:
        try:
            return call(*arguments)
        except StoreError:
            continue

def ask(number):
    rng, used, worst = random.Random(f"{seed} {number}"), 0, 0
    for _ in range(each):
        booking = patiently(ledger.book, [Spent(1, 20)])
        worst = max(worst, store.query(spending.spent, budgets[0], at)["hour"].tokens)
        if booking.count and rng.random() < 0.2:
            patiently(ledger.cancel, booking.page, Spent(1, 20))
        elif booking.count:
            cost = rng.randrange(1, 21)
            patiently(ledger.settle, [Entry(None, booking.page, Spent(1, 20), Spent(1, cost))])
            used += cost
    return used, worst

with Store.open(url) as store:
    ledger = StoredLedger(store, budgets, lambda: at)
    with ThreadPoolExecutor(askers) as pool:
        found = list(pool.map(ask, range(askers)))
print(sum(used for used, _ in found), max(worst for _, worst in found))
"""


@pytest.mark.slow
def test_thirty_two_askers_in_four_processes_never_pass_a_budget(url: str) -> None:
    if url.startswith("sqlite"):
        url += "?timeout=60"
    with Store.open(url) as store:
        command = [sys.executable, "-c", BOOKING, url, NOON.isoformat()]
        running = [
            subprocess.Popen([*command, *map(str, (n, ASKERS, EACH, LIMIT))], stdout=subprocess.PIPE, text=True)
            for n in range(PROCESSES)
        ]
        try:
            said = [one.communicate(timeout=300)[0] for one in running]  # a limit that only ends a hung test
        finally:
            for one in running:
                one.kill()
        assert [one.returncode for one in running] == [0] * PROCESSES
        used, worst = zip(*(map(int, line.split()) for line in said), strict=True)
        assert max(worst) <= LIMIT, "booked at any moment"
        everything = ScopedBudget("all:", Budget())
        assert store.query(spending.spent, everything, NOON)["day"].tokens == sum(used), "and each budget knows all"
        # How much they used depends on how many asked at once; what was given back can be used to the last ask.
        rest = StoredLedger(store, [ScopedBudget("e", Budget(tokens_per_hour=LIMIT), endpoint="e")], lambda: NOON)
        booked = rest.book([Spent(1, 20)] * (LIMIT // 20))
        assert booked.count == (LIMIT - sum(used)) // 20, "nothing that was settled or cancelled is still booked"


@pytest.mark.slow
def test_a_minute_of_an_account_holds_what_its_provider_says(url: str) -> None:
    with Store.open(url) as store:
        store.change(limits.settle, "account:a", NOON, NOTHING, Told(tokens=Allowance(100, 60)), NOON)
        assert store.query(limits.is_limited, "account:a", NOON)
        booked = store.change(
            limits.book, "account:a", [Spent(1, 25)] * 3, NOON + timedelta(seconds=5), "bot", AccountLimits()
        )
        assert (booked.count, booked.reason) == (2, "100 tokens a minute are used up"), "40 are used by others"
        later = NOON + timedelta(seconds=5 + booked.wait_s)
        assert store.change(limits.book, "account:a", [Spent(1, 25)], later, "bot", AccountLimits()).count == 1
        assert store.change(limits.book, "account:b", [Spent(1, 999)], later, "bot", AccountLimits()).count == 1, (
            "of which nothing is known"
        )
        store.change(limits.settle, "account:a", later, Spent(0, 5), Told(blocked_s=300.0), later)
        waits = store.change(limits.book, "account:a", [Spent(1, 1)], later, "bot", AccountLimits())
        assert (waits.count, waits.wait_s) == (0, 300.0)
        assert store.query(spending.budgets_in_use, later) == ()


def test_limits_that_are_no_longer_declared_are_no_longer_shown(url: str) -> None:
    """Those of scopes that the files do not name stay: another daemon may declare them."""
    owner = ScopedBudget("owner:payments", Budget(asks_per_day=5))
    whole = ScopedBudget("all:", Budget(asks_per_day=7))
    with Store.open(url) as store:
        store.change(spending.reserve, [owner, whole], [Spent(1, 10)], NOON)
        store.change(spending.declare, {"all:": Budget(), "set:new": Budget(asks_per_day=1)})
        assert [one.scope for one in store.query(spending.budgets_in_use, NOON)] == ["owner:payments"]
        store.change(spending.declare, {"owner:payments": Budget(asks_per_day=9), "all:": Budget(asks_per_day=7)})
        found = store.query(spending.budgets_in_use, NOON)
        assert {(one.scope, one.limit.most, one.spent.asks) for one in found} == {
            ("owner:payments", 9, 1),
            ("all:", 7, 1),
        }
