"""The bill of the team's own traffic: what samples took by the hour, what days cost, and what is known of both."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, or_
from sqlmodel import col, delete, func, select, update

from prober.model.bill import Bill, BilledDay, BillSource, Loop, Sums
from prober.model.sample import StoredSample
from prober.store.engine import Transaction
from prober.store.inserts import insert_missing
from prober.store.rows import BillDayRow, BillRow, SampleHourRow, SampleRow

_SUMS = tuple(one.name for one in fields(Sums))


def add_samples(tx: Transaction, came: Iterable[StoredSample]) -> None:
    """Count calls in their hour, UTC."""
    found: dict[tuple[str, str, datetime, str], Sums] = {}
    for one in came:
        hour = one.at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)  # a zone may be off by half an hour
        key = (one.endpoint, one.feature, hour, one.model)
        found[key] = found.get(key, Sums()).plus(Sums.of(one.input_tokens, one.output_tokens, not one.error))
    for key in sorted(found):  # so that two processes at once lock in the same order
        names = dict(zip(("endpoint", "feature", "hour", "model"), key, strict=True))
        insert_missing(tx, SampleHourRow, {**names, **dict.fromkeys(_SUMS, 0.0)})
        more = {name: getattr(SampleHourRow, name) + getattr(found[key], name) for name in _SUMS}
        is_it = (getattr(SampleHourRow, name) == value for name, value in names.items())
        tx.exec(update(SampleHourRow).where(*is_it).values(**more))


def hours(tx: Transaction, endpoint: str, feature: str, since: datetime) -> dict[datetime, dict[str, Sums]]:
    """Hour → model → what calls took, from `since` on."""
    found: dict[datetime, dict[str, Sums]] = {}
    rows = select(SampleHourRow).where(
        SampleHourRow.endpoint == endpoint, SampleHourRow.feature == feature, col(SampleHourRow.hour) >= since
    )
    for row in tx.exec(rows.order_by(col(SampleHourRow.hour))):
        found.setdefault(row.hour, {})[row.model] = Sums(**{name: getattr(row, name) for name in _SUMS})
    return found


def delete_hours_before(tx: Transaction, moment: datetime) -> None:
    tx.exec(delete(SampleHourRow).where(col(SampleHourRow.hour) < moment))


def loops(
    tx: Transaction, endpoint: str, feature: str, since: datetime, until: datetime
) -> tuple[Loop | None, Loop | None, Loop | None, int]:
    """Of the samples in (since, until]: the trace with the most steps, the input that came most often in one trace, the
    input that came most often without one, and how many samples have none."""
    here = (
        SampleRow.endpoint == endpoint, SampleRow.feature == feature, col(SampleRow.at) > since,
        col(SampleRow.at) <= until,
    )  # fmt: skip
    traced, asked = col(SampleRow.trace) != "", col(SampleRow.asked) != ""

    def most(*where: ColumnElement[bool], by: Sequence[Any]) -> Loop | None:
        number = func.count().label("number")
        rows = select(number, func.min(SampleRow.at), func.max(SampleRow.trace)).where(*here, *where).group_by(*by)
        row = tx.exec(rows.order_by(number.desc()).limit(1)).first()
        return None if row is None else Loop(row[0], row[1], row[2])

    alone = tx.exec(select(func.count()).select_from(SampleRow).where(*here, ~traced)).one()
    return (
        most(traced, by=[col(SampleRow.trace)]),
        most(traced, asked, by=[col(SampleRow.trace), col(SampleRow.asked)]),
        most(~traced, asked, by=[col(SampleRow.asked)]),
        alone,
    )


def keep_days(tx: Transaction, source: BillSource, endpoint: str, name: str, days: Iterable[BilledDay]) -> None:
    """In place of what was known of these days."""
    for one in days:
        values = {each.name: getattr(one, each.name) for each in fields(BilledDay)}
        tx.merge(BillDayRow(source=source, endpoint=endpoint, name=name, **values))


def days(tx: Transaction, source: BillSource, endpoint: str, name: str, since: str = "") -> tuple[BilledDay, ...]:
    """From the day `since` on, oldest first."""
    rows = select(BillDayRow).where(*_is(BillDayRow, source, endpoint, name), col(BillDayRow.day) >= since)
    return tuple(_day(row) for row in tx.exec(rows.order_by(col(BillDayRow.day))))


@dataclass(frozen=True, slots=True)
class Known:
    """What is kept of a feature or an account between two looks."""

    declared: dict[str, Any]
    spending: dict[str, Any] | None = None
    judged_until: datetime | None = None
    seen: str = ""
    read_at: datetime | None = None
    problem: str = ""
    no_price: str = ""


def known(tx: Transaction, source: BillSource, endpoint: str, name: str) -> Known | None:
    row = tx.get(BillRow, (source, endpoint, name), populate_existing=True)
    if row is None:
        return None
    spending = json.loads(row.spending) if row.spending else None
    return Known(json.loads(row.declared), spending, row.judged_until, row.seen, row.read_at, row.problem, row.no_price)


def keep(tx: Transaction, source: BillSource, endpoint: str, name: str, now: Known) -> None:
    """As `known` gives it from now on."""
    row = tx.get(BillRow, (source, endpoint, name), populate_existing=True)
    row = row or BillRow(source=source, endpoint=endpoint, name=name, declared="", spending="")
    row.declared, row.spending = json.dumps(now.declared), json.dumps(now.spending) if now.spending else ""
    row.judged_until, row.seen, row.read_at = now.judged_until, now.seen, now.read_at
    row.problem, row.no_price = now.problem, now.no_price
    tx.add(row)


def owners(tx: Transaction, endpoint: str, name: str) -> tuple[str, ...]:
    """Whose bill it is, where that is declared."""
    rows = select(BillRow.declared).where(BillRow.endpoint == endpoint, BillRow.name == name)
    found = (json.loads(one).get("owner", "") for one in tx.exec(rows))
    return tuple(sorted({one for one in found if one}))


def claim_report(tx: Transaction, name: str, now: datetime, before: datetime) -> bool:
    """Whether the caller is to read the report of an account: nobody else tried since `before`. A moment in the future
    is of a clock that was set back."""
    values = {"source": "account", "endpoint": name, "name": name, "declared": "{}", "spending": "", "seen": ""}
    insert_missing(tx, BillRow, {**values, "problem": "", "no_price": ""})
    tried = col(BillRow.tried_at)
    is_due = or_(tried.is_(None), tried <= before, tried > now)
    done = tx.exec(update(BillRow).where(*_is(BillRow, "account", name, name), is_due).values(tried_at=now))
    return bool(done.rowcount == 1)


def forget_accounts(tx: Transaction, declared: Collection[str], before: datetime) -> None:
    """Those that are not `declared` here, and whose report nobody asked for since `before`."""
    is_gone = col(BillRow.source) == "account", col(BillRow.name).not_in(list(declared)), col(BillRow.tried_at) < before
    tx.exec(delete(BillRow).where(*is_gone))


def bills(tx: Transaction, since: str) -> tuple[Bill, ...]:
    """Every feature and account of which something is known, with its days from `since` on; accounts first."""
    days = dict[tuple[str, str, str], list[BilledDay]]()
    for day in tx.exec(select(BillDayRow).where(col(BillDayRow.day) >= since).order_by(col(BillDayRow.day))):
        days.setdefault((day.source, day.endpoint, day.name), []).append(_day(day))
    found = []
    for row in tx.exec(select(BillRow).order_by(col(BillRow.source), col(BillRow.endpoint), col(BillRow.name))):
        declared = json.loads(row.declared)
        found.append(
            Bill(
                source="account" if row.source == "account" else "feature",
                name=row.name,
                endpoint=row.endpoint,
                owner=declared.get("owner", ""),
                share=declared.get("share", 1.0),
                dollars_per_day=declared.get("dollars_per_day"),
                days=tuple(days.get((row.source, row.endpoint, row.name), ())),
                is_learnt=declared.get("is_learnt", False),
                no_price=row.no_price,
                problem=row.problem,
                read_at=row.read_at,
            )
        )
    return tuple(found)


def _is(row: type[BillDayRow | BillRow], source: str, endpoint: str, name: str) -> tuple[Any, ...]:
    return row.source == source, row.endpoint == endpoint, row.name == name


def _day(row: BillDayRow) -> BilledDay:
    return BilledDay(**{one.name: getattr(row, one.name) for one in fields(BilledDay)})
