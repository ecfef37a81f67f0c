"""An endpoint that was watched daily and never changed, and one whose rounds come by the hour."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import create_engine, inspect, text

from prober.asking import open_provider
from prober.incidents.routing import Routing
from prober.loading.declarations import Declarations
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.notice import Notice, Outcome
from prober.model.reference import ReferenceRule
from prober.service import run_round
from prober.store import Store
from prober.store import declared as declared_store

BEGAN = datetime(2026, 3, 1, 6, tzinfo=UTC)
NOW = datetime(2026, 4, 2, 15, 30, tzinfo=UTC)
SENT = Outcome(True, "sent")


def declarations(world: str = "still", every: str = "1d", **parameters: object) -> Declarations:
    endpoint = Endpoint(
        name="parrot",
        provider="scripted",
        model="parrot-1",
        parameters={"world": world, "seed": 5, **parameters},
        reference=ReferenceRule(rounds=8, hours=4),
    )
    probes = (
        Probe(id="colour", prompt="Pick a random colour. One word.", samples=3),
        Probe(id="animal", prompt="Pick a random animal. One word.", samples=3),
        Probe(id="sum", prompt="What is 2 + 2?", samples=1, expect=(Check(type="not-is-refusal"),)),
    )
    probe_set = ProbeSet(
        name="canary",
        owner="birds",
        runbook="https://wiki/birds",
        endpoints=("parrot",),
        schedule=Schedule(every=every),
        probes=probes,
    )
    return Declarations((probe_set,), (endpoint,))


def watch(path: Path, declared: Declarations, rounds: int, apart: timedelta, began: datetime = BEGAN) -> str:
    """Rounds by the functions of the daemon; the database's address."""
    (probe_set,), (endpoint,) = declared.sets, declared.endpoints
    url = f"sqlite:///{path}"
    with Store.open(url) as store, closing(open_provider(endpoint)) as provider:
        store.change(declared_store.remember, declared.sets, declared.endpoints, began)
        for number in range(rounds):
            due = began + number * apart
            run_round.run(
                probe_set,
                endpoint,
                declared.promise(endpoint),
                provider,
                store,
                Routing(("log",)),
                due,
                clock=lambda due=due: due,
            )
    return url


def hashes(url: str) -> dict[str, str]:
    """Table → hash of every row, in order; the outbox aside, which a daemon may be emptying meanwhile."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = {
            table: hashlib.sha256(
                "\n".join(sorted(map(repr, connection.execute(text(f'SELECT * FROM "{table}"'))))).encode()
            ).hexdigest()
            for table in inspect(engine).get_table_names()
            if table != "notice"
        }
    engine.dispose()
    return found


@dataclass
class Channel:
    """An alerter that keeps what it is sent, and answers as told; with the last answer for ever."""

    name: str = "slack"
    answers: Sequence[Outcome] = (SENT,)
    received: list[Notice] = field(default_factory=list)

    def send(self, notice: Notice) -> Outcome:
        self.received.append(notice)
        return self.answers[min(len(self.received), len(self.answers)) - 1]


@dataclass
class Time:
    """A clock that sleeping moves on, and that each look at it moves by a tick."""

    now: datetime = NOW
    ticks: float = 0.0
    slept: list[float] = field(default_factory=list)

    def clock(self) -> datetime:
        return self.now

    def timer(self) -> float:
        self.ticks += 0.5
        return self.ticks

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=max(seconds, 0.001))
