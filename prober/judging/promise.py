"""The promise in words a team understands, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from scipy.special import pdtrc  # scipy.stats would more than double the time that every verb takes to start

from prober.model.declaration import Confirm, ReferenceRule

HOURS_PER_YEAR: Final = 24 * 365.25


@dataclass(frozen=True, slots=True)
class Promise:
    """How often one endpoint whose behaviour stays the same may raise an alarm, all probes and channels together."""

    false_alarms_per_year: float = 1.0
    rounds_per_year: float = 365.25
    """Scheduled rounds of all probe sets put to the endpoint; confirmation rounds come on top."""
    reference: ReferenceRule = field(default_factory=ReferenceRule)
    confirm: Confirm = field(default_factory=lambda: Confirm(rounds=0))
    """Which confirmation rounds may come on top."""

    @property
    def threshold(self) -> float:
        """Mean rounds between false alarms: what the e-detector must reach to raise one. Confirmation rounds are rounds
        too, so it is the scheduled ones between false alarms plus the most that can come on top."""
        return max(self.rounds_per_year / self.false_alarms_per_year, 1.0) + self.most_confirmations

    @property
    def most_confirmations(self) -> float:
        """Confirmation rounds between two false alarms, on average at most. Proof: docs/operating/confirmation.md.

        Every suspicion has climbed from `at / 2` to `at` of the threshold A. A scheduled round of a still world adds at
        most one on average, so there are at most 2 / (A `at`) suspicions to such a round, each with `rounds` rounds.
        """
        return 2 * self.confirm.rounds / self.confirm.at

    def missing(self, rounds: int, at: Sequence[datetime]) -> str:
        """What a reference of so many rounds, asked at these times, still lacks; empty when nothing."""
        lacks = []
        if rounds < self.reference.rounds:
            lacks.append(f"{self.reference.rounds - rounds} more of {self.reference.rounds} rounds")
        hours = (max(at) - min(at)).total_seconds() / 3600 if at else 0.0
        if at and hours < self.reference.hours:
            lacks.append(f"{self.reference.hours - hours:.1f} more of {self.reference.hours:g} hours")
        return " and ".join(lacks)


def chance(alarms: int, promised: float) -> float:
    """P(at least so many alarms | they come at the promised rate, so many on average, each for itself)."""
    return float(pdtrc(alarms - 1, promised)) if alarms else 1.0
