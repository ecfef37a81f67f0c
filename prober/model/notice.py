"""What people are notified of, before anyone decides how it looks: Notice, and what became of sending it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from prober.model.declaration import Severity
from prober.model.evidence import Between, Direction, Fact, Share
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
    """0 where the counts alone show it: the channel reads the same from the reference as another, or is not judged."""
    words: str
    """Such as `34 % longer` or `refuses 11 % (was 2 %)`."""
    replies: int = 0
    """Replies since the onset that the words are about; 0 where they were not counted."""
    reference_replies: int = 0
    direction: Direction = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Another endpoint of the same provider that moved at the same time."""

    endpoint: str
    incident_id: int | None
    """None where its evidence was pooled with this one, and it has no incident of its own."""
    is_over: bool = False
    """Whether its incident is closed."""


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
    incident_id: int | None
    """None where it is about no incident."""
    kind: str
    severity: Severity
    state: IncidentState
    """State of the incident now."""
    close_reason: str
    at: datetime
    """When it happened."""
    words: str
    """What is said of the channel that moved most, or why."""


@dataclass(frozen=True, slots=True)
class Source:
    """The endpoint that a notice is about, and who is responsible for it."""

    name: str
    model: str
    owner: str
    """Owners of the probe sets concerned, with commas between."""
    runbook: str | None
    """Address of the runbook of these probe sets."""
    false_alarms_per_year: float
    """What the endpoint promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentNews:
    """An incident as it is now, which may be later than what the notice says."""

    incident_id: int | None
    """None in a drill, whose incident is in no store."""
    kind: str
    """An `IncidentKind`."""
    detected_at: datetime
    """When the incident opened."""
    onset: str
    """Label of the first changed, or failed, round."""
    rounds_since_onset: int
    state: IncidentState = "open"
    close_reason: str = ""
    """`recovered`, `accepted`, `dismissed`, `superseded` or `reset`; empty while it is not closed."""
    cause: str = ""
    """Why the endpoint cannot be asked, what was measured, or what takes the place of a superseded incident."""
    actor: str = ""
    """Who acted on it last; empty where nobody did."""
    note: str = ""
    """The reason that person gave."""
    acknowledged_at: datetime | None = None
    muted_until: datetime | None = None
    closed_at: datetime | None = None
    triage: str = ""
    """What explains it, in one line: `model.triage.Triage.words`; empty where that was not asked."""
    runbook: str = ""
    """Name of the shipped runbook that fits, where the probe sets have none of their own."""
    also: tuple[Part, ...] = ()
    """The other endpoints of the same event."""
    facts: tuple[Fact, ...] = ()
    """New facts, the gravest first; of a change, the facts that belong to it."""

    @property
    def is_closed_by_hand(self) -> bool:
        """Whether a person closed it; nothing was measured to be over."""
        return self.close_reason == "recovered" and bool(self.actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeNews(IncidentNews):
    """News of a change."""

    e_value: float
    threshold: float
    moved: tuple[Moved, ...]
    """Everything that moved, the gravest first."""
    comparisons: tuple[Comparison, ...]
    onset_between: Between | None = None
    """Labels of the first and last round the onset may be, with 90 % probability."""
    course: Course = "unknown"
    passed: str | None = None
    """Label of the first round back at the reference, where the change was transient."""
    is_provisional: bool = False
    """Whether it was found while a reference was gathered; see `Change.is_provisional`."""
    share: Share | None = None
    """How much of the traffic changed, at least; None where that is not clear, or where it may be all of it."""
    history: tuple[Point, ...] = ()
    """History of the channel with the most evidence, oldest first."""
    history_channel: str = ""
    history_set: str = ""
    """The probe set whose rounds the history holds; empty where the endpoint is asked by one set only."""
    history_unit: str = ""
    """Unit of its values, such as `share of replies`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactsNews(IncidentNews):
    """News of what a provider says of itself, or of what is deterministic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TroubleNews(IncidentNews):
    """News of an endpoint that cannot be asked, or only sometimes. Fields as of `model.incident.Trouble`."""

    detail: str = ""
    cause_before: str = ""
    failed_share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredNews(IncidentNews):
    """News of spending, of an objective or of live samples. Fields as of `model.incident.Measured`."""

    about: str = ""
    detail: str = ""
    e_value: float = 0.0
    threshold: float = 0.0


@dataclass(frozen=True, slots=True)
class EndpointNews:
    """News of an endpoint, but of no incident."""

    cause: str
    of: Literal["stale", "retirement"] = "stale"
    """Without fresh rounds, or its model is retired. Each has an alert of its own in other systems."""


@dataclass(frozen=True, slots=True)
class DaemonNews:
    """News of the prober itself."""

    cause: str
    of: Literal["daemon", "database"] = "daemon"
    """Each has an alert of its own in other systems."""


@dataclass(frozen=True, slots=True)
class Digest:
    """What waited, in one notice."""

    items: tuple[DigestItem, ...]


@dataclass(frozen=True, slots=True)
class ReportNews:
    """A week in sentences, as `prober report` writes it. Every text is hostile."""

    title: str = ""
    """Which days it is about."""
    sections: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """(heading, lines), plain text."""
    markdown: str = ""
    """What `prober report` prints, to the letter."""


News: TypeAlias = ChangeNews | FactsNews | TroubleNews | MeasuredNews | EndpointNews | DaemonNews | Digest | ReportNews


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message owed to one channel, in words, before any markup. Pure data; every text in it may be hostile."""

    id: int
    alerter: str
    """Name of the row of `ALERTERS` it is owed to."""
    attempts: int
    """Tries before this one."""
    event: Event
    severity: Severity
    at: datetime
    """When it was owed."""
    source: Source | None
    """None where it is about the prober itself, or a digest."""
    about: News
    dashboard_url: str
    fired: tuple[Severity, ...] = ()
    """Severities under which its alerter was notified of the same incident before."""
    as_of: datetime | None = None
    """When it was read from the store, whose numbers of that moment it says; None: `at`."""
    channel: str = ""
    """Where the alerter is to post it, such as `#billing`; empty for its own channel."""
    reason: str = ""
    """The named reason of the decision that owed it: a `model.decision.Reason`, or `drill`, `digest`, …"""
    drill: bool = False
    """It is about a change that was made on purpose, on a copy: nothing is wrong."""
    private: bool = False
    """Show hashes and measures instead of prompts and replies."""
    root: str = ""
    """Receipt of the incident's first message in this channel, which is edited in place; empty where there is none."""
    follows: str = ""
    """Receipt of the message that this one belongs under, where it has one."""

    @property
    def endpoint(self) -> str:
        """The endpoint's name; empty where it is about none."""
        return self.source.name if self.source else ""

    @property
    def incident_id(self) -> int | None:
        """None where it is about no incident of a store."""
        return self.about.incident_id if isinstance(self.about, IncidentNews) else None

    @property
    def since(self) -> datetime:
        """When the incident opened; of other news, when it was owed."""
        return self.about.detected_at if isinstance(self.about, IncidentNews) else self.at


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one sending."""

    sent: bool
    reason: str
    """`sent`, or why not: `rate_limited`, `timeout`, `server_error`, `invalid_auth`, …"""
    permanent: bool = False
    """Sending again cannot help; a person must fix the configuration."""
    retry_after_s: float | None = None
    receipt: str = ""
    """What the channel calls the message, such as Slack's `channel/ts`."""
