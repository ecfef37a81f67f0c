"""One endpoint over a stretch of time, in no more points than a chart can show. Everything here only reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import select as columns
from sqlmodel import SQLModel, col, func, select

from prober.model.evidence import Round
from prober.store.codec import unpack_observation
from prober.store.engine import Transaction
from prober.store.rounds import label_at
from prober.store.rows import EndpointRow, LineRow, PointRow, ReplyRow, RoundRow
from prober.store.views import ChannelPoint

_FIRST: Final = ""
_LAST: Final = "~"
"""Sorts after every label."""
Table = TypeVar("Table", bound=SQLModel)


@dataclass(frozen=True, slots=True)
class RoundLine:
    """A completed round in a line."""

    round: str
    """Its label."""
    at: datetime
    """When it completed."""
    asked: int
    failed: int
    identities: Mapping[str, int]
    """Who the provider says answered → how many of the replies; the ribbon of mixture weights."""
    latency_half_s: float | None
    """Within which half of the answers came; None where no reply says."""
    latency_most_s: float | None
    """Within which nine of ten came."""
    probe_set: str = ""


@dataclass(frozen=True, slots=True)
class ChannelDay:
    """The most evidence of one channel in one day, or hour."""

    channel: str
    begin: datetime
    e_value: float
    rounds: int


@dataclass(frozen=True, slots=True)
class EditView:
    """Where an endpoint began to mean something else: our own edit."""

    round: str
    """Label of the first completed round asked so."""
    endpoint_hash: str
    provider: str
    model: str


def channel_stretch(
    tx: Transaction,
    endpoint: str,
    channel: str,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = 400,
) -> tuple[ChannelPoint, ...]:
    """One channel in the rounds begun in [since, until), oldest first. Where these are more than `most`, of as many
    equal stretches each the round with the most evidence, and the newest."""
    mine = (col(PointRow.endpoint) == endpoint, col(PointRow.channel) == channel)
    kept = _thinned(tx, PointRow, mine, since, until, most, col(PointRow.e_value))
    sets = probe_sets(tx, endpoint, [row.label for row in kept])
    return tuple(replace(point(row), probe_set=sets.get(row.label, "")) for row in kept)


def channel_days(
    tx: Transaction, endpoint: str, since: datetime | None = None, *, hourly: bool = False
) -> tuple[ChannelDay, ...]:
    """All channels, day by day or hour by hour, UTC; those without a reading left out. Oldest first."""
    begin = func.substr(col(PointRow.label), 1, 13 if hourly else 10)
    rows = tx.connection().execute(
        columns(col(PointRow.channel), begin, func.max(col(PointRow.e_value)), func.count())
        .where(
            col(PointRow.endpoint) == endpoint,
            col(PointRow.label) >= (_FIRST if since is None else label_at(since)),
            col(PointRow.e_value).is_not(None),
        )
        .group_by(col(PointRow.channel), begin)
        .order_by(begin, col(PointRow.channel))
    )
    return tuple(
        ChannelDay(channel, datetime.fromisoformat(f"{at}:00" if hourly else at).replace(tzinfo=UTC), e_value, int(n))
        for channel, at, e_value, n in rows
    )


def channel_history(
    tx: Transaction, endpoint: str, channel: str | None = None, limit: int = 2000
) -> tuple[ChannelPoint, ...]:
    """Channels over time, of the newest `limit` completed rounds; oldest first."""
    newest = (
        select(LineRow.label).where(LineRow.endpoint == endpoint).order_by(col(LineRow.label).desc()).limit(limit)
    ).subquery()
    first = tx.exec(select(func.min(newest.c.label))).one()
    if first is None:
        return ()
    found = select(PointRow).where(PointRow.endpoint == endpoint, col(PointRow.label) >= first)
    if channel is not None:
        found = found.where(PointRow.channel == channel)
        return tuple(map(point, tx.exec(found.order_by(col(PointRow.label)))))
    return tuple(map(point, tx.exec(found.order_by(col(PointRow.label), col(PointRow.channel)))))


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
    tx: Transaction,
    endpoint: str,
    since: datetime | None = None,
    until: datetime | None = None,
    most: int = 400,
) -> tuple[RoundLine, ...]:
    """Who answered, how many asks failed and how long answers took, round by round, oldest first. Where the rounds are
    more than `most`, of as many equal stretches each the one with the most failures, and the newest."""
    mine = (col(LineRow.endpoint) == endpoint,)
    kept = _thinned(tx, LineRow, mine, since, until, most, col(LineRow.failed))
    sets = probe_sets(tx, endpoint, [row.label for row in kept])
    return tuple(
        RoundLine(
            round=row.label,
            at=row.at,
            asked=row.asked,
            failed=row.failed,
            identities=json.loads(row.identities),
            latency_half_s=row.latency_half_s,
            latency_most_s=row.latency_most_s,
            probe_set=sets.get(row.label, ""),
        )
        for row in kept
    )


def edits(tx: Transaction, endpoint: str) -> tuple[EditView, ...]:
    """What the name of an endpoint has meant, and from which round on; oldest first."""
    found = []
    for row in tx.exec(select(EndpointRow).where(EndpointRow.name == endpoint)):
        first = tx.exec(
            select(func.min(RoundRow.label)).where(
                RoundRow.endpoint_hash == row.endpoint_hash,
                RoundRow.state == "completed",
            )
        ).one()
        if first is not None:
            found.append(EditView(first, row.endpoint_hash, row.provider, row.model))
    return tuple(sorted(found, key=lambda one: one.round))


def prompt_edits(tx: Transaction, endpoint: str, since: str, until: str) -> tuple[tuple[str, str], ...]:
    """(label of the first round, probe): where a probe was asked in other words than before, in rounds of [since,
    until], labels. Oldest first."""
    begun = columns(col(ReplyRow.probe), col(ReplyRow.series), func.min(RoundRow.label)).join(
        RoundRow, col(RoundRow.id) == col(ReplyRow.round_id)
    )
    found = tx.connection().execute(
        begun.where(
            col(RoundRow.endpoint) == endpoint,
            col(RoundRow.state) == "completed",
            col(RoundRow.label).between(since, until),
        ).group_by(col(ReplyRow.probe), col(ReplyRow.series))
    )
    # A series is the content of the endpoint and of the probe: only the second half is the prompt.
    first: dict[tuple[str, str], str] = {}
    for probe, series, label in found:
        assert label is not None  # of a group there is a least one
        key = probe, series.rpartition(".")[2]
        first[key] = min(label, first.get(key, label))
    oldest: dict[str, str] = {}
    for (probe, _), label in first.items():
        oldest[probe] = min(label, oldest.get(probe, label))
    return tuple(sorted((label, probe) for (probe, _), label in first.items() if label > oldest[probe]))


def rounds_between(
    tx: Transaction, endpoint: str, start: str, end: str, limit: int, most_replies: int, *, newest: bool
) -> tuple[Round, ...]:
    """Completed rounds with labels in [start, end), whatever the name of the endpoint meant then; in label order. At
    most `limit`, from the newest or the oldest on, and fewer where they are large."""
    order = col(RoundRow.label).desc() if newest else col(RoundRow.label).asc()
    wanted = (
        select(RoundRow.id, RoundRow.asked)
        .where(
            RoundRow.endpoint == endpoint,
            RoundRow.state == "completed",
            col(RoundRow.label) >= start,
            col(RoundRow.label) < end,
        )
        .order_by(order)
    )
    ids, asked = list[int](), 0
    for round_id, asks in tx.exec(wanted.limit(limit)):
        asked += asks
        if ids and asked > most_replies:
            break
        ids.append(round_id)
    rows = tx.exec(
        select(ReplyRow, RoundRow.label)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(col(ReplyRow.round_id).in_(ids))
        .order_by(col(RoundRow.label), col(ReplyRow.place), col(ReplyRow.id))
    )
    return tuple(
        Round(label or "", endpoint, None, tuple(unpack_observation(row) for row, _ in replies))
        for label, replies in groupby(rows, key=lambda one: one[1])
    )


def probe_sets(tx: Transaction, endpoint: str, labels: Sequence[str]) -> dict[str, str]:
    """Label of a round → its probe set."""
    found = columns(col(RoundRow.label), col(RoundRow.probe_set))
    here = col(RoundRow.endpoint) == endpoint, col(RoundRow.label).in_(labels)
    return {label or "": name for label, name in tx.connection().execute(found.where(*here))}


def _thinned(
    tx: Transaction,
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
    few = tx.connection().execute(columns(own).where(*here).order_by(label.desc()).limit(most + 1)).all()
    if len(few) <= most:
        return list(reversed(few))
    # Ranked here: fetching two narrow columns is quicker than windows over them, and the same on every database.
    seen = tx.connection().execute(columns(label, telling).where(*here).order_by(label)).all()
    kept = {seen[-1][0]}
    for stretch in range(most):
        within = seen[stretch * len(seen) // most : (stretch + 1) * len(seen) // most]
        kept.add(max(within, key=lambda one: (_rank(one[1]), one[0]))[0])
    return list(tx.connection().execute(columns(own).where(*here, label.in_(sorted(kept))).order_by(label)))


def _rank(value: float) -> float:
    """NaN, which is no reading, comes last."""
    return -math.inf if math.isnan(value) else value
