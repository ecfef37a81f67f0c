"""Many workers on one database, thieves and the killed among them: nothing judged twice, nothing stored twice or half.

Every settle writes the number it read in the judge's memory plus one. Were a round judged twice, or against a memory
that somebody replaced meanwhile, the number would not be that of the completed rounds.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing.connection import Connection

import pytest

from prober.model.declaration import Endpoint
from prober.model.errors import ClaimLost
from prober.service.settle import settle
from prober.store import Store, judge_state, notices, replies
from prober.store import incidents as stored_incidents
from prober.store import rounds as stored_rounds
from prober.store.pages import overview
from tests.store.world import BILLING, DAY, NAMES, NOW, SEARCH, SILENT, judge, observe, record, verdict

FORK = multiprocessing.get_context("fork")
ENDPOINTS = {one.name: one for one in (BILLING, SEARCH)}
SAMPLES = 3


def work(store: Store, round_id: int, endpoint: Endpoint, now: datetime, lease_s: float,
         step: Callable[[], object] = lambda: None) -> bool:  # fmt: skip
    """One round from claim to settle, resumed where it stood; whether it was ours to the end. `step` before a write."""
    step()
    claim = store.change(stored_rounds.claim, round_id, f"{os.getpid()}.{threading.get_ident()}", now, lease_s)
    if claim is None:
        return False
    content = endpoint.content_hash
    try:
        done = {one.sample for one in store.query(replies.recorded, round_id)}
        for sample in sorted(set(range(SAMPLES)) - done):
            step()
            record(store, claim, observe(f"{claim.round.label} {sample}", sample))
        count = int(store.query(judge_state.memory, content) or 0) + 1
        judgement = judge(claim.round.label, "alarm" if round_id % 5 == 0 else "quiet", verdict())
        step()
        settle(store, claim, endpoint, judgement, str(count), NAMES, now, rule=SILENT)
    except ClaimLost:
        return False
    return True


def check(store: Store, *, finished: bool) -> None:
    """What must hold at any moment, in whatever state the workers were stopped."""
    rounds = store.query(overview.recent_rounds, limit=10**6)
    for name, endpoint in ENDPOINTS.items():
        completed = [one for one in rounds if one.endpoint == name and one.state == "completed"]
        assert int(store.query(judge_state.memory, endpoint.content_hash) or 0) == len(completed)
        assert len({one.label for one in completed}) == len(completed)
        incidents = store.query(stored_incidents.recent, endpoint=name)
        assert len(incidents) == (1 if any(one.id % 5 == 0 for one in completed) else 0)
        for incident in incidents:
            assert Counter(one.alerter for one in store.query(notices.recent, incident.id)) == {"slack": 1, "log": 1}
    for one in rounds if finished else rounds[:20]:  # of the newest while it goes on, of all at the end
        samples = [observation.sample for observation in store.query(replies.recorded, one.id)]
        assert len(samples) == len(set(samples)) == one.asked
        if one.state == "completed":
            assert sorted(samples) == list(range(SAMPLES))
        assert one.state in ({"completed"} if finished else {"due", "claimed", "completed"})


def crowd(url: str, seed: int) -> None:
    """A process of three threads that work off whatever is unfinished; a lease of no time invites thieves."""
    store = Store.open(url)

    def worker(rng: random.Random) -> None:
        for _ in range(5000):  # an end, should somebody fail and leave a round behind
            waiting = store.query(stored_rounds.unfinished, NOW + DAY)
            if not waiting:
                return
            one = rng.choice(waiting)
            work(store, one.id, ENDPOINTS[one.endpoint], NOW, rng.choice((0, 300, 300)))

    with store, ThreadPoolExecutor(3) as threads:
        for done in [threads.submit(worker, random.Random(seed + n)) for n in range(3)]:
            done.result()


def plan(url: str, rounds: int) -> None:
    with Store.open(url) as store:
        for n in range(rounds):
            for endpoint in ENDPOINTS.values():
                store.change(stored_rounds.due, endpoint, "money", NOW + timedelta(minutes=n))


@pytest.mark.slow
def test_a_crowd_of_thieves_judges_every_round_once(url: str) -> None:
    plan(url, rounds=5)
    processes = [FORK.Process(target=crowd, args=(url, 10 * n)) for n in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0]
    with Store.open(url) as store:
        check(store, finished=True)


def test_two_workers_that_come_at_once_do_not_both_get_the_round(store: Store) -> None:
    round_ids = [store.change(stored_rounds.due, BILLING, "money", NOW + timedelta(minutes=n)) for n in range(4)]
    gate, won = threading.Barrier(8), list[int]()

    def grab(round_id: int) -> None:
        gate.wait()
        if store.change(stored_rounds.claim, round_id, "w", NOW, 60) is not None:
            won.append(round_id)

    threads = [threading.Thread(target=grab, args=(round_id,)) for round_id in round_ids * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def doomed(url: str, now: datetime, steps: Connection) -> None:
    """Works, round after round, telling every step before it is taken, until it is killed."""
    store = Store.open(url)
    for n in range(1000):
        for one in store.query(stored_rounds.unfinished, now):
            work(store, one.id, ENDPOINTS[one.endpoint], now, 60, lambda: steps.send(None))
        store.change(stored_rounds.due, BILLING, "money", now + timedelta(seconds=n))


def kill_at_random_moments(url: str, times: int, seed: int) -> None:
    rng = random.Random(seed)
    plan(url, rounds=2)
    now, half_done = NOW, 0
    for _ in range(times):
        now += DAY  # every lease of the killed has run out
        here, there = FORK.Pipe()
        process = FORK.Process(target=doomed, args=(url, now, there))
        process.start()
        there.close()
        for _ in range(rng.randint(1, 14)):
            here.recv()
        time.sleep(rng.uniform(0, 0.003))  # somewhere in the step; nothing below depends on where
        process.kill()
        process.join()
        here.close()
        assert process.exitcode == -signal.SIGKILL
        with Store.open(url) as store:  # closed before the next fork, which must not inherit a connection
            check(store, finished=False)
            half_done += any(one.state == "claimed" for one in store.query(overview.recent_rounds, limit=10**6))
    assert half_done > times / 4, "too few were killed in the middle of a round to prove anything"
    now += DAY
    with Store.open(url) as store:
        while waiting := store.query(stored_rounds.unfinished, now):
            assert work(store, waiting[0].id, ENDPOINTS[waiting[0].endpoint], now, 60)
        check(store, finished=True)


@pytest.mark.slow
def test_whoever_is_killed_leaves_rounds_that_can_be_resumed(url: str) -> None:
    kill_at_random_moments(url, times=20, seed=1)


@pytest.mark.slow
def test_a_process_killed_while_it_makes_the_database_leaves_one_that_opens(empty_url: str) -> None:
    rng = random.Random(3)
    for _ in range(8):
        process = FORK.Process(target=lambda: Store.open(empty_url).close())
        process.start()
        time.sleep(rng.uniform(0, 0.1))
        process.kill()
        process.join()
    with Store.open(empty_url) as store:
        assert store.query(overview.recent_rounds) == ()


def test_a_decision_of_an_overtaken_judge_is_not_carried_out(store: Store, url: str) -> None:
    round_id = store.change(stored_rounds.due, BILLING, "money", NOW)
    claim = store.change(stored_rounds.claim, round_id, "slow", NOW, 0)
    assert claim is not None
    with Store.open(url) as other:
        assert work(other, round_id, BILLING, NOW, 60)
    judgement = judge(claim.round.label, "alarm", verdict())
    with pytest.raises(ClaimLost):
        settle(store, claim, BILLING, judgement, "1", NAMES, NOW)
    assert store.query(judge_state.memory, BILLING.content_hash) == "1"
