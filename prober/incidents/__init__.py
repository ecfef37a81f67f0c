"""The pure state machine of incidents: `suspected → open → acknowledged | muted → closed`.

Every decision is a function of what is known and `now`, and has a named reason (`words.Reason`):

- `changes`: a judged round → whether a change is suspected, opens, goes on, passes, recovers or gives way to another;
- `severity`: how bad it is;
- `trouble`: rounds that fail → whether an endpoint can be asked at all, which is never a change;
- `presses`: what a person does → what becomes of it;
- `clock`: what time alone brings: a mute ends, a reminder is due, an endpoint has gone stale.
"""

from prober.incidents.changes import AFTERMATH, DOUBT, accept, acknowledge, decide, join, reset
from prober.incidents.severity import severity
from prober.incidents.words import (
    LEARNT,
    LIVE,
    SERIOUS,
    SEVERITIES,
    TROUBLES,
    Action,
    CloseReason,
    Course,
    Decision,
    Event,
    Incident,
    IncidentKind,
    IncidentState,
    Press,
    Reason,
    Severity,
    TroubleKind,
)

__all__ = [
    "AFTERMATH",
    "DOUBT",
    "LEARNT",
    "LIVE",
    "SERIOUS",
    "SEVERITIES",
    "TROUBLES",
    "Action",
    "CloseReason",
    "Course",
    "Decision",
    "Event",
    "Incident",
    "IncidentKind",
    "IncidentState",
    "Press",
    "Reason",
    "Severity",
    "TroubleKind",
    "accept",
    "acknowledge",
    "decide",
    "join",
    "reset",
    "severity",
]
