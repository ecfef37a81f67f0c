"""What was asked of a provider's account in the last minute, and the limits that it named; in the table of budgets.

A minute is kept in seconds, and a little longer than one, for no clock of ours is the provider's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from math import inf
from typing import Any, Final

from sqlalchemy import bindparam
from sqlmodel import col, delete, select, update

from prober.model.allowance import AccountLimits, AccountView, Admitted, MinuteLimit, Told
from prober.model.budget import NOTHING, Spent
from prober.model.watch import CLOCK_SLACK
from prober.store.engine import Transaction
from prober.store.inserts import insert_missing
from prober.store.rows import SpendingRow

WINDOW: Final = timedelta(seconds=62)
_LOCK = ""
_PERIOD = "minute "
_DECLARED, _NAMES = "declared", "endpoints"
"""Keys of the state: the declared limits; and, by endpoint, how many asks wait and until when."""


_STATE: Final = select(SpendingRow.budget).where(SpendingRow.scope == bindparam("account"), SpendingRow.part == _LOCK)


def is_limited(tx: Transaction, account: str, now: datetime) -> bool:
    """Whether a limit of this account is known, or it is to be left alone for a while."""
    state = tx.connection().execute(_STATE, {"account": account}).scalar()
    known = json.loads(state or "{}")
    return bool(set(known) & {"asks", "tokens"}) or _until(known, now) > now


def book(
    tx: Transaction, account: str, costs: Sequence[Spent], now: datetime, endpoint: str, declared: AccountLimits
) -> Admitted:
    """As many of these asks as the minute holds, from the first on; else when the next one may be offered again.

    An ask that no empty minute would hold is booked alone. Whoever else books waits meanwhile. `endpoint`: for whom.
    """
    state = _lock(tx, account)
    found = _book(tx, account, costs, now, _lower(state, declared.by_unit))
    waits = [len(costs) - found.count, (now + timedelta(seconds=found.wait_s)).isoformat()]
    before = state.get(_NAMES, {})
    names = {**before, endpoint: waits if found.count < len(costs) else []}
    known = {**state, _DECLARED: declared.by_unit, _NAMES: names}
    _keep(tx, account, state, known)
    return found


def accounts(tx: Transaction, now: datetime) -> tuple[AccountView, ...]:
    """Every account of which a limit is known, and what is used of it; the fullest first."""
    locks = select(SpendingRow.scope, SpendingRow.budget).where(
        SpendingRow.part == _LOCK, col(SpendingRow.scope).like("account:%")
    )
    found = []
    for account, text in tx.exec(locks):
        state: dict[str, Any] = json.loads(text or "{}")
        declared, used = state.get(_DECLARED, {}), _sum(cost for _, cost in _rows(tx, account, now))
        lower = _lower(state, declared)
        units = tuple(
            MinuteLimit(unit, lower[unit], spent, declared.get(unit, inf) <= state.get(unit, inf))
            for unit, spent in (("asks", used.asks), ("tokens", used.tokens))
            if unit in lower
        )
        waits = [each for each in state.get(_NAMES, {}).values() if each and datetime.fromisoformat(each[1]) > now]
        until = _until(state, now)
        if units or until > now:
            names = tuple(sorted(state.get(_NAMES, {})))
            blocked = until if until > now else None
            found.append(AccountView(account, names, units, sum(each[0] for each in waits), blocked))
    return tuple(sorted(found, key=lambda one: -max((each.used / each.most for each in one.limits), default=0)))


def _lower(state: dict[str, Any], declared: Mapping[str, int]) -> dict[str, Any]:
    """With the lower of each limit: what the provider named, and what is declared."""
    return {**state, **{unit: min(most, state.get(unit, most)) for unit, most in declared.items()}}


def _keep(tx: Transaction, account: str, before: dict[str, Any], known: dict[str, Any]) -> None:
    if known != before:
        lock = (col(SpendingRow.scope) == account, col(SpendingRow.part) == _LOCK)
        tx.exec(update(SpendingRow).where(*lock).values(budget=json.dumps(known)))


def _book(tx: Transaction, account: str, costs: Sequence[Spent], now: datetime, state: dict[str, Any]) -> Admitted:
    if (until := _until(state, now)) > now:
        wait_s = (until - now).total_seconds()
        return Admitted(0, wait_s, f"the provider asks to wait for {wait_s:.0f} s")
    rows = _rows(tx, account, now)
    used = _sum(cost for _, cost in rows)
    count, full = 0, None
    while count < len(costs) and (full := _full(state, used, costs[count])) is None:
        used = used.plus(costs[count])
        count += 1
    _add(tx, account, now, _sum(costs[:count]))
    if full is None:
        return Admitted(count)
    free_at = now + timedelta(seconds=1)
    for began, cost in rows:
        used, free_at = used.minus(cost), began + WINDOW + timedelta(seconds=1)
        if _full(state, used, costs[count]) is None:
            break
    wait_s = max(0.1, (free_at - now).total_seconds())
    return Admitted(count, wait_s, f"{state[full]} {full} a minute are used up")


def settle(tx: Transaction, account: str, booked_at: datetime, unused: Spent, said: Told, now: datetime) -> None:
    """What of a booking was not used, and what the answer says: limits, what others use of them, and to wait."""
    state = _lock(tx, account)
    known = dict(state)
    if unused != NOTHING:
        _add(tx, account, booked_at, NOTHING.minus(unused))
    used = _sum(cost for _, cost in _rows(tx, account, now))
    others = {}
    for unit, allowance in (("asks", said.asks), ("tokens", said.tokens)):
        if allowance is not None:
            known[unit] = allowance.limit
            others[unit] = max(0, allowance.limit - allowance.left - (used.asks if unit == "asks" else used.tokens))
    if any(others.values()):
        _add(tx, account, now, Spent(others.get("asks", 0), others.get("tokens", 0)))
    if said.blocked_s:
        until = max(_until(state, now), now + timedelta(seconds=said.blocked_s))
        known |= {"until": until.isoformat(), "said_at": now.isoformat()}
    _keep(tx, account, state, known)
    tx.exec(delete(SpendingRow).where(_of(account), col(SpendingRow.part) > _PERIOD, _before(now - WINDOW)))


def _full(state: dict[str, Any], used: Spent, cost: Spent) -> str | None:
    """The unit whose limit does not hold one more ask."""
    for unit, spent, more in (("asks", used.asks, cost.asks), ("tokens", used.tokens, cost.tokens)):
        if unit in state and spent > 0 and spent + more > state[unit]:
            return unit
    return None


_LONG_AGO: Final = "2000-01-01T00:00:00+00:00"


def _until(state: dict[str, Any], now: datetime) -> datetime:
    """When the provider may be asked again. What was said to a clock that was ahead holds no longer."""
    said_at = datetime.fromisoformat(state.get("said_at", _LONG_AGO))
    return datetime.fromisoformat(state.get("until", _LONG_AGO) if said_at <= now + CLOCK_SLACK else _LONG_AGO)


def _lock(tx: Transaction, account: str) -> dict[str, Any]:
    """Wait for other processes that book on this account. Returns what is known of its limits."""
    row = select(SpendingRow.budget).where(SpendingRow.scope == account, SpendingRow.part == _LOCK).with_for_update()
    state = tx.exec(row).first()
    if state is None:
        insert_missing(tx, SpendingRow, _values(account, _LOCK))
        state = tx.exec(row).one()
    known: dict[str, Any] = json.loads(state or "{}")
    return known


def _rows(tx: Transaction, account: str, now: datetime) -> list[tuple[datetime, Spent]]:
    """Second → what was booked in it, oldest first, as far as the window reaches back; what was booked by a clock that
    was ahead counts no longer."""
    found = tx.exec(
        select(SpendingRow)
        .where(_of(account), col(SpendingRow.part) >= _name(now - WINDOW), _before(now + CLOCK_SLACK))
        .order_by(col(SpendingRow.part))
    )
    return [(datetime.fromisoformat(one.part[len(_PERIOD) :]), Spent(one.asks, one.tokens)) for one in found]


def _add(tx: Transaction, account: str, at: datetime, cost: Spent) -> None:
    if cost == NOTHING:
        return
    part = _name(at)
    insert_missing(tx, SpendingRow, _values(account, part))
    tx.exec(
        update(SpendingRow)
        .where(_of(account), col(SpendingRow.part) == part)
        .values(asks=col(SpendingRow.asks) + cost.asks, tokens=col(SpendingRow.tokens) + cost.tokens)
    )


def _of(account: str) -> Any:
    return col(SpendingRow.scope) == account


def _before(moment: datetime) -> Any:
    return col(SpendingRow.part) < _name(moment)


def _name(moment: datetime) -> str:
    """Names of seconds sort as their times."""
    return f"{_PERIOD}{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00"


def _values(account: str, part: str) -> dict[str, object]:
    return {"endpoint": account, "day": part, **NOTHING._asdict()}


def _sum(costs: Iterable[Spent]) -> Spent:
    total = NOTHING
    for one in costs:
        total = total.plus(one)
    return total
