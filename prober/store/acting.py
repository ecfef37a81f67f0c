"""What is done to incidents, and to the reference they are judged against."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Session, col, delete, func, or_, select, update

from prober.incidents.actions import press, reset
from prober.incidents.events import EVENTS
from prober.incidents.lifecycle import join
from prober.incidents.routing import Routing
from prober.model.errors import StoreError
from prober.model.incident import LEARNT, TROUBLES, Action, Decision, Incident
from prober.store import fleet
from prober.store.declared import touch
from prober.store.examples import findings
from prober.store.incident_rows import to_incident, to_row
from prober.store.owing import owe
from prober.store.rounds import label_at
from prober.store.rows import ActionRow, EpochRow, IncidentRow, MemoryRow, RoundRow, WatchRow

_A_PERSONS: Final = frozenset(("state", "actor", "note", "acknowledged_at", "muted_until"))
_END: Final = frozenset(("state", "closed_at", "close_reason", "cause", "muted_until", "actor", "note"))
_THE_JUDGES: Final = frozenset(
    ("kind", "severity", "verdicts", "course", "rounds_after", "peak_log_e", "passed", "settled_round")
) | {"calm_rounds", "findings"}
"""Columns of an incident that each may change after it was opened."""


def standing(session: Session, endpoint_hash: str, *, trouble: bool = False) -> Incident | None:
    """The change of an endpoint that is not closed, if only suspected; or the trouble that is not over."""
    is_trouble = col(IncidentRow.kind).in_(TROUBLES)
    row = session.exec(
        select(IncidentRow).where(
            IncidentRow.endpoint_hash == endpoint_hash,
            IncidentRow.state != "closed",
            is_trouble if trouble else ~is_trouble,
        )
    ).first()
    return None if row is None else to_incident(row)


def carry_out(session: Session, decision: Decision, routing: Routing, now: datetime) -> Incident:
    """The incident as stored; where another takes its place, that one."""
    if decision.incident is None:
        raise StoreError(f"there is no incident to carry out {decision.reason!r} on")
    touch(session, decision.incident.endpoint_hash)  # first of all, so that every writer locks in the same order
    stored = _carry_out(session, decision, routing, now)
    if decision.successor is None:
        return stored
    found = replace(decision.successor, findings=findings(session, decision.successor))
    opened = _carry_out(session, Decision("change_confirmed", found, event="opened"), routing, now)
    session.exec(update(IncidentRow).where(col(IncidentRow.id) == stored.id).values(cause=f"incident {opened.id}"))
    return opened


def _carry_out(session: Session, decision: Decision, routing: Routing, now: datetime) -> Incident:
    incident, event, reason = decision.incident, decision.event, decision.reason
    assert incident is not None
    if event is not None and EVENTS[event].opens:
        incident = join(incident, fleet.standing_incidents(session, incident))
        if incident.part_of is not None:
            event, reason = "joined", "joined"
    stored = _store(session, incident, decision)
    if event is not None:
        owe(session, stored, event, routing, now, reason)
    if decision.new_epoch is not None:
        epoch = EpochRow(
            endpoint=stored.endpoint,
            endpoint_hash=stored.endpoint_hash,
            start_label=decision.new_epoch,
            at=now,
            author=stored.actor,
            note=stored.note,
        )
        start_epoch(session, epoch)
    session.flush()
    return stored


def _store(session: Session, incident: Incident, decision: Decision) -> Incident:
    """New incidents whole, and those that were only suspected; of any other only what is the writer's to say: a person
    may have acted since the judge looked, and the judge may have learnt more since the person looked."""
    if incident.id == 0:
        row = to_row(incident)
        session.add(row)
        session.flush()
        return replace(incident, id=row.id)
    here = session.get(IncidentRow, incident.id, populate_existing=True)
    if here is None:
        raise StoreError(f"there is no incident {incident.id}")
    if here.state == "closed":
        who = f" by {here.actor}" if here.actor else ""
        raise StoreError(f"incident {incident.id} is closed already: {here.close_reason or 'closed'}{who}")
    columns = _columns(here, incident, decision)
    for name, value in to_row(incident).model_dump(include=set(columns)).items():
        setattr(here, name, value)
    session.add(here)
    session.flush()
    return to_incident(here)


def _columns(here: IncidentRow, incident: Incident, decision: Decision) -> frozenset[str]:
    if here.state == "suspected":
        return frozenset(IncidentRow.model_fields) - {"id"}
    end = _END if incident.state == "closed" else frozenset[str]()
    if decision.reason in LEARNT:
        if decision.event == "escalated":
            # It is worse than what a mute covered, whoever muted it meanwhile; who has it in hand keeps it.
            end = frozenset(("told_at", "state", "muted_until") if here.state == "muted" else ("told_at",))
        return _THE_JUDGES | end
    told = {"told_at"} if decision.event in ("unmuted", "reminded") else set[str]()
    return _A_PERSONS | end | told


def act(
    session: Session, incident_id: int, pressed: Action, routing: Routing, now: datetime
) -> tuple[Incident | None, Decision | None]:
    """The incident after a press, and what was decided; None where there is no such incident."""
    row = session.get(IncidentRow, incident_id)
    if row is None:
        return None, None
    touch(session, row.endpoint_hash)
    seen = to_incident(session.get_one(IncidentRow, incident_id, populate_existing=True))
    decision = press(seen, pressed, now)
    after = seen if decision.event is None else carry_out(session, decision, routing, now)
    session.add(
        ActionRow(
            incident_id=incident_id,
            at=now,
            action=pressed.action,
            actor=pressed.actor,
            note=pressed.note,
            via=pressed.via,
            until=pressed.until if pressed.until or after.state != "muted" else after.muted_until,
            reason=decision.reason,
        )
    )
    return after, replace(decision, incident=after)


def start_epoch(session: Session, epoch: EpochRow) -> None:
    """The old reference is dropped. A round in hand was begun under it: its holder is refused, it is taken up again."""
    watch = session.exec(
        select(WatchRow).where(WatchRow.endpoint_hash == epoch.endpoint_hash).with_for_update()
    ).first()
    if watch is None:
        raise StoreError(f"the store does not know endpoint {epoch.endpoint}")
    if watch.round_id is not None:
        session.exec(update(RoundRow).where(col(RoundRow.id) == watch.round_id).values(lease_until=epoch.at))
    watch.round_id, watch.lease_until, watch.token = None, None, watch.token + 1
    watch.epoch_start, watch.suspected_since = epoch.start_label, None
    session.add(watch)
    session.exec(delete(MemoryRow).where(col(MemoryRow.endpoint_hash) == epoch.endpoint_hash))
    session.add(epoch)
    session.flush()


def begin_anew(
    session: Session,
    endpoint: str,
    endpoint_hash: str,
    author: str,
    note: str,
    routing: Routing,
    now: datetime,
) -> str:
    touch(session, endpoint_hash)
    last = session.exec(
        select(func.max(RoundRow.label)).where(
            or_(RoundRow.endpoint == endpoint, RoundRow.endpoint_hash == endpoint_hash)
        )
    ).one()
    after = now if last is None else max(now, datetime.fromisoformat(last) + timedelta(microseconds=1))
    opened = standing(session, endpoint_hash)
    if opened is not None:
        carry_out(session, reset(opened, author, note, now), routing, now)
    epoch = EpochRow(
        endpoint=endpoint, endpoint_hash=endpoint_hash, start_label=label_at(after), at=now, author=author, note=note
    )
    start_epoch(session, epoch)
    return label_at(after)
