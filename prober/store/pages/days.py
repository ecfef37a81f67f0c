"""Days added up by endpoint, set, owner or tag, with what they cost; and what a month comes to. Only reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from prober.prices import Tariff, Unpriced, forecast
from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, ProbeSetRow, TallyRow
from prober.store.tallies import EVER, Sums

By = Literal["endpoint", "probe_set", "owner", "tag", "all"]
"""What days are added up by. A set with two tags counts in both; one without an owner or a tag under the empty name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TallyView(Sums):
    """What was asked and came back, added up over a day or a stretch of days, and what it cost."""

    key: str
    """Name of the endpoint, set, owner or tag; empty for all together, or where there is none."""
    day: date | None
    """None where the whole stretch is one sum."""
    dollars: float | None = 0.0
    """What is known of it, at the prices known now; None where no price is."""
    unpriced: tuple[str, ...] = ()
    """Endpoints whose price is not known, and which are not in `dollars`."""


@dataclass(frozen=True, slots=True)
class MonthView:
    """What a month comes to."""

    key: str
    so_far: float | None
    """Dollars since the first of the month, UTC; None where no price is known."""
    per_day: float | None
    """The rate: mean of the last seven whole days, or of as many as there are."""
    forecast: float | None
    """So far, and the rate for what is left of the month."""
    days: int
    """Whole days that the rate is the mean of; 0 where today is the first: then today's is taken."""
    uncounted: int
    """Answers of the month whose tokens nobody said."""
    unpriced: Mapping[str, str]
    """Endpoint → why its price is not known."""


_NOBODY_LOOKED = Unpriced("nobody looked it up yet; `prober run` does")
_RATE_DAYS = 7
_COLUMNS = tuple(one.name for one in fields(Sums))
_NUMBER: Mapping[str, type[float]] = {name: type(getattr(Sums(), name)) for name in _COLUMNS}


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one set did at one endpoint, on a day or in all of a stretch."""

    day: date | None
    endpoint: str
    probe_set: str
    sums: Sums


def tallies(
    tx: Transaction, by: By, since: date, until: date, *, daily: bool = True, endpoint: str | None = None
) -> tuple[TallyView, ...]:
    """What was asked, came back and cost on the UTC days in [since, until), by day and key; or by key alone."""
    cells = _cells(tx, since, until, daily=daily, endpoint=endpoint)
    tariffs = tariffs_of(tx)
    keys = _keys(tx, by)
    groups: dict[tuple[date | None, str], list[_Cell]] = {}
    for cell in cells:
        for key in keys(cell):
            groups.setdefault((cell.day, key), []).append(cell)
    return tuple(
        _view(key, day, groups[day, key], tariffs)
        for day, key in sorted(groups, key=lambda one: (one[0] or date.min, one[1]))
    )


def month(tx: Transaction, by: By, now: datetime) -> tuple[MonthView, ...]:
    """What the month of `now` cost so far, and comes to at the present rate; by key."""
    today = now.astimezone(UTC).date()
    first, tomorrow = today.replace(day=1), today + timedelta(days=1)
    whole_days = tallies(tx, by, today - timedelta(days=_RATE_DAYS), today, daily=True, endpoint=None)
    spent = {one.key: one for one in tallies(tx, by, first, tomorrow, daily=False, endpoint=None)}
    tariffs = tariffs_of(tx)
    found = []
    for key in sorted({*spent, *(one.key for one in whole_days)}):
        so_far = spent.get(key) or TallyView(key=key, day=None)
        before = [one for one in whole_days if one.key == key]
        # Days from the first that was asked on: a plan that began the day before yesterday has two.
        days = max(((today - one.day).days for one in before if one.day), default=0)
        known = [one.dollars for one in before if one.dollars is not None]
        per_day = sum(known) / days if known else so_far.dollars if not days else None
        found.append(
            MonthView(
                key=key,
                so_far=so_far.dollars,
                per_day=per_day,
                forecast=None if per_day is None else forecast(so_far.dollars or 0.0, per_day, now),
                days=days,
                uncounted=so_far.uncounted,
                unpriced={
                    name: _why(tariffs.get(name, _NOBODY_LOOKED))
                    for name in sorted({*so_far.unpriced, *(name for one in before for name in one.unpriced)})
                },
            )
        )
    return tuple(found)


def tariffs_of(tx: Transaction) -> Mapping[str, Tariff | Unpriced]:
    """Endpoint → what it charges, as far as it was looked up when it was declared last."""
    rows = tx.exec(select(EndpointRow.name, EndpointRow.tariff).where(col(EndpointRow.current)))
    return {name: _NOBODY_LOOKED if kept is None else unpack_tariff(kept) for name, kept in rows}


def unpack_tariff(kept: str) -> Tariff | Unpriced:
    content: dict[str, Any] = json.loads(kept)
    return Unpriced(**content) if "reason" in content else Tariff(**content)


def _cells(tx: Transaction, since: date, until: date, *, daily: bool, endpoint: str | None) -> Iterable[_Cell]:
    """Days in [since, until)."""
    here = [col(TallyRow.day) >= since.isoformat(), col(TallyRow.day) < until.isoformat(), col(TallyRow.day) != EVER]
    if endpoint is not None:
        here.append(col(TallyRow.endpoint) == endpoint)
    added = [func.sum(getattr(TallyRow, name)).label(name) for name in _COLUMNS]
    place = (col(TallyRow.endpoint), col(TallyRow.probe_set), *((col(TallyRow.day),) if daily else ()))
    for row in tx.connection().execute(columns(*place, *added).where(*here).group_by(*place)).mappings():
        # Postgres gives sums of large integers as decimals.
        sums: dict[str, Any] = {name: _NUMBER[name](row[name]) for name in _COLUMNS}
        day = date.fromisoformat(row["day"]) if daily else None
        yield _Cell(day, row["endpoint"], row["probe_set"], Sums(**sums))


def _keys(tx: Transaction, by: By) -> Callable[[_Cell], Iterable[str]]:
    """Under which names a cell is added up."""
    if by == "all":
        return lambda cell: ("",)
    if by == "endpoint":
        return lambda cell: (cell.endpoint,)
    if by == "probe_set":
        return lambda cell: (cell.probe_set,)
    sets = {row.name: row for row in tx.exec(select(ProbeSetRow))}
    if by == "owner":
        owners = {name: row.owner for name, row in sets.items()}
        return lambda cell: (owners.get(cell.probe_set, ""),)
    tags = {name: tuple(dict.fromkeys(json.loads(row.tags or "[]"))) for name, row in sets.items()}
    return lambda cell: tags.get(cell.probe_set) or ("",)


def _view(key: str, day: date | None, cells: list[_Cell], tariffs: Mapping[str, Tariff | Unpriced]) -> TallyView:
    total = Sums()
    dollars, unpriced = [], set()
    for cell in cells:
        total = total.plus(cell.sums)
        tariff = tariffs.get(cell.endpoint, _NOBODY_LOOKED)
        if isinstance(tariff, Tariff):
            dollars.append(tariff.dollars(cell.sums.asks, cell.sums.input_tokens, cell.sums.output_tokens))
        else:
            unpriced.add(cell.endpoint)
    return TallyView(
        key=key,
        day=day,
        **asdict(total),
        dollars=sum(dollars) if dollars else None,
        unpriced=tuple(sorted(unpriced)),
    )


def _why(tariff: Tariff | Unpriced) -> str:
    return tariff.reason if isinstance(tariff, Unpriced) else ""
