"""The promise in words a team understands, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil, inf
from typing import Final

from pydantic import TypeAdapter, ValidationError

from prober.model.reference import Confirm, ReferenceRule
from prober.text import count

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

    @staticmethod
    def of_json(found: object) -> Promise | None:
        """What an export carries; None where it is nothing of ours."""
        if not isinstance(found, Mapping) or not {"false_alarms_per_year", "rounds_per_year"} <= set(found):
            return None
        try:
            read = TypeAdapter(Promise).validate_python(found)
        except ValidationError:
            return None
        return read if 0 < read.false_alarms_per_year <= 365 and 0 < read.rounds_per_year <= 1e9 else None

    @property
    def threshold(self) -> float:
        """What the e-detector must reach to raise an alarm: mean rounds between false alarms, times what a short
        reference costs. Confirmation rounds are rounds too, so these are the scheduled ones between false alarms plus
        the most that can come on top."""
        return self.price * (self.scheduled + self.most_confirmations)

    @property
    def price(self) -> float:
        """By how much a reference that is shorter than the default one raises the threshold; 1 where it is not.

        What a short reference does not show looks like a change later, and the e-detector's bound is for a model that
        is known. Measured: docs/mathematics/promise.md.
        """
        return max(1.0, self.default_rounds / self.reference_rounds) ** 2

    @property
    def default_rounds(self) -> float:
        """Rounds that the default reference has at this cadence."""
        return _rounds_of(ReferenceRule(), self.rounds_per_year)

    @property
    def reference_rounds(self) -> float:
        """Rounds that the declared reference has at this cadence."""
        return _rounds_of(self.reference, self.rounds_per_year)

    @property
    def scheduled(self) -> float:
        """Scheduled rounds between two false alarms, on average at least."""
        return max(self.rounds_per_year / self.false_alarms_per_year, 1.0)

    @property
    def most_confirmations(self) -> float:
        """Confirmation rounds between two false alarms, on average at most. Proof: docs/operating/confirmation.md.

        A suspicion has at most `rounds` of them. It begins with an odd round, which a share of the scheduled ones is,
        or with evidence, which has then climbed from `at / 2` to `at` of the threshold A. A scheduled round of an
        unchanged endpoint adds at most one on average, so there are at most 2 / (A `at`) such suspicions to a scheduled
        round.
        """
        return self.confirm.rounds * (self.odd_share * self.scheduled + 2 / self.confirm.at)

    @property
    def every_s(self) -> float:
        """Seconds between scheduled rounds, on average; infinite where nothing is asked."""
        return HOURS_PER_YEAR * 3600 / self.rounds_per_year if self.rounds_per_year else inf

    @property
    def odd_share(self) -> float:
        """Share of an unchanged endpoint's rounds that are more extreme than all of the reference."""
        return 1 / (self.reference_rounds + 1)

    def missing(self, rounds: int, at: Sequence[datetime]) -> str:
        """What a reference of so many rounds, asked at these times, still lacks; empty when nothing."""
        lacks = []
        hours = (max(at) - min(at)).total_seconds() / 3600 if at else 0.0
        if at and hours < self.reference.hours:
            lacks.append(still_needed(hours, self.reference.hours, "hour"))
        if rounds < self.reference.rounds:
            lacks.append(still_needed(rounds, self.reference.rounds, "round"))
        return " and ".join(lacks)


def still_needed(there: float, needed: float, unit: str) -> str:
    """`12 rounds` while there is none of them, then `11 more of 12 rounds`. A part of the first counts as nothing."""
    lack = ceil(needed - there)
    return count(needed, unit) if lack >= needed else f"{lack:,} more of {count(needed, unit)}"


def _rounds_of(rule: ReferenceRule, rounds_per_year: float) -> float:
    return max(rule.rounds, rule.hours / HOURS_PER_YEAR * rounds_per_year, 1.0)


def chance(alarms: int, promised: float) -> float:
    """P(at least so many alarms | they come at the promised rate, so many on average, each for itself)."""
    from scipy.special import pdtrc  # not at the top: every verb would wait for it

    return float(pdtrc(alarms - 1, promised)) if alarms else 1.0
