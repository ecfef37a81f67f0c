"""What a judged round makes of an incident, and how severe it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from math import inf, isfinite, log
from typing import Final, TypeVar

from prober.model.declaration import Severity
from prober.model.evidence import NONE, Fact, Judgement, Verdict, moved
from prober.model.incident import SERIOUS, SEVERITIES, Change, CloseReason, Course, Decision, Facts, Incident

AFTERMATH: Final = 3
"""Rounds after an alarm that must be seen before a change is called persistent or transient, and as many quiet ones in
a row after a transient one before it has recovered."""
DOUBT: Final = log(20)
"""ln likelihood ratio that the rounds since the alarm must speak for the reference before a change is called transient.

Wald's bound: a change that stays is called transient in one of twenty cases at most.
"""


AnIncident = TypeVar("AnIncident", bound=Incident)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a decision rests on besides the evidence."""

    rules: Mapping[str, Severity] = field(default_factory=dict)
    """Channel → severity, where a team has its own."""
    in_maintenance: bool = False
    """A declared window of work: nothing opens."""
    inhibited: bool = False
    """The endpoint could hardly be asked: what little there is opens nothing, and tells nothing of what is open."""


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
    found = _found(judgement, endpoint, endpoint_hash, now, together, given)
    if open_change is not None:  # it was suspected before
        found = replace(found, id=open_change.id, opened_at=now if is_alarm else open_change.opened_at)
    if not is_alarm:
        return Decision("suspected", replace(found, state="suspected", notified_at=None))
    return Decision("change_confirmed", found, event="opened")


def _found(
    judgement: Judgement,
    endpoint: str,
    endpoint_hash: str,
    now: datetime,
    together: tuple[str, ...],
    given: Circumstances,
) -> Change:
    """The incident that a judgement speaks of, open from now on."""
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
    return replace(incident, severity=severity(incident, given.rules))


def _fade(suspected: Change | None, now: datetime) -> Decision:
    """No evidence is left; nobody was notified of the suspicion."""
    if suspected is None:
        return Decision("quiet")
    return Decision("suspicion_faded", closed(suspected, "faded", "", "", now))


def _go_on(incident: Change, judgement: Judgement, now: datetime, given: Circumstances) -> Decision:
    """What a later round adds to an open incident: channels, a graver kind, whether it lasts, whether it is over."""
    if given.inhibited:
        return Decision("inhibited", incident)
    if not given.in_maintenance and (again := _changed_again(incident, judgement)) is not None:
        successor = _found(again, incident.endpoint, incident.endpoint_hash, now, (), given)
        return Decision("changed_again", closed(incident, "superseded", "", "", now), "superseded", successor=successor)
    wider = _with_later(incident, judgement)
    wider = replace(wider, severity=worst([incident.severity, severity(wider, given.rules)]))
    watched = _watch(wider, judgement)
    if _is_worse(watched, incident):
        # What a mute covered was less than this. Whether it lasts is for the next round to say, as news of its own.
        state = "open" if incident.state == "muted" else incident.state
        worse = replace(watched, state=state, muted_until=None, notified_at=now, course=incident.course)
        return Decision("more_serious", replace(worse, settled_round=incident.settled_round), event="escalated")
    if watched.course != incident.course:
        passed = watched.course == "transient"
        return Decision("transient" if passed else "persistent", watched, event="passed" if passed else None)
    if incident.course == "transient":
        calm = incident.calm_rounds + 1 if judgement.state == "quiet" else 0
        if calm >= AFTERMATH:
            return Decision("back_for_good", closed(watched, "recovered", "", "", now), event="recovered")
        if calm != incident.calm_rounds:
            return Decision("staying_back", replace(watched, calm_rounds=calm))
    if watched.verdicts != incident.verdicts:
        return Decision("more_channels", watched)
    if watched.rounds_after != incident.rounds_after:
        return Decision("aftermath", watched)
    return Decision("already_open" if judgement.state == "alarm" else "quiet", incident)


def _is_worse(incident: Change, before: Change) -> bool:
    graver = SERIOUS.index(incident.kind) > SERIOUS.index(before.kind)
    return graver or SEVERITIES.index(incident.severity) > SEVERITIES.index(before.severity)


def _changed_again(incident: Change, judgement: Judgement) -> Judgement | None:
    """The judgement as it speaks of another change, later than all that is known of this one; None where it does not.

    A change that passed is followed by any alarm that began after it; one that stays by channels that had not moved,
    each sure by itself, that began to after it was known to stay.
    """
    if judgement.state != "alarm" or judgement.kind is None or incident.settled_round is None:
        return None
    if incident.course == "transient":
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


def _watch(incident: Change, judgement: Judgement) -> Change:
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
    return replace(
        incident,
        rounds_after=rounds,
        peak_log_e=peak,
        passed=None if course == "persistent" else passed,
        course=course,
        settled_round=judgement.round if known else None,
    )


def join(incident: AnIncident, others: Sequence[Incident]) -> AnIncident:
    """An incident that opens is part of the first of those that are open at its provider and began at the same time."""
    if not others:
        return incident
    first = min(others, key=lambda one: one.id)
    return replace(incident, part_of=first.part_of or first.id)


def closed(incident: AnIncident, reason: CloseReason, actor: str, note: str, now: datetime) -> AnIncident:
    """The incident, over."""
    return replace(
        incident, state="closed", closed_at=now, close_reason=reason, actor=actor, note=note, muted_until=None
    )


DEFAULTS: Final[Mapping[str, Severity]] = {
    "identity": "info",
    "serving": "info",
    "tokens": "info",
    "refusal": "critical",
    "expectation": "critical",
    "rate_limited": "info",
    "budget_exhausted": "info",
    "model_name": "info",
    "snapshot": "info",
    "fingerprint": "info",
    "check": "critical",
}
"""Channel, kind of fact, or kind of trouble → level. What is not named is a `warning`: answers are distributed
otherwise; or an endpoint cannot be asked, which makes us blind, but is no outage of what our users see."""
_PART_OF_PROVIDER_ERROR: Final = frozenset(("unauthorized", "out_of_credit", "model_not_found", "model_retired"))
"""Kinds of trouble that an older declaration means when it says `provider_error`."""


def severity(incident: Incident, rules: Mapping[str, Severity] | None = None) -> Severity:
    """The worst level among what moved; `rules` of the configuration come before the defaults."""
    named = {**DEFAULTS, **(rules or {})}
    if isinstance(incident, Facts):
        return worst(fact_severity(fact, rules) for fact in incident.facts)
    if not isinstance(incident, Change):
        usual = named.get("provider_error", "warning") if incident.kind in _PART_OF_PROVIDER_ERROR else "warning"
        return named.get(incident.kind, usual)
    levels = [named.get(verdict.channel, "warning") for verdict in incident.moved]
    levels += [fact_severity(fact, rules) for fact in incident.facts]
    if incident.kind == "contract_break" and "expectation" not in (rules or {}):
        levels.append("critical")  # also where no channel alone says so
    return worst(levels or ["warning"])


def fact_severity(fact: Fact, rules: Mapping[str, Severity] | None = None) -> Severity:
    """That a part begins or ceases to be sent is no more than `info`, where the rules do not say otherwise."""
    if rules and fact.kind in rules:
        return rules[fact.kind]
    return "info" if NONE in (fact.was, fact.now) else DEFAULTS.get(fact.kind, "warning")


def worst(levels: Iterable[Severity]) -> Severity:
    """The worst of some levels, of which there must be one."""
    return max(levels, key=SEVERITIES.index)
