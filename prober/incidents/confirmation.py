"""Confirmation rounds: whether an endpoint under suspicion is asked again at once, and the named reason.

A confirmation round is a round like any other, judged like any other; only the time it is due is another. Legal for an
e-detector, which bounds what a round may add whatever made us ask. A *suspicion* begins with a round that is odd, more
extreme than all of the reference, or whose evidence reaches `Confirm.at` of the threshold. It ends when evidence is
below half of that and a round, not before the third confirmation round or the last that may be asked, neither is odd
nor adds more to it than a still one does on average; or when an incident opens. The rounds that may be asked are
counted within it. How rare odd rounds are, and that gap of a half, let `Promise` bound how many there can be.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from prober.model.declaration import Confirm
from prober.model.evidence import Judgement
from prober.model.incident import LIVE, Incident
from prober.model.watch import Confirmation, Suspicion

ENDS_AT: Final = 0.5
"""A suspicion lasts while evidence is above this part of `Confirm.at`."""

LEAST: Final = 3
"""Confirmation rounds that follow an odd round in any case, where so many may be asked: what the bets learn from it,
the next ones show."""


def confirm(
    rule: Confirm, judgement: Judgement, incident: Incident | None, suspicion: Suspicion, is_paid: bool, now: datetime
) -> Confirmation:
    """Whether to ask again. `incident` is open after this round; `is_paid` says whether the budget allows a round."""
    if judgement.state == "insufficient_evidence":
        return Confirmation("insufficient_evidence")
    if judgement.state == "alarm" or (incident is not None and incident.state in LIVE):
        return Confirmation("incident_open")
    begins_at = rule.at * judgement.threshold
    is_begun = bool(suspicion.since)
    is_telling = judgement.is_odd or (is_begun and (judgement.is_growing or suspicion.rounds < min(LEAST, rule.rounds)))
    if not is_telling and judgement.e_value < begins_at * (ENDS_AT if suspicion.since else 1.0):
        return Confirmation("too_little_evidence")
    since = suspicion.since or judgement.round
    if not is_telling and judgement.e_value < begins_at:
        return Confirmation("too_little_evidence", since)
    if rule.rounds == 0:
        return Confirmation("switched_off", since)
    if suspicion.due_at is not None and suspicion.due_at > now:
        return Confirmation("already_due", since)
    if suspicion.rounds >= rule.rounds:
        return Confirmation("rounds_used", since)
    if suspicion.rounds_today >= rule.per_day:
        return Confirmation("day_used", since)
    if not is_paid:
        return Confirmation("budget_used", since)
    return Confirmation("confirm", since, now + timedelta(seconds=rule.pause_s))
