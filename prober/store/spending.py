"""What is spent of budgets. An ask is booked before it is made, so that no kill hides one, and by one transaction on
all budgets that it counts in, so that all processes together never pass one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import or_
from sqlmodel import and_, col, delete, func, select, update

from prober.model.budget import NANO, NOTHING, PERIODS, Budget, Period, ScopedBudget, Spent, fitting, part_of, since
from prober.store.engine import Transaction
from prober.store.inserts import insert_missing
from prober.store.rows import ReplyRow, RoundRow, SpendingRow
from prober.store.views import BudgetView, SpendingView

_LOCK = ""
"""The part of the row that whoever books or settles locks first."""
_COPIED = "copied "
"""Prefix of the name of a part. Its value: how much of the part counts as spent earlier, because a clock was ahead."""
SKEW = timedelta(minutes=5)
"""By how much clocks of several machines may differ; what is booked further ahead shows a clock that was wrong."""


def spent(tx: Transaction, budget: ScopedBudget, now: datetime) -> dict[Period, Spent]:
    """In the last hour, day and month; where nothing was ever booked, what the replies say, without dollars."""
    if tx.get(SpendingRow, (budget.scope, _LOCK)) is None:
        return {period: _total(_in_replies(tx, budget, period, now).values()) for period in PERIODS}
    return {period: _booked(tx, budget.scope, period, now) for period in PERIODS}


def affords(
    tx: Transaction, budgets: Sequence[ScopedBudget], wanted: Sequence[Spent], now: datetime
) -> tuple[int, str]:
    """How many asks that may cost so much each all budgets hold, from the first on; and why not the next."""
    every = [(one, limit) for one in budgets for limit in one.budget.limits]
    known = {one.scope: spent(tx, one, now) for one in budgets if one.budget.limits}
    count, full = fitting([(limit, known[one.scope][limit.period]) for one, limit in every], wanted)
    if full is None:
        return count, ""
    number, by_then = full
    one, limit = every[number]
    said = f"budget_exhausted: {one.whose}{limit.words(by_then)}"
    if by_then.of(limit.unit) >= limit.most:
        return count, said
    needed = wanted[count].of(limit.unit)
    shown = f"${needed / NANO:,.4f}" if limit.unit == "dollars" else f"{needed}"
    return count, f"{said}, and the next ask may need {shown}"


def reserve(
    tx: Transaction, budgets: Sequence[ScopedBudget], wanted: Sequence[Spent], now: datetime
) -> tuple[int, str]:
    """Book asks that may cost so much each, from the first on, as far as all budgets go.

    Returns how many were booked, and why the next one was not. Whoever else books on one of them waits meanwhile.
    """
    limited = sorted((one for one in budgets if one.budget.limits), key=lambda one: one.scope)
    for one in limited:
        before = _lock(tx, one.scope)
        if before is None:
            _begin(tx, one, now)
        if before != (declared := _shown(one.budget)):
            _show(tx, one.scope, declared)
        _count_what_is_ahead(tx, one.scope, now)
    count, reason = affords(tx, limited, wanted, now)
    cost = _total(wanted[:count])
    for one in limited:
        _book(tx, one.scope, [_name(period, part_of(period, now)) for period in PERIODS], cost)
    return count, reason


def declare(tx: Transaction, budgets: Mapping[str, Budget]) -> None:
    """Scope → its limits from now on, none where none are declared, so that readers see no limits of the past.

    A scope that is not named, or that nothing was booked on, stays as it is.
    """
    held = tx.exec(select(SpendingRow.scope, SpendingRow.budget).where(SpendingRow.part == _LOCK)).all()
    for scope, before in held:
        now = _shown(budgets[scope]) if scope in budgets else before
        if now != before:
            _show(tx, scope, now)


def give_back(tx: Transaction, scopes: Iterable[str], booked_at: datetime, unused: Spent) -> None:
    """What was booked on these budgets at that time and not used (negative: more was used)."""
    parts = [_name(period, part_of(period, booked_at)) for period in PERIODS]
    for scope in sorted(scopes):
        _lock(tx, scope)
        _add(tx, scope, parts, NOTHING.minus(unused))


def newest_spending(tx: Transaction) -> dict[str, tuple[SpendingView, ...]]:
    """Endpoint → what was booked on its budget, in parts of the hour, the day and the month."""
    rows = tx.exec(select(SpendingRow).where(col(SpendingRow.scope).not_like("%:%")).order_by(col(SpendingRow.part)))
    found: dict[str, tuple[SpendingView, ...]] = {}
    for row in rows:
        period, _, began = row.part.partition(" ")
        for one in PERIODS:
            if one == period:
                view = SpendingView(one, datetime.fromisoformat(began), Spent(row.asks, row.tokens, row.nanodollars))
                found[row.scope] = (*found.get(row.scope, ()), view)
    return found


def budgets_in_use(tx: Transaction, now: datetime) -> tuple[BudgetView, ...]:
    """Every limit of every budget that an ask was booked on, and what is spent of it; the fullest first."""
    locks = select(SpendingRow.scope, SpendingRow.budget).where(SpendingRow.part == _LOCK, SpendingRow.budget != "")
    locks = locks.where(col(SpendingRow.scope).not_like("account:%"))  # limits of providers, see `store.limits`
    found = []
    for scope, declared in tx.exec(locks):
        limits = Budget.model_validate_json(declared).limits
        spent = {period: _booked(tx, scope, period, now) for period in {one.period for one in limits}}
        found += [BudgetView(scope, one, spent[one.period]) for one in limits]
    return tuple(sorted(found, key=lambda one: (-one.share, one.scope, one.limit)))


def _lock(tx: Transaction, scope: str) -> str | None:
    """Wait for whoever books on a budget; the limits it had, None where nothing was booked on it before."""
    row = select(SpendingRow.budget).where(SpendingRow.scope == scope, SpendingRow.part == _LOCK).with_for_update()
    if (before := tx.exec(row).first()) is not None:
        return before
    is_new = insert_missing(tx, SpendingRow, _values(scope, _LOCK, NOTHING))
    before = tx.exec(row).one()
    return None if is_new else before


def _shown(budget: Budget) -> str:
    """Its limits as they are kept for readers; empty where it has none."""
    return budget.model_dump_json(exclude_none=True) if budget.limits else ""


def _show(tx: Transaction, scope: str, shown: str) -> None:
    lock = (col(SpendingRow.scope) == scope, col(SpendingRow.part) == _LOCK)
    tx.exec(update(SpendingRow).where(*lock).values(budget=shown))


def _begin(tx: Transaction, budget: ScopedBudget, now: datetime) -> None:
    """A budget that is new counts the asks and tokens of the replies before it."""
    for period in PERIODS:
        for began, cost in _in_replies(tx, budget, period, now).items():
            insert_missing(tx, SpendingRow, _values(budget.scope, _name(period, began), cost))


def _count_what_is_ahead(tx: Transaction, scope: str, now: datetime) -> None:
    """What was booked by a clock that was far ahead, or before this one stepped back, was spent by now at the latest.

    It counts from now on, and stays where it is as well: whichever of the two clocks is right, the budget is kept, and
    no more than one window is lost.
    """
    for period in PERIODS:
        ahead = select(SpendingRow).where(
            SpendingRow.scope == scope,
            col(SpendingRow.part) > _name(period, part_of(period, now + SKEW)),
            col(SpendingRow.part) < f"{period} 9999",
        )
        for row in tx.exec(ahead).all():
            cost = Spent(row.asks, row.tokens, row.nanodollars)
            copied = tx.get(SpendingRow, (scope, _COPIED + row.part))
            if copied is not None:
                cost = cost.minus(Spent(copied.asks, copied.tokens, copied.nanodollars))
            if cost != NOTHING:
                _book(tx, scope, [_COPIED + row.part, _name(period, part_of(period, now))], cost)


def _book(tx: Transaction, scope: str, parts: Sequence[str], cost: Spent) -> None:
    here = select(SpendingRow.part).where(SpendingRow.scope == scope, col(SpendingRow.part).in_(parts))
    for part in sorted({*parts} - {*tx.exec(here)}):
        insert_missing(tx, SpendingRow, _values(scope, part, NOTHING))
    _add(tx, scope, parts, cost)


def _booked(tx: Transaction, scope: str, period: Period, now: datetime) -> Spent:
    found = tx.exec(
        select(
            func.coalesce(func.sum(SpendingRow.asks), 0),
            func.coalesce(func.sum(SpendingRow.tokens), 0),
            func.coalesce(func.sum(SpendingRow.nanodollars), 0),
        ).where(
            SpendingRow.scope == scope,
            col(SpendingRow.part) >= _name(period, since(period, now)),
            col(SpendingRow.part) <= _name(period, part_of(period, now + SKEW)),
        )
    ).one()
    return Spent(*(int(one) for one in found))


def forget(tx: Transaction, now: datetime) -> None:
    """Delete what no window reaches back to."""
    tx.exec(
        delete(SpendingRow).where(
            or_(
                *(
                    and_(
                        col(SpendingRow.part) >= f"{period} 0",
                        col(SpendingRow.part) < _name(period, since(period, now)),
                    )
                    for period in PERIODS
                )
            )
        )
    )


def _add(tx: Transaction, scope: str, parts: Sequence[str], cost: Spent) -> None:
    tx.exec(
        update(SpendingRow)
        .where(col(SpendingRow.scope) == scope, col(SpendingRow.part).in_(parts))
        .values(
            asks=col(SpendingRow.asks) + cost.asks,
            tokens=col(SpendingRow.tokens) + cost.tokens,
            nanodollars=col(SpendingRow.nanodollars) + cost.nanodollars,
        )
    )


def _in_replies(tx: Transaction, budget: ScopedBudget, period: Period, now: datetime) -> Mapping[datetime, Spent]:
    """Part of a window → what the replies in it took."""
    oldest = since(period, now)
    statement = (
        select(ReplyRow.at, ReplyRow.tokens)
        .join(RoundRow, col(RoundRow.id) == col(ReplyRow.round_id))
        .where(col(ReplyRow.at) >= oldest)
    )
    if budget.endpoint is not None:
        statement = statement.where(RoundRow.endpoint == budget.endpoint)
    if budget.sets is not None:
        statement = statement.where(col(RoundRow.probe_set).in_(budget.sets))
    found: dict[datetime, Spent] = {}
    for at, tokens in tx.exec(statement):
        began = part_of(period, at)
        found[began] = found.get(began, NOTHING).plus(Spent(1, tokens))
    return found


def _name(period: Period, began: datetime) -> str:
    """Names of parts of one window sort as their times."""
    return f"{period} {began.astimezone(UTC):%Y-%m-%dT%H:%M}+00:00"


def _values(scope: str, part: str, cost: Spent) -> dict[str, object]:
    # By column: the table is older than budgets of anything but an endpoint and a day.
    return {"endpoint": scope, "day": part, **cost._asdict()}


def _total(costs: Iterable[Spent]) -> Spent:
    total = NOTHING
    for one in costs:
        total = total.plus(one)
    return total
