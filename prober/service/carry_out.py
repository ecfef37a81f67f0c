"""What a decision comes to: the incident, written whole; the notices owed; a new epoch where the reference begins anew.

Whoever calls holds the endpoint's lock, and has read behind it what the decision rests on.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from prober.incidents.events import EVENTS
from prober.incidents.lifecycle import join
from prober.incidents.routing import Routing
from prober.judging.explain.findings import ROUNDS, find
from prober.judging.fleet import Stretch, agree
from prober.model.evidence import Findings
from prober.model.incident import LEARNT, Change, Decision, Incident
from prober.service.notify import notify
from prober.store import Transaction, incidents, judge_state, progress, replies


def carry_out(tx: Transaction, decision: Decision, routing: Routing, now: datetime) -> Incident | None:
    """The incident as stored; where another takes its place, that one. None where the decision is about none."""
    incident = decision.incident
    if incident is None:
        return None
    if isinstance(incident, Change) and decision.reason in LEARNT - {"suspected", "suspicion_faded"}:
        incident = replace(incident, findings=find_in_replies(tx, incident))
    stored = _write(tx, replace(decision, incident=incident), incident, routing, now)
    if decision.successor is None:
        return stored
    found = replace(decision.successor, findings=find_in_replies(tx, decision.successor))
    opened = _write(tx, Decision("change_confirmed", found, event="opened"), found, routing, now)
    incidents.save(tx, replace(stored, cause=f"incident {opened.id}"))
    return opened


def _write(tx: Transaction, decision: Decision, incident: Incident, routing: Routing, now: datetime) -> Incident:
    event, reason = decision.event, decision.reason
    if event is not None and EVENTS[event].opens:
        incident = join(incident, _same_event(tx, incident))
        if incident.part_of is not None:
            event, reason = "joined", "joined"
    stored = incidents.save(tx, incident)
    if event is not None:
        notify(tx, stored, event, routing, now, reason)
    if decision.new_epoch is not None:
        by = (stored.actor, stored.note)
        judge_state.start_epoch(tx, stored.endpoint, stored.endpoint_hash, decision.new_epoch, *by, now)
    return stored


def _same_event(tx: Transaction, incident: Incident) -> tuple[Incident, ...]:
    """Incidents that are open at other endpoints of the provider, whose onsets agree with this one's."""
    others = incidents.live_at_provider(tx, incident)
    here = _stretch(tx, incident)
    return tuple(one for one in others if agree(_stretch(tx, one), here))


def _stretch(tx: Transaction, incident: Incident) -> Stretch:
    between = incident.onset_between if isinstance(incident, Change) else None
    return Stretch.of(incident.onset, between, progress.period(tx, incident.endpoint_hash))


def find_in_replies(tx: Transaction, incident: Change) -> Findings:
    """What the completed rounds of the present epoch show of a change: a bounded read, whatever the history."""
    content = incident.endpoint_hash
    series = sorted({series for verdict in incident.moved for series in verdict.series})
    first = incident.onset if incident.onset_between is None else incident.onset_between[0]
    start = judge_state.epoch_start(tx, content)
    reference = replies.first_rounds(tx, content, series, start, first, ROUNDS)
    # Where the interval reaches back to the reference's first round, the likeliest onset must do.
    reference = reference or replies.first_rounds(tx, content, series, start, incident.onset, ROUNDS)
    recent = replies.first_rounds(tx, content, series, incident.onset, incident.passed, ROUNDS)
    asked = replies.series_asked(tx, content, incident.onset, incident.detected_round)
    return find(incident.moved, reference, recent, asked)
