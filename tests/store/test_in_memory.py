"""The store in memory is the store: one suite of ours runs over it, and threads may share it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from prober.store import Store, incidents, rounds
from prober.store.pages import overview
from tests.store.world import BILLING, NOW, alarm, complete, declare


@pytest.mark.slow
def test_it_keeps_rounds_and_incidents_as_a_file_does() -> None:
    with Store.in_memory() as store:
        declare(store)
        complete(store)
        incident = alarm(store, NOW + timedelta(days=1))
        assert store.query(incidents.get, incident.id) == incident
        assert [one.name for one in store.query(overview.endpoints)] == ["billing", "search"]


def test_two_stores_in_memory_share_nothing() -> None:
    with Store.in_memory() as one, Store.in_memory() as other:
        complete(one)
        assert other.query(overview.recent_rounds) == ()


@pytest.mark.slow
def test_threads_share_it() -> None:
    with Store.in_memory() as store, ThreadPoolExecutor(8) as threads:
        moments = [NOW + timedelta(minutes=n) for n in range(40)]
        ids = list(threads.map(lambda at: store.change(rounds.due, BILLING, "money", at), moments))
        assert len(set(ids)) == len(store.query(overview.recent_rounds)) == 40
