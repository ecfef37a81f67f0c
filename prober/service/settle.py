"""A round ends, judged or unasked: what it says of a change, of facts and of trouble is decided and written at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from math import inf

from prober.incidents.confirmation import ask_for_reference, confirm
from prober.incidents.facts import found, over
from prober.incidents.lifecycle import Circumstances, decide
from prober.incidents.routing import Routing
from prober.incidents.trouble import STRETCH, inhibits, trouble
from prober.judging import facts as judged_facts
from prober.judging.explain.findings import RECENT, ROUNDS, find
from prober.judging.facts.readings import Readings
from prober.judging.judge import reset_evidence
from prober.judging.memory import decode, encode
from prober.model.decision import LEARNT, TROUBLE_LEARNT, Decision
from prober.model.declaration import Endpoint
from prober.model.evidence import Fact, Findings, Judgement, Observation
from prober.model.incident import Change
from prober.model.reference import Confirm
from prober.model.watch import Confirmation, Health
from prober.service.decisions import carry_out, locked
from prober.service.measure import Planned, watch_spending
from prober.store import Store, Transaction, daemons, incidents, judge_state, replies, rounds
from prober.store import facts as stored_facts
from prober.store.rounds import Claim


@dataclass(frozen=True, slots=True)
class Settled:
    """What was decided as a round was settled."""

    change: Decision
    """About the change of the endpoint, with the incident as stored."""
    trouble: Decision
    """About whether the endpoint can be asked at all."""
    confirmation: Confirmation
    """Whether it is asked again at once."""


@dataclass(frozen=True, slots=True)
class SeenFacts:
    """What a round says of who answered, once it was looked at."""

    memory: judged_facts.FactMemory
    """After the round."""
    readings: Readings
    news: tuple[Fact, ...] = ()
    """Confirmed."""


def settle(
    store: Store,
    claim: Claim,
    endpoint: Endpoint,
    judgement: Judgement,
    memory: str | None,
    routing: Routing,
    now: datetime,
    *,
    together: tuple[str, ...] = (),
    rule: Confirm | None = None,
    is_paid: bool = True,
    every_s: float | None = None,
    observations: Sequence[Observation] | None = None,
    facts: SeenFacts | None = None,
    planned: Planned | None = None,
) -> Settled:
    """Complete a judged round: judgement, memory, suspicion, incidents and owed notices, at once or not at all.

    `memory` is the judge's from now on; None forgets it. `together` names endpoints whose evidence the judgement rests
    on too. `rule` says when the endpoint is asked again (None: as it declares), `is_paid` whether the budget allows it,
    `every_s` how many seconds lie between scheduled rounds (None: nobody asks again while the reference is gathered).
    `observations` are all that the round holds, in order; None reads them from the store. `facts` is what the round
    says of who answered. `planned` is what the spending is compared with; None where it is not looked at.
    Raises ClaimLost where the claim is not in force, so that nothing is judged twice, nor against a reference that was
    replaced meanwhile.
    """
    key = endpoint.content_hash
    with store.write() as tx:
        rounds.complete(tx, claim, judgement, now, observations)  # locks the endpoint
        health, standing = judge_state.health(tx, claim.round, STRETCH), incidents.open_of(tx, key, endpoint.name)
        given = _circumstances(tx, endpoint, health[-1], standing, routing, now)
        change = decide(standing.change, judgement, endpoint.name, key, now, together, given)
        failing = _trouble(endpoint, health, standing, given, now)
        suspicion = judge_state.suspicion(tx, key, claim.round.probe_set, _midnight(now))
        confirmation = confirm(
            rule or endpoint.confirm, judgement, change.incident, suspicion, is_paid, now, every_s or inf
        )
        if confirmation.reason == "insufficient_evidence" and every_s is not None:
            gathered = judge_state.gathered(tx, claim)
            confirmation = ask_for_reference(endpoint.reference, gathered, suspicion, is_paid, every_s, now)

        if change.reason == "back_for_good":
            memory = _without_evidence(memory, claim.round.label)
        judge_state.keep_memory(tx, key, memory)
        judge_state.keep_suspicion(tx, claim, confirmation)
        if failing.reason in TROUBLE_LEARNT:
            carry_out(tx, failing, routing, now)
        if change.reason in LEARNT:
            change = replace(change, incident=carry_out(tx, change, routing, now))
        if facts is not None:
            if failing.reason in TROUBLE_LEARNT or change.reason in LEARNT:
                standing = incidents.open_of(tx, key, endpoint.name)
            _settle_facts(tx, endpoint, facts, standing, given, routing, now)
        if planned is not None:
            watch_spending(tx, claim, endpoint, planned, routing, given, now)
    return Settled(change, failing, confirmation)


def miss_unasked(
    store: Store, claim: Claim, endpoint: Endpoint, reason: str, routing: Routing, now: datetime
) -> Decision:
    """Give up a round in progress of which no ask was admitted, and why: the decision on the trouble that shows.

    Raises ClaimLost where the claim is not in force.
    """
    with locked(store, claim) as tx:
        *before, here = judge_state.health(tx, claim.round, STRETCH)
        here = replace(here, failure=reason)
        standing = incidents.open_of(tx, endpoint.content_hash, endpoint.name)
        given = _circumstances(tx, endpoint, here, standing, routing, now)
        failing = _trouble(endpoint, [*before, here], standing, given, now)
        rounds.miss(tx, claim.round.id, reason, now, claim)
        if failing.reason in TROUBLE_LEARNT:
            carry_out(tx, failing, routing, now)
    return failing


def _circumstances(
    tx: Transaction,
    endpoint: Endpoint,
    health: Health,
    standing: incidents.OpenIncidents,
    routing: Routing,
    now: datetime,
) -> Circumstances:
    """What a decision rests on besides the evidence."""
    commanded = daemons.busy_until(tx, endpoint.name, now)
    return Circumstances(
        rules=endpoint.severity,
        in_maintenance=routing.maintained_until(endpoint.name, now, commanded) is not None,
        inhibited=inhibits(standing.trouble, health),
        look=lambda change: find_in_replies(tx, change),
    )


def _trouble(
    endpoint: Endpoint, health: Sequence[Health], standing: incidents.OpenIncidents, given: Circumstances, now: datetime
) -> Decision:
    key = endpoint.content_hash
    before = standing.trouble and replace(standing.trouble, endpoint=endpoint.name)
    return trouble(before, health, endpoint.name, key, now, endpoint.severity, given.in_maintenance)


def _settle_facts(
    tx: Transaction,
    endpoint: Endpoint,
    seen: SeenFacts,
    standing: incidents.OpenIncidents,
    given: Circumstances,
    routing: Routing,
    now: datetime,
) -> None:
    """Keep what is known, close what is over, and open what is new. The change of the round was decided before, so that
    what belongs to it is a line of it and no second notice."""
    key = endpoint.content_hash
    stored_facts.keep_memory(tx, key, judged_facts.encode(seen.memory))
    for one in standing.facts:
        if all(judged_facts.is_over(fact, seen.readings) for fact in one.facts):
            carry_out(tx, over(one, now), routing, now)
    label = seen.readings.round
    decision = found(seen.news, standing.change, endpoint.name, key, label, now, given.rules, given.in_maintenance)
    carry_out(tx, decision, routing, now)


def _midnight(now: datetime) -> datetime:
    """The beginning of the UTC day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def find_in_replies(tx: Transaction, incident: Change) -> Findings:
    """What the completed rounds of the present epoch show of a change: a bounded read, whatever the history."""
    content = incident.endpoint_hash
    series = replies.series_asked(tx, content, incident.onset)
    first = incident.onset if incident.onset_between is None else incident.onset_between[0]
    start = judge_state.epoch_start(tx, content)
    reference = replies.first_rounds(tx, content, series, start, first, ROUNDS)
    # Where the interval reaches back to the reference's first round, the likeliest onset must do.
    reference = reference or replies.first_rounds(tx, content, series, start, incident.onset, ROUNDS)
    recent = replies.newest_rounds(tx, content, series, incident.onset, incident.back_since, RECENT)
    known = [shift.channel for shift in incident.findings.shifts]
    return find(incident.moved, reference, recent, len(series), known)


def _without_evidence(memory: str | None, label: str) -> str | None:
    """The judge's memory after a change that is over: what it knows of the reference, and no evidence of a change."""
    return None if memory is None else encode(reset_evidence(decode(memory), label))
