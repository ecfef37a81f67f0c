"""Facts: what an endpoint is known to say of itself, and the incidents of what it said anew."""

from __future__ import annotations

from typing import Final

from sqlalchemy import bindparam
from sqlmodel import col, select, update

from prober.model.incident import LIVE, Facts
from prober.store.codec import pack_text, to_incident, unpack_text
from prober.store.engine import Transaction
from prober.store.judge_state import epoch_start
from prober.store.rows import FactMemoryRow, IncidentRow, RoundRow


def memory(tx: Transaction, endpoint_hash: str) -> str | None:
    """What is known of the facts of an endpoint, as it was kept last in the current epoch; None before that."""
    held = tx.connection().execute(_MEMORY, {"of": endpoint_hash}).scalar()
    return None if held is None else unpack_text(held)


_MEMORY: Final = select(FactMemoryRow.memory).where(FactMemoryRow.endpoint_hash == bindparam("of"))
_KEEP: Final = (
    update(FactMemoryRow).where(col(FactMemoryRow.endpoint_hash) == bindparam("of")).values(memory=bindparam("packed"))
)


def keep_memory(tx: Transaction, endpoint_hash: str, memory: str) -> None:
    """Behind the lock of the endpoint."""
    packed = pack_text(memory)
    kept = tx.connection().execute(_KEEP, {"of": endpoint_hash, "packed": packed})
    if kept.rowcount == 0:
        tx.add(FactMemoryRow(endpoint_hash=endpoint_hash, memory=packed))
        tx.flush()


def newest_labels(tx: Transaction, endpoint_hash: str, count: int) -> tuple[str, ...]:
    """Labels of the newest completed rounds of the current epoch, oldest first."""
    labels = tx.exec(
        select(RoundRow.label)
        .where(
            RoundRow.endpoint_hash == endpoint_hash,
            RoundRow.state == "completed",
            col(RoundRow.label) >= epoch_start(tx, endpoint_hash),
        )
        .order_by(col(RoundRow.label).desc())
        .limit(count)
    ).all()
    return tuple(label or "" for label in reversed(labels))


def live_facts(tx: Transaction) -> dict[str, tuple[Facts, ...]]:
    """Endpoint's hash → what it said anew that people know of and that is not over, the newest first."""
    found: dict[str, tuple[Facts, ...]] = {}
    live = (col(IncidentRow.is_facts).is_(True), col(IncidentRow.state).in_(LIVE))
    for row in tx.exec(select(IncidentRow).where(*live).order_by(col(IncidentRow.id).desc())):
        one = to_incident(row)
        if isinstance(one, Facts):
            found[row.endpoint_hash] = (*found.get(row.endpoint_hash, ()), one)
    return found
