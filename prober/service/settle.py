"""A round ends: judged, with what that makes of the endpoint's incident; or unasked, with the trouble that shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from prober.incidents.confirmation import Confirmation, confirm
from prober.incidents.lifecycle import Circumstances, decide
from prober.incidents.routing import Routing
from prober.incidents.trouble import Health, inhibits, trouble
from prober.model.declaration import Confirm, Endpoint
from prober.model.evidence import Judgement
from prober.model.incident import LEARNT, Decision
from prober.service.carry_out import carry_out
from prober.store import Store, Transaction, incidents, judge_state, maintenance, progress, rounds
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
) -> Settled:
    """Complete a judged round: judgement, memory, suspicion, incidents and owed notices, at once or not at all.

    `memory` is the judge's from now on; None forgets it. `together` names endpoints whose evidence the judgement rests
    on too. `rule` says when the endpoint is asked again (None: as it declares), `is_paid` whether the budget allows it.
    Raises ClaimLost where the claim is not in force, so that nothing is judged twice, nor against a reference that was
    replaced meanwhile.
    """
    key = endpoint.content_hash
    with store.write() as tx:
        rounds.hold(tx, claim)
        health = progress.health(tx, claim.round.id)
        given = _circumstances(tx, endpoint, health[-1], routing, now)
        change = decide(incidents.open_change(tx, key), judgement, endpoint.name, key, now, together, given)
        failing = _trouble(tx, endpoint, health, given, now)
        suspicion = judge_state.suspicion(tx, key, claim.round.probe_set, _midnight(now))
        confirmation = confirm(rule or endpoint.confirm, judgement, change.incident, suspicion, is_paid, now)

        rounds.complete(tx, claim, judgement, now)
        judge_state.keep_memory(tx, key, memory)
        judge_state.keep_suspicion(tx, claim, confirmation)
        if failing.event is not None:
            carry_out(tx, failing, routing, now)
        if change.reason in LEARNT:
            change = replace(change, incident=carry_out(tx, change, routing, now))
    return Settled(change, failing, confirmation)


def miss_unasked(
    store: Store, claim: Claim, endpoint: Endpoint, reason: str, routing: Routing, now: datetime
) -> Decision:
    """Give up a round in hand of which no ask was admitted, and why: the decision on the trouble that shows.

    Raises ClaimLost where the claim is not in force.
    """
    with store.write() as tx:
        rounds.hold(tx, claim)
        *before, here = progress.health(tx, claim.round.id)
        here = replace(here, failure=reason)
        given = _circumstances(tx, endpoint, here, routing, now)
        failing = _trouble(tx, endpoint, [*before, here], given, now)
        rounds.miss(tx, claim.round.id, reason, now, claim)
        if failing.event is not None:
            carry_out(tx, failing, routing, now)
    return failing


def _circumstances(
    tx: Transaction, endpoint: Endpoint, health: Health, routing: Routing, now: datetime
) -> Circumstances:
    """What a decision rests on besides the evidence."""
    commanded = maintenance.busy_until(tx, endpoint.name, now)
    return Circumstances(
        rules=endpoint.severity,
        in_maintenance=routing.maintained_until(endpoint.name, now, commanded) is not None,
        inhibited=inhibits(incidents.open_trouble(tx, endpoint.content_hash), health),
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
