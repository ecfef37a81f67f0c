"""The pure state machine of incidents: `suspected → open → acknowledged | muted → closed`.

Every decision is a function of what is known and `now`, and has a named reason (`words.Reason`):

- `changes`: a judged round → whether a change is suspected, opens, goes on, passes, recovers or gives way to another;
- `severity`: how bad it is;
- `trouble`: rounds that fail → whether an endpoint can be asked at all, which is never a change;
- `presses`: what a person does → what becomes of it;
- `clock`: what time alone brings: a mute ends, a reminder is due, an endpoint has gone stale.
"""

from prober.declaration import Severity
from prober.incidents.changes import AFTERMATH, DOUBT, PLAIN, Circumstances, decide, join
from prober.incidents.clock import freshness, maintained_until, pass_time, replaced
from prober.incidents.presses import accept, acknowledge, mute, press, reset, unmute
from prober.incidents.severity import severity, worst
from prober.incidents.trouble import Health, inhibits, trouble
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
    TroubleKind,
)

__all__ = [
    "AFTERMATH",
    "DOUBT",
    "LEARNT",
    "LIVE",
    "PLAIN",
    "SERIOUS",
    "SEVERITIES",
    "TROUBLES",
    "Action",
    "Circumstances",
    "CloseReason",
    "Course",
    "Decision",
    "Event",
    "Health",
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
    "freshness",
    "inhibits",
    "join",
    "maintained_until",
    "mute",
    "pass_time",
    "press",
    "replaced",
    "reset",
    "severity",
    "trouble",
    "unmute",
    "worst",
]
