"""Of which things there is anything to show at all. Only reads."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, func, select

from prober.model.incident import LIVE
from prober.store.engine import Transaction
from prober.store.rows import IncidentRow, MarkRow, ProbeSetRow, RetirementRow, SampleTallyRow, VersionRow


def present(tx: Transaction) -> frozenset[str]:
    """Which of `objectives`, `triage` (an incident that is open), `changes` (edits and marks), `retirement` and
    `samples` there are."""
    asked: dict[str, Any] = {
        "objectives": select(ProbeSetRow.name).where(func.coalesce(ProbeSetRow.objectives, "[]") != "[]"),
        "triage": select(IncidentRow.id).where(col(IncidentRow.state).in_(LIVE)),
        "changes": select(VersionRow.number).where(VersionRow.number > 1),
        "marks": select(MarkRow.id),
        "retirement": select(RetirementRow.endpoint),
        "samples": select(SampleTallyRow.endpoint),
    }
    found = {name for name, question in asked.items() if tx.exec(question.limit(1)).first() is not None}
    return frozenset({"changes" if name == "marks" else name for name in found})
