"""Replies as lines of a reply log."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlmodel import col, select, tuple_

from prober.loading.reply_log import LoggedReply, line_of
from prober.model.declaration import Check
from prober.store import declared
from prober.store.codec import unpack_reply
from prober.store.engine import Transaction
from prober.store.rounds import label_at
from prober.store.rows import ReplyRow, RoundRow, SeriesRow
from prober.store.store import Store

ROUNDS_AT_ONCE: Final = 1_000
"""Rounds that are listed in one query."""


def export(
    store: Store,
    endpoint: str | None = None,
    *,
    probe: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[LoggedReply]:
    """Every reply of completed rounds begun in [since, until), in label order, one round in memory at a time.

    The first of each endpoint carries the promise that the endpoint is judged under.
    """
    seen: set[str] = set()
    after: tuple[str, int] | None = None
    while True:
        some = store.query(_completed, endpoint, since, until, after)
        for round_id, label, name in some:
            for one in store.query(_replies, round_id, label, name, probe):
                yield one if name in seen else _with_promise(store, one)
                seen.add(name)
            after = (label, round_id)
        if len(some) < ROUNDS_AT_ONCE:
            return


def _with_promise(store: Store, one: LoggedReply) -> LoggedReply:
    promise = store.query(declared.promise_of, one.endpoint)
    return one if promise is None else replace(one, extra={**one.extra, "promise": promise})


def log_lines(store: Store, endpoint: str, *, probe: str | None, since: datetime | None) -> Iterator[str]:
    """The same as lines of a log, each with its end."""
    for one in export(store, endpoint, probe=probe, since=since):
        yield f"{line_of(one)}\n"


def _completed(
    tx: Transaction, endpoint: str | None, since: datetime | None, until: datetime | None, after: tuple[str, int] | None
) -> list[tuple[int, str, str]]:
    """(id, label, endpoint) of the next completed rounds begun in [since, until), in label order."""
    statement = (
        select(col(RoundRow.id), col(RoundRow.label), col(RoundRow.endpoint))
        .where(col(RoundRow.state) == "completed")
        .order_by(col(RoundRow.label), col(RoundRow.id))
        .limit(ROUNDS_AT_ONCE)
    )
    if after is not None:
        statement = statement.where(tuple_(col(RoundRow.label), col(RoundRow.id)) > after)
    if endpoint is not None:
        statement = statement.where(col(RoundRow.endpoint) == endpoint)
    if since is not None:
        statement = statement.where(col(RoundRow.label) >= label_at(since))
    if until is not None:
        statement = statement.where(col(RoundRow.label) < label_at(until))
    return [(round_id, label or "", name) for round_id, label, name in tx.exec(statement)]


def _replies(tx: Transaction, round_id: int, label: str, endpoint: str, probe: str | None) -> tuple[LoggedReply, ...]:
    found = (
        select(ReplyRow, SeriesRow)
        .join(SeriesRow, col(SeriesRow.series) == col(ReplyRow.series), isouter=True)
        .where(ReplyRow.round_id == round_id)
        .order_by(col(ReplyRow.place), col(ReplyRow.id))
    )
    if probe is not None:
        found = found.where(ReplyRow.probe == probe)
    return tuple(
        LoggedReply(
            round=label,
            endpoint=endpoint,
            probe=row.probe,
            prompt=series.prompt if series and series.prompt else None,
            system=series.system if series else None,
            reply=unpack_reply(row.reply),
            series=row.series,
            expect=tuple(map(Check.model_validate, json.loads(series.expect))) if series else (),
        )
        for row, series in tx.exec(found)
    )
