"""Answers for the dashboard, status and export. Everything here only reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from prober.model.declaration import Check
from prober.model.incident import Incident
from prober.store.codec import unpack_judgement, unpack_reply
from prober.store.incident_rows import to_incident
from prober.store.pages.over_time import point
from prober.store.pages.views import (
    ActionView,
    ChannelPoint,
    EpochView,
    MaintenanceView,
    NoticeView,
    ReplyView,
    RoundView,
    StoredReply,
)
from prober.store.rounds import label_at, view
from prober.store.rows import (
    ActionRow,
    EndpointRow,
    EpochRow,
    IncidentRow,
    LineRow,
    MaintenanceRow,
    NoticeRow,
    PointRow,
    ReplyRow,
    RoundRow,
    SeriesRow,
    WatchRow,
)


def channel_history(session: Session, endpoint: str, channel: str | None, limit: int) -> tuple[ChannelPoint, ...]:
    """From the points kept; the newest rounds are those of the lines."""
    newest = (
        select(LineRow.label).where(LineRow.endpoint == endpoint).order_by(col(LineRow.label).desc()).limit(limit)
    ).subquery()
    first = session.exec(select(func.min(newest.c.label))).one()
    if first is None:
        return ()
    found = select(PointRow).where(PointRow.endpoint == endpoint, col(PointRow.label) >= first)
    if channel is not None:
        found = found.where(PointRow.channel == channel)
        return tuple(map(point, session.exec(found.order_by(col(PointRow.label)))))
    return tuple(map(point, session.exec(found.order_by(col(PointRow.label), col(PointRow.channel)))))


def channel_points(
    endpoint: str, label: str | None, at: datetime | None, judgement: bytes | None
) -> tuple[ChannelPoint, ...]:
    if label is None or at is None or judgement is None:
        return ()
    return tuple(
        ChannelPoint(
            endpoint=endpoint,
            round=label,
            at=at,
            channel=verdict.channel,
            e_value=verdict.e_value,
            value=verdict.value,
            reference_value=verdict.reference_value,
            unit=verdict.unit,
            words=verdict.words,
        )
        for verdict in unpack_judgement(judgement).verdicts
    )


def epochs(session: Session, endpoint: str) -> tuple[EpochView, ...]:
    rows = session.exec(select(EpochRow).where(EpochRow.endpoint == endpoint).order_by(col(EpochRow.id)))
    return tuple(EpochView(start_label=row.start_label, at=row.at, author=row.author, note=row.note) for row in rows)


def incidents(session: Session, endpoint: str | None, state: str | None, limit: int) -> tuple[Incident, ...]:
    statement = select(IncidentRow).order_by(col(IncidentRow.id).desc()).limit(limit)
    if endpoint is not None:
        statement = statement.where(IncidentRow.endpoint == endpoint)
    if state is not None:
        statement = statement.where(IncidentRow.state == state)
    else:  # what was only suspected is nobody's business yet, and what faded never was
        told = (col(IncidentRow.state) != "suspected") & (col(IncidentRow.close_reason) != "faded")
        statement = statement.where(told)
    return tuple(map(to_incident, session.exec(statement)))


def incident(session: Session, incident_id: int) -> Incident | None:
    row = session.get(IncidentRow, incident_id)
    return None if row is None else to_incident(row)


def replies(
    session: Session, endpoint: str, probe: str | None, before: str | None, limit: int
) -> tuple[ReplyView, ...]:
    """Pages end between rounds, so that `before` the last label of a page goes on without a gap. A round is never cut:
    one that alone passes the limit comes whole."""
    statement = (
        select(ReplyRow, col(RoundRow.label), col(SeriesRow.prompt))
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .join(SeriesRow, col(SeriesRow.series) == col(ReplyRow.series), isouter=True)
        .where(col(RoundRow.endpoint) == endpoint, col(RoundRow.label).is_not(None))
        .order_by(col(RoundRow.label).desc(), col(ReplyRow.place), col(ReplyRow.id))
    )
    if probe is not None:
        statement = statement.where(col(ReplyRow.probe) == probe)
    if before is not None:
        statement = statement.where(col(RoundRow.label) < before)
    found = list(session.exec(statement.limit(limit + 1)))
    if len(found) > limit:
        cut = found[-1][1]
        found = [one for one in found if one[1] != cut] or list(
            session.exec(statement.where(col(RoundRow.label) == cut))
        )
    return tuple(_reply_view(row, label or "", prompt or "") for row, label, prompt in found)


def _reply_view(row: ReplyRow, label: str, prompt: str) -> ReplyView:
    reply = unpack_reply(row.reply)
    return ReplyView(
        series=row.series,
        probe=row.probe,
        prompt=prompt,
        round=label,
        at=reply.at,
        sample=row.sample,
        text=reply.text,
        error=reply.error,
        model=reply.model,
        error_detail=reply.error_detail,
    )


def rounds(session: Session, endpoint: str | None, state: str | None, limit: int) -> tuple[RoundView, ...]:
    statement = select(RoundRow).order_by(col(RoundRow.due_at).desc(), col(RoundRow.id).desc()).limit(limit)
    if endpoint is not None:
        statement = statement.where(RoundRow.endpoint == endpoint)
    if state is not None:
        statement = statement.where(RoundRow.state == state)
    # The judgement is the larger part of a row, and no part of the view.
    light = statement.options(defer(RoundRow.judgement))  # type: ignore[arg-type]
    return tuple(map(view, session.exec(light)))


def lately(session: Session, each: int) -> tuple[RoundView, ...]:
    # One look into an index for each endpoint; ranking the rounds of all would read every one of them.
    names = session.exec(select(EndpointRow.name).where(col(EndpointRow.current)).distinct()).all()
    found = [one for name in names for one in rounds(session, name, None, each)]
    return tuple(sorted(found, key=lambda one: (one.due_at, one.id), reverse=True))


def notices(session: Session, incident_id: int | None, limit: int) -> tuple[NoticeView, ...]:
    statement = select(NoticeRow).order_by(col(NoticeRow.id).desc()).limit(limit)
    if incident_id is not None:
        statement = statement.where(NoticeRow.incident_id == incident_id)
    return tuple(
        NoticeView(
            id=row.id,
            incident_id=row.incident_id or 0,
            event=row.event,
            alerter=row.alerter,
            state=row.state,  # type: ignore[arg-type]
            attempts=row.attempts,
            created_at=row.created_at,
            next_try_at=row.next_try_at,
            sent_at=row.sent_at,
            last_reason=row.last_reason,
            receipt=row.receipt,
            endpoint=row.endpoint or "",
            channel=row.channel or "",
            reason=row.reason or "",
            cause=row.cause or "",
            hold=row.hold or "",
            private=bool(row.private),
        )
        for row in session.exec(statement)
    )


def presses(session: Session, incident_id: int | None, limit: int) -> tuple[ActionView, ...]:
    statement = select(ActionRow).order_by(col(ActionRow.id).desc()).limit(limit)
    if incident_id is not None:
        statement = statement.where(ActionRow.incident_id == incident_id)
    return tuple(
        ActionView(
            incident_id=row.incident_id,
            at=row.at,
            action=row.action,  # type: ignore[arg-type]
            actor=row.actor,
            note=row.note,
            via=row.via,
            until=row.until,
            reason=row.reason,
        )
        for row in session.exec(statement)
    )


def maintenance(session: Session, endpoint: str | None, now: datetime) -> tuple[MaintenanceView, ...]:
    statement = select(MaintenanceRow).where(col(MaintenanceRow.until) > now).order_by(col(MaintenanceRow.start))
    if endpoint is not None:
        statement = statement.where(MaintenanceRow.endpoint == endpoint)
    return tuple(
        MaintenanceView(endpoint=row.endpoint, start=row.start, until=row.until, author=row.author, note=row.note)
        for row in session.exec(statement)
    )


def completed(
    session: Session, endpoint: str | None, since: datetime | None, until: datetime | None
) -> list[tuple[int, str, str]]:
    """(id, label, endpoint) of every completed round begun in [since, until), in label order."""
    statement = (
        select(col(RoundRow.id), col(RoundRow.label), col(RoundRow.endpoint))
        .where(col(RoundRow.state) == "completed")
        .order_by(col(RoundRow.label), col(RoundRow.id))
    )
    if endpoint is not None:
        statement = statement.where(col(RoundRow.endpoint) == endpoint)
    if since is not None:
        statement = statement.where(col(RoundRow.label) >= label_at(since))
    if until is not None:
        statement = statement.where(col(RoundRow.label) < label_at(until))
    return [(round_id, label or "", name) for round_id, label, name in session.exec(statement)]


def stored_replies(
    session: Session, round_id: int, label: str, endpoint: str, probe: str | None
) -> Iterator[StoredReply]:
    found = (
        select(ReplyRow, SeriesRow)
        .join(SeriesRow, col(SeriesRow.series) == col(ReplyRow.series), isouter=True)
        .where(ReplyRow.round_id == round_id)
        .order_by(col(ReplyRow.place), col(ReplyRow.id))
    )
    if probe is not None:
        found = found.where(ReplyRow.probe == probe)
    for row, series in session.exec(found):
        yield StoredReply(
            round=label,
            endpoint=endpoint,
            probe=row.probe,
            prompt=series.prompt if series else "",
            system=series.system if series else None,
            reply=unpack_reply(row.reply),
            series=row.series,
            expect=tuple(map(Check.model_validate, json.loads(series.expect))) if series else (),
        )


def newest(session: Session, endpoint: str | None) -> str:
    changes = select(func.count(), func.coalesce(func.sum(WatchRow.changes), 0))
    if endpoint is not None:
        named = select(EndpointRow.endpoint_hash).where(EndpointRow.name == endpoint)
        changes = changes.where(col(WatchRow.endpoint_hash).in_(named))
    watches, total = session.exec(changes).one()
    return f"{watches}.{total}"
