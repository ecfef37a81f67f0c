"""One endpoint over a stretch of time, in no more points than a chart can show. Everything here only reads."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import select as columns
from sqlmodel import Session, SQLModel, col, func, select

from prober.store.page_views import EditView, RoundLine
from prober.store.rounds import label_at
from prober.store.rows import EndpointRow, LineRow, PointRow, RoundRow
from prober.store.views import ChannelPoint

_FIRST: Final = ""
_LAST: Final = "~"
"""Sorts after every label."""
Table = TypeVar("Table", bound=SQLModel)


def channel_stretch(
    session: Session, endpoint: str, channel: str, since: datetime | None, until: datetime | None, most: int
) -> tuple[ChannelPoint, ...]:
    mine = (col(PointRow.endpoint) == endpoint, col(PointRow.channel) == channel)
    kept = _thinned(session, PointRow, mine, since, until, most, col(PointRow.e_value))
    return tuple(map(point, kept))


def point(row: Any) -> ChannelPoint:
    return ChannelPoint(
        endpoint=row.endpoint,
        round=row.label,
        at=row.at,
        channel=row.channel,
        e_value=row.e_value,
        value=row.value,
        reference_value=row.reference_value,
        unit=row.unit,
        words=row.words,
    )


def lines(
    session: Session, endpoint: str, since: datetime | None, until: datetime | None, most: int
) -> tuple[RoundLine, ...]:
    mine = (col(LineRow.endpoint) == endpoint,)
    kept = _thinned(session, LineRow, mine, since, until, most, col(LineRow.failed))
    return tuple(
        RoundLine(
            round=row.label,
            at=row.at,
            asked=row.asked,
            failed=row.failed,
            identities=json.loads(row.identities),
            latency_half_s=row.latency_half_s,
            latency_most_s=row.latency_most_s,
        )
        for row in kept
    )


def edits(session: Session, endpoint: str) -> tuple[EditView, ...]:
    found = []
    for row in session.exec(select(EndpointRow).where(EndpointRow.name == endpoint)):
        first = session.exec(
            select(func.min(RoundRow.label)).where(
                RoundRow.endpoint_hash == row.endpoint_hash,
                RoundRow.state == "completed",
            )
        ).one()
        if first is not None:
            found.append(EditView(first, row.endpoint_hash, row.provider, row.model))
    return tuple(sorted(found, key=lambda one: one.round))


def _thinned(
    session: Session,
    table: type[Table],
    mine: tuple[ColumnElement[bool], ...],
    since: datetime | None,
    until: datetime | None,
    most: int,
    telling: Any,
) -> list[Any]:
    """Rows with labels in [since, until), oldest first: all where they are no more than `most`; else of as many
    equal stretches each the row where `telling` is largest, so that no peak is lost, and the newest of all."""
    label: Any = table.label  # type: ignore[attr-defined]
    here = (
        *mine,
        label >= (_FIRST if since is None else label_at(since)),
        label < (_LAST if until is None else label_at(until)),
    )
    own = table.__table__.columns  # type: ignore[attr-defined]
    few = session.connection().execute(columns(own).where(*here).order_by(label.desc()).limit(most + 1)).all()
    if len(few) <= most:
        return list(reversed(few))
    number = func.row_number().over(order_by=label)
    numbered = columns(label.label("key"), telling.label("telling"), number.label("number"),
                       func.count().over().label("total")).where(*here).subquery()  # fmt: skip
    stretch = (numbered.c.number - 1) * most // numbered.c.total
    best = func.row_number().over(partition_by=stretch, order_by=(numbered.c.telling.desc(), numbered.c.number.desc()))
    ranked = columns(numbered.c.key, best.label("best"), numbered.c.number, numbered.c.total).subquery()
    keys = columns(ranked.c.key).where((ranked.c.best == 1) | (ranked.c.number == ranked.c.total))
    return list(session.connection().execute(columns(own).where(*here, label.in_(keys)).order_by(label)))
