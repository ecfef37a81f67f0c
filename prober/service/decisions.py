"""The one protocol of every decision, whether a round, a person, time or trouble brings it: lock, decide, write.

    with locked(store, endpoint_hash) as tx:              # nobody else writes about this endpoint
        decision = decide(what is read behind the lock)   # pure: incidents/
        carry_out(tx, decision, routing, now)             # nothing else writes incidents

All of it is one transaction: it happens as a whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from prober.incidents.actions import act_on
from prober.incidents.events import ALARMS, EVENTS, NAMES_ALL_PARTS
from prober.incidents.facts import become, is_same_story
from prober.incidents.lifecycle import closed, is_alike, join
from prober.incidents.measured import may_join
from prober.incidents.routing import READ_BY_PEOPLE, Routing, Subject
from prober.judging.fleet import Stretch, agree
from prober.judging.memory import USUAL, Memory, decode, encode
from prober.model.alerting import Owed
from prober.model.decision import Action, Decision
from prober.model.declaration import Severity
from prober.model.incident import SEVERITIES, Change, Event, Facts, Incident, Measured
from prober.model.notice import Part
from prober.model.watch import SILENT_AFTER
from prober.store import (
    Store,
    Transaction,
    bill,
    daemons,
    declared,
    incidents,
    judge_state,
    notices,
    notified,
    rounds,
    watches,
)
from prober.store.declared import AskedSet
from prober.store.rounds import Claim
from prober.store.views import EpochView


@contextmanager
def locked(store: Store, about: str | Claim) -> Iterator[Transaction]:
    """A transaction in which nobody else writes about an endpoint: that of this hash, or of a round in progress.

    Raises ClaimLost where the claim of the round is not in force.
    """
    with store.write() as tx:
        if isinstance(about, Claim):
            rounds.hold(tx, about)
        else:
            watches.lock(tx, about)
        yield tx


def carry_out(tx: Transaction, decision: Decision, routing: Routing, now: datetime) -> Incident | None:
    """Write the incident, the notices owed, and the new epoch where one begins.

    Gives the incident as stored; where another takes its place, that one. None where the decision is about none.
    """
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
    elif event is not None and EVENTS[event].opens and may_join(incident):
        incident = join(incident, _same_event(tx, incident))
        if incident.part_of is not None:
            event, reason = "joined", "joined"
    stored = incidents.save(tx, incident)
    if event is not None:
        notify(tx, stored, event, routing, now, reason)
    by = (stored.actor, stored.note)
    if decision.new_epoch is not None or decision.reason == "dismissed":
        start_epoch(tx, stored.endpoint, stored.endpoint_hash, decision.new_epoch, *by, now)
        accept_facts(tx, stored.endpoint_hash, *by, routing, now)
    return stored


def start_epoch(
    tx: Transaction, endpoint: str, endpoint_hash: str, start_label: str | None, author: str, note: str, now: datetime
) -> EpochView:
    """A new reference; of the old one the judge keeps for how long noise lasts. Without `start_label` an alarm was
    false: the old reference and all rounds since are the new one. Raises as `judge_state.start_epoch`."""
    held = judge_state.memory(tx, endpoint_hash)
    known = Memory() if held is None else decode(held)
    if start_label is None:
        anew, start_label = known.after_false_alarm(), _usual_since(tx, endpoint_hash, known, now)
    else:
        anew = known.anew()
    memory = encode(anew) if anew.noise or anew.learns_noise or anew.series else None
    return judge_state.start_epoch(tx, endpoint, endpoint_hash, start_label, author, note, now, memory)


def _usual_since(tx: Transaction, endpoint_hash: str, known: Memory, now: datetime) -> str:
    """Label from which on rounds are the reference after a false alarm."""
    most, span = USUAL
    start = max(judge_state.epoch_start(tx, endpoint_hash), known.begins)
    ends = max(known.reference_rounds, default=start)
    old = judge_state.completed_since(tx, endpoint_hash, start, ends)
    newest = judge_state.newest_since(tx, endpoint_hash, start, max(most, old))
    return max(start, min(newest, rounds.label_at(now - span)))


def accept_facts(tx: Transaction, endpoint_hash: str, actor: str, note: str, routing: Routing, now: datetime) -> None:
    """A new reference begins: what the provider says now is known."""
    for one in incidents.open_of(tx, endpoint_hash).facts:
        carry_out(tx, act_on(one, Action("accept", actor, note), now), routing, now)


def _said_already(tx: Transaction, change: Change) -> Facts | None:
    """The gravest facts that people know of and that belong to a change which opens: both are one story."""
    mine = [one for one in incidents.open_of(tx, change.endpoint_hash).facts if is_same_story(change, one)]
    return max(mine, key=lambda one: SEVERITIES.index(one.severity), default=None)


def _same_event(tx: Transaction, incident: Incident) -> tuple[Incident, ...]:
    """Incidents that are open at other endpoints of the provider, whose onsets agree with this one's."""
    others = incidents.live_at_provider(tx, incident)
    here = _stretch(tx, incident)
    return tuple(one for one in others if agree(_stretch(tx, one), here))


def _stretch(tx: Transaction, incident: Incident) -> Stretch:
    between = incident.onset_between if isinstance(incident, Change) else None
    return Stretch.of(incident.onset, between, judge_state.period(tx, incident.endpoint_hash))


def notify(
    tx: Transaction, incident: Incident, event: Event, routing: Routing, now: datetime, reason: str = ""
) -> None:
    """Owe news of an incident: one notice a target. News of an endpoint that joins an incident is about the incident it
    joined, and waits a moment for more. So does the end of an incident, while it is not over at others of its event."""
    joined = event == "joined"
    about = incident.part_of if joined and incident.part_of is not None else incident.id
    if joined and _covered_by_a_mute(incidents.get(tx, about), incident):
        return
    subject = subject_of(tx, incident, event, now)
    private = notified.private_recipients(tx, (about, incident.id))
    rule = EVENTS[event]
    ends = rule.phase == "resolved" and bool(rule.pause) and not incident.actor  # what a person ends is said at once
    others = incidents.parts(tx, incident) if ends else ()
    alike = alike_parts(tx, incident, event) if rule.folds else ()
    pause = rule.pause if joined or any(one.incident_id and not one.is_over for one in others) else timedelta(0)
    for routed in routing.route(subject, now):
        owed = routed if routed.hold else replace(routed, at=routed.at + pause)
        if joined and notified.is_waiting(tx, about, owed.target, NAMES_ALL_PARTS):
            continue
        if others and owed.hold != "digest" and _another_says_it(tx, incident, event, owed, others):
            continue
        if alike and not owed.hold and owed.target.alerter in READ_BY_PEOPLE:
            if notices.untried(tx, alike, owed.target, event):
                continue  # when it is sent, it names this endpoint too
            if notified.was_owed_since(tx, alike, owed.target, event, now - rule.pause):
                owed = replace(owed, at=owed.at + rule.pause)
        notices.add(
            tx,
            owed,
            event,
            incident.severity,
            reason,
            now,
            incident_id=about,
            cause=incident.cause or None,
            # Whoever acts from a shell or the dashboard has no routes at hand: what was kept from a place stays so.
            private=owed.private or owed.target in private,
        )


def alike_parts(tx: Transaction, incident: Incident, event: Event) -> tuple[int, ...]:
    """Incidents at the other endpoints of the same event of which news that folds says the same."""
    ids = [part.incident_id for part in incidents.parts(tx, incident) if part.incident_id]
    return tuple(one.id for one in map(partial(incidents.get, tx), ids) if one and is_alike(event, incident, one))


def _another_says_it(tx: Transaction, ended: Incident, event: Event, owed: Owed, others: Iterable[Part]) -> bool:
    """Whether the end of another endpoint of the same event waits to be sent to this place, and says this one too.

    What a place keeps of an incident ends by news of that incident alone, which then takes the place of the others.
    """
    waiting = notices.untried(tx, [one.incident_id for one in others if one.incident_id], owed.target, event)
    first = ended.part_of or ended.id

    def is_kept(incident_id: int) -> bool:
        """People have one message of the whole event; other systems an alert of each incident they were notified of."""
        if owed.target.alerter in READ_BY_PEOPLE:
            return incident_id == first
        return notified.was_notified(tx, incident_id, owed.target, before=event)

    still_waits = notices.send_by(tx, waiting, owed.at)
    if not is_kept(ended.id):
        return still_waits
    notices.withdraw(tx, [number for number, about in waiting.items() if not is_kept(about)])
    return False


def subject_of(tx: Transaction, incident: Incident, event: Event, now: datetime) -> Subject:
    """What routing asks about news of an incident."""
    owners, tags = _whose(declared.concerned(tx, incident))
    if isinstance(incident, Measured) and incident.kind == "bill":
        owners = bill.owners(tx, incident.endpoint, incident.about) or owners
    return Subject(
        event=event,
        severity=incident.severity,
        endpoint=incident.endpoint,
        notified=notified.recipients(tx, incident),
        busy_until=daemons.busy_until(tx, incident.endpoint, now),
        owners=owners,
        tags=tags,
        waits_for=_waits_for(alarmed_at(tx, incident), now),
    )


def _waits_for(since: datetime, now: datetime) -> timedelta:
    """How long an incident has waited. A moment in the future is from a clock that was ahead: then nobody knows how
    long, and it counts as longer than any route waits."""
    return timedelta.max if since > now + SILENT_AFTER else now - since


def alarmed_at(tx: Transaction, incident: Incident) -> datetime:
    """Since when an incident waits to be acknowledged."""
    return notified.newest_at(tx, incident.id, ALARMS) or incident.opened_at


def notify_of_no_incident(
    tx: Transaction,
    event: Event,
    routing: Routing,
    now: datetime,
    *,
    endpoint: str = "",
    cause: str = "",
    reason: str = "",
    severity: Severity = "warning",
) -> int:
    """Owe news of an endpoint, or, without one, of the prober itself. Gives how many notices are owed. `severity`:
    where the event has none of its own."""
    before = EVENTS[event].after
    severity = EVENTS[event].severity or severity
    owners, tags = _whose(declared.sets_of(tx, endpoint) if endpoint else ())
    subject = Subject(
        event=event,
        severity=severity,
        endpoint=endpoint,
        notified=() if before is None else notified.recipients_of_newest(tx, before, endpoint),
        busy_until=daemons.busy_until(tx, endpoint, now),
        owners=owners,
        tags=tags,
    )
    owed = routing.route(subject, now)
    for one in owed:
        notices.add(tx, one, event, severity, reason, now, endpoint=endpoint, cause=cause, private=one.private)
    return len(owed)


def _whose(sets: Iterable[AskedSet]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Owners and tags, each once."""
    here = tuple(sets)
    tags = dict.fromkeys(tag for one in here for tag in one.tags)
    return tuple(dict.fromkeys(one.owner for one in here)), tuple(tags)


def _covered_by_a_mute(first: Incident | None, joining: Incident) -> bool:
    """Whether people muted the incident that this one joins, and this one makes it no worse."""
    if first is None or first.state != "muted":
        return False
    return SEVERITIES.index(joining.severity) <= SEVERITIES.index(first.severity)
