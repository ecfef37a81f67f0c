"""Notices in words, as whoever sends them needs them: from what the store knows now."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sqlmodel import col, func, select

from prober.model.incident import Incident
from prober.model.notice import DigestItem, Moved, Notice, Point
from prober.store import incidents
from prober.store.declared import AskedSet, concerned, sets_of
from prober.store.engine import Transaction
from prober.store.pages.over_time import channel_history
from prober.store.rounds import completed_since
from prober.store.rows import EndpointRow, IncidentRow, NoticeRow

HISTORY: Final = 60
"""Newest rounds of the picture."""
ITEMS: Final = 100
"""Notices a digest names; more are only counted by who reads the store."""


def notice_of(tx: Transaction, notice_id: int, dashboard_url: str) -> Notice:
    """The notice in words, from what the store knows now."""
    row = tx.get_one(NoticeRow, notice_id)
    incident_row = None if row.incident_id is None else tx.get(IncidentRow, row.incident_id)
    if incident_row is None:
        return _news(tx, row, dashboard_url)
    incident = incidents.to_incident(incident_row)
    endpoint = tx.get(EndpointRow, (incident.endpoint, incident.endpoint_hash))
    owner, runbook = _whose(concerned(tx, incident))
    history, unit = _history(tx, incident)
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
        rounds_since_onset=completed_since(tx, incident.endpoint_hash, incident.onset),
        e_value=incident.e_value,
        threshold=incident.threshold,
        false_alarms_per_year=endpoint.false_alarms_per_year if endpoint else 1.0,
        moved=_moved(incident),
        comparisons=incidents.examples(tx, incident),
        runbook=runbook,
        dashboard_url=dashboard_url,
        event=row.event,
        actor=incident.actor,
        note=incident.note,
        onset_between=incident.onset_between,
        course=incident.course,
        passed=incident.passed,
        share=incident.findings.share,
        also=incidents.parts(tx, incident),
        follows=_follows(tx, row, incident),
        channel=row.channel or "",
        severity=incident.severity,
        state=incident.state,
        close_reason=incident.close_reason,
        root=_root(tx, row, incident.id),
        reason=row.reason or "",
        cause=incident.cause,
        muted_until=incident.muted_until,
        acknowledged_at=incident.acknowledged_at,
        at=row.created_at,
        history=history,
        history_unit=unit,
        private=bool(row.private),
    )


def latest_notice_of(tx: Transaction, incident_id: int, alerter: str, dashboard_url: str) -> Notice | None:
    """An incident as the newest notice of one alerter would say it now; None where that notified nobody of it."""
    sent = tx.exec(
        select(NoticeRow.id, NoticeRow.private)
        .where(NoticeRow.incident_id == incident_id, NoticeRow.alerter == alerter)
        .order_by(col(NoticeRow.id).desc())
    ).all()
    if not sent:
        return None
    # What is kept from one of its channels is kept from all: nobody says where it is asked.
    return replace(notice_of(tx, sent[0][0], dashboard_url), private=any(private for _, private in sent))


def _news(tx: Transaction, row: NoticeRow, dashboard_url: str) -> Notice:
    """About no incident: of an endpoint, of the prober itself, or a digest."""
    named = select(EndpointRow).where(EndpointRow.name == (row.endpoint or ""), col(EndpointRow.current))
    endpoint = tx.exec(named).first()
    owner, runbook = _whose(sets_of(tx, row.endpoint) if row.endpoint else ())
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
        items=_items(tx, row) if row.event == "digest" else (),
        private=bool(row.private),
    )


def _items(tx: Transaction, digest: NoticeRow) -> tuple[DigestItem, ...]:
    found = tx.exec(
        select(NoticeRow, IncidentRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(NoticeRow.digest_id == digest.id)
        .order_by(col(NoticeRow.id))
        .limit(ITEMS)
    )
    return tuple(_item(row, None if incident is None else incidents.to_incident(incident)) for row, incident in found)


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


def _follows(tx: Transaction, row: NoticeRow, incident: Incident) -> str:
    """Receipt of the message it belongs under: news of what joins an incident, and of what is part of one, under the
    message of that one."""
    if incident.part_of is not None:
        return _root(tx, row, incident.part_of)
    return _root(tx, row, incident.id) if row.event == "joined" else ""


def _root(tx: Transaction, row: NoticeRow, incident_id: int) -> str:
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
    return tx.exec(first).first() or ""


def _history(tx: Transaction, incident: Incident) -> tuple[tuple[Point, ...], str]:
    """The channel that moved most over the newest rounds, and its unit."""
    if not incident.moved:
        return (), ""
    points = channel_history(tx, incident.endpoint, incident.moved[0].channel, HISTORY)
    found = tuple(Point(one.round, one.value, one.reference_value, one.e_value) for one in points)
    return found, points[-1].unit if points else incident.moved[0].unit


def _whose(sets: tuple[AskedSet, ...]) -> tuple[str, str | None]:
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
