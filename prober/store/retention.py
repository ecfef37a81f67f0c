"""How long raw replies are kept. What was judged and added up is kept for ever; what may still be read is kept too.

Kept whatever their age: the reference of the current epoch, or all of the epoch while it is gathered, for the judge may
read it again; the replies of an open incident since its onset, and those that show it; and the newest completed round
of each set on each endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement
from sqlmodel import and_, col, delete, func, or_, select

from prober.model.declaration import ProbeSet
from prober.store import declared
from prober.store.engine import Transaction
from prober.store.rows import ReplyRow, RetentionRow, RoundRow

BATCH: Final = 100
"""Rounds whose replies are deleted in one transaction, so that rounds in progress need not wait."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How long the replies of one set are kept."""

    probe_set: str
    keep: timedelta | None
    """None: for ever."""
    deleted_before: datetime | None
    """Replies to rounds due before this were deleted; None where none were."""


@dataclass(frozen=True, slots=True)
class Needed:
    """Replies of one content of an endpoint that are kept whatever their age."""

    epoch_start: str
    series: frozenset[str]
    """Those that have a reference; of all others the whole epoch is kept."""
    days: frozenset[str]
    """UTC days of the reference."""
    labels: frozenset[str]
    """Rounds with replies that show an open incident."""
    onset: str | None
    """Onset of the earliest open incident."""

    def spares(self, label: Any) -> ColumnElement[bool]:
        """Whether all replies of the round with this label are kept."""
        in_reference = and_(label >= self.epoch_start, func.substr(label, 1, 10).in_(self.days))
        since_onset = () if self.onset is None else (label >= self.onset,)
        return or_(in_reference, label.in_(self.labels), *since_onset)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What one batch deleted."""

    rounds: int
    replies: int
    last_id: int | None
    """Where the next batch begins; None where this was the last."""


def declare(tx: Transaction, sets: Iterable[ProbeSet]) -> None:
    """How long the replies of these sets are kept from now on."""
    known = {row.probe_set: row for row in tx.exec(select(RetentionRow))}
    for one in sets:
        row = known.get(one.name) or RetentionRow(probe_set=one.name)
        if one.keep_replies_s != row.keep_s:
            row.keep_s = one.keep_replies_s
            tx.add(row)


def rules(tx: Transaction) -> tuple[Rule, ...]:
    """Of every set that has or had one, by name."""
    return tuple(
        Rule(row.probe_set, None if row.keep_s is None else timedelta(seconds=row.keep_s), row.deleted_before)
        for row in tx.exec(select(RetentionRow).order_by(col(RetentionRow.probe_set)))
    )


def sets_with_replies(tx: Transaction) -> tuple[str, ...]:
    """Every set whose rounds are stored, by name."""
    return tuple(tx.exec(select(RoundRow.probe_set).distinct().order_by(RoundRow.probe_set)))


def deleted_before(tx: Transaction, endpoint: str) -> datetime | None:
    """Replies of this endpoint from before this moment were deleted, but for those that are needed; None where none
    were."""
    names = [one.name for one in declared.sets_of(tx, endpoint)]
    return tx.exec(select(func.max(RetentionRow.deleted_before)).where(col(RetentionRow.probe_set).in_(names))).one()


def deleted_words(tx: Transaction, endpoint: str) -> str:
    """The same for people; empty where none were."""
    before = deleted_before(tx, endpoint)
    return "" if before is None else f"Replies from before {before:%Y-%m-%d %H:%M} UTC were deleted (keep_replies)."


def contents(tx: Transaction, probe_set: str, before: datetime) -> tuple[str, ...]:
    """The contents of endpoints that this set asked in rounds due before a moment."""
    asked = select(RoundRow.endpoint_hash).where(RoundRow.probe_set == probe_set, col(RoundRow.due_at) < before)
    return tuple(tx.exec(asked.distinct().order_by(RoundRow.endpoint_hash)))


def delete_replies(
    tx: Transaction,
    probe_set: str,
    content: str,
    before: datetime,
    after_id: int,
    needed_of: Callable[[Transaction, str], Needed],
    *,
    only_count: bool,
) -> Deleted:
    """Delete, or only count, the replies to the next rounds of a set on one content of an endpoint that were due before
    a moment. `needed_of` says which replies are kept. Rounds of which nothing may be deleted are not read, so that the
    cost depends on what is deleted, not on how much is kept."""
    needed, label = needed_of(tx, content), func.coalesce(RoundRow.label, "")
    of_content = select(RoundRow.endpoint).where(RoundRow.endpoint_hash == content)
    newest = (
        select(func.max(RoundRow.label))
        .where(RoundRow.probe_set == probe_set, RoundRow.state == "completed", col(RoundRow.endpoint).in_(of_content))
        .group_by(col(RoundRow.endpoint))
    )
    is_learnt = col(ReplyRow.series).in_(needed.series)
    replies = select(ReplyRow.id).where(
        col(ReplyRow.round_id) == col(RoundRow.id), or_(label < needed.epoch_start, is_learnt)
    )
    old = tx.exec(
        select(RoundRow.id, label < needed.epoch_start)
        .where(
            col(RoundRow.endpoint_hash) == content,
            col(RoundRow.probe_set) == probe_set,
            col(RoundRow.due_at) < before,
            col(RoundRow.id) > after_id,
            col(RoundRow.state).in_(("completed", "missed")),
            ~needed.spares(label),
            label.not_in(newest),
            replies.exists(),
        )
        .order_by(col(RoundRow.id))
        .limit(BATCH)
    ).all()
    whole = [round_id for round_id, is_of_past_epoch in old if is_of_past_epoch]
    ids = [round_id for round_id, _ in old]
    these = (col(ReplyRow.round_id).in_(ids), or_(col(ReplyRow.round_id).in_(whole), is_learnt))
    count = tx.exec(select(func.count()).select_from(ReplyRow).where(*these)).one() if old else 0
    if count and not only_count:
        tx.exec(delete(ReplyRow).where(*these))
        _remember(tx, probe_set, before)
    return Deleted(len(old), count, old[-1][0] if len(old) == BATCH else None)


def _remember(tx: Transaction, probe_set: str, before: datetime) -> None:
    row = tx.get(RetentionRow, probe_set) or RetentionRow(probe_set=probe_set)
    row.deleted_before = before if row.deleted_before is None else max(before, row.deleted_before)
    tx.add(row)
