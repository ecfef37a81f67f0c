"""A thousand odd answers void no round: each is a reply with a name, and the others of its round are kept."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from prober.asking.http_provider import interpret
from prober.asking.transport import Arrived
from prober.asking.wire.anthropic import Messages
from prober.asking.wire.bedrock import Converse
from prober.asking.wire.google import GenerateContent
from prober.asking.wire.openai_chat import ChatCompletions
from prober.asking.wire.openai_responses import Responses
from prober.incidents.routing import NOBODY
from prober.judging.promise import Promise
from prober.model.declaration import Check, Endpoint, Probe, ProbeSet, Schedule
from prober.model.reference import ReferenceRule
from prober.service import run_round
from prober.service.run_round import RoundResult
from prober.store import Store, replies
from tests.asking.mutations import answers, mutated

NOW = datetime(2026, 3, 1, 6, 0, tzinfo=UTC)
FORMATS = {
    "openai": ChatCompletions(), "openai_responses": Responses(), "anthropic": Messages(), "google": GenerateContent(),
    "bedrock": Converse(),
}  # fmt: skip
EACH = 250
CHECKS = (
    Check(type="regex", value="^[A-Z]"),
    Check(type="is-json", value={"type": "object"}),
    Check(type="tool-call"),
)
PROBES = tuple(Probe(id=f"p{n}", prompt=f"Pick colour {n}.", samples=EACH // 5, expect=CHECKS) for n in range(5))
SET = ProbeSet(name="s", owner="us", endpoints=("e",), schedule=Schedule(every="1d"), probes=PROBES)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'prober.db'}") as opened:
        yield opened


class Odd:
    """Reads odd answers as the HTTP provider reads what arrived."""

    def __init__(self, wire: str) -> None:
        self.wire, self.saved = wire, answers(wire)

    def ask(self, endpoint, probe, sample, now):
        rng = random.Random(f"{self.wire} {probe.id} {sample}")
        status, headers, body = rng.choice(self.saved)
        return interpret(FORMATS[self.wire], endpoint, Arrived(status, headers, mutated(body, rng), 0.1, None), now)

    def close(self) -> None: ...


def round_of(store: Store, provider: object, probe_set: ProbeSet = SET) -> RoundResult:
    endpoint = Endpoint(name="e", provider="openai", model="m", parameters={"temperature": 0}, concurrency=8)
    promise = Promise(1.0, 365.25, ReferenceRule())
    return run_round.run(probe_set, endpoint, promise, provider, store, NOBODY, NOW, clock=lambda: NOW)


@pytest.mark.parametrize(
    "wire", [one if one == "openai" else pytest.param(one, marks=pytest.mark.slow) for one in FORMATS]
)
def test_odd_answers_void_no_round(store: Store, wire: str, caplog: pytest.LogCaptureFixture) -> None:
    result = round_of(store, Odd(wire))
    assert (result.outcome, result.asked) == ("completed", EACH)
    kept = store.query(replies.recorded, 1)
    assert len(kept) == EACH
    assert all((one.fingerprint is not None) == one.reply.answered for one in kept)
    assert sum(one.reply.answered for one in kept) > EACH / 10, "most mutations are to be read, not refused"
    unread = {why for one in kept if one.fingerprint for why in one.fingerprint.unreadable.values()}
    assert not [why for why in unread if "failed" in why], "each kind of oddness is met where it is read"
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
