"""What a person does to an incident, from a shell or a page: one act, and the same words for what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from prober.alerts.phrases import minute, when
from prober.incidents.routing import Routing
from prober.model.errors import ConfigurationError
from prober.model.incident import Action, Decision, Incident, Reason
from prober.store import Store

NOWHERE: Final = "there is no incident {}; `prober incidents list` shows all there are"
_REFUSED: Final[dict[Reason, str]] = {
    "not_allowed": "may not be acted on by {actor}",
    "already_closed": "is closed already: {closed}",
    "not_muted": "is not muted",
    "not_confirmed": "is only suspected: there is nothing to act on yet",
    "nothing_to_accept": "is trouble, not a change: there is no new behaviour to accept",
}
"""Decisions by which a person got nothing done."""


def act(store: Store, incident_id: int, press: Action, routing: Routing, now: datetime) -> tuple[Incident, Decision]:
    """Read, decided, written and kept with its author at once: the incident afterwards, and why it is so.

    Raises ConfigurationError, with why, where there is no such incident or nothing could come of it.
    """
    pressed = store.press(incident_id, press, routing, now)
    if pressed is None:
        raise ConfigurationError(NOWHERE.format(incident_id))
    incident, decision = pressed
    if decision.reason in _REFUSED:
        by = f" by {incident.actor}" if incident.actor else ""
        closed = f"{incident.close_reason or 'closed'}{by}"
        why = _REFUSED[decision.reason].format(actor=press.actor, closed=closed)
        raise ConfigurationError(f"incident {incident.id} {why}")
    return pressed


def done(incident: Incident, decision: Decision) -> str:
    """What came of a press, as a sentence."""
    begun = f" A new reference begins at {when(decision.new_epoch)}." if decision.new_epoch else ""
    until = f" until {minute(incident.muted_until)}" if incident.muted_until else ""
    did = {"closed_by_hand": "closed"}.get(decision.reason, decision.reason.replace("_", " "))
    return f"Incident {incident.id} of {incident.endpoint} is {did}{until} by {incident.actor}.{begun}"
