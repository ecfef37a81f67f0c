"""What a person does to an incident, and the result. An action that comes too late is a decision too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from prober.incidents.lifecycle import closed
from prober.incidents.measured import RULES
from prober.model.decision import Action, Decision, Reason
from prober.model.incident import Change, Event, Facts, Incident, IncidentState, Measured

MUTED_FOR: Final = timedelta(days=1)
"""How long a mute lasts that names no end."""


_REFUSED: Final[Mapping[Reason, str]] = {
    "not_allowed": "may not be changed by {actor}: PROBER_SLACK_ALLOWED names who may",
    "already_closed": "is closed already: {closed}",
    "already_acknowledged": "is acknowledged already",
    "not_muted": "is not muted",
    "not_confirmed": "is only suspected: there is nothing to act on yet",
    "nothing_to_accept": "is no change of behaviour: there is no new behaviour to accept",
    "nothing_to_dismiss": "is no change that was found by evidence, so it cannot be dismissed: acknowledge or close it",
    "rests_on_fact": "holds a fact, which is never a false alarm: accept it to keep the new behaviour, or close it if "
    "the old one is back",
}


def refusal(incident: Incident, reason: Reason, actor: str) -> str:
    """Why `actor` got nothing done, to follow "incident 7"; empty where something was done."""
    by = f" by {incident.actor}" if incident.actor else ""
    return _REFUSED.get(reason, "").format(actor=actor, closed=f"{incident.closed_as.removesuffix(' by hand')}{by}")


def had_effect(reason: str) -> bool:
    """Whether something was done, by the reason that is kept with an action."""
    return reason not in _REFUSED


def act_on(incident: Incident, action: Action, now: datetime) -> Decision:
    """Where nothing comes of an action, the incident stays as it is, nobody is notified, and the reason says why."""
    if not action.allowed:
        return Decision("not_allowed", incident)
    if action.action == "show":
        return Decision("shown", incident)
    if incident.state == "closed":
        return Decision("already_closed", incident)
    if incident.state == "suspected":
        return Decision("not_confirmed", incident)
    if isinstance(incident, Facts) and action.action in {"acknowledge", "accept", "close"}:
        known = closed(incident, "accepted", action.actor, action.note, now)
        return Decision("acknowledged", replace(known, acknowledged_at=now), event="fact_acknowledged")
    match action.action:
        case "acknowledge" if incident.state == "acknowledged":
            return Decision("already_acknowledged", incident)
        case "acknowledge":
            return acknowledge(incident, action.actor, action.note, now)
        case "mute":
            return mute(incident, action.actor, action.note, action.until or now + MUTED_FOR)
        case "unmute" if incident.state != "muted":
            return Decision("not_muted", incident)
        case "unmute":
            return unmute(incident, action.actor, action.note, now)
        case "accept" if isinstance(incident, Change):
            return accept(incident, action.actor, action.note, now)
        case "accept" if isinstance(incident, Measured) and RULES[incident.kind].may_be_accepted:
            return Decision("accepted", closed(incident, "accepted", action.actor, action.note, now), event="accepted")
        case "accept":
            return Decision("nothing_to_accept", incident)
        case "dismiss" if isinstance(incident, Change) and incident.facts:
            return Decision("rests_on_fact", incident)
        case "dismiss" if isinstance(incident, Change):
            return Decision("dismissed", closed(incident, "dismissed", action.actor, action.note, now), "dismissed")
        case "dismiss":
            return Decision("nothing_to_dismiss", incident)
        case "close":
            over = closed(incident, "recovered", action.actor, action.note, now)
            return Decision("closed_by_hand", over, event=_over(incident))


def _over(incident: Incident) -> Event:
    """The event by which it is over."""
    if isinstance(incident, Measured):
        return RULES[incident.kind].over
    return "recovered" if isinstance(incident, Change) else "trouble_over"


def acknowledge(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """A person takes it on: no more reminders are sent."""
    acknowledged = replace(
        incident, state="acknowledged", actor=actor, note=note, acknowledged_at=now, muted_until=None
    )
    return Decision("acknowledged", acknowledged, event="acknowledged")


def mute(incident: Incident, actor: str, note: str, until: datetime) -> Decision:
    """Nobody is notified of it until then, unless it gets worse or is over."""
    return Decision("muted", replace(incident, state="muted", actor=actor, note=note, muted_until=until), event="muted")


def unmute(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """As it was before the mute: acknowledged, if it was acknowledged."""
    return Decision("unmuted", unmuted(incident, actor, note, now), event="unmuted")


def unmuted(incident: Incident, actor: str, note: str, now: datetime) -> Incident:
    """The incident without its mute."""
    state: IncidentState = "open" if incident.acknowledged_at is None else "acknowledged"
    return replace(incident, state=state, actor=actor, note=note, muted_until=None, notified_at=now)


def accept(incident: Change, actor: str, note: str, now: datetime) -> Decision:
    """A person takes the present behaviour as the reference: the incident closes, and a new epoch begins.

    It begins at the onset, so that nothing of the old behaviour is in the new reference; or, where the change has
    passed, with the first round after it.
    """
    return Decision(
        "accepted",
        closed(incident, "accepted", actor, note, now),
        event="accepted",
        new_epoch=incident.onset if incident.passed is None or incident.course != "transient" else incident.passed,
    )


def reset(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """A person begins a new reference while an incident is open: it closes. The store knows where the epoch begins."""
    if incident.state == "suspected":
        return Decision("reset", closed(incident, "faded", "", "", now))
    return Decision("reset", closed(incident, "reset", actor, note, now), event="closed")
