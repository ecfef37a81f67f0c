"""A gateway's cache that goes on and off: said, counted, not judged, the same in the daemon and in replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_OID, uuid5

import jsonschema
import pytest
from sqlalchemy import text

from prober.incidents.routing import NOBODY
from prober.judging.promise import Promise
from prober.lab.replay import rounds_of
from prober.loading import reply_log
from prober.model.declaration import Endpoint, Probe, ProbeSet, Schedule
from prober.model.reply import Reply
from prober.model.watch import CACHE_OFF
from prober.service import run_round
from prober.service.run_round import RoundResult
from prober.status.endpoint_status import endpoint_statuses
from prober.status.metrics import exposition
from prober.store import Store, declared
from prober.store.export import export
from prober.store.pages import overview

NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
PROBES = tuple(Probe(id=f"p{n}", prompt=f"Pick colour {n}.", samples=3) for n in range(2))
SET = ProbeSet(name="s", owner="us", endpoints=("e",), schedule=Schedule(every="1d"), probes=PROBES)
ENDPOINT = Endpoint(name="e", provider="openai", model="m", concurrency=1)


class Gateway:
    """A model that never says the same twice, behind a cache that may be on."""

    def __init__(self) -> None:
        self.is_on, self.asked, self.kept = False, 0, dict[str, Reply]()

    def ask(self, endpoint: Endpoint, probe: Probe, sample: int, now: datetime) -> Reply:
        self.asked += 1
        new = Reply(at=now, text=f"answer {self.asked}", model="m", reply_id=str(uuid5(NAMESPACE_OID, str(self.asked))))
        return self.kept.setdefault(probe.id, new) if self.is_on else new

    def close(self) -> None: ...


@pytest.fixture
def store() -> Iterator[Store]:
    with Store.in_memory() as opened:
        opened.change(declared.remember, [SET], [ENDPOINT], NOW)
        yield opened


def ask(store: Store, gateway: Gateway, day: int) -> RoundResult:
    at = NOW + timedelta(days=day)
    return run_round.run(SET, ENDPOINT, Promise(), gateway, store, NOBODY, at, clock=lambda: at)


def test_replies_that_an_older_version_stored_are_remembered_too(store: Store) -> None:
    gateway = Gateway()
    gateway.is_on = True
    ask(store, gateway, 0)
    with store.write() as tx:
        tx.connection().execute(text("UPDATE reply SET seen = NULL"))
    assert ask(store, gateway, 1).failures == ("cached",) * 6


def test_a_cache_is_said_and_counted_and_not_judged(store: Store, tmp_path: Path) -> None:
    gateway = Gateway()
    assert ask(store, gateway, 0).failures == ()
    gateway.is_on = True
    assert ask(store, gateway, 1).failures == ("cached",) * 4  # the first of each probe is the model's
    assert ask(store, gateway, 2).failures == ("cached",) * 6  # known from the rounds before

    now = NOW + timedelta(days=2)
    newest = store.query(overview.recent_rounds_of_each, now)
    (status,) = endpoint_statuses(store.query(overview.endpoints), newest, (), now)
    assert (status.state, status.endpoint.last_failure) == ("unreachable", "cached")
    assert (status.shown, status.verdict) == ("not asked", "unknown"), "callers may reach it all the same"
    assert status.why == f"every reply of the last round came from a cache, so nothing is judged; {CACHE_OFF}"
    assert (status.endpoint.cached_asks, status.endpoint.last_round_cached, status.endpoint.failed_asks) == (10, 6, 10)
    assert 'prober_asks_cached_total{endpoint="e"} 10.0' in exposition([status], (), (), now)

    log = tmp_path / "log.jsonl"
    reply_log.write(log, export(store))
    told = [json.loads(line) for line in log.read_text().splitlines()]
    schema = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "reply-log.schema.json").read_text("utf-8"))
    for line in told:
        jsonschema.Draft202012Validator(schema).validate(line)
    assert sum("cached_by" in line for line in told) == 10 and all(line["id"] for line in told)
    rounds = rounds_of(reply_log.read(log))["e"]
    assert [sum(bool(one.reply.cached_by) for one in round_.observations) for round_ in rounds] == [0, 4, 6]
    assert all((one.fingerprint is None) == bool(one.reply.cached_by) for r in rounds for one in r.observations)

    # a log of another tool, which did not notice
    text = {line["id"]: line["text"] for line in told if "text" in line}
    unnoticed = [
        {**{k: v for k, v in line.items() if k not in ("error", "cached_by", "series")}, "text": text[line["id"]]}
        for line in told
    ]
    log.write_text("".join(json.dumps(line) + "\n" for line in unnoticed))
    again = rounds_of(reply_log.read(log))["e"]
    assert [sum(bool(one.reply.cached_by) for one in round_.observations) for round_ in again] == [0, 4, 6]


@pytest.mark.slow
def test_after_a_cache_the_model_is_judged_again(store: Store) -> None:
    gateway = Gateway()
    gateway.is_on = True
    ask(store, gateway, 0)
    gateway.is_on = False
    assert ask(store, gateway, 1).failures == ()
