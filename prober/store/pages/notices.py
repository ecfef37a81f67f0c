"""Notices in words, as whoever sends them needs them: from what the store knows now."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from sqlmodel import col, func, select

from prober.model.declaration import Severity
from prober.model.incident import SEVERITIES, Change, Facts, Incident, Measured, Trouble
from prober.model.notice import (
    ChangeNews,
    Comparison,
    DaemonNews,
    Digest,
    DigestItem,
    EndpointNews,
    FactsNews,
    MeasuredNews,
    Moved,
    Notice,
    Part,
    Point,
    ReportNews,
    Source,
    TroubleNews,
)
from prober.model.watch import cause_in_words
from prober.store import incidents
from prober.store.codec import to_incident
from prober.store.declared import AskedSet, called_too, concerned, sets_of
from prober.store.engine import Transaction
from prober.store.judge_state import completed_since
from prober.store.pages.over_time import channel_history, probe_sets
from prober.store.rows import EndpointRow, IncidentRow, NoticeRow

HISTORY: Final = 60
"""Newest rounds of the picture."""
ITEMS: Final = 100
"""Notices a digest names; more are only counted by who reads the store."""


def notice_of(tx: Transaction, notice_id: int, dashboard_url: str, now: datetime | None = None) -> Notice:
    """The notice in words, from what the store knows now; `now`: when that is, where it is not when it was owed."""
    row = tx.get_one(NoticeRow, notice_id)
    incident_row = None if row.incident_id is None else tx.get(IncidentRow, row.incident_id)
    if incident_row is None:
        return _news(tx, row, dashboard_url)
    incident = to_incident(incident_row)
    endpoint = tx.get(EndpointRow, (incident.endpoint, incident.endpoint_hash))
    owner, runbook = _whose(concerned(tx, incident))
    history, unit, of_set = _history(tx, incident)
    promised = endpoint.false_alarms_per_year if endpoint else 1.0
    return Notice(
        id=notice_id,
        alerter=row.alerter,
        attempts=row.attempts - 1,
        event=row.event,
        severity=incident.severity,
        at=row.created_at,
        source=Source(incident.endpoint, endpoint.model if endpoint else "", owner, runbook, promised),
        about=news_of(
            incident,
            rounds_since_onset=completed_since(tx, incident.endpoint_hash, incident.onset),
            also=(*_called_too(tx, incident), *incidents.parts(tx, incident)),
            comparisons=incidents.examples(tx, incident),
            history=history,
            history_unit=unit,
            history_set=of_set,
        ),
        dashboard_url=dashboard_url,
        as_of=now,
        fired=_fired(tx, row, incident.id),
        channel=row.channel or "",
        reason=row.reason or "",
        private=bool(row.private),
        root=_root(tx, row, incident.id),
        follows=_follows(tx, row, incident),
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
    return Notice(
        id=row.id,
        alerter=row.alerter,
        attempts=row.attempts - 1,
        event=row.event,
        severity=row.severity or "warning",  # type: ignore[arg-type]
        at=row.created_at,
        source=None if row.endpoint is None else _source(tx, row.endpoint),
        about=_about(tx, row),
        dashboard_url=dashboard_url,
        channel=row.channel or "",
        reason=row.reason or "",
        private=bool(row.private),
    )


def _about(tx: Transaction, row: NoticeRow) -> Digest | ReportNews | EndpointNews | DaemonNews:
    if row.event == "digest":
        return Digest(_items(tx, row))
    if row.event == "weekly_report":  # its words are computed, which the store does not
        return ReportNews()
    if row.endpoint is None:
        return DaemonNews(row.cause or "")
    return EndpointNews(row.cause or "", "retirement" if row.event == "retiring" else "stale")


def _source(tx: Transaction, name: str) -> Source:
    """An endpoint as it is declared now."""
    endpoint = tx.exec(select(EndpointRow).where(EndpointRow.name == name, col(EndpointRow.current))).first()
    owner, runbook = _whose(sets_of(tx, name))
    if endpoint is None:
        return Source(name, "", owner, runbook, 1.0)
    return Source(name, endpoint.model, owner, runbook, endpoint.false_alarms_per_year)


def _items(tx: Transaction, digest: NoticeRow) -> tuple[DigestItem, ...]:
    found = tx.exec(
        select(NoticeRow, IncidentRow)
        .join(IncidentRow, col(IncidentRow.id) == col(NoticeRow.incident_id), isouter=True)
        .where(NoticeRow.digest_id == digest.id)
        .order_by(col(NoticeRow.id))
        .limit(ITEMS)
    )
    return tuple(_item(row, None if incident is None else to_incident(incident)) for row, incident in found)


def _item(row: NoticeRow, incident: Incident | None) -> DigestItem:
    cause = incident.words if isinstance(incident, Facts) else cause_in_words(row.cause) if row.cause else ""
    words = (incident.headline if isinstance(incident, Change | Measured) else "") or cause
    return DigestItem(
        event=row.event,
        endpoint=incident.endpoint if incident is not None else row.endpoint or "",
        incident_id=incident.id if incident is not None else None,
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


def _fired(tx: Transaction, row: NoticeRow, incident_id: int) -> tuple[Severity, ...]:
    """Severities of what was sent about an incident to the same alerter before."""
    sent = tx.exec(
        select(NoticeRow.severity)
        .where(
            NoticeRow.incident_id == incident_id,
            NoticeRow.alerter == row.alerter,
            NoticeRow.state == "sent",
            NoticeRow.id != row.id,
        )
        .distinct()
    ).all()
    return tuple(level for level in SEVERITIES if level in sent)


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


def _history(tx: Transaction, incident: Incident) -> tuple[tuple[Point, ...], str, str]:
    """The channel that moved most over the newest rounds, its unit, and the probe set they are of where there are
    several: that of the round that raised the alarm. The values of different sets are not alike."""
    if not isinstance(incident, Change) or not incident.moved:
        return (), "", ""
    points = channel_history(tx, incident.endpoint, incident.moved[0].channel, HISTORY)
    sets = probe_sets(tx, incident.endpoint, [one.round for one in points])
    of_set = sets.get(incident.detected_round, "") if len(set(sets.values())) > 1 else ""
    kept = [one for one in points if not of_set or sets.get(one.round) == of_set]
    found = tuple(Point(one.round, one.value, one.reference_value, one.e_value) for one in kept)
    return found, points[-1].unit if points else incident.moved[0].unit, of_set


def _whose(sets: tuple[AskedSet, ...]) -> tuple[str, str | None]:
    """Owners, and the first runbook."""
    owners = dict.fromkeys(one.owner for one in sets)
    return ", ".join(owners), next((one.runbook for one in sets if one.runbook), None)


def _called_too(tx: Transaction, incident: Incident) -> tuple[Part, ...]:
    """The other names of the endpoint that changed: the incident is theirs too."""
    if not isinstance(incident, Change | Facts):
        return ()
    names = called_too(tx, incident.endpoint, incident.endpoint_hash)
    return tuple(Part(name, incident.id, incident.state == "closed") for name in names)


def news_of(
    incident: Incident,
    *,
    rounds_since_onset: int,
    also: tuple[Part, ...],
    comparisons: tuple[Comparison, ...],
    history: tuple[Point, ...],
    history_unit: str,
    history_set: str = "",
) -> ChangeNews | FactsNews | TroubleNews | MeasuredNews:
    """`history` is of the channel that moved most, oldest round first."""
    shared: dict[str, Any] = {
        "incident_id": incident.id,
        "kind": incident.kind,
        "detected_at": incident.opened_at,
        "onset": incident.onset,
        "rounds_since_onset": rounds_since_onset,
        "state": incident.state,
        "close_reason": incident.close_reason,
        "cause": incident.cause,
        "actor": incident.actor,
        "note": incident.note,
        "acknowledged_at": incident.acknowledged_at,
        "muted_until": incident.muted_until,
        "closed_at": incident.closed_at,
        "also": also,
    }
    if isinstance(incident, Facts):
        return FactsNews(**shared, facts=incident.facts)
    if isinstance(incident, Measured):
        return MeasuredNews(
            **shared,
            about=incident.about,
            detail=incident.detail,
            e_value=incident.e_value,
            threshold=incident.threshold,
        )
    if not isinstance(incident, Change):
        trouble = incident if isinstance(incident, Trouble) else None
        return TroubleNews(
            **shared,
            detail=trouble.detail if trouble else "",
            cause_before=trouble.cause_before if trouble else "",
            failed_share=trouble.failed_share if trouble else None,
        )
    return ChangeNews(
        **shared,
        e_value=incident.e_value,
        threshold=incident.threshold,
        moved=_moved(incident),
        comparisons=comparisons,
        onset_between=incident.onset_between,
        course=incident.course,
        passed=incident.back_since,
        is_provisional=incident.is_provisional,
        share=incident.findings.share,
        history=history,
        history_unit=history_unit,
        facts=incident.facts,
        history_channel=incident.moved[0].channel if incident.moved else "",
        history_set=history_set,
    )


def _moved(incident: Change) -> tuple[Moved, ...]:
    evidence = {verdict.channel: verdict.e_value for verdict in incident.verdicts}
    return tuple(
        Moved(
            shift.channel,
            evidence.get(shift.channel, 0.0),
            shift.words,
            shift.replies,
            shift.reference_replies,
            shift.direction,
        )
        for shift in incident.shifts
    )
