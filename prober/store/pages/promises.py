"""The promise against what happened, endpoint by endpoint. Everything here only reads."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import select as columns
from sqlmodel import col, func, select

from prober.judging.promise import chance
from prober.model.incident import TROUBLES
from prober.store.alert_rows import IncidentRow
from prober.store.engine import Transaction
from prober.store.pages.page_views import PromiseView
from prober.store.rows import EndpointRow
from prober.store.tallies import EVER
from prober.store.tally_rows import TallyRow

_STAYED = ("accepted", "superseded")


def promises(tx: Transaction) -> tuple[PromiseView, ...]:
    """Of every endpoint as declared last, by name, over all that was asked under its name."""
    judged = {
        name: (int(rounds), float(promised))
        for name, rounds, promised in tx.connection().execute(
            columns(col(TallyRow.endpoint), func.sum(TallyRow.judged), func.sum(TallyRow.promised))
            .where(col(TallyRow.day) == EVER)
            .group_by(col(TallyRow.endpoint))
        )
    }
    ends = _ends(tx)
    declared = tx.exec(select(EndpointRow).where(col(EndpointRow.current)).order_by(col(EndpointRow.name)))
    return tuple(_view(row, *judged.get(row.name, (0, 0.0)), ends.get(row.name, Counter())) for row in declared)


def _view(row: EndpointRow, judged: int, promised: float, ends: Counter[str]) -> PromiseView:
    gone = ends["recovered"]
    stayed = sum(ends[reason] for reason in _STAYED)
    return PromiseView(
        endpoint=row.name,
        false_alarms_per_year=row.false_alarms_per_year,
        judged=judged,
        promised=promised,
        alarms=ends.total(),
        stayed=stayed,
        unclear=ends.total() - gone - stayed,
        gone=gone,
        chance=chance(gone, promised),
    )


def _ends(tx: Transaction) -> dict[str, Counter[str]]:
    """Endpoint → how the changes ended that people were told of; still open ones under the empty name."""
    told = (col(IncidentRow.state) != "suspected") & (col(IncidentRow.close_reason) != "faded")
    found: dict[str, Counter[str]] = {}
    for name, reason, count in tx.connection().execute(
        columns(col(IncidentRow.endpoint), col(IncidentRow.close_reason), func.count())
        .where(told, ~col(IncidentRow.kind).in_(TROUBLES))
        .group_by(col(IncidentRow.endpoint), col(IncidentRow.close_reason))
    ):
        found.setdefault(name, Counter())[reason] += count
    return found
