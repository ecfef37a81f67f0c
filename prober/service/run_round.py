"""The journey of one round, on one screen: due, claimed, asked, recorded, fingerprinted, judged, decided, settled.

Where suspicion is to be confirmed, the next round is made due as this one is settled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from typing import Literal

from prober.asking import Provider
from prober.incidents.lifecycle import Circumstances, decide
from prober.incidents.routing import NOBODY, Routing
from prober.judging import fleet
from prober.judging.fleet import EndpointEvidence
from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.judging.reference import Times
from prober.model.budget import ScopedBudget, Spent
from prober.model.decision import LEARNT, Decision
from prober.model.declaration import Endpoint, Probe, ProbeSet, own_budgets
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Fact, Judgement, Observation, Round
from prober.model.watch import Confirmation
from prober.service.ask_round import AskedRound, RoundToAsk, ask_round
from prober.service.decisions import carry_out
from prober.service.find_facts import find_facts
from prober.service.measure import Planned, look_at_objectives
from prober.service.settle import find_in_replies, miss_unasked, settle
from prober.store import Store, declared, incidents, judge_state, replies, rounds, spending
from prober.store.rounds import Claim
from prober.store.views import RoundView

Clock = Callable[[], datetime]

LEASE_S = 10.0
"""How long after its worker's last heartbeat a round counts as abandoned. It sends three in that time."""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What became of one round."""

    outcome: Literal["completed", "missed", "busy"]
    """`busy`: another worker has this round, or another round of the endpoint."""
    reason: str = ""
    """Why it was missed, or why some of its asks were not made."""
    judgement: Judgement | None = None
    decision: Decision | None = None
    asked: int = 0
    failures: tuple[str, ...] = ()
    """The named reason of every ask that failed."""
    confirmation: Confirmation | None = None
    """Whether the endpoint is asked again at once, and why not."""
    trouble: Decision | None = None
    """Whether the endpoint can be asked at all."""
    facts: tuple[Fact, ...] = ()
    """New facts, confirmed by asking again."""
    measured: tuple[Decision, ...] = ()
    """About each objective of the set."""
    observations: tuple[Observation, ...] = ()
    """All that a completed round holds."""


def now_utc() -> datetime:
    return datetime.now(UTC)


def run(
    probe_set: ProbeSet,
    endpoint: Endpoint,
    promise: Promise,
    provider: Provider,
    store: Store,
    routing: Routing,
    due_at: datetime,
    *,
    worker: str = "once",
    clock: Clock = now_utc,
    confirming: bool = False,
    budgets: Sequence[ScopedBudget] | None = None,
    is_scheduled: bool = False,
) -> RoundResult:
    """Put one round to one endpoint and judge it; `routing` says who is owed which notice.

    `confirming`, `is_scheduled`: see `RoundToAsk`. `budgets` are all that the asks count in; None: those that the
    endpoint and the set declare.

    After a kill, a call for the same (set, endpoint, due time) goes on where the last one stopped: what was recorded
    is not asked again. Raises StoreError; the round then stays as it is, to be resumed or missed.
    """
    one = RoundToAsk(
        probe_set=probe_set,
        endpoint=endpoint,
        promise=promise,
        provider=provider,
        budgets=own_budgets(probe_set, endpoint) if budgets is None else budgets,
        clock=clock,
        is_scheduled=is_scheduled,
        may_confirm=confirming,
    )
    with store.write() as tx:
        round_id = rounds.due(tx, endpoint, probe_set.name, due_at)
        claim = rounds.claim(tx, round_id, worker, clock(), LEASE_S)
    if claim is None:
        return RoundResult("busy")
    with _held(store, claim, clock):
        if reason := _reworded(claim, endpoint):
            return _missed(store, claim, reason, clock)
        asked = ask_round(store, claim, one)
        if asked.observations:
            return _conclude(store, claim, one, asked, routing)
        if asked.refused.startswith(("breaker_open", "held_back")):
            # The rounds before said what is wrong; this one says nothing of the endpoint.
            return _missed(store, claim, asked.refused, clock)
        failing = miss_unasked(store, claim, endpoint, asked.refused, routing, clock())
        return RoundResult("missed", asked.refused, trouble=failing)


def interrupted(store: Store, probe_set: str, endpoint: Endpoint, every_s: float, now: datetime) -> RoundView | None:
    """The newest round of a set on an endpoint that was interrupted with replies stored, so that they are not paid for
    twice. It must have begun less than half a period of the schedule ago: later the next round is due, not this one.
    """
    left = store.query(rounds.unfinished, now, endpoint.content_hash)
    mine = [one for one in left if (one.endpoint, one.probe_set) == (endpoint.name, probe_set) and one.asked]
    newest = max(mine, key=lambda one: one.due_at, default=None)
    is_recent = newest is not None and abs((now - newest.due_at).total_seconds()) < every_s / 2
    return newest if is_recent else None


def _missed(store: Store, claim: Claim, reason: str, clock: Clock) -> RoundResult:
    store.change(rounds.miss, claim.round.id, reason, clock(), claim)
    return RoundResult("missed", reason)


def _conclude(store: Store, claim: Claim, one: RoundToAsk, asked: AskedRound, routing: Routing) -> RoundResult:
    """Judge, decide and settle a round that was asked."""
    endpoint, label, clock = one.endpoint, claim.round.label, one.clock
    round_ = Round(label, endpoint.name, datetime.fromisoformat(label), asked.observations)
    judged = judge(store, endpoint, round_, one.promise, clock())
    seen = find_facts(store, one, round_)
    settled = settle(
        store,
        claim,
        endpoint,
        judged.judgement,
        judged.memory,
        routing,
        clock(),
        together=judged.together,
        rule=endpoint.confirm if one.may_confirm else endpoint.confirm.model_copy(update={"rounds": 0}),
        is_paid=not store.query(spending.affords, one.budgets, [Spent(one.probe_set.asks, 1, 1)], clock())[1],
        every_s=one.promise.every_s if one.may_confirm else None,
        observations=asked.observations,
        facts=seen,
        planned=Planned(one.probe_set, one.promise, asked.observations, one.is_scheduled),
    )
    return RoundResult(
        "completed",
        asked.refused,
        judgement=judged.judgement,
        decision=settled.change,
        asked=len(asked.observations),
        failures=tuple(each.reply.failure for each in asked.observations if each.reply.failure),
        confirmation=settled.confirmation,
        trouble=settled.trouble,
        facts=seen.news,
        measured=look_at_objectives(store, one.probe_set, endpoint, routing, clock()),
        observations=asked.observations,
    )


@dataclass(frozen=True, slots=True)
class Judged:
    """What is said of a round."""

    judgement: Judgement
    memory: str
    """The judge's, after the round."""
    together: tuple[str, ...]
    """Names of the other endpoints whose evidence the judgement rests on."""


def judge(store: Store, endpoint: Endpoint, round_: Round, promise: Promise, now: datetime) -> Judged:
    """What is said of a round, beside the other endpoints of its provider. Reads the store, writes nothing."""
    key = endpoint.content_hash
    held = store.query(judge_state.memory, key)
    before = Memory() if held is None else decode(held)
    history, times = _history(store, endpoint, round_), _times(store, endpoint, round_)
    memory, judgement = advance(before, round_, history, promise, times)
    judgement, together = fleet.with_peers(
        judgement, endpoint.name, lambda: store.query(judge_state.period, key), lambda: peers(store, key), now
    )
    return Judged(judgement, encode(memory), together)


def peers(store: Store, endpoint_hash: str) -> tuple[EndpointEvidence, ...]:
    """How the other endpoints of the same provider stood after their newest judged round; by name."""
    found = store.query(judge_state.peers, endpoint_hash)
    return tuple(EndpointEvidence.of(one.endpoint, one.judgement, one.at, one.period) for one in found)


@contextmanager
def _held(store: Store, claim: Claim, clock: Clock) -> Iterator[None]:
    """Keep the claim on a round while the block runs, and a moment longer: a killed process loses it soon."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE_S / 3):
            try:
                store.change(rounds.renew, claim, clock(), LEASE_S)
            except ClaimLost:
                return  # the next reply will be refused, which ends the round
            except StoreError:
                continue  # what is busy now may not be at the next beat

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    except KeyboardInterrupt:  # whoever comes next may go on at once
        over.set()
        thread.join()
        with suppress(StoreError):
            store.change(rounds.renew, claim, clock(), 0.0)
        raise
    finally:
        over.set()
        thread.join()


def _history(store: Store, endpoint: Endpoint, newest: Round) -> Callable[[Collection[str]], Sequence[Round]]:
    """The stored rounds of this epoch and the one in progress, with the observations of some series only."""

    def history(series: Collection[str]) -> Sequence[Round]:
        here = replace(newest, observations=tuple(o for o in newest.observations if o.series in series))
        return [*store.query(replies.history, endpoint.content_hash, series), here]

    return history


def _times(store: Store, endpoint: Endpoint, newest: Round) -> Callable[[Collection[str]], Mapping[str, Times]]:
    """When the same rounds were asked that hold a fingerprint of a series, without reading any."""

    @cache  # the reference and the search for a break in it ask the same
    def read(series: frozenset[str]) -> Mapping[str, Times]:
        here = {one.series for one in newest.observations if one.fingerprint is not None}
        before = store.query(replies.times, endpoint.content_hash, series)
        return {name: [*before.get(name, ()), *([newest.at] if name in here else ())] for name in series}

    return lambda series: read(frozenset(series))


def _reworded(claim: Claim, endpoint: Endpoint) -> str:
    """`config_changed` where the round was made due under other content: its evidence would be of both endpoints."""
    return (
        ""
        if claim.round.endpoint_hash == endpoint.content_hash
        else "config_changed: the endpoint was edited meanwhile"
    )


def import_round(
    store: Store,
    endpoint: Endpoint,
    probe_set: str,
    round_: Round,
    probes: Mapping[str, Probe],
    judgement: Judgement,
    memory: str,
    together: tuple[str, ...] = (),
) -> bool:
    """Keep a judged round, at once or not at all; False where it is here already.

    `round_.at` is its due time and gives its label; `probes` says what is asked in each series; `memory` is the judge's
    after it. Raises StoreError where the endpoint has a later round: rounds are judged in order.
    """
    if round_.at is None:
        raise StoreError(f"round {round_.label} of {endpoint.name} has no time; a stored round must have one")
    with store.write() as tx:
        declared.remember_series(tx, probes)
        round_id = rounds.due(tx, endpoint, probe_set, round_.at)
        if rounds.get(tx, round_id).state == "completed":
            return False
        claim = rounds.claim(tx, round_id, "import", round_.at, 0.0)
        if claim is None:
            raise StoreError(
                f"round {round_.label} of {endpoint.name} is claimed by another process; try again when it is done"
            )
        if datetime.fromisoformat(claim.round.label) != round_.at:
            raise StoreError(
                f"round {round_.label} of {endpoint.name} is older than its newest round; "
                "import rounds in order of time"
            )
        replies.record(tx, claim, round_.observations)
        key = endpoint.content_hash
        standing = incidents.open_change(tx, key)
        rounds.complete(tx, claim, judgement, round_.at, round_.observations)
        given = Circumstances(rules=endpoint.severity, look=lambda change: find_in_replies(tx, change))
        decision = decide(standing, judgement, endpoint.name, key, round_.at, together, given)
        judge_state.keep_memory(tx, key, memory)
        if decision.reason in LEARNT:
            carry_out(tx, decision, NOBODY, round_.at)
    return True
