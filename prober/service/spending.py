"""What is spent beside what is planned, round by round: a cost incident opens, and is over, as a round is settled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from zoneinfo import ZoneInfo

from prober.incidents.routing import Routing
from prober.incidents.runaway import runaway
from prober.judging.promise import Promise
from prober.judging.runaway import Spending, Took, after, closed, decode, encode, threshold
from prober.loading.cron import parse
from prober.model.declaration import Endpoint, ProbeSet, Schedule
from prober.model.evidence import Observation
from prober.model.incident import Decision
from prober.service.decisions import carry_out
from prober.store import Transaction, incidents, watches
from prober.store.rounds import Claim

LONGEST: Final = timedelta(days=400)
"""How far back planned rounds are counted."""


def watch_spending(
    tx: Transaction,
    claim: Claim,
    probe_set: ProbeSet,
    endpoint: Endpoint,
    observations: Sequence[Observation],
    promise: Promise,
    routing: Routing,
    in_maintenance: bool,
    now: datetime,
) -> Decision:
    """Behind the lock of the endpoint: learn what a round took, decide, and write it."""
    key, at = endpoint.content_hash, datetime.fromisoformat(claim.round.label)
    held = watches.spending(tx, key)
    content = _content(probe_set)
    known = decode(held[probe_set.name]) if probe_set.name in held else Spending()
    standing = next((one for one in incidents.open_runaways(tx, key) if one.probe_set == probe_set.name), None)
    if known.content != content:
        known = Spending(content=content, is_open=standing is not None)
    if known.is_open and standing is None:  # a person ended it
        newest = incidents.newest_runaway(tx, key, probe_set.name)
        is_plan = newest is not None and newest.close_reason == "accepted"
        known = Spending(content=content) if is_plan else closed(known)
    planned = 1.0 if claim.round.confirms else planned_rounds(probe_set.schedule, _time(known.at), at)
    known = after(known, _took(claim.round.label, planned, probe_set, observations), endpoint.runaway / 2)
    decision = runaway(
        standing, known, threshold(promise.rounds_per_year), endpoint.name, key, probe_set.name, probe_set.owner,
        claim.round.label, now, endpoint.severity, in_maintenance,
    )  # fmt: skip
    if decision.event == "runaway_over":
        known = closed(known)
    rate = planned_rounds(probe_set.schedule, at - timedelta(days=28), at) / (28 * 86400)
    known = replace(
        known,
        is_open=decision.event == "runaway" or (standing is not None and decision.event is None),
        at=at.isoformat(),
        every_s=1 / rate if rate else 0.0,
        priority=probe_set.priority,
    )
    watches.keep_spending(tx, key, {**held, probe_set.name: encode(known)})
    if decision.reason in ("overspent", "back_in_plan", "refreshed"):
        carry_out(tx, decision, routing, now)
    return decision


def planned_rounds(schedule: Schedule, since: datetime | None, until: datetime) -> float:
    """Rounds that a schedule makes due in (since, until]; 1 where nothing was before."""
    if since is None:
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
        sum(probe.samples for probe in probe_set.probes),
        counted if len(counted) == len(tokens) and any(counted) else None,
        [one.reasoning_tokens or 0 for one in replies],
    )


def _content(probe_set: ProbeSet) -> str:
    asked = sorted(f"{probe.content_hash} {probe.samples}" for probe in probe_set.probes)
    return sha256("\n".join(asked).encode()).hexdigest()[:16]


def _time(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
