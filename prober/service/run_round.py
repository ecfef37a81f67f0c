"""The journey of one round, on one screen: due, claimed, asked, recorded, fingerprinted, judged, decided, settled.

Where suspicion is to be confirmed, the next round is made due as this one is settled.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from prober.asking import Provider
from prober.incidents.confirmation import Confirmation, confirm
from prober.incidents.lifecycle import PLAIN, Circumstances, decide
from prober.incidents.routing import Routing
from prober.incidents.trouble import Health, inhibits, trouble
from prober.judging import fleet
from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.errors import ClaimLost, StoreError
from prober.model.evidence import Judgement, Round
from prober.model.incident import Decision
from prober.service.ask_round import ask_round, exhausted
from prober.store import Store
from prober.store.pages.views import RoundView

Clock = Callable[[], datetime]

LEASE_S = 10.0
"""How long after its worker's last sign of life a round counts as abandoned. It gives three in that time."""


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
) -> RoundResult:
    """Put one round to one endpoint and judge it; `routing` says who is notified.

    `confirming` says that somebody will ask the confirmation round that may come of it.

    After a kill, a call for the same (set, endpoint, due time) goes on where the last one stopped: what was recorded
    is not asked again. Raises StoreError; the round then stays as it is, to be resumed or missed.
    """
    round_id = store.due(endpoint, probe_set.name, due_at)
    claim = store.claim(round_id, worker, clock(), LEASE_S)
    if claim is None:
        return RoundResult("busy")
    with _held(store, round_id, clock):
        if reason := _reworded(claim, endpoint):
            store.miss(round_id, reason, clock())
            return RoundResult("missed", reason)
        asked = ask_round(store, round_id, probe_set, endpoint, provider, clock)
        if not asked.observations:
            failed = _refused(store, endpoint, round_id, asked.refused, routing, clock())
            store.miss(round_id, asked.refused, clock(), trouble=failed, routing=routing)
            return RoundResult("missed", asked.refused, trouble=failed)
        round_ = Round(claim.label, endpoint.name, datetime.fromisoformat(claim.label), asked.observations)

        health = store.health(round_id)
        given = _circumstances(store, endpoint, health[-1], routing, clock())
        judgement, memory, decision = judge(store, endpoint, round_, promise, clock(), given)
        confirmation = _confirm(store, endpoint, probe_set, judgement, decision, confirming, clock())
        failed = _trouble(store, endpoint, health, given, clock())
        stored = store.settle(round_id, judgement, memory, decision, routing, clock(), confirmation, failed)
    failures = tuple(o.reply.error for o in round_.observations if o.reply.error)
    return RoundResult(
        "completed",
        asked.refused,
        judgement=judgement,
        decision=replace(decision, incident=stored or decision.incident),
        asked=len(round_.observations),
        failures=failures,
        confirmation=confirmation,
        trouble=failed,
    )


def judge(
    store: Store,
    endpoint: Endpoint,
    round_: Round,
    promise: Promise,
    now: datetime,
    given: Circumstances = PLAIN,
) -> tuple[Judgement, str, Decision]:
    """What is said of a round, the judge's memory after it, and what to do. Reads the store, writes nothing."""
    memory, judgement = advance(_memory(store, endpoint), round_, _history(store, endpoint, round_), promise)
    key = endpoint.content_hash
    judgement, others = fleet.with_peers(judgement, endpoint.name, store.period(key), lambda: store.peers(key), now)
    decision = decide(store.open_incident(key), judgement, endpoint.name, key, now, others, given)
    return judgement, encode(memory), decision


def asks(probe_set: ProbeSet) -> int:
    """Asks of one round."""
    return sum(probe.samples for probe in probe_set.probes)


@contextmanager
def _held(store: Store, round_id: int, clock: Clock) -> Iterator[None]:
    """Keep the claim on a round while the block runs, and a moment longer: whoever is killed is soon known to be."""
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LEASE_S / 3):
            try:
                store.renew(round_id, clock(), LEASE_S)
            except ClaimLost:
                return  # the next reply will be refused, which ends the round
            except StoreError:
                continue  # what is busy now may not be at the next beat

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _confirm(
    store: Store,
    endpoint: Endpoint,
    probe_set: ProbeSet,
    judgement: Judgement,
    decision: Decision,
    confirming: bool,
    now: datetime,
) -> Confirmation:
    """Whether the endpoint is asked again at once. Reads the store, writes nothing."""
    rule = endpoint.confirm if confirming else endpoint.confirm.model_copy(update={"rounds": 0})
    suspicion = store.suspicion(endpoint.content_hash, probe_set.name, _midnight(now))
    is_paid = not exhausted(endpoint.budget, store.spent(endpoint.name, now), asks(probe_set))
    return confirm(rule, judgement, decision.incident, suspicion, is_paid, now)


def _circumstances(store: Store, endpoint: Endpoint, health: Health, routing: Routing, now: datetime) -> Circumstances:
    """What a decision rests on besides the evidence. Reads the store, writes nothing."""
    commanded = store.busy_until(endpoint.name, now)
    return Circumstances(
        rules=endpoint.severity,
        in_maintenance=routing.maintained_until(endpoint.name, now, commanded) is not None,
        inhibited=inhibits(store.open_trouble(endpoint.content_hash), health),
    )


def _trouble(
    store: Store, endpoint: Endpoint, health: Sequence[Health], given: Circumstances, now: datetime
) -> Decision:
    """Whether the endpoint can be asked at all. Reads the store, writes nothing."""
    key = endpoint.content_hash
    return trouble(store.open_trouble(key), health, endpoint.name, key, now, endpoint.severity, given.in_maintenance)


def _refused(
    store: Store, endpoint: Endpoint, round_id: int, reason: str, routing: Routing, now: datetime
) -> Decision | None:
    """The trouble with a round that was not asked at all, because no gate admitted it."""
    *before, here = store.health(round_id)
    here = replace(here, failure=reason)
    return _trouble(store, endpoint, [*before, here], _circumstances(store, endpoint, here, routing, now), now)


def _memory(store: Store, endpoint: Endpoint) -> Memory:
    held = store.memory(endpoint.content_hash)
    return Memory() if held is None else decode(held)


def _history(store: Store, endpoint: Endpoint, newest: Round) -> Callable[[Collection[str]], Sequence[Round]]:
    """The stored rounds of this epoch and the one in hand, with the observations of some series only."""

    def history(series: Collection[str]) -> Sequence[Round]:
        here = replace(newest, observations=tuple(o for o in newest.observations if o.series in series))
        return [*store.history(endpoint.content_hash, series), here]

    return history


def _reworded(claim: RoundView, endpoint: Endpoint) -> str:
    """`config_changed` where the round was made due under other content: its evidence would be of both endpoints."""
    return "" if claim.endpoint_hash == endpoint.content_hash else "config_changed: the endpoint was edited meanwhile"


def _midnight(now: datetime) -> datetime:
    """The beginning of the UTC day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
