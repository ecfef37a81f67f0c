"""Confirmation rounds: whether an endpoint under suspicion is asked again at once, and the named reason.

A confirmation round is a round like any other, judged like any other; only the time it is due is another. Legal for an
e-detector, which bounds what a round may add whatever made us ask. A *suspicion* begins with a round that is odd, more
extreme than all of the reference, or whose evidence reaches `Confirm.at` of the threshold. It ends when evidence is
below half of that and a round, not before the third confirmation round or the last that may be asked, neither is odd
nor adds more to it than a still one does on average; or when an incident opens. The rounds that may be asked are
counted within it. How rare odd rounds are, and that gap of a half, let `Promise` bound how many there can be.

While the reference is gathered, some rounds are asked again too: a burst in the beginning, where one is declared, and a
few rounds a minute and an hour later. These pairs show how far apart rounds must be to say something new, and
confirmation rounds keep that distance.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from math import ceil, inf
from typing import Final

from prober.judging.day_clustering import SOON_S
from prober.model.evidence import Judgement
from prober.model.incident import LIVE, Incident
from prober.model.reference import Confirm, ReferenceRule
from prober.model.shape import seconds
from prober.model.watch import SILENT_AFTER, Confirmation, Gathered, Suspicion

ENDS_AT: Final = 0.5
"""A suspicion lasts while evidence is above this part of `Confirm.at`."""

LEAST: Final = 3
"""Confirmation rounds that follow an odd round in any case, where so many may be asked: what the bets learn from it,
the next ones show."""

AGAIN_S: Final = (60.0, 3600.0)
"""How long after a round of the reference it is asked again, and after that once more."""
SPARSE: Final = 4
"""Scheduled rounds are at least so many times as far apart; else the schedule has such pairs by itself."""
NEW_AFTER_S: Final = {SOON_S[0]: AGAIN_S[1]}
"""Where rounds so near repeat one another: how far apart they are to be. What is not here, the schedule decides."""


def next_look_s(pause_s: float, repeats_s: float, every_s: float) -> float | None:
    """Seconds until another round says something new, where rounds `repeats_s` apart or less repeat one another; None
    where the next scheduled round, one every `every_s`, comes sooner."""
    if not repeats_s or repeats_s < pause_s:
        return pause_s
    wait_s = NEW_AFTER_S.get(repeats_s, every_s)
    return wait_s if wait_s < every_s else None


def longest_wait(confirm: Confirm, reference: ReferenceRule) -> timedelta:
    """The longest that a round beside the schedule may have to wait. One due later was added by a clock that was
    ahead."""
    burst_s = seconds(reference.warm_up.pause) if reference.warm_up is not None else 0.0
    return timedelta(seconds=max(*AGAIN_S, *NEW_AFTER_S.values(), confirm.pause_s, burst_s)) + SILENT_AFTER


def ask_for_reference(
    rule: ReferenceRule, gathered: Gathered, suspicion: Suspicion, is_paid: bool, every_s: float, now: datetime
) -> Confirmation:
    """Whether to ask again while the reference is gathered. `every_s` lies between scheduled rounds."""
    wait_s = _wait_for_reference(rule, gathered, every_s)
    if suspicion.due_at is not None and suspicion.due_at > now:
        return Confirmation("already_due")
    if wait_s is None:
        return Confirmation("insufficient_evidence")
    if not is_paid:
        return Confirmation("budget_used")
    return Confirmation("for_reference", due_at=now + timedelta(seconds=wait_s))


def _wait_for_reference(rule: ReferenceRule, gathered: Gathered, every_s: float) -> float | None:
    if rule.warm_up is not None and gathered.rounds < rule.warm_up.rounds:
        return seconds(rule.warm_up.pause)
    if not rule.asked_again or gathered.since_scheduled >= len(AGAIN_S):
        return None
    is_chosen = (gathered.scheduled - 1) % ceil(_needed(rule, every_s) / rule.asked_again) == 0
    wait_s = AGAIN_S[gathered.since_scheduled]
    return wait_s if is_chosen and wait_s <= every_s / SPARSE else None


def asked_for_reference(rule: ReferenceRule, every_s: float) -> int:
    """Rounds of one probe set that are asked beside the schedule while the reference is gathered, at most."""
    burst = rule.warm_up.rounds - 1 if rule.warm_up is not None else 0
    again = sum(wait_s <= every_s / SPARSE for wait_s in AGAIN_S)
    return burst + again * min(rule.asked_again, _needed(rule, every_s))


def _needed(rule: ReferenceRule, every_s: float) -> int:
    """Scheduled rounds of a reference."""
    return max(rule.rounds, ceil(rule.hours * 3600 / every_s))


def confirm(
    rule: Confirm,
    judgement: Judgement,
    incident: Incident | None,
    suspicion: Suspicion,
    is_paid: bool,
    now: datetime,
    every_s: float = inf,
) -> Confirmation:
    """Whether to ask again. `incident` is open after this round; `is_paid` says whether the budget allows a round;
    `every_s` lies between scheduled rounds."""
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
    wait_s = next_look_s(rule.pause_s, judgement.repeats_s, every_s)
    if wait_s is None:
        return Confirmation("repeats", since)
    return Confirmation("confirm", since, now + timedelta(seconds=wait_s))
