"""Days added up by endpoint, set, owner or tag, with what they cost; and what a month comes to. Only reads."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from prober.prices import Tariff, Unpriced, forecast, forecast_between
from prober.store.engine import Transaction
from prober.store.rows import EndpointRow, ProbeSetRow, TallyRow
from prober.store.sums import Sums, total_of
from prober.store.tallies import EVER

By = Literal["endpoint", "probe_set", "owner", "tag", "tags", "all"]
"""What days are added up by. One without an owner or a tag counts under the empty name. By `tag` a set with two tags
counts in both; by `tags` it counts once, under both together, so that the sums add up to the whole."""


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
    confirming_dollars: float | None = None
    """How much of `dollars` confirmation rounds cost."""
    input_dollars: float | None = None
    """Of `dollars`, what input tokens cost; a discount for cached ones is not counted on."""
    output_dollars: float | None = None
    """Of `dollars`, what output tokens cost; what is left is the price of the asks themselves."""


@dataclass(frozen=True, slots=True)
class MonthView:
    """What a month comes to. Of several keys every column adds up to that of `all`, except the interval."""

    key: str
    so_far: float | None
    """Dollars since the first of the month, UTC; None where no price is known."""
    per_day: float | None
    """The rate: mean of the last seven whole days, or of as many as there are since the first that was asked on."""
    forecast: float | None
    """So far, and the rate for what is left of the month."""
    days: int
    """Whole days that the rate is the mean of; 0 where today is the first: then today's is taken."""
    uncounted: int
    """Answers of the month whose tokens nobody said."""
    unpriced: Mapping[str, str]
    """Endpoint → why its price is not known."""
    forecast_between: tuple[float, float] | None = None
    """Where the month ends in 9 of 10 cases, if days go on to vary as those of the rate; None for fewer than three."""
    before: float | None = None
    """Dollars of the month before; None where nothing was asked then, or no price is known."""
    before_so_far: float | None = None
    """How much of these up to the same day of the month."""


_NOBODY_LOOKED = Unpriced("not looked up yet; `prober run` does it")
_RATE_DAYS = 7
_COLUMNS = tuple(one.name for one in fields(Sums))
_NUMBER: Mapping[str, type[float]] = {name: type(getattr(Sums(), name)) for name in _COLUMNS}


@dataclass(frozen=True, slots=True)
class Cell:
    """What one set did at one endpoint, on a day or in all of a stretch."""

    day: date | None
    endpoint: str
    probe_set: str
    sums: Sums


def tallies(
    tx: Transaction, by: By, since: date, until: date, *, daily: bool = True, endpoint: str | None = None
) -> tuple[TallyView, ...]:
    """What was asked, came back and cost on the UTC days in [since, until), by day and key; or by key alone."""
    return _added(cells(tx, since, until, daily=daily, endpoint=endpoint), keys_by(tx, by), tariffs_of(tx))


def month(tx: Transaction, by: By, now: datetime) -> tuple[MonthView, ...]:
    """What the month of `now` cost so far, and comes to at the present rate; by key."""
    today = now.astimezone(UTC).date()
    first = today.replace(day=1)
    last_before = first - timedelta(days=1)
    before, rated = last_before.replace(day=1), today - timedelta(days=_RATE_DAYS)
    asked = list(cells(tx, min(before, rated), today + timedelta(days=1), daily=True))
    # Of all keys the same days, so that rates add up: from the first that anything was asked on.
    rated = min((one.day for one in asked if one.day and rated <= one.day < today), default=today)
    tariffs = tariffs_of(tx)
    views: dict[str, list[TallyView]] = {}
    for one in _added(asked, keys_by(tx, by), tariffs):
        views.setdefault(one.key, []).append(one)

    def month_of(key: str, daily: Sequence[TallyView]) -> MonthView:
        spent = {one.day: one.dollars for one in daily if one.day is not None and one.dollars is not None}
        here = [one for one in daily if one.day is not None and one.day >= min(first, rated)]
        so_far = sum(dollars for day, dollars in spent.items() if day >= first) if spent else None
        rate = [spent.get(rated + timedelta(days=n), 0.0) for n in range((today - rated).days)] if spent else []
        per_day = sum(rate) / len(rate) if rate else so_far
        same_day = min(before + (today - first), last_before)
        then = {day: dollars for day, dollars in spent.items() if before <= day < first}
        return MonthView(
            key=key,
            so_far=so_far,
            per_day=per_day,
            forecast=None if so_far is None or per_day is None else forecast(so_far, per_day, now),
            days=(today - rated).days,
            uncounted=sum(one.uncounted for one in daily if one.day is not None and one.day >= first),
            unpriced={
                name: _why(tariffs.get(name, _NOBODY_LOOKED))
                for name in sorted({name for one in here for name in one.unpriced})
            },
            forecast_between=None if so_far is None else forecast_between(so_far, rate, now),
            before=sum(then.values()) if then else None,
            before_so_far=sum(dollars for day, dollars in then.items() if day <= same_day) if then else None,
        )

    return tuple(month_of(key, daily) for key, daily in sorted(views.items()))


def tariffs_of(tx: Transaction) -> Mapping[str, Tariff | Unpriced]:
    """Endpoint → what it charges, as far as it was looked up when it was declared last."""
    rows = tx.exec(select(EndpointRow.name, EndpointRow.tariff).where(col(EndpointRow.current)))
    return {name: _NOBODY_LOOKED if kept is None else unpack_tariff(kept) for name, kept in rows}


def unpack_tariff(kept: str) -> Tariff | Unpriced:
    content: dict[str, Any] = json.loads(kept)
    return Unpriced(**content) if "reason" in content else Tariff(**content)


def cells(tx: Transaction, since: date, until: date, *, daily: bool, endpoint: str | None = None) -> Iterator[Cell]:
    """What every set did at every endpoint on the days in [since, until)."""
    here = [col(TallyRow.day) >= since.isoformat(), col(TallyRow.day) < until.isoformat(), col(TallyRow.day) != EVER]
    if endpoint is not None:
        here.append(col(TallyRow.endpoint) == endpoint)
    added = [func.sum(getattr(TallyRow, name)).label(name) for name in _COLUMNS]
    place = (col(TallyRow.endpoint), col(TallyRow.probe_set), *((col(TallyRow.day),) if daily else ()))
    for row in tx.connection().execute(columns(*place, *added).where(*here).group_by(*place)).mappings():
        # Postgres gives sums of large integers as decimals.
        sums: dict[str, Any] = {name: _NUMBER[name](row[name]) for name in _COLUMNS}
        day = date.fromisoformat(row["day"]) if daily else None
        yield Cell(day, row["endpoint"], row["probe_set"], Sums(**sums))


def keys_by(tx: Transaction, by: By) -> Callable[[Cell], Iterable[str]]:
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
    if by == "tags":
        return lambda cell: (", ".join(sorted(tags.get(cell.probe_set, ()))),)
    return lambda cell: tags.get(cell.probe_set) or ("",)


def _added(
    found: Iterable[Cell], keys: Callable[[Cell], Iterable[str]], tariffs: Mapping[str, Tariff | Unpriced]
) -> tuple[TallyView, ...]:
    groups: dict[tuple[date | None, str], list[Cell]] = {}
    for cell in found:
        for key in keys(cell):
            groups.setdefault((cell.day, key), []).append(cell)
    return tuple(
        _view(key, day, groups[day, key], tariffs)
        for day, key in sorted(groups, key=lambda one: (one[0] or date.min, one[1]))
    )


def _view(key: str, day: date | None, added: list[Cell], tariffs: Mapping[str, Tariff | Unpriced]) -> TallyView:
    total = added[0].sums if len(added) == 1 else total_of([one.sums for one in added])
    priced = [(one.sums, tariff) for one in added if isinstance(tariff := tariffs.get(one.endpoint), Tariff)]

    def cost(asks: str, input_tokens: str, output_tokens: str) -> float | None:
        """Of what these columns count; none where they are empty."""
        if not priced:
            return None
        return sum(
            tariff.dollars(*(getattr(sums, name) if name else 0 for name in (asks, input_tokens, output_tokens)))
            for sums, tariff in priced
        )

    return TallyView(
        key=key,
        day=day,
        **{name: getattr(total, name) for name in _COLUMNS},
        dollars=cost("asks", "input_tokens", "output_tokens"),
        unpriced=tuple(sorted({one.endpoint for one in added if not isinstance(tariffs.get(one.endpoint), Tariff)})),
        confirming_dollars=cost("confirming_asks", "confirming_input_tokens", "confirming_output_tokens"),
        input_dollars=cost("", "input_tokens", ""),
        output_dollars=cost("", "", "output_tokens"),
    )


def _why(tariff: Tariff | Unpriced) -> str:
    return tariff.reason if isinstance(tariff, Unpriced) else ""
