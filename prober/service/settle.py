"""A round ends, judged or unasked; and what a decision comes to: incident, owed notices, a new epoch.

Whoever calls `carry_out` holds the endpoint's lock, and has read behind it what the decision rests on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from prober.incidents.actions import act_on
from prober.incidents.confirmation import confirm
from prober.incidents.events import EVENTS
from prober.incidents.facts import become, is_same_story
from prober.incidents.lifecycle import Circumstances, closed, decide, join
from prober.incidents.routing import Routing
from prober.incidents.trouble import STRETCH, inhibits, trouble
from prober.judging.explain.findings import RECENT, ROUNDS, find
from prober.judging.fleet import Stretch, agree
from prober.judging.judge import reset_evidence
from prober.judging.memory import decode, encode
from prober.model.declaration import Confirm, Endpoint
from prober.model.evidence import Findings, Judgement, Observation
from prober.model.incident import LEARNT, SEVERITIES, TROUBLE_LEARNT, Action, Change, Decision, Facts, Incident
from prober.model.watch import Confirmation, Health
from prober.service.deliver import notify
from prober.service.settle_facts import SeenFacts, settle_facts
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
    observations: Sequence[Observation] | None = None,
    facts: SeenFacts | None = None,
) -> Settled:
    """Complete a judged round: judgement, memory, suspicion, incidents and owed notices, at once or not at all.

    `memory` is the judge's from now on; None forgets it. `together` names endpoints whose evidence the judgement rests
    on too. `rule` says when the endpoint is asked again (None: as it declares), `is_paid` whether the budget allows it.
    `observations` are all that the round holds, in order; None reads them from the store. `facts` is what the round
    says of who answered.
    Raises ClaimLost where the claim is not in force, so that nothing is judged twice, nor against a reference that was
    replaced meanwhile.
    """
    key = endpoint.content_hash
    with store.write() as tx:
        rounds.hold(tx, claim)
        health = judge_state.health(tx, claim.round.id, STRETCH)
        rounds.complete(tx, claim, judgement, now, observations)  # first: what is open is judged by this round too
        given = _circumstances(tx, endpoint, health[-1], routing, now)
        change = decide(incidents.open_change(tx, key), judgement, endpoint.name, key, now, together, given)
        failing = _trouble(tx, endpoint, health, given, now)
        suspicion = judge_state.suspicion(tx, key, claim.round.probe_set, _midnight(now))
        confirmation = confirm(rule or endpoint.confirm, judgement, change.incident, suspicion, is_paid, now)

        if change.reason == "back_for_good":
            memory = _without_evidence(memory, claim.round.label)
        judge_state.keep_memory(tx, key, memory)
        judge_state.keep_suspicion(tx, claim, confirmation)
        if failing.reason in TROUBLE_LEARNT:
            carry_out(tx, failing, routing, now)
        if change.reason in LEARNT:
            change = replace(change, incident=carry_out(tx, change, routing, now))
        if facts is not None:
            settle_facts(tx, endpoint, facts, given, now, lambda decision: carry_out(tx, decision, routing, now))
    return Settled(change, failing, confirmation)


def miss_unasked(
    store: Store, claim: Claim, endpoint: Endpoint, reason: str, routing: Routing, now: datetime
) -> Decision:
    """Give up a round in progress of which no ask was admitted, and why: the decision on the trouble that shows.

    Raises ClaimLost where the claim is not in force.
    """
    with store.write() as tx:
        rounds.hold(tx, claim)
        *before, here = judge_state.health(tx, claim.round.id, STRETCH)
        here = replace(here, failure=reason)
        given = _circumstances(tx, endpoint, here, routing, now)
        failing = _trouble(tx, endpoint, [*before, here], given, now)
        rounds.miss(tx, claim.round.id, reason, now, claim)
        if failing.reason in TROUBLE_LEARNT:
            carry_out(tx, failing, routing, now)
    return failing


def _circumstances(
    tx: Transaction, endpoint: Endpoint, health: Health, routing: Routing, now: datetime
) -> Circumstances:
    """What a decision rests on besides the evidence."""
    commanded = daemons.busy_until(tx, endpoint.name, now)
    return Circumstances(
        rules=endpoint.severity,
        in_maintenance=routing.maintained_until(endpoint.name, now, commanded) is not None,
        inhibited=inhibits(incidents.open_trouble(tx, endpoint.content_hash), health),
        look=lambda change: find_in_replies(tx, change),
    )


def _trouble(
    tx: Transaction, endpoint: Endpoint, health: Sequence[Health], given: Circumstances, now: datetime
) -> Decision:
    key = endpoint.content_hash
    standing = incidents.open_trouble(tx, key)
    return trouble(standing, health, endpoint.name, key, now, endpoint.severity, given.in_maintenance)


def _midnight(now: datetime) -> datetime:
    """The beginning of the UTC day."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def carry_out(tx: Transaction, decision: Decision, routing: Routing, now: datetime) -> Incident | None:
    """The incident as stored; where another takes its place, that one. None where the decision is about none."""
    incident = decision.incident
    if incident is None:
        return None
    stored = _write(tx, replace(decision, incident=incident), incident, routing, now)
    if decision.successor is None:
        return stored
    found = decision.successor
    opened = _write(tx, Decision("change_confirmed", found, event="opened"), found, routing, now)
    incidents.save(tx, replace(stored, cause=f"incident {opened.id}"))
    return opened


def _write(tx: Transaction, decision: Decision, incident: Incident, routing: Routing, now: datetime) -> Incident:
    event, reason = decision.event, decision.reason
    if event == "opened" and isinstance(incident, Change) and (said := _said_already(tx, incident)) is not None:
        if incident.id:  # it was suspected before
            incidents.save(tx, closed(incident, "faded", "", "", now))
        decision = become(said, incident)
        incident, event, reason = decision.incident or incident, decision.event, decision.reason
    elif event is not None and EVENTS[event].opens:
        incident = join(incident, _same_event(tx, incident))
        if incident.part_of is not None:
            event, reason = "joined", "joined"
    stored = incidents.save(tx, incident)
    if event is not None:
        notify(tx, stored, event, routing, now, reason)
    by = (stored.actor, stored.note)
    if decision.new_epoch is not None:
        judge_state.start_epoch(tx, stored.endpoint, stored.endpoint_hash, decision.new_epoch, *by, now)
        accept_facts(tx, stored.endpoint_hash, *by, routing, now)
    return stored


def accept_facts(tx: Transaction, endpoint_hash: str, actor: str, note: str, routing: Routing, now: datetime) -> None:
    """A new reference begins: what the provider says now is known."""
    for one in stored_facts.open_facts(tx, endpoint_hash):
        carry_out(tx, act_on(one, Action("accept", actor, note), now), routing, now)


def _said_already(tx: Transaction, change: Change) -> Facts | None:
    """The gravest facts that people know of and that belong to a change which opens: both are one story."""
    mine = [one for one in stored_facts.open_facts(tx, change.endpoint_hash) if is_same_story(change, one)]
    return max(mine, key=lambda one: SEVERITIES.index(one.severity), default=None)


def _same_event(tx: Transaction, incident: Incident) -> tuple[Incident, ...]:
    """Incidents that are open at other endpoints of the provider, whose onsets agree with this one's."""
    others = incidents.live_at_provider(tx, incident)
    here = _stretch(tx, incident)
    return tuple(one for one in others if agree(_stretch(tx, one), here))


def _stretch(tx: Transaction, incident: Incident) -> Stretch:
    between = incident.onset_between if isinstance(incident, Change) else None
    return Stretch.of(incident.onset, between, judge_state.period(tx, incident.endpoint_hash))


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
