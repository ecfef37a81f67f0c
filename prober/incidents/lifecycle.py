"""What a judged round makes of an incident, and how severe it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf, isfinite, log
from typing import Final, TypeVar

from prober.incidents.severity import severity, worst
from prober.judging.explain.summary import kind_of
from prober.model.decision import Decision
from prober.model.declaration import Severity
from prober.model.evidence import Findings, Judgement, Verdict, moved
from prober.model.incident import SERIOUS, SEVERITIES, Change, CloseReason, Course, Event, Incident

AFTERMATH: Final = 3
"""Rounds after an alarm that must be seen before a change is called persistent or transient, and as many quiet ones in
a row after a transient one before it has recovered."""
BACK: Final = log(1000)
"""The same of a change that was known to stay. Every round after that is a chance to be wrong: on average one in a
thousand rounds says so of a change that stays."""
DOUBT: Final = log(20)
"""ln likelihood ratio that the rounds since the alarm must support the reference before a change is called transient.

Wald's bound: a change that stays is called transient in one of twenty cases at most.
"""


BECAME_REFERENCE: Final = "the rounds since then became the reference"
"""What took the place of a provisional change."""

AnIncident = TypeVar("AnIncident", bound=Incident)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision rests on besides the evidence."""

    rules: Mapping[str, Severity] = field(default_factory=dict)
    """Channel → severity, where a team has its own."""
    in_maintenance: bool = False
    """A declared window of work: nothing opens."""
    inhibited: bool = False
    """Most asks failed: the few replies open nothing, and say nothing about what is open."""
    look: Callable[[Change], Findings] = lambda change: change.findings
    """What the replies show of a change up to now: everything that moved, also where no channel had evidence of it."""


PLAIN: Final = Circumstances()


def decide(
    open_change: Change | None,
    judgement: Judgement,
    endpoint: str,
    endpoint_hash: str,
    now: datetime,
    together: tuple[str, ...] = (),
    given: Circumstances = PLAIN,
) -> Decision:
    """Judgement → Decision: pure, and every outcome has a named reason.

    `open_change` is the change of this endpoint that is not closed, which may only be suspected; `together` names the
    other endpoints whose evidence was pooled with its own.
    """
    if judgement.state == "insufficient_evidence":
        return Decision("insufficient_evidence", open_change)
    if open_change is not None and open_change.is_live:
        return _go_on(open_change, judgement, now, given)
    is_alarm = judgement.state == "alarm" and judgement.kind is not None
    if judgement.state == "quiet" or (judgement.state == "alarm" and not is_alarm):
        return _fade(open_change, now)
    if given.in_maintenance:
        return Decision("in_maintenance", open_change)
    if given.inhibited:
        return Decision("inhibited", open_change)
    found = _found(judgement, endpoint, endpoint_hash, now, together)
    if is_alarm:
        found = _seen(found, given)
    if open_change is not None:  # it was suspected before
        found = replace(found, id=open_change.id, opened_at=now if is_alarm else open_change.opened_at)
    if not is_alarm:
        level = severity(found, given.rules)
        return Decision("suspected", replace(found, severity=level, state="suspected", notified_at=None))
    return Decision("change_confirmed", found, event="opened")


def _found(judgement: Judgement, endpoint: str, endpoint_hash: str, now: datetime, together: tuple[str, ...]) -> Change:
    """The incident that a judgement is about, open from now on."""
    incident = Change(
        id=0,
        endpoint=endpoint,
        endpoint_hash=endpoint_hash,
        state="open",
        kind=judgement.kind or "behaviour_change",
        onset=judgement.onset or judgement.round,
        detected_round=judgement.round,
        opened_at=now,
        e_value=judgement.e_value,
        threshold=judgement.threshold,
        verdicts=judgement.verdicts,
        onset_between=judgement.onset_between,
        together=together,
        peak_log_e=judgement.verdicts[0].log_e if judgement.verdicts else -inf,
        notified_at=now,
    )
    if judgement.is_provisional:  # what came since is the reference from now on: nothing will say that it passed
        incident = replace(incident, course="persistent", settled_round=judgement.round)
    return incident


def _seen(incident: Change, given: Circumstances) -> Change:
    """With what its replies show up to now, and the kind and severity that make it. An incident that people know of
    never becomes less grave: `_go_on` sees to that."""
    found = replace(incident, findings=given.look(incident))
    if found.findings.shifts:
        found = replace(found, kind=kind_of(found.shifts))
    return replace(found, severity=severity(found, given.rules))


def _fade(suspected: Change | None, now: datetime) -> Decision:
    """No evidence is left; nobody was notified of the suspicion."""
    if suspected is None:
        return Decision("quiet")
    return Decision("suspicion_faded", closed(suspected, "faded", "", "", now))


def _go_on(incident: Change, judgement: Judgement, now: datetime, given: Circumstances) -> Decision:
    """What a later round adds to an open incident: channels, a graver kind, whether it lasts, whether it is over."""
    if given.inhibited:
        return Decision("inhibited", incident)
    if incident.is_provisional and judgement.state == "quiet":
        return _as_its_reference(incident, now)
    if not given.in_maintenance and (again := _changed_again(incident, judgement)) is not None:
        successor = _seen(_found(again, incident.endpoint, incident.endpoint_hash, now, ()), given)
        return Decision("changed_again", closed(incident, "superseded", "", "", now), "superseded", successor=successor)
    watched = _watch(_with_later(incident, judgement), judgement, given)
    seen = _seen(watched, given)
    watched = replace(
        seen,
        kind=max(incident.kind, seen.kind, key=SERIOUS.index),
        severity=worst([incident.severity, seen.severity]),
        e_value=max(incident.e_value, judgement.e_value),
    )
    if _is_worse(watched, incident):
        # What a mute covered was less than this. Whether it lasts is for the next round to say, as news of its own.
        state = "open" if incident.state == "muted" else incident.state
        worse = replace(watched, state=state, muted_until=None, notified_at=now, course=incident.course)
        return Decision("more_serious", replace(worse, settled_round=incident.settled_round), event="escalated")
    if watched.course != incident.course:
        passed = watched.course == "transient"
        return Decision("transient" if passed else "persistent", watched, event="passed" if passed else None)
    if incident.course == "transient":
        calm = incident.calm_rounds + 1 if _is_calm(incident, judgement) else 0
        if calm >= AFTERMATH:
            return Decision("back_for_good", closed(watched, "recovered", "", "", now), event="recovered")
        if calm != incident.calm_rounds:
            return Decision("back_so_far", replace(watched, calm_rounds=calm))
    if {one.channel for one in watched.moved} != {one.channel for one in incident.moved}:
        return Decision("more_channels", watched)
    if watched.rounds_after != incident.rounds_after:
        return Decision("aftermath", watched)
    if watched != incident:
        return Decision("refreshed", watched)
    return Decision("already_open" if judgement.state == "alarm" else "quiet", incident)


def _as_its_reference(incident: Change, now: datetime) -> Decision:
    """A round like the reference, which was gathered from the rounds since a provisional change: it needs no person."""
    if incident.calm_rounds + 1 < AFTERMATH:
        return Decision("back_so_far", replace(incident, calm_rounds=incident.calm_rounds + 1))
    over = replace(closed(incident, "superseded", "", "", now), cause=BECAME_REFERENCE)
    return Decision("became_reference", over, event="became_reference")


def _is_worse(incident: Change, before: Change) -> bool:
    graver = SERIOUS.index(incident.kind) > SERIOUS.index(before.kind)
    return graver or SEVERITIES.index(incident.severity) > SEVERITIES.index(before.severity)


def _changed_again(incident: Change, judgement: Judgement) -> Judgement | None:
    """The judgement, as far as it is about another change, later than all that is known of this one; None where it is
    not.

    A change that passed, or whose rounds became the reference, is followed by any alarm that began after it; one that
    stays by channels that had not moved,
    each sure by itself, that began to after it was known to stay.
    """
    if judgement.state != "alarm" or judgement.kind is None or incident.settled_round is None:
        return None
    if incident.course == "transient" or incident.is_provisional:
        after = incident.passed or incident.settled_round
        return judgement if judgement.onset is not None and judgement.onset > after else None
    known = {verdict.channel for verdict in moved(incident.verdicts, incident.threshold)}
    later = [one for one in judgement.moved if _is_later(one, known, incident.settled_round, judgement.threshold)]
    if not later:
        return None
    rest = [verdict for verdict in judgement.verdicts if verdict not in later]
    first = later[0]
    return replace(
        judgement, verdicts=(*later, *rest), onset=first.onset, onset_between=first.onset_between, e_value=first.e_value
    )


def _is_later(verdict: Verdict, known: set[str], after: str, threshold: float) -> bool:
    is_sure = verdict.channel not in known and verdict.e_value >= threshold
    return is_sure and verdict.onset is not None and verdict.onset > after


def _with_later(incident: Change, judgement: Judgement) -> Change:
    """With the verdicts of channels that moved since, and the kind they make it."""
    known = {verdict.channel for verdict in moved(incident.verdicts, incident.threshold)}
    later = {verdict.channel: verdict for verdict in judgement.moved if verdict.channel not in known}
    if not later:
        return incident
    kind = incident.kind if judgement.kind is None else max(incident.kind, judgement.kind, key=SERIOUS.index)
    kept = [verdict for verdict in incident.verdicts if verdict.channel not in later]
    split = sum(verdict.channel in known for verdict in kept)
    return replace(incident, kind=kind, verdicts=(*kept[:split], *later.values(), *kept[split:]))


def _watch(incident: Change, judgement: Judgement, given: Circumstances) -> Change:
    """One round of an open incident. What its first channel has won or lost since the alarm is the ln likelihood ratio
    of a change that stays against the reference; of one that was known to stay, what it has lost since its peak."""
    first = incident.verdicts[0] if incident.verdicts else None
    now = _evidence_of(first, judgement)
    if incident.course == "transient" or first is None or now is None or not isfinite(first.log_e):
        return incident
    if incident.is_provisional:  # its reference is another
        return incident
    if now >= incident.peak_log_e:
        peak, passed = now, None
    else:
        peak, passed = incident.peak_log_e, incident.passed or judgement.round
    if incident.course == "persistent":
        watched = replace(_as_strong_as_ever(incident, judgement), peak_log_e=peak, passed=passed)
        if passed is None or now > peak - BACK or _is_still_grave(watched, passed, given):
            return watched
        return replace(watched, course="transient", settled_round=judgement.round)
    rounds, won = incident.rounds_after + 1, now - first.log_e
    known = rounds >= AFTERMATH and (won >= 0 or won <= -DOUBT)
    course: Course = "unknown" if not known else "persistent" if won >= 0 else "transient"
    return replace(
        incident,
        rounds_after=rounds,
        peak_log_e=peak,
        passed=None if course == "persistent" else passed,
        course=course,
        settled_round=judgement.round if known else None,
    )


def _evidence_of(first: Verdict | None, judgement: Judgement) -> float | None:
    """ln of the evidence of a channel now; None where it has none."""
    return next((one.log_e for one in judgement.verdicts if first is not None and one.channel == first.channel), None)


def _as_strong_as_ever(incident: Change, judgement: Judgement) -> Change:
    """With the verdicts of the round, where their evidence is stronger than it ever was."""
    now = {verdict.channel: verdict for verdict in judgement.verdicts}
    kept = [max(now.get(one.channel, one), one, key=lambda verdict: verdict.log_e) for one in incident.verdicts]
    return replace(incident, verdicts=tuple(kept))


def _is_still_grave(incident: Change, passed: str, given: Circumstances) -> bool:
    """Whether the rounds since the strongest channel went back still show what no statistic of it sees."""
    since = replace(incident, onset=passed, onset_between=None, passed=None)
    return any(shift.is_clear and shift.direction == "worse" for shift in given.look(since).shifts)


def _is_calm(incident: Change, judgement: Judgement) -> bool:
    """Whether a round after a change that passed is like the reference: there is no evidence, or what is left of it
    stays far below its peak."""
    now = _evidence_of(incident.verdicts[0] if incident.verdicts else None, judgement)
    return judgement.state == "quiet" or (now is not None and now <= incident.peak_log_e - BACK)


def join(incident: AnIncident, others: Sequence[Incident]) -> AnIncident:
    """An incident that opens is part of the first of those that are open at its provider and began at the same time."""
    if not others:
        return incident
    first = min(others, key=lambda one: one.id)
    return replace(incident, part_of=first.part_of or first.id)


def is_alike(event: Event, one: Incident, other: Incident) -> bool:
    """Whether what an event that folds says of one incident holds of another of the same event as well."""
    if not (one.is_live and other.is_live):
        return False
    match event:
        case "cause_changed":
            return one.kind == other.kind
        case "passed":
            return isinstance(one, Change) and isinstance(other, Change) and bool(one.back_since and other.back_since)
        case _:
            return one.severity == other.severity


def closed(incident: AnIncident, reason: CloseReason, actor: str, note: str, now: datetime) -> AnIncident:
    """The incident, over."""
    return replace(
        incident, state="closed", closed_at=now, close_reason=reason, actor=actor, note=note, muted_until=None
    )
