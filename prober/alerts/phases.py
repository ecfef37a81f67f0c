"""What an event means to systems that keep alerts of their own: something is firing, in hand, or over. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Final, Literal

from prober.alerts.phrases import iso
from prober.model.incident import TROUBLES, Event
from prober.model.notice import Notice

Phase = Literal["firing", "in_hand", "over"]
Subject = Literal["change", "trouble", "stale", "daemon"]
"""What an alert is about."""

PHASES: Final[Mapping[Event, Phase]] = {
    "opened": "firing",
    "joined": "firing",
    "escalated": "firing",
    "passed": "firing",  # until it has passed for good
    "reminded": "firing",
    "unmuted": "firing",
    "acknowledged": "in_hand",
    "muted": "in_hand",
    "accepted": "over",
    "recovered": "over",
    "superseded": "over",
    "closed": "over",
    "trouble": "firing",
    "trouble_over": "over",
    "stale": "firing",
    "fresh": "over",
    "daemon_silent": "firing",
    "daemon_back": "over",
}
"""Of every event that is about one thing. A digest is about many, which are told by themselves."""

_SUBJECTS: Final[Mapping[Event, Subject]] = {
    "trouble": "trouble",
    "trouble_over": "trouble",
    "stale": "stale",
    "fresh": "stale",
    "daemon_silent": "daemon",
    "daemon_back": "daemon",
}


def subject(notice: Notice) -> Subject:
    """What it is about. An incident of trouble may be acknowledged or muted like any other."""
    other: Subject = "trouble" if notice.kind in TROUBLES else "change"
    return _SUBJECTS.get(notice.event, other)


def subject_key(notice: Notice) -> str:
    """The same for all notices of one thing, from first to last, and for no other thing of any installation that
    differs in endpoint or time: 32 hex digits. A drill never meets what is real."""
    about = [subject(notice), notice.endpoint, notice.drill]
    if notice.incident_id or notice.drill:
        about += [notice.incident_id, iso(notice.detected_at)]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:32]
