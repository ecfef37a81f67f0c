"""A small world to store: one endpoint, two probe sets, and rounds that go through their whole life in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

import prober.store
from prober.incidents.lifecycle import Circumstances, decide
from prober.incidents.routing import Routing
from prober.model.decision import LEARNT, Decision
from prober.model.declaration import Endpoint, Message, Probe, ProbeSet, Schedule, series_key
from prober.model.evidence import Fingerprint, Judgement, Observation, Verdict
from prober.model.incident import Incident
from prober.model.reference import Confirm
from prober.model.reply import Reply
from prober.model.watch import Confirmation
from prober.service.decisions import carry_out
from prober.service.settle import find_in_replies
from prober.store import Store, declared, incidents, judge_state, replies, rounds
from prober.store.rounds import Claim
from prober.store.views import RoundView

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BILLING = Endpoint(name="billing", provider="openai", model="gpt-4o-2024-08-06", false_alarms_per_year=0.5)
SEARCH = Endpoint(name="search", provider="anthropic", model="claude-x")
CAPITAL = Probe(id="capital", prompt="Capital of France?")
TALK = Probe(
    id="talk",
    messages=(Message(role="user", content="Hi"), Message(role="assistant", content="Yes?")),
    system="Be kind",
)
DAILY = Schedule(every="1d")
MONEY = ProbeSet(
    name="money",
    owner="payments",
    runbook="https://wiki/money",
    endpoints=("billing",),
    schedule=DAILY,
    probes=(CAPITAL,),
)
CHAT = ProbeSet(name="chat", owner="support", endpoints=("billing", "search"), schedule=DAILY, probes=(TALK, CAPITAL))
SERIES = series_key(BILLING, CAPITAL)
HASH = BILLING.content_hash
SILENT = Confirm(rounds=0)
NOBODY = Routing(())
NAMES = Routing(("slack", "log"))


def declare(store: Store) -> None:
    store.change(declared.remember, [MONEY, CHAT], [BILLING, SEARCH], NOW)


def observe(text: str | None = "Paris", sample: int = 0, *, series: str = SERIES, probe: str = "money/capital",
            at: datetime = NOW, error: str | None = None, **reply: object) -> Observation:  # fmt: skip
    answer = replace(Reply(at=at, text=text if error is None else None, error=error), **reply)  # type: ignore[arg-type]
    said = {"text.choice": text or str(reply)}
    fingerprint = Fingerprint(said, {"text.characters": float(len(text or ""))}) if error is None else None
    return Observation(series, probe, sample, answer, fingerprint)


def verdict(channel: str = "length", e_value: float = 812.5, *, onset: str | None = None,
            series: Sequence[str] = (SERIES,)) -> Verdict:  # fmt: skip
    return Verdict(channel, e_value, 1.3, 1.0, "ratio to reference", 0.3, "34 % longer", onset, tuple(series))


def judge(label: str, state: str = "quiet", *verdicts: Verdict, onset: str | None = None) -> Judgement:
    kind = "behaviour_change" if state == "alarm" else None
    return Judgement(label, state, 900.0, 365.0, verdicts, onset, kind)  # type: ignore[arg-type]


def begin(store: Store, at: datetime = NOW, endpoint: Endpoint = BILLING, probe_set: str = "money") -> Claim:
    """A round that is due and in hand."""
    claimed = store.change(rounds.claim, store.change(rounds.due, endpoint, probe_set, at), "worker", at, 60)
    assert claimed is not None
    return claimed


def miss(store: Store, claim: Claim, reason: str, at: datetime = NOW) -> None:
    store.change(rounds.miss, claim.round.id, reason, at, claim)


def record(store: Store, claim: Claim, *observations: Observation) -> None:
    store.change(replies.record, claim, observations)


def finish(store: Store, claim: Claim, memory: str | None = "{}", at: datetime = NOW,
           confirmation: Confirmation | None = None, judgement: Judgement | None = None) -> None:  # fmt: skip
    """What is kept of a judged round, quiet unless said otherwise; nothing is decided."""
    with store.write() as tx:
        rounds.complete(tx, claim, judgement or judge(claim.round.label), at)
        judge_state.keep_memory(tx, claim.round.endpoint_hash, memory)
        if confirmation is not None:
            judge_state.keep_suspicion(tx, claim, confirmation)


def complete(store: Store, at: datetime = NOW, *observations: Observation, endpoint: Endpoint = BILLING,
             probe_set: str = "money", memory: str | None = "{}", judgement: Judgement | None = None) -> RoundView:  # fmt: skip
    """A round from due to completed, quiet unless a judgement is given (its round is filled in)."""
    claim = begin(store, at, endpoint, probe_set)
    record(store, claim, *(observations or (observe(at=at),)))
    label, content = claim.round.label, endpoint.content_hash
    judged = replace(judgement, round=label) if judgement else judge(label)
    with store.write() as tx:
        rounds.hold(tx, claim)
        rounds.complete(tx, claim, judged, at)
        given = Circumstances(look=lambda change: find_in_replies(tx, change))
        decision = decide(incidents.open_change(tx, content), judged, endpoint.name, content, at, given=given)
        judge_state.keep_memory(tx, content, memory)
        if decision.reason in LEARNT:
            carry_out(tx, decision, NAMES, at)
    return claim.round


def carry(store: Store, decision: Decision, routing: Routing = NOBODY, at: datetime = NOW) -> Incident:
    """A decision, whoever made it."""
    stored = store.change(carry_out, decision, routing, at)
    assert stored is not None
    return stored


def alarm(store: Store, at: datetime = NOW, *verdicts: Verdict, onset: str | None = None,
          observations: Sequence[Observation] = ()) -> Incident:  # fmt: skip
    """A completed round that opens an incident."""
    judgement = judge("", "alarm", *(verdicts or (verdict(),)), onset=onset)
    complete(store, at, *observations, judgement=judgement)
    incident = store.query(incidents.open_change, HASH)
    assert incident is not None
    return incident


def make_old(url: str, version: str, *statements: str) -> None:
    """A database of an older version, with what these statements put into it."""
    config = Config()
    config.set_main_option("script_location", str(Path(prober.store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    engine = create_engine(url)
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
