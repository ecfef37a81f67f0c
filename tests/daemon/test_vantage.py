"""Who asks what: daemons and workers at their vantages, on one store."""

from __future__ import annotations

from datetime import timedelta

from prober.alerts.log import LogAlerter
from prober.daemon import Daemon
from prober.loading.declarations import load
from prober.store.pages import overview
from tests.daemon.world import completed, rounds, work, write_set

ENDPOINTS = """
endpoints:
  here: {provider: scripted, model: parrot}
  west: {provider: scripted, model: parrot, vantage: eu-west}
"""


def at(files, store, clock, vantage="", is_worker=False, name="one"):
    daemon = Daemon(
        [files], store, [LogAlerter()], "http://localhost:8501", worker=name, clock=clock, vantage=vantage,
        is_worker=is_worker,
    )  # fmt: skip
    daemon.declare(load(files))
    return daemon


def declare(files):
    files.mkdir(exist_ok=True)
    (files / "endpoints.yaml").write_text(ENDPOINTS)
    write_set(files, endpoints="here, west")


def test_an_endpoint_is_asked_from_its_vantage_only(files, store, clock):
    declare(files)
    work(at(files, store, clock))
    assert {(one.endpoint, one.worker) for one in completed(store)} == {("here", "one")}
    work(at(files, store, clock, "eu-west", is_worker=True, name="west"))
    assert {(one.endpoint, one.worker) for one in completed(store)} == {("here", "one"), ("west", "west")}
    found = {one.name: one.vantage for one in store.query(overview.endpoints)}
    assert found == {"here": "", "west": "eu-west"}
    hashes = {one.name: one.endpoint_hash for one in store.query(overview.endpoints)}
    assert hashes["here"] != hashes["west"], "two vantages are two series"


def test_what_nobody_at_its_vantage_asks_is_missed_with_that_reason(files, store, clock):
    declare(files)
    daemon = at(files, store, clock)
    work(daemon)
    clock.go(timedelta(hours=1, minutes=1))
    daemon.tick("canary on west")
    work(daemon)
    reasons = {one.reason for one in store.query(overview.recent_rounds, "west") if one.state == "missed"}
    assert reasons == {"no_worker"}


def test_a_worker_makes_no_round_due(files, store, clock):
    declare(files)
    worker = at(files, store, clock, is_worker=True)
    assert worker.scheduler.get_jobs() == []
    worker.claim_waiting()
    assert rounds(store) == []
