"""What each of the last days brought, of every endpoint: rounds, and incidents. Everything here only reads."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, TypeAlias

from sqlalchemy import select as columns
from sqlmodel import col, func

from prober.loading.round_labels import moment_of
from prober.model.incident import MEASURED, TROUBLES
from prober.model.watch import OUR_DOING
from prober.store.engine import Transaction
from prober.store.rows import IncidentRow, TallyRow

SpanState: TypeAlias = Literal["not asked", "facts", "suspected", "changed", "unreachable"]


@dataclass(frozen=True, slots=True)
class DayView:
    """The rounds of one endpoint on one day, UTC."""

    endpoint: str
    day: date
    rounds: int
    """Completed."""
    missed: int
    asks: int
    failed: int


@dataclass(frozen=True, slots=True)
class SpanView:
    """How long one incident lasted, whether or not people were notified of it."""

    endpoint: str
    state: SpanState
    since: datetime
    until: datetime | None
    """None while it is not over."""


def days_of_each(tx: Transaction, since: date) -> tuple[DayView, ...]:
    """Rounds that ended since then, of every endpoint, by the day they began."""
    found = columns(
        col(TallyRow.endpoint),
        col(TallyRow.day),
        *(func.sum(column) for column in (TallyRow.rounds, TallyRow.missed, TallyRow.asks, TallyRow.failed)),
    )
    rows = tx.connection().execute(
        found.where(col(TallyRow.day) >= since.isoformat()).group_by(col(TallyRow.endpoint), col(TallyRow.day))
    )
    return tuple(DayView(name, date.fromisoformat(day), *map(int, counts)) for name, day, *counts in rows)


def spans(tx: Transaction, since: datetime) -> tuple[SpanView, ...]:
    """Every incident that was not over then, the suspicions that nobody was notified of among them; what spends too
    much, and what the team measures itself, says nothing of how the endpoint answers."""
    found = columns(
        col(IncidentRow.endpoint), col(IncidentRow.kind), col(IncidentRow.is_facts), col(IncidentRow.state),
        col(IncidentRow.close_reason), col(IncidentRow.onset), col(IncidentRow.opened_at), col(IncidentRow.closed_at),
        col(IncidentRow.cause),
    )  # fmt: skip
    rows = tx.connection().execute(
        found.where(
            col(IncidentRow.kind).not_in(MEASURED),
            col(IncidentRow.closed_at).is_(None) | (col(IncidentRow.closed_at) >= since),
        )
    )
    return tuple(
        SpanView(
            name, _span(kind, bool(is_facts), state, reason, cause or kind), moment_of(onset) or opened_at, closed_at
        )
        for name, kind, is_facts, state, reason, onset, opened_at, closed_at, cause in rows
    )


def _span(kind: str, is_facts: bool, state: str, reason: str, cause: str) -> SpanState:
    if kind in TROUBLES:
        return "not asked" if cause.partition(":")[0] in OUR_DOING else "unreachable"
    if is_facts:
        return "facts"
    return "suspected" if state == "suspected" or reason == "faded" else "changed"
