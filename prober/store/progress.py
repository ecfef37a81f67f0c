"""How the rounds of an endpoint go: how often they come, how many were completed, how their asks ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Final

from sqlmodel import col, func, select

from prober.incidents.trouble import Health
from prober.store import rounds
from prober.store.engine import Transaction
from prober.store.rows import RoundRow

_GAPS: Final = 5
"""Newest scheduled rounds whose distances tell how often an endpoint is asked."""
_UNKNOWN_PERIOD: Final = timedelta(days=1)
"""Where there was one round so far."""


def newest_completed_at(tx: Transaction, endpoint_hash: str) -> datetime | None:
    """When an endpoint last completed a round."""
    completed = select(func.max(RoundRow.completed_at)).where(
        RoundRow.endpoint_hash == endpoint_hash, RoundRow.state == "completed"
    )
    return tx.exec(completed).one()


def period(tx: Transaction, endpoint_hash: str) -> timedelta:
    """Between scheduled rounds of an endpoint: the median of the newest."""
    due_at = tx.exec(
        select(RoundRow.due_at)
        .where(
            RoundRow.endpoint_hash == endpoint_hash,
            RoundRow.state == "completed",
            col(RoundRow.confirms).is_(None),
        )
        .order_by(col(RoundRow.label).desc())  # as the index has them: no more than these are read
        .limit(_GAPS)
    ).all()
    gaps = [later - earlier for later, earlier in pairwise(due_at)]
    return timedelta(seconds=median(gap.total_seconds() for gap in gaps)) if gaps else _UNKNOWN_PERIOD


def health(tx: Transaction, round_id: int, count: int = 10) -> tuple[Health, ...]:
    """How the asks of the newest rounds of an endpoint went, up to and with this one as it is now; oldest first."""
    here = rounds.get(tx, round_id)
    mine = (RoundRow.endpoint_hash == here.endpoint_hash, col(RoundRow.label) < here.label)
    # A round nobody began says nothing of the endpoint; one its budget did not pay for does.
    tried = (col(RoundRow.state) == "completed") | (
        (col(RoundRow.state) == "missed") & col(RoundRow.reason).startswith("budget_exhausted")
    )
    before = tx.exec(select(RoundRow).where(*mine, tried).order_by(col(RoundRow.label).desc()).limit(count - 1))
    return tuple(
        Health(row.label or "", row.asked, row.failed, row.reason or row.last_failure)
        for row in (*reversed(before.all()), here)
    )


def completed_since(tx: Transaction, endpoint_hash: str, label: str) -> int:
    """Completed rounds with this label or a later one."""
    return tx.exec(
        select(func.count()).where(
            col(RoundRow.endpoint_hash) == endpoint_hash,
            col(RoundRow.state) == "completed",
            col(RoundRow.label) >= label,
        )
    ).one()
