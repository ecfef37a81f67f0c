"""Stored replies to read: the newest of an endpoint, those that a search finds, those of one round. Only reads."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias, get_args

from sqlalchemy import ColumnElement, tuple_
from sqlalchemy import select as columns
from sqlmodel import col, select

from prober.store.codec import unpack_fingerprint, unpack_reply, unpack_text
from prober.store.engine import Transaction
from prober.store.rows import UNKNOWN_PROMPT, ReplyRow, RoundRow, SeriesRow
from prober.store.views import ReplyView

Outcome: TypeAlias = Literal["any", "check failed", "refused", "ask failed"]
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
LOOKED_AT: Final = 10_000
"""Replies that one search reads, at most: 0.1 to 0.4 s of CPU. The next one goes on from there."""
_ROUNDS: Final = 2_000
_AT_ONCE: Final = 1_000
"""Replies read from the database together."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which replies are looked for; what is empty does not matter."""

    endpoint: str = ""
    probe: str = ""
    text: str = ""
    """Part of the reply, whatever the case."""
    model: str = ""
    """Part of the name of the model that answered, whatever the case."""
    outcome: Outcome = "any"
    since: datetime | None = None
    """Only rounds that were due then or later."""
    until: datetime | None = None
    """And before that."""


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a search."""

    replies: tuple[ReplyView, ...]
    """The newest round first."""
    looked_at: int
    """Replies."""
    before: int | None
    """Id of the round from which the next page goes on; None where there is nothing earlier."""


def recent(
    tx: Transaction, endpoint: str, *, probe: str | None = None, before: str | None = None, limit: int = 100
) -> tuple[ReplyView, ...]:
    """Newest round first, in whole rounds up to `limit` replies; `before` the last label of a page goes on.

    A round is never cut: one that alone passes the limit comes whole.
    """
    statement = _views().where(col(RoundRow.endpoint) == endpoint, col(RoundRow.label).is_not(None))
    statement = statement.order_by(col(RoundRow.label).desc(), col(ReplyRow.place), col(ReplyRow.id))
    if probe is not None:
        statement = statement.where(col(ReplyRow.probe) == probe)
    if before is not None:
        statement = statement.where(col(RoundRow.label) < before)
    found = list(tx.exec(statement.limit(limit + 1)))
    if len(found) > limit:
        cut = found[-1][1]
        found = [one for one in found if one[1] != cut] or list(tx.exec(statement.where(col(RoundRow.label) == cut)))
    return tuple(_view(*one) for one in found)


def search(tx: Transaction, wanted: Wanted, before: int | None = None, limit: int = 100) -> Found:
    """The newest replies that fit, in whole rounds, until there are `limit` or `LOOKED_AT` were read."""
    groups, is_end = _rounds_of(tx, wanted, before)
    hits: list[int] = []
    looked, last = 0, None
    for one, asked, found in (each for some in groups for each in _fitting(tx, some, wanted)):
        if len(hits) >= limit:
            return Found(by_id(tx, hits), looked, last)
        looked, last = looked + asked, one
        hits += found
    return Found(by_id(tx, hits), looked, None if is_end else last)


def by_id(tx: Transaction, ids: Collection[int]) -> tuple[ReplyView, ...]:
    """In the order of `ids`; those that are stored no longer are left out."""
    found = {one.id: one for one in (_view(*row) for row in tx.exec(_views().where(col(ReplyRow.id).in_(ids))))}
    return tuple(found[number] for number in ids if number in found)


def of_round(tx: Transaction, endpoint: str, label: str) -> tuple[ReplyView, ...]:
    """All of one round, in the order of its asks."""
    here = (col(RoundRow.endpoint) == endpoint, col(RoundRow.label) == label)
    rows = tx.exec(_views().where(*here).order_by(col(ReplyRow.place), col(ReplyRow.id)))
    return tuple(_view(*row) for row in rows)


def labels(
    tx: Transaction, endpoint: str, since: datetime | None, until: datetime | None, limit: int = 500
) -> dict[str, str]:
    """Of completed rounds, the newest first; and which probe set each asked."""
    here = _in_time(Wanted(endpoint, since=since, until=until))
    found = select(RoundRow.label, RoundRow.probe_set).where(*here, RoundRow.state == "completed")
    return {label or "": name for label, name in tx.exec(found.order_by(col(RoundRow.due_at).desc()).limit(limit))}


def _rounds_of(tx: Transaction, wanted: Wanted, before: int | None) -> tuple[list[list[int]], bool]:
    """Ids of the rounds to look through, in groups of about `_AT_ONCE` replies, the newest first; and whether these
    are all."""
    here = _in_time(wanted)
    if before is not None and (row := tx.get(RoundRow, before)) is not None:
        here.append(tuple_(col(RoundRow.due_at), col(RoundRow.id)) < tuple_(row.due_at, row.id))
    found = (
        columns(col(RoundRow.id), col(RoundRow.asked))
        .where(*here)
        .order_by(col(RoundRow.due_at).desc(), col(RoundRow.id).desc())
        .limit(_ROUNDS + 1)
    )
    groups: list[list[int]] = []
    left, room = LOOKED_AT, 0
    for number, (round_id, asked) in enumerate(tx.connection().execute(found)):
        if groups and (left < asked or number == _ROUNDS):
            return groups, False
        if room < asked or not groups:
            groups.append([])
            room = _AT_ONCE
        groups[-1].append(round_id)
        left, room = left - asked, room - asked
    return groups, True


def _in_time(wanted: Wanted) -> list[ColumnElement[bool]]:
    return [
        col(RoundRow.label).is_not(None),
        *([col(RoundRow.endpoint) == wanted.endpoint] if wanted.endpoint else []),
        *([col(RoundRow.due_at) >= wanted.since] if wanted.since else []),
        *([col(RoundRow.due_at) < wanted.until] if wanted.until else []),
    ]


def _fitting(tx: Transaction, rounds: Sequence[int], wanted: Wanted) -> Iterator[tuple[int, int, list[int]]]:
    """Of each round: its id, how many replies were looked at, and the ids of those that fit."""
    marked = wanted.outcome in _MARKS
    packed = [col(ReplyRow.round_id), col(ReplyRow.place), col(ReplyRow.id), col(ReplyRow.reply)]
    found = columns(*packed, *([col(ReplyRow.fingerprint)] if marked else [])).where(col(ReplyRow.round_id).in_(rounds))
    if wanted.probe:
        found = found.where(col(ReplyRow.probe) == wanted.probe)
    of: dict[int, list[Any]] = {}
    read: Iterable[Any] = tx.connection().execute(found)
    for row in read:
        of.setdefault(row[0], []).append(row)
    for one in rounds:
        rows = sorted(of.get(one, ()), key=lambda row: row[1:3])
        yield one, len(rows), [row[2] for row in rows if _fits(wanted, row[3], row[4] if marked else None)]


_MARKS: Final = {"check failed": '"expectation.all":"fail"', "refused": '"refusal.refused":"yes"'}
"""As `prober.store.codec` writes them into a fingerprint: reading the whole of each would take ten times as long."""


def _fits(wanted: Wanted, packed: bytes, fingerprint: bytes | None) -> bool:
    mark = _MARKS.get(wanted.outcome)
    if mark and (fingerprint is None or mark not in unpack_text(fingerprint)):
        return False
    if not (wanted.text or wanted.model or wanted.outcome == "ask failed"):
        return True
    if wanted.text and _as_packed(wanted.text) not in unpack_text(packed).casefold():
        return False  # most replies: to read one whole takes three times as long
    reply = unpack_reply(packed)
    return (
        wanted.text.casefold() in (reply.text or "").casefold()
        and wanted.model.casefold() in (reply.model or "").casefold()
        and (wanted.outcome != "ask failed" or reply.failure is not None)
    )


def _as_packed(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].casefold()


def _views() -> Any:
    return (
        select(ReplyRow, col(RoundRow.label), col(RoundRow.endpoint), col(SeriesRow.prompt))
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .join(SeriesRow, col(SeriesRow.series) == col(ReplyRow.series), isouter=True)
    )


def _view(row: ReplyRow, label: str | None, endpoint: str, prompt: str | None) -> ReplyView:
    reply, fingerprint = unpack_reply(row.reply), unpack_fingerprint(row.fingerprint)
    said = fingerprint.categories if fingerprint else {}
    return ReplyView(
        series=row.series,
        probe=row.probe,
        prompt=UNKNOWN_PROMPT if prompt == "" else prompt or "",
        round=label or "",
        at=reply.at,
        sample=row.sample,
        text=reply.text,
        error=reply.error,
        model=reply.model,
        error_detail=reply.error_detail,
        empty_because=reply.empty_because,
        cached_by=reply.cached_by,
        id=row.id,
        endpoint=endpoint,
        checks=said.get("expectation.all", ""),
        refused=said.get("refusal.refused") == "yes",
    )
