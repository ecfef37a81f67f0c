"""Measure what is beside the answers: spending and objectives after each round, live samples as time goes by.

The decisions are in `prober.incidents.measured`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from prober.incidents import measured as stand
from prober.incidents.lifecycle import Circumstances
from prober.incidents.measured import course, withdrawn
from prober.incidents.routing import Routing
from prober.judging.promise import Promise
from prober.judging.runaway import Spending, Took, after, closed, decode, encode, threshold, with_unplanned
from prober.loading.cron import parse
from prober.model.decision import Decision
from prober.model.declaration import Endpoint, ProbeSet, Schedule
from prober.model.evidence import Observation
from prober.model.incident import Measured, MeasuredKind
from prober.model.sample import FoundShift
from prober.service.decisions import carry_out, locked
from prober.status.objectives import ObjectiveStatus, objectives
from prober.status.samples import is_learnt
from prober.store import Store, Transaction, daemons, declared, incidents, samples, watches
from prober.store.rounds import Claim

LONGEST: Final = timedelta(days=400)
"""How far back planned rounds are counted."""
UNWRITTEN: Final = frozenset(("quiet", "already_open", "already_closed", "in_maintenance"))
"""Reasons by which nothing is written."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A round: what was planned, and what came of it."""

    probe_set: ProbeSet
    promise: Promise
    observations: Sequence[Observation]
    is_scheduled: bool
    """Whether a schedule made it due; else it is only counted."""


def watch_spending(
    tx: Transaction,
    claim: Claim,
    endpoint: Endpoint,
    planned: Planned,
    routing: Routing,
    given: Circumstances,
    now: datetime,
) -> Decision:
    """Behind the lock of the endpoint: learn what a round took, decide, and write it."""
    probe_set = planned.probe_set
    # After a clock was ahead labels stay in the future, one just behind the other, until the time has caught up.
    key, at = endpoint.content_hash, min(now, datetime.fromisoformat(claim.round.label))
    held, content = watches.spending(tx, key), _content(probe_set)
    known = decode(held[probe_set.name]) if probe_set.name in held else Spending(content=content)
    before = incidents.newest_measured(tx, "runaway", probe_set.name, key)
    was_open = before is not None and before.state != "closed"
    usual = known.usual_unplanned
    if known.content != content:
        known = Spending(content=content, is_open=was_open, unplanned=known.unplanned, usual_unplanned=usual)
    if known.is_open and not was_open:  # a person ended it
        is_plan = before is not None and before.close_reason == "accepted"
        accepted = Spending(content=content, usual_unplanned=max(usual, len(known.unplanned)))
        known = accepted if is_plan else closed(known)
    rate = planned_rounds(probe_set.schedule, at - timedelta(days=28), at) / (28 * 86400)
    if planned.is_scheduled:
        rounds = 1.0 if claim.round.confirms else planned_rounds(probe_set.schedule, _time(known.at), at)
        known = after(known, _took(claim.round.label, rounds, probe_set, planned.observations), endpoint.runaway / 2)
        known = replace(known, at=at.isoformat())
    known = with_unplanned(known, at.timestamp(), 3600 * rate, is_scheduled=planned.is_scheduled)
    most = threshold(planned.promise.rounds_per_year)
    stands = stand.spending(before, known, most, endpoint, probe_set, claim.round.label, now)
    decision = course(before, stands, now, given)
    if decision.event == "runaway_over":
        known = closed(known)
    known = replace(
        known,
        is_open=decision.event == "runaway" or (was_open and decision.event is None),
        every_s=1 / rate if rate else 0.0,
        priority=probe_set.priority,
    )
    watches.keep_spending(tx, key, {**held, probe_set.name: encode(known)})
    if decision.reason not in UNWRITTEN:
        carry_out(tx, decision, routing, now)
    return decision


def look_at_objectives(
    store: Store, probe_set: ProbeSet, endpoint: Endpoint, routing: Routing, now: datetime
) -> tuple[Decision, ...]:
    """After a round of a set on an endpoint: which budgets burn, and which burn no more. Raises StoreError."""
    if not probe_set.objectives:
        return ()
    asked = probe_set.model_copy(update={"endpoints": (endpoint.name,)})
    return tuple(
        _settle(store, endpoint.content_hash, partial(_of_objective, one=one, endpoint=endpoint), routing, now)
        for one in store.query(objectives, [asked], now)
    )


def look_at_samples(
    store: Store, endpoints: Iterable[Endpoint], routing: Routing, now: datetime
) -> tuple[Decision, ...]:
    """Shifts of live samples that people are to be notified of, or that are learnt by now; and what is declared no
    more. Raises StoreError."""
    known = {one.name: one for one in endpoints}
    done = []
    for found in store.query(samples.newest_shifts):
        endpoint = known.get(found.endpoint)
        key = endpoint.content_hash if endpoint else ""  # live samples may be of an endpoint that is not declared
        look = partial(_of_shift, found=found, endpoint=endpoint)
        # An incident that gives way to a later shift is followed by that one's.
        while (decision := _settle(store, key, look, routing, now)).reason not in UNWRITTEN:
            done.append(decision)
    for standing in store.query(_declared_no_more):
        with locked(store, standing.endpoint_hash) as tx:
            still = incidents.get(tx, standing.id)
            if isinstance(still, Measured) and still.state != "closed":
                done.append(withdrawn(still, now))
                carry_out(tx, done[-1], routing, now)
    return tuple(done)


def _settle(
    store: Store,
    endpoint_hash: str,
    look: Callable[[Transaction, Routing, datetime], Decision],
    routing: Routing,
    now: datetime,
) -> Decision:
    """Decide, and write what there is to write. Behind the lock it is decided again: another may have been quicker."""
    decision = store.query(look, routing, now)
    if decision.reason in UNWRITTEN:
        return decision
    with locked(store, endpoint_hash) as tx:
        decision = look(tx, routing, now)
        if decision.reason not in UNWRITTEN:
            carry_out(tx, decision, routing, now)
    return decision


def _of_objective(
    tx: Transaction, routing: Routing, now: datetime, one: ObjectiveStatus, endpoint: Endpoint
) -> Decision:
    name = f"{one.probe_set}/{one.objective.name}"
    before = incidents.newest_measured(tx, "objective_missed", name, endpoint.name)
    found = stand.objective(before, name, one.objective, one.standing, endpoint, now)
    return course(before, found, now, circumstances(tx, endpoint.name, endpoint, routing, now))


def _of_shift(
    tx: Transaction, routing: Routing, now: datetime, found: FoundShift, endpoint: Endpoint | None
) -> Decision:
    kind: MeasuredKind = "input_shift" if found.side == "inputs" else "output_shift"
    before = incidents.newest_measured(tx, kind, found.feature, found.endpoint)
    key = endpoint.content_hash if endpoint else ""
    measured = stand.shift(before, found, is_learnt(tx, found), key, now)
    return course(before, measured, now, circumstances(tx, found.endpoint, endpoint, routing, now))


def circumstances(
    tx: Transaction, name: str, endpoint: Endpoint | None, routing: Routing, now: datetime
) -> Circumstances:
    is_busy = routing.maintained_until(name, now, daemons.busy_until(tx, name, now)) is not None
    return Circumstances(rules=endpoint.severity if endpoint else {}, in_maintenance=is_busy)


def _declared_no_more(tx: Transaction) -> tuple[Measured, ...]:
    """Open incidents of objectives that no set declares for their endpoint."""
    here = {
        (name, f"{one.name}/{objective.name}")
        for one in declared.probe_sets(tx)
        for objective in one.objectives
        for name in one.endpoints
    }
    objectives = incidents.open_measured(tx, "objective_missed")
    return tuple(one for one in objectives if (one.endpoint, one.about) not in here)


def planned_rounds(schedule: Schedule, since: datetime | None, until: datetime) -> float:
    """Rounds that a schedule makes due in (since, until]; 1 where nothing was before, except by a clock ahead."""
    if since is None or since > until:
        return 1.0
    since = max(since, until - LONGEST)
    if schedule.cron is None:
        return max(0.0, (until - since).total_seconds()) / (schedule.every_s or 1.0)
    cron, zone = parse(schedule.cron), ZoneInfo(schedule.timezone)
    early = timedelta(seconds=schedule.jitter_s)  # a round starts up to so much after its moment
    day, last, count = (since - early).astimezone(zone).date(), until.astimezone(zone).date(), 0
    while day <= last:
        count += sum(since - early < moment <= until for moment in cron.on(day, zone))
        day += timedelta(days=1)
    return float(count)


def _took(label: str, planned: float, probe_set: ProbeSet, observations: Sequence[Observation]) -> Took:
    replies = [one.reply for one in observations]
    tokens = [0 if one.error and one.tokens is None else one.tokens for one in replies]
    counted = [one for one in tokens if one is not None]
    return Took(
        label,
        planned,
        len(replies),
        probe_set.asks,
        counted if len(counted) == len(tokens) and any(counted) else None,
        [one.reasoning_tokens or 0 for one in replies],
    )


def _content(probe_set: ProbeSet) -> str:
    asked = sorted(f"{probe.content_hash} {probe.samples}" for probe in probe_set.probes)
    return sha256("\n".join(asked).encode()).hexdigest()[:16]


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
