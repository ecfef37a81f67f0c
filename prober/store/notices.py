"""The outbox: notices are claimed under a lease, sent by someone else, then settled. A crash sends again, never not."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, and_, col, func, or_, select, update

from prober.model.errors import StoreError
from prober.model.incident import Incident
from prober.model.notice import DigestItem, Moved, Notice, Outcome, Point
from prober.store.declared import concerned, sets_of, touch, touch_all
from prober.store.examples import examples
from prober.store.fleet import parts
from prober.store.incident_rows import to_incident
from prober.store.pages.readers import channel_history
from prober.store.rows import EndpointRow, IncidentRow, NoticeRow, ProbeSetRow, RoundRow

HISTORY = 60
"""Newest rounds of the picture."""
ITEMS = 100
"""Notices a digest names; more are only counted by who reads the store."""


def claim_notice(session: Session, now: datetime, lease_s: float) -> int | None:
    """Id of the notice that is ours now; None when nothing is due."""
    ripe = or_(
        and_(col(NoticeRow.state) == "owed", col(NoticeRow.next_try_at) <= now),
        and_(col(NoticeRow.state) == "claimed", col(NoticeRow.lease_until) <= now),
    )
    claimable = and_(ripe, ~_overtakes())
    while True:
        notice_id = session.exec(select(NoticeRow.id).where(claimable).order_by(col(NoticeRow.id)).limit(1)).first()
        if notice_id is None:
            return None
        won = session.exec(
            update(NoticeRow)
            .where(col(NoticeRow.id) == notice_id, claimable)
            .values(state="claimed", lease_until=now + timedelta(seconds=lease_s), attempts=col(NoticeRow.attempts) + 1)
        )
        if won.rowcount == 1:
            _touch(session, notice_id)
            return notice_id


def _overtakes() -> Exists:
    """Whether an earlier notice to the same place is in hand or waits to be tried again: news arrives in order. What a
    fault of ours keeps from being sent holds up nothing else."""
    earlier = aliased(NoticeRow)
    return (
        select(earlier.id)
        .where(
            col(earlier.id) < col(NoticeRow.id),
            col(earlier.alerter) == col(NoticeRow.alerter),
            func.coalesce(earlier.channel, "") == func.coalesce(col(NoticeRow.channel), ""),
            col(earlier.state).in_(("owed", "claimed")),
            col(earlier.attempts) > 0,
            ~col(earlier.last_reason).startswith("alerter_fault"),
        )
        .correlate(NoticeRow)
        .exists()
    )


def notice(session: Session, notice_id: int, dashboard_url: str) -> Notice:
    """The notice in words, from what the store knows now."""
    row = session.get_one(NoticeRow, notice_id)
    incident_row = None if row.incident_id is None else session.get(IncidentRow, row.incident_id)
    if incident_row is None:
        return _news(session, row, dashboard_url)
    incident = to_incident(incident_row)
    endpoint = session.get(EndpointRow, (incident.endpoint, incident.endpoint_hash))
    owner, runbook = _whose(concerned(session, incident))
    history, unit = _history(session, incident)
    return Notice(
        id=notice_id,
        alerter=row.alerter,
        attempts=row.attempts - 1,
        incident_id=incident.id,
        endpoint=incident.endpoint,
        model=endpoint.model if endpoint else "",
        kind=incident.kind,
        owner=owner,
        detected_at=incident.opened_at,
        onset=incident.onset,
        rounds_since_onset=_rounds_since(session, incident),
        e_value=incident.e_value,
        threshold=incident.threshold,
        false_alarms_per_year=endpoint.false_alarms_per_year if endpoint else 1.0,
        moved=_moved(incident),
        comparisons=examples(session, incident, 5),
        runbook=runbook,
        dashboard_url=dashboard_url,
        event=row.event,
        actor=incident.actor,
        note=incident.note,
        onset_between=incident.onset_between,
        course=incident.course,
        passed=incident.passed,
        share=incident.findings.share,
        also=parts(session, incident),
        follows=_follows(session, row, incident),
        channel=row.channel or "",
        severity=incident.severity,
        state=incident.state,
        close_reason=incident.close_reason,
        root=_root(session, row, incident.id),
        reason=row.reason or "",
        cause=incident.cause,
        muted_until=incident.muted_until,
        acknowledged_at=incident.acknowledged_at,
        at=row.created_at,
        history=history,
        history_unit=unit,
        private=bool(row.private),
    )


def latest(session: Session, incident_id: int, alerter: str, dashboard_url: str) -> Notice | None:
    """The incident in words, as whoever this alerter tells of it may see it; None where it told nobody."""
    told = session.exec(
        select(NoticeRow.id, NoticeRow.private)
        .where(NoticeRow.incident_id == incident_id, NoticeRow.alerter == alerter)
        .order_by(col(NoticeRow.id).desc())
    ).all()
    if not told:
        return None
    # What is kept from one of its channels is kept from all: nobody says where it is asked.
    return replace(notice(session, told[0][0], dashboard_url), private=any(private for _, private in told))


def _news(session: Session, row: NoticeRow, dashboard_url: str) -> Notice:
    """About no incident: of an endpoint, of the prober itself, or a digest."""
    named = select(EndpointRow).where(EndpointRow.name == (row.endpoint or ""), col(EndpointRow.current))
    endpoint = session.exec(named).first()
    owner, runbook = _whose(sets_of(session, row.endpoint) if row.endpoint else ())
    return Notice(
        id=row.id,
        alerter=row.alerter,
        attempts=row.attempts - 1,
        incident_id=0,
        endpoint=row.endpoint or "",
        model=endpoint.model if endpoint else "",
        kind=row.event,
        owner=owner,
        detected_at=row.created_at,
        onset="",
        rounds_since_onset=0,
        e_value=0.0,
        threshold=0.0,
        false_alarms_per_year=endpoint.false_alarms_per_year if endpoint else 1.0,
        moved=(),
        comparisons=(),
        runbook=runbook,
        dashboard_url=dashboard_url,
        event=row.event,
        channel=row.channel or "",
        severity=row.severity or "warning",  # type: ignore[arg-type]
        reason=row.reason or "",
        cause=row.cause or "",
        at=row.created_at,
        items=_items(session, row) if row.event == "digest" else (),
        private=bool(row.private),
    )


def _items(session: Session, digest: NoticeRow) -> tuple[DigestItem, ...]:
    found = session.exec(
        select(NoticeRow, IncidentRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(NoticeRow.digest_id == digest.id)
        .order_by(col(NoticeRow.id))
        .limit(ITEMS)
    )
    return tuple(_item(row, None if incident is None else to_incident(incident)) for row, incident in found)


def _item(row: NoticeRow, incident: Incident | None) -> DigestItem:
    moved = incident.moved if incident is not None else ()
    words = moved[0].words if moved else row.cause or ""
    return DigestItem(
        event=row.event,
        endpoint=incident.endpoint if incident is not None else row.endpoint or "",
        incident_id=incident.id if incident is not None else 0,
        kind=incident.kind if incident is not None else row.event,
        severity=row.severity or "warning",  # type: ignore[arg-type]
        state=incident.state if incident is not None else "open",
        close_reason=incident.close_reason if incident is not None else "",
        at=row.created_at,
        words=words,
    )


def settle_notice(session: Session, notice_id: int, outcome: Outcome, retry_at: datetime | None, now: datetime) -> None:
    if session.get(NoticeRow, notice_id) is None:
        raise StoreError(f"there is no notice {notice_id}")
    this = update(NoticeRow).where(col(NoticeRow.id) == notice_id)
    if outcome.sent:
        # Whoever sent it has sent it, also where the lease had run out and another is at it.
        settled = this.values(state="sent", sent_at=now, receipt=outcome.receipt)
    elif retry_at is None:
        settled = this.where(col(NoticeRow.state) == "claimed").values(state="failed")
    else:
        settled = this.where(col(NoticeRow.state) == "claimed").values(state="owed", next_try_at=retry_at)
    session.exec(settled.values(last_reason=outcome.reason, lease_until=None))
    _touch(session, notice_id)


def _follows(session: Session, row: NoticeRow, incident: Incident) -> str:
    """Receipt of the message it belongs under: news of what joins an incident, and of what is part of one, under the
    message of that one."""
    if incident.part_of is not None:
        return _root(session, row, incident.part_of)
    return _root(session, row, incident.id) if row.event == "joined" else ""


def _root(session: Session, row: NoticeRow, incident_id: int) -> str:
    """Receipt of the first message about an incident in the same place."""
    first = (
        select(NoticeRow.receipt)
        .where(
            NoticeRow.incident_id == incident_id,
            NoticeRow.alerter == row.alerter,
            func.coalesce(NoticeRow.channel, "") == (row.channel or ""),
            NoticeRow.receipt != "",
            NoticeRow.id != row.id,
        )
        .order_by(col(NoticeRow.id))
    )
    return session.exec(first).first() or ""


def _touch(session: Session, notice_id: int) -> None:
    about = session.exec(
        select(NoticeRow, IncidentRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(NoticeRow.id == notice_id)
    ).one()
    row, incident = about
    if incident is not None:
        touch(session, incident.endpoint_hash)
    else:
        touch_all(session, row.endpoint)


def _history(session: Session, incident: Incident) -> tuple[tuple[Point, ...], str]:
    """The channel that moved most over the newest rounds, and its unit."""
    if not incident.moved:
        return (), ""
    points = channel_history(session, incident.endpoint, incident.moved[0].channel, HISTORY)
    found = tuple(Point(one.round, one.value, one.reference_value, one.e_value) for one in points)
    return found, points[-1].unit if points else incident.moved[0].unit


def _whose(sets: tuple[ProbeSetRow, ...]) -> tuple[str, str | None]:
    """Owners, and the first runbook."""
    owners = dict.fromkeys(one.owner for one in sets)
    return ", ".join(owners), next((one.runbook for one in sets if one.runbook), None)


def _moved(incident: Incident) -> tuple[Moved, ...]:
    """The channels that moved, as their replies say it where these could be counted."""
    counted = {shift.channel: shift for shift in incident.findings.shifts}
    return tuple(
        Moved(one.channel, one.e_value, shift.words, shift.replies, shift.reference_replies)
        if (shift := counted.get(one.channel)) is not None
        else Moved(one.channel, one.e_value, one.words)
        for one in incident.moved
    )


def _rounds_since(session: Session, incident: Incident) -> int:
    return session.exec(
        select(func.count()).where(
            col(RoundRow.endpoint_hash) == incident.endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= incident.onset,
        )
    ).one()
