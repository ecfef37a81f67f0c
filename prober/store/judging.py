"""Judging: what the judge remembers and reads, and the one transaction that settles a round."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import groupby

from sqlmodel import Session, col, delete, select, update

from prober.confirmation import Confirmation
from prober.declaration import Endpoint, Probe
from prober.detectors.verdict import Judgement
from prober.errors import StoreError
from prober.evidence import Round
from prober.incidents import Decision, Incident
from prober.store import confirming
from prober.store.codec import pack_judgement, pack_text, pack_verdicts, unpack_text, unpack_verdicts
from prober.store.declared import remember_series, touch
from prober.store.rounds import claim, due, get, hold, observation, record, release
from prober.store.rows import EpochRow, IncidentRow, MemoryRow, NoticeRow, ReplyRow, RoundRow, WatchRow


def memory(session: Session, endpoint_hash: str) -> str | None:
    row = session.get(MemoryRow, endpoint_hash)
    return None if row is None else unpack_text(row.memory)


def history(session: Session, endpoint_hash: str, series: Collection[str]) -> tuple[Round, ...]:
    epoch_start = session.exec(select(WatchRow.epoch_start).where(WatchRow.endpoint_hash == endpoint_hash)).first()
    found = session.exec(
        select(ReplyRow, RoundRow.label, RoundRow.endpoint)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(
            col(RoundRow.endpoint_hash) == endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= (epoch_start or ""),
            col(ReplyRow.series).in_(series),
        )
        .order_by(col(RoundRow.label), col(ReplyRow.id))
        .execution_options(yield_per=1000)
    )
    return tuple(_rounds(iter(found)))


def _rounds(found: Iterator[tuple[ReplyRow, str | None, str]]) -> Iterator[Round]:
    for (label, endpoint), replies in groupby(found, key=lambda one: (one[1] or "", one[2])):
        yield Round(
            label=label,
            endpoint=endpoint,
            at=datetime.fromisoformat(label),
            observations=tuple(observation(row) for row, _, _ in replies),
        )


def open_incident(session: Session, endpoint_hash: str) -> Incident | None:
    row = session.exec(
        select(IncidentRow).where(IncidentRow.endpoint_hash == endpoint_hash, IncidentRow.state != "closed")
    ).first()
    return None if row is None else incident(row)


def settle(
    session: Session,
    round_id: int,
    judgement: Judgement,
    memory: str | None,
    decision: Decision,
    alerters: Sequence[str],
    now: datetime,
    token: int | None,
    confirmation: Confirmation | None = None,
) -> Incident | None:
    hold(session, round_id, token)
    row = get(session, round_id, fresh=True)
    row.state, row.completed_at, row.lease_until = "completed", now, None
    row.judgement = pack_judgement(judgement)
    session.add(row)
    if memory is None:
        session.exec(delete(MemoryRow).where(col(MemoryRow.endpoint_hash) == row.endpoint_hash))
    else:
        session.merge(MemoryRow(endpoint_hash=row.endpoint_hash, memory=pack_text(memory)))
    session.flush()
    release(session, round_id)
    if confirmation is not None:
        confirming.carry_out(session, row, confirmation)
    # Without an event nothing happened to the incident, and a person may have changed it since the judge looked.
    return decision.incident if decision.event is None else carry_out(session, decision, alerters, now)


def take_in(
    session: Session,
    endpoint: Endpoint,
    probe_set: str,
    round_: Round,
    probes: Mapping[str, Probe],
    judgement: Judgement,
    memory: str,
    decision: Decision,
) -> bool:
    if round_.at is None:
        raise StoreError(f"round {round_.label} of {endpoint.name} has no time; a stored round must have one")
    for series, probe in probes.items():
        remember_series(session, series, probe)
    round_id = due(session, endpoint, probe_set, round_.at)
    if get(session, round_id).state == "completed":
        return False
    claimed = claim(session, round_id, "import", round_.at, 0.0)
    if claimed is None:
        raise StoreError(f"round {round_.label} of {endpoint.name} is in other hands; try again when they are done")
    claimed_round, token = claimed
    if datetime.fromisoformat(claimed_round.label) != round_.at:
        raise StoreError(
            f"round {round_.label} of {endpoint.name} is older than its newest round; rounds are taken in by time"
        )
    for one in round_.observations:
        record(session, round_id, one, token)
    settle(session, round_id, judgement, memory, decision, (), round_.at, token)
    return True


def carry_out(session: Session, decision: Decision, alerters: Sequence[str], now: datetime) -> Incident:
    if decision.incident is None:
        raise StoreError(f"there is no incident to carry out {decision.reason!r} on")
    touch(session, decision.incident.endpoint_hash)  # first of all, so that every writer locks in the same order
    stored = _store(session, decision.incident)
    if decision.event is not None:
        for alerter in dict.fromkeys(alerters):
            session.add(
                NoticeRow(incident_id=stored.id, event=decision.event, alerter=alerter, created_at=now, next_try_at=now)
            )
    if decision.new_epoch is not None:
        _start_epoch(session, stored, decision.new_epoch, now)
    session.flush()
    return stored


def _store(session: Session, incident: Incident) -> Incident:
    if incident.id == 0:
        row = _row(incident)
        session.add(row)
        session.flush()
        return replace(incident, id=row.id)
    changed = session.exec(
        update(IncidentRow)
        .where(col(IncidentRow.id) == incident.id, col(IncidentRow.state) != "closed")
        .values(**_row(incident).model_dump(exclude={"id"}))
    )
    if changed.rowcount == 0:
        row_or_none = session.get(IncidentRow, incident.id)
        if row_or_none is None:
            raise StoreError(f"there is no incident {incident.id}")
        who = f" by {row_or_none.actor}" if row_or_none.actor else ""
        raise StoreError(f"incident {incident.id} is closed already: {row_or_none.close_reason or 'closed'}{who}")
    return incident


def _start_epoch(session: Session, incident: Incident, label: str, now: datetime) -> None:
    """The old reference is dropped. A round in hand was begun under it: its holder is refused, it is taken up again."""
    watch = session.exec(
        select(WatchRow).where(WatchRow.endpoint_hash == incident.endpoint_hash).with_for_update()
    ).first()
    if watch is None:
        raise StoreError(f"the store does not know the endpoint of incident {incident.id}")
    if watch.round_id is not None:
        session.exec(update(RoundRow).where(col(RoundRow.id) == watch.round_id).values(lease_until=now))
    watch.round_id, watch.lease_until, watch.token = None, None, watch.token + 1
    watch.epoch_start, watch.suspected_since = label, None
    session.add(watch)
    session.exec(delete(MemoryRow).where(col(MemoryRow.endpoint_hash) == incident.endpoint_hash))
    session.add(
        EpochRow(
            endpoint=incident.endpoint,
            endpoint_hash=incident.endpoint_hash,
            start_label=label,
            at=now,
            author=incident.actor,
            note=incident.note,
        )
    )
    session.flush()


def _row(incident: Incident) -> IncidentRow:
    return IncidentRow(
        endpoint=incident.endpoint,
        endpoint_hash=incident.endpoint_hash,
        state=incident.state,
        kind=incident.kind,
        onset=incident.onset,
        detected_round=incident.detected_round,
        opened_at=incident.opened_at,
        e_value=incident.e_value,
        threshold=incident.threshold,
        verdicts=pack_verdicts(incident.verdicts),
        closed_at=incident.closed_at,
        close_reason=incident.close_reason,
        actor=incident.actor,
        note=incident.note,
    )


def incident(row: IncidentRow) -> Incident:
    return Incident(
        id=row.id,
        endpoint=row.endpoint,
        endpoint_hash=row.endpoint_hash,
        state=row.state,  # type: ignore[arg-type]  # these columns hold what this room wrote
        kind=row.kind,  # type: ignore[arg-type]
        onset=row.onset,
        detected_round=row.detected_round,
        opened_at=row.opened_at,
        e_value=row.e_value,
        threshold=row.threshold,
        verdicts=unpack_verdicts(row.verdicts),
        closed_at=row.closed_at,
        close_reason=row.close_reason,
        actor=row.actor,
        note=row.note,
    )
