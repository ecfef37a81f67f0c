"""The promise in words a team understands, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from prober.declaration import ReferenceRule

HOURS_PER_YEAR: Final = 24 * 365.25


@dataclass(frozen=True, slots=True)
class Promise:
    """How often one endpoint whose behaviour stays the same may raise an alarm, all probes and channels together."""

    false_alarms_per_year: float = 1.0
    rounds_per_year: float = 365.25
    """Rounds of all probe sets put to the endpoint."""
    reference: ReferenceRule = field(default_factory=ReferenceRule)

    @property
    def threshold(self) -> float:
        """Mean rounds between false alarms: what the e-detector must reach to raise one."""
        return max(self.rounds_per_year / self.false_alarms_per_year, 1.0)

    def missing(self, rounds: int, at: Sequence[datetime]) -> str:
        """What a reference of so many rounds, asked at these times, still lacks; empty when nothing."""
        lacks = []
        if rounds < self.reference.rounds:
            lacks.append(f"{self.reference.rounds - rounds} more of {self.reference.rounds} rounds")
        hours = (max(at) - min(at)).total_seconds() / 3600 if at else 0.0
        if at and hours < self.reference.hours:
            lacks.append(f"{self.reference.hours - hours:.1f} more of {self.reference.hours:g} hours")
        return " and ".join(lacks)
