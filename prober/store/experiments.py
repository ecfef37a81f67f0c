"""What swap experiments found."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import col, select

from prober.model.triage import Swapped
from prober.store.codec import pack_swapped, unpack_swapped
from prober.store.engine import Transaction
from prober.store.version_rows import ExperimentRow


def keep(tx: Transaction, endpoint: str, found: tuple[Swapped, ...], asks: int, now: datetime) -> None:
    """The experiment is over."""
    tx.add(ExperimentRow(endpoint=endpoint, at=now, asks=asks, found=pack_swapped(found)))


def newest(tx: Transaction, endpoint: str, since: datetime) -> tuple[Swapped, ...]:
    """Of the newest experiment on an endpoint since then; empty if there was none."""
    row = tx.exec(
        select(ExperimentRow)
        .where(ExperimentRow.endpoint == endpoint, col(ExperimentRow.at) >= since)
        .order_by(col(ExperimentRow.id).desc())
        .limit(1)
    ).first()
    return () if row is None else unpack_swapped(row.found)
