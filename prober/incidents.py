"""The pure state machine of incidents."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from prober.detectors.verdict import Judgement, Kind, Verdict

IncidentState = Literal["open", "acknowledged", "closed"]
Event = Literal["opened", "acknowledged", "accepted", "closed"]
Reason = Literal[
    "insufficient_evidence",  # the reference is still growing
    "quiet",  # nothing to say
    "suspected",  # evidence grows, not enough to page
    "change_confirmed",  # the promise's threshold was passed: an incident opens
    "already_open",  # the same change, seen again
    "acknowledged",  # a person has it in hand
    "accepted",  # a person took the new behaviour as the reference
]


@dataclass(frozen=True, slots=True)
class Incident:
    """A durable change of an endpoint."""

    id: int
    """0 before the store gives it one."""
    endpoint: str
    """The endpoint's name."""
    endpoint_hash: str
    state: IncidentState
    kind: Kind
    onset: str
    """Label of the first round thought changed."""
    detected_round: str
    """Label of the round that passed the threshold."""
    opened_at: datetime
    e_value: float
    threshold: float
    verdicts: tuple[Verdict, ...]
    """Of the channels, strongest first, frozen at detection."""
    closed_at: datetime | None = None
    close_reason: str = ""
    """`accepted`, …"""
    actor: str = ""
    """Who acknowledged or accepted."""
    note: str = ""
    """The reason that person gave."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do about one judgement, and why. The store carries it out in one transaction."""

    reason: Reason
    incident: Incident | None = None
    """The incident as it shall be from now on; None where there is none."""
    event: Event | None = None
    """What happened to it, if anyone is to be told: one notice is owed to every channel."""
    new_epoch: str | None = None
    """Label of the first round of a new epoch, where the reference starts anew."""


def decide(
    open_incident: Incident | None, judgement: Judgement, endpoint: str, endpoint_hash: str, now: datetime
) -> Decision:
    """Judgement → Decision: pure, and every outcome has a named reason."""
    if judgement.state == "insufficient_evidence":
        return Decision("insufficient_evidence", open_incident)
    if open_incident is not None:
        return Decision("already_open" if judgement.state == "alarm" else "quiet", open_incident)
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
    )
    return Decision("change_confirmed", incident, event="opened")


def acknowledge(incident: Incident, actor: str) -> Decision:
    """A person has it in hand."""
    return Decision("acknowledged", replace(incident, state="acknowledged", actor=actor), event="acknowledged")


def accept(incident: Incident, actor: str, note: str, now: datetime) -> Decision:
    """A person takes the new behaviour as the reference: the incident closes, a new epoch begins at its onset."""
    closed = replace(incident, state="closed", closed_at=now, close_reason="accepted", actor=actor, note=note)
    return Decision("accepted", closed, event="accepted", new_epoch=incident.onset)
