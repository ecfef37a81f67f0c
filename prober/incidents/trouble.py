"""Trouble: an endpoint that cannot be asked. It has a quiet incident of its own, and is never a change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from prober.incidents.lifecycle import closed, severity
from prober.model.declaration import Severity
from prober.model.incident import Decision, Trouble, TroubleKind

OPENS_AFTER: Final = 3
"""Failed rounds in a row after which trouble opens: one may fail by bad luck."""
CLOSES_AFTER: Final = 2
"""Rounds in a row that succeed, after which it is over."""
FULL: Final = 0.9
"""Share of the asks that must have been answered for a round to open a change while there is trouble: what an ailing
provider still answers is no fair sample of its answers."""


@dataclass(frozen=True, slots=True)
class Health:
    """How the asks of one round went."""

    label: str
    """The round's; a time."""
    asked: int
    failed: int
    failure: str = ""
    """The named failure the last of its failed asks ended with, or why the round was not asked at all."""

    @property
    def answered(self) -> float:
        """Share of the asks that were answered; 0 where nothing was asked."""
        return (self.asked - self.failed) / self.asked if self.asked else 0.0

    @property
    def is_failed(self) -> bool:
        """Whether fewer than half of its asks were answered."""
        return self.answered < 0.5


def trouble(
    open_trouble: Trouble | None,
    rounds: Sequence[Health],
    endpoint: str,
    endpoint_hash: str,
    now: datetime,
    rules: Mapping[str, Severity] | None = None,
    in_maintenance: bool = False,
) -> Decision:
    """The newest rounds of an endpoint, oldest first → whether there is trouble."""
    if not rounds:
        return Decision("quiet", open_trouble)
    failed = rounds[-1].is_failed
    alike = 0
    while alike < len(rounds) and rounds[-1 - alike].is_failed == failed:
        alike += 1
    if open_trouble is not None:
        if failed:
            return Decision("still_failing", open_trouble)
        if alike < CLOSES_AFTER:
            return Decision("recovering", open_trouble)
        return Decision("rounds_succeed", closed(open_trouble, "recovered", "", "", now), event="trouble_over")
    if not failed:
        return Decision("quiet")
    if alike < OPENS_AFTER:
        return Decision("failing")
    if in_maintenance:
        return Decision("in_maintenance")
    first, last = rounds[-alike], rounds[-1]
    incident = Trouble(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind=kind_of(last.failure),
        onset=first.label,
        detected_round=last.label,
        opened_at=now,
        cause=last.failure or "no reply",
        notified_at=now,
    )
    return Decision("rounds_failed", replace(incident, severity=severity(incident, rules)), event="trouble")


def inhibits(open_trouble: Trouble | None, round_: Health) -> bool:
    """Whether a round may open nothing, and tells nothing of what is open."""
    return round_.is_failed or (open_trouble is not None and round_.answered < FULL)


def kind_of(failure: str) -> TroubleKind:
    """The diagnosis word of a named failure."""
    if failure == "rate_limited":
        return "rate_limited"
    return "budget_exhausted" if failure.startswith("budget_exhausted") else "provider_error"
