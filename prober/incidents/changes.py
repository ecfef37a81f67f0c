"""What a judged round makes of an incident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from math import inf, isfinite, log
from typing import Final

from prober.detectors.verdict import Judgement, moved
from prober.incidents.words import SERIOUS, CloseReason, Course, Decision, Incident, IncidentKind

AFTERMATH: Final = 3
"""Rounds after an alarm that must be seen before a change is called persistent or transient."""
_SERIOUS: Final[tuple[IncidentKind, ...]] = SERIOUS
DOUBT: Final = log(20)
"""ln likelihood ratio that the rounds since the alarm must speak for the reference before a change is called transient.

Wald's bound: a change that stays is called transient in one of twenty cases at most.
"""


def decide(
    open_incident: Incident | None,
    judgement: Judgement,
    endpoint: str,
    endpoint_hash: str,
    now: datetime,
    together: tuple[str, ...] = (),
) -> Decision:
    """Judgement → Decision: pure, and every outcome has a named reason.

    `together` names the other endpoints that the judgement rests on.
    """
    if judgement.state == "insufficient_evidence":
        return Decision("insufficient_evidence", open_incident)
    if open_incident is not None:
        return _go_on(open_incident, judgement)
    if judgement.state == "suspected":
        return Decision("suspected")
    if judgement.state != "alarm" or judgement.kind is None:
        return Decision("quiet")
    incident = Incident(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind=judgement.kind,
        onset=judgement.onset or judgement.round,
        detected_round=judgement.round,
        opened_at=now,
        e_value=judgement.e_value,
        threshold=judgement.threshold,
        verdicts=judgement.verdicts,
        onset_between=judgement.onset_between,
        together=together,
        peak_log_e=judgement.verdicts[0].log_e if judgement.verdicts else -inf,
    )
    return Decision("change_confirmed", incident, event="opened")


def _go_on(incident: Incident, judgement: Judgement) -> Decision:
    """What a later round adds to an open incident: channels, a more serious kind, and whether it lasts."""
    watched = _watch(_with_later(incident, judgement), judgement)
    if _SERIOUS.index(watched.kind) > _SERIOUS.index(incident.kind):
        return Decision("more_serious", watched, event="escalated")
    if watched.course != incident.course:
        passed = watched.course == "transient"
        return Decision("transient" if passed else "persistent", watched, event="passed" if passed else None)
    if watched.verdicts != incident.verdicts:
        return Decision("more_channels", watched)
    if watched.rounds_after != incident.rounds_after:
        return Decision("aftermath", watched)
    return Decision("already_open" if judgement.state == "alarm" else "quiet", incident)


def _with_later(incident: Incident, judgement: Judgement) -> Incident:
    """With the verdicts of channels that moved since, and the kind they make it."""
    known = {verdict.channel for verdict in moved(incident.verdicts, incident.threshold)}
    later = {verdict.channel: verdict for verdict in judgement.moved if verdict.channel not in known}
    if not later:
        return incident
    kind = incident.kind if judgement.kind is None else max(incident.kind, judgement.kind, key=_SERIOUS.index)
    kept = [verdict for verdict in incident.verdicts if verdict.channel not in later]
    split = sum(verdict.channel in known for verdict in kept)
    return replace(incident, kind=kind, verdicts=(*kept[:split], *later.values(), *kept[split:]))


def _watch(incident: Incident, judgement: Judgement) -> Incident:
    """One round of the aftermath. What its first channel has won or lost since the alarm is the ln likelihood ratio
    of a change that stays against the reference."""
    first = incident.verdicts[0] if incident.verdicts else None
    now = next((one for one in judgement.verdicts if first is not None and one.channel == first.channel), None)
    if incident.course != "unknown" or first is None or now is None or not isfinite(first.log_e):
        return incident
    if now.log_e >= incident.peak_log_e:
        peak, passed = now.log_e, None
    else:
        peak, passed = incident.peak_log_e, incident.passed or judgement.round
    rounds, won = incident.rounds_after + 1, now.log_e - first.log_e
    known = rounds >= AFTERMATH and (won >= 0 or won <= -DOUBT)
    course: Course = "unknown" if not known else "persistent" if won >= 0 else "transient"
    passed = None if course == "persistent" else passed
    return replace(incident, rounds_after=rounds, peak_log_e=peak, passed=passed, course=course)


def join(incident: Incident, standing: Sequence[Incident]) -> Incident:
    """An incident that opens is part of the first of those that stand open at its provider and began at the same time,
    where there are any."""
    if not standing:
        return incident
    first = min(standing, key=lambda one: one.id)
    return replace(incident, part_of=first.part_of or first.id)


def acknowledge(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """A person has it in hand."""
    in_hand = replace(incident, state="acknowledged", actor=actor, note=note, acknowledged_at=now, muted_until=None)
    return Decision("acknowledged", in_hand, event="acknowledged")


def accept(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """A person takes the present behaviour as the reference: the incident closes, and a new epoch begins.

    It begins at the onset, so that nothing of the old behaviour is in the new reference; or, where the change has
    passed, with the first round after it.
    """
    return Decision(
        "accepted",
        _closed(incident, "accepted", actor, note, now),
        event="accepted",
        new_epoch=incident.onset if incident.passed is None or incident.course != "transient" else incident.passed,
    )


def reset(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """A person begins a new reference while an incident is open: it closes. The store knows where the epoch begins."""
    return Decision("reset", _closed(incident, "reset", actor, note, now), event="closed")


def _closed(incident: Incident, reason: CloseReason, actor: str, note: str, now: datetime) -> Incident:
    return replace(incident, state="closed", closed_at=now, close_reason=reason, actor=actor, note=note)
