"""What the team measures itself: objectives after each round, live samples as time goes by."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from prober.incidents.measured import objective as decide_objective
from prober.incidents.measured import shift as decide_shift
from prober.incidents.measured import withdrawn
from prober.incidents.routing import Routing
from prober.model.declaration import Endpoint, ProbeSet
from prober.model.incident import Decision, Measured, MeasuredKind
from prober.model.sample import FoundShift
from prober.service.decisions import carry_out, locked
from prober.status.objectives import ObjectiveStatus, objectives
from prober.status.samples import is_learnt
from prober.store import Store, Transaction, daemons, declared, measured, samples

_CHANGES: Final = frozenset(("budget_burns", "burn_over", "refreshed", "shift_found", "shift_learnt", "changed_again"))
"""Reasons by which something is written."""


def look_at_objectives(
    store: Store, probe_set: ProbeSet, endpoint: Endpoint, routing: Routing, now: datetime
) -> tuple[Decision, ...]:
    """After a round of a set on an endpoint: which budgets burn, and which burn no more. Raises StoreError."""
    if not probe_set.objectives:
        return ()
    asked = probe_set.model_copy(update={"endpoints": (endpoint.name,)})
    found = store.query(objectives, [asked], now)
    done = []
    for one in found:
        decision = store.query(_of_objective, one, endpoint, routing, now)
        if decision.reason in _CHANGES:
            with locked(store, endpoint.content_hash) as tx:
                decision = _of_objective(tx, one, endpoint, routing, now)  # read again: another may have been quicker
                if decision.reason in _CHANGES:
                    carry_out(tx, decision, routing, now)
        done.append(decision)
    return tuple(done)


def look_at_samples(
    store: Store, endpoints: Iterable[Endpoint], routing: Routing, now: datetime
) -> tuple[Decision, ...]:
    """Shifts of live samples that people are to be notified of, or that are learnt by now; and what is declared no
    more. Raises StoreError."""
    known = {one.name: one for one in endpoints}
    done = []
    for found in store.query(samples.newest_shifts):
        endpoint = known.get(found.endpoint)
        # An incident that gives way to a later shift is followed by that one's.
        while (decision := store.query(_of_shift, found, endpoint, routing, now)).reason in _CHANGES:
            with locked(store, _hash(endpoint)) as tx:
                decision = _of_shift(tx, found, endpoint, routing, now)
                if decision.reason in _CHANGES:
                    carry_out(tx, decision, routing, now)
            done.append(decision)
    for standing in store.query(_declared_no_more):
        with locked(store, standing.endpoint_hash) as tx:
            still = measured.newest(tx, standing.endpoint, standing.kind, standing.about)
            if still is not None and still.id == standing.id and still.state != "closed":
                done.append(withdrawn(still, now))
                carry_out(tx, done[-1], routing, now)
    return tuple(done)


def _of_objective(
    tx: Transaction, one: ObjectiveStatus, endpoint: Endpoint, routing: Routing, now: datetime
) -> Decision:
    name = f"{one.probe_set}/{one.objective.name}"
    before = measured.newest(tx, endpoint.name, "objective_missed", name)
    busy = routing.maintained_until(endpoint.name, now, daemons.busy_until(tx, endpoint.name, now)) is not None
    return decide_objective(
        before, name, one.objective, one.standing, endpoint.name, endpoint.content_hash, now, endpoint.severity, busy
    )


def _of_shift(
    tx: Transaction, found: FoundShift, endpoint: Endpoint | None, routing: Routing, now: datetime
) -> Decision:
    kind: MeasuredKind = "input_shift" if found.side == "inputs" else "output_shift"
    before = measured.newest(tx, found.endpoint, kind, found.feature)
    busy = routing.maintained_until(found.endpoint, now, daemons.busy_until(tx, found.endpoint, now)) is not None
    rules = endpoint.severity if endpoint else {}
    return decide_shift(before, found, is_learnt(tx, found), _hash(endpoint), now, rules, busy)


def _hash(endpoint: Endpoint | None) -> str:
    """Live samples may be of an endpoint that is not declared."""
    return endpoint.content_hash if endpoint else ""


def _declared_no_more(tx: Transaction) -> tuple[Measured, ...]:
    """Open incidents of objectives that no set declares for their endpoint."""
    here = {
        (name, f"{one.name}/{objective.name}")
        for one in declared.probe_sets(tx)
        for objective in one.objectives
        for name in one.endpoints
    }
    return tuple(
        one
        for one in measured.not_closed(tx)
        if one.kind == "objective_missed" and (one.endpoint, one.about) not in here
    )
