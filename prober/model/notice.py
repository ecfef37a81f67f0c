"""What is said of an incident, before anyone decides how it looks: Notice, and what became of sending it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prober.model.declaration import Severity
from prober.model.evidence import Between, Share
from prober.model.incident import Course, Event, IncidentState


@dataclass(frozen=True, slots=True)
class Comparison:
    """A reference reply and a recent one to the same probe, side by side. Both are hostile text."""

    probe: str
    prompt: str
    reference: str
    recent: str


@dataclass(frozen=True, slots=True)
class Moved:
    """One channel that moved, in words a person understands."""

    channel: str
    e_value: float
    words: str
    """Such as `34 % longer` or `refuses 11 % instead of 2 %`."""
    replies: int = 0
    """Since the onset, that the words speak of; 0 where these were not counted."""
    reference_replies: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """Another endpoint of the same provider that moved at the same time."""

    endpoint: str
    incident_id: int | None
    """None where it only made this change believed sooner, and has no incident of its own."""


@dataclass(frozen=True, slots=True)
class Point:
    """One round of the channel that moved most, for a picture of its history."""

    label: str
    """The round's."""
    value: float
    """NaN where the round has none."""
    reference: float
    e_value: float


@dataclass(frozen=True, slots=True)
class DigestItem:
    """One notice that waited for the digest, in a line."""

    event: Event
    endpoint: str
    incident_id: int
    """0 where it is about no incident."""
    kind: str
    severity: Severity
    state: IncidentState
    """Of the incident, now."""
    close_reason: str
    at: datetime
    """When it happened."""
    words: str
    """The strongest channel's, or why."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One message owed to one channel, in words, before any markup. Pure data; every text in it may be hostile."""

    id: int
    alerter: str
    """Name of the row of `ALERTERS` it is owed to."""
    attempts: int
    """Tries before this one."""
    incident_id: int
    """0 where it is about no incident: `stale`, `daemon_silent`, `digest` and their ends; and in a drill, whose
    incident is in no store."""
    endpoint: str
    """Empty where it is about the prober itself."""
    model: str
    kind: str
    """A diagnosis word, such as `behaviour_change`."""
    owner: str
    detected_at: datetime
    onset: str
    """Label of the first round thought changed."""
    rounds_since_onset: int
    e_value: float
    threshold: float
    false_alarms_per_year: float
    """The promise this alarm was raised under."""
    moved: tuple[Moved, ...]
    """Strongest first."""
    comparisons: tuple[Comparison, ...]
    runbook: str | None
    dashboard_url: str
    event: Event = "opened"
    drill: bool = False
    """It is about a change that was made on purpose, on a copy: nothing is wrong."""
    actor: str = ""
    """Who acknowledged, accepted or closed; empty while nobody has."""
    note: str = ""
    """The reason that person gave."""
    onset_between: Between | None = None
    """Where the onset is with 90 % belief: labels of the first and last round it may be."""
    course: Course = "unknown"
    passed: str | None = None
    """Label of the first round back at the reference, where the change was transient."""
    share: Share | None = None
    """How much of the traffic changed, at least; None where that is not clear, or where it may be all of it."""
    also: tuple[Part, ...] = ()
    """Other endpoints of the same event: one call is about all of them."""
    follows: str = ""
    """Receipt of the message that this one belongs under, where it has one."""
    channel: str = ""
    """Where the alerter is to post it, such as `#billing`; empty for its own channel."""
    severity: Severity = "warning"
    state: IncidentState = "open"
    """Of the incident, now; not of the moment it is told of."""
    close_reason: str = ""
    """`recovered`, `accepted`, `superseded` or `reset`; empty while it is not closed."""
    root: str = ""
    """Receipt of the incident's first message in this channel, which is edited in place at each transition; empty
    where there is none yet."""
    reason: str = ""
    """The named reason of the decision that owed this notice: a `model.incident.Reason`, or `drill`, `digest`, …"""
    cause: str = ""
    """Of trouble, staleness and a silent daemon: what is the matter, in a word or a sentence."""
    muted_until: datetime | None = None
    acknowledged_at: datetime | None = None
    at: datetime | None = None
    """When what it tells of happened."""
    history: tuple[Point, ...] = ()
    """Of the channel that moved most (`moved[0]`), oldest first."""
    history_unit: str = ""
    """Of its values, such as `share of replies`."""
    items: tuple[DigestItem, ...] = ()
    """Of a digest."""
    private: bool = False
    """Show hashes and measures instead of prompts and replies."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sending."""

    sent: bool
    reason: str
    """`sent`, or why not: `rate_limited`, `timeout`, `server_error`, `invalid_auth`, …"""
    permanent: bool = False
    """Sending again cannot help; a person must mend the configuration."""
    retry_after_s: float | None = None
    receipt: str = ""
    """What the channel calls the message, such as Slack's `channel/ts`."""
