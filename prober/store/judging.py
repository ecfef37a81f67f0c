"""Judging: what the judge remembers and reads, and the one transaction that settles a round."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Final

from sqlmodel import Session, col, delete, func, or_, select, update

from prober.confirmation import Confirmation
from prober.declaration import Endpoint, Probe
from prober.detectors.verdict import Judgement
from prober.errors import StoreError
from prober.evidence import Round
from prober.incidents import LEARNT, Decision, Incident, join, reset
from prober.store import confirming, fleet
from prober.store.codec import pack_judgement, pack_text, unpack_text
from prober.store.declared import remember_series, touch
from prober.store.examples import findings
from prober.store.incident_rows import to_incident, to_row
from prober.store.owing import owe
from prober.store.rounds import claim, due, get, hold, label_at, observation, record, release
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


_A_PERSONS: Final = frozenset(("state", "closed_at", "close_reason", "actor", "note"))
_THE_JUDGES: Final = frozenset(("kind", "verdicts", "course", "rounds_after", "peak_log_e", "passed", "findings"))
"""Columns of an incident that each may change after it was opened."""


def open_incident(session: Session, endpoint_hash: str) -> Incident | None:
    row = session.exec(
        select(IncidentRow).where(IncidentRow.endpoint_hash == endpoint_hash, IncidentRow.state != "closed")
    ).first()
    return None if row is None else to_incident(row)


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
    if decision.incident is None or decision.reason not in LEARNT:
        return decision.incident
    found = replace(decision.incident, findings=findings(session, decision.incident))
    return carry_out(session, replace(decision, incident=found), alerters, now)


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
    incident, event = decision.incident, decision.event
    if event == "opened":
        incident = join(incident, fleet.standing_incidents(session, incident))
        event = "opened" if incident.part_of is None else "joined"
    # A person may have acted since the judge looked, and the judge may have learnt more since the person looked.
    stored = _store(session, incident, _THE_JUDGES if decision.reason in LEARNT else _A_PERSONS)
    if event is not None:
        owe(session, stored, event, alerters, now)
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


def _store(session: Session, incident: Incident, columns: frozenset[str]) -> Incident:
    """New incidents whole; of one that is here already, only what is the writer's to say."""
    if incident.id == 0:
        row = to_row(incident)
        session.add(row)
        session.flush()
        return replace(incident, id=row.id)
    changed = session.exec(
        update(IncidentRow)
        .where(col(IncidentRow.id) == incident.id, col(IncidentRow.state) != "closed")
        .values(**to_row(incident).model_dump(include=set(columns)))
    )
    row_or_none = session.get(IncidentRow, incident.id, populate_existing=True)
    if row_or_none is None:
        raise StoreError(f"there is no incident {incident.id}")
    if changed.rowcount == 0:
        who = f" by {row_or_none.actor}" if row_or_none.actor else ""
        raise StoreError(f"incident {incident.id} is closed already: {row_or_none.close_reason or 'closed'}{who}")
    return to_incident(row_or_none)


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
    session: Session, endpoint: str, endpoint_hash: str, author: str, note: str, alerters: Sequence[str], now: datetime
) -> str:
    touch(session, endpoint_hash)
    last = session.exec(
        select(func.max(RoundRow.label)).where(
            or_(RoundRow.endpoint == endpoint, RoundRow.endpoint_hash == endpoint_hash)
        )
    ).one()
    after = now if last is None else max(now, datetime.fromisoformat(last) + timedelta(microseconds=1))
    opened = open_incident(session, endpoint_hash)
    if opened is not None:
        told = session.exec(select(NoticeRow.alerter).where(NoticeRow.incident_id == opened.id)).all()
        carry_out(session, reset(opened, author, note, now), [*told, *alerters], now)
    epoch = EpochRow(
        endpoint=endpoint, endpoint_hash=endpoint_hash, start_label=label_at(after), at=now, author=author, note=note
    )
    start_epoch(session, epoch)
    return label_at(after)
