"""What the store tells its readers: plain, frozen answers to the questions of the dashboard, status and deliver."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from prober.model.budget import Budget, Limit, Period, Spent
from prober.model.decision import ActionName
from prober.model.incident import Change, Event, Facts, Measured, Trouble
from prober.model.reference import ReferenceRule

RoundState = Literal["due", "claimed", "completed", "missed"]


@dataclass(frozen=True, slots=True)
class RoundView:
    """One round as a unit of work."""

    id: int
    endpoint: str
    endpoint_hash: str
    probe_set: str
    due_at: datetime
    state: RoundState
    label: str
    """Set when claimed: ISO 8601 UTC with microseconds, unique and increasing within an endpoint."""
    worker: str
    lease_until: datetime | None
    completed_at: datetime | None
    reason: str
    """Why it was missed, or `""`."""
    asked: int
    """Replies stored."""
    failed: int
    """How many of them failed."""
    confirms: str = ""
    """Label of the round whose suspicion a confirmation round is about; `reference` for one asked again while the
    reference is gathered; empty for a scheduled round."""
    cached: int = 0
    """How many of the failed asks a cache answered in place of the model."""


@dataclass(frozen=True, slots=True)
class ChannelPoint:
    """One channel of one endpoint in one round: a dot of the history."""

    endpoint: str
    round: str
    at: datetime
    """When the round completed, UTC."""
    channel: str
    e_value: float
    value: float
    reference_value: float
    unit: str
    words: str
    probe_set: str = ""
    """Probe set of the round; empty where that was not asked for."""


@dataclass(frozen=True, slots=True)
class GatheredView:
    """What one probe set has for the reference of an endpoint so far."""

    probe_set: str
    rounds: int
    """Completed in this epoch, in which something was answered."""
    first_at: datetime
    """When the first of them was due, UTC."""


@dataclass(frozen=True, slots=True)
class SpendingView:
    """What was spent of a budget in one part of a window."""

    period: Period
    began_at: datetime
    spent: Spent


@dataclass(frozen=True, slots=True)
class BudgetView:
    """One limit of a budget that is in use."""

    scope: str
    """The name of an endpoint, `set:NAME`, `owner:NAME`, or `all:`."""
    limit: Limit
    spent: Spent
    """In the period of the limit."""

    @property
    def share(self) -> float:
        """Of the limit, spent."""
        return self.spent.of(self.limit.unit) / self.limit.most

    @property
    def left(self) -> float:
        """In asks, tokens or dollars; below 0 where more was spent than allowed."""
        return self.limit.shown - self.limit.amount(self.spent)


@dataclass(frozen=True, slots=True)
class EndpointView:
    """An endpoint now."""

    name: str
    endpoint_hash: str
    provider: str
    model: str
    owners: tuple[str, ...]
    state: str
    """Of its latest judgement: insufficient_evidence, quiet, suspected, alarm; `unknown` before the first."""
    missing: str
    e_value: float
    threshold: float
    last_round: str | None
    last_completed_at: datetime | None
    rounds: int
    """Completed."""
    missed: int
    failed_asks: int
    asks: int
    last_failure: str
    """The newest named reason an ask failed, or `""`."""
    channels: tuple[ChannelPoint, ...]
    """Channels of the latest judged round."""
    open_incident: Change | None
    confirmation_due_at: datetime | None = None
    """When it is asked again because of its latest judgement, UTC; None where no confirmation round waits."""
    suspected_since: str = ""
    """Label of the round that began the suspicion under which it is; empty while there is none."""
    open_facts: tuple[Facts, ...] = ()
    """Its open facts that people were notified of, the newest first."""
    measured: tuple[Measured, ...] = ()
    """Objectives that are missed and shifts of live samples that people know of and that are not over, the newest
    first."""
    trouble: Trouble | None = None
    """Why it cannot be asked; None where it can."""
    runaways: tuple[Measured, ...] = ()
    """Probe sets that spend more on it than planned; the newest first."""
    closed_incident: Change | None = None
    """The newest change where none is open though the latest judgement is an alarm: it was closed since."""
    reference_began_at: datetime | None = None
    """When a person began its reference anew; None where nobody did."""
    last_detail: str = ""
    """The provider's own words about the newest failed ask. Hostile."""
    stale_since: datetime | None = None
    """When people were notified that no fresh rounds come; None while they do."""
    cached_asks: int = 0
    """How many of the failed asks a cache answered in place of the model."""
    vantage: str = ""
    """Where it is asked from; empty where that is not declared."""
    characters: int | None = None
    """Characters of all replies in rounds that ended."""
    last_round_cached: int = 0
    """Those of the newest completed round."""
    last_answered_at: datetime | None = None
    """When the newest round was completed in which at least one ask was answered."""
    false_alarms_per_year: float = 1.0
    """At most so many are promised, on average."""
    notices_owed: int = 0
    notices_failed: int = 0
    """Those that are not tried again."""
    reference: ReferenceRule | None = None
    """When its reference is complete; None where that was declared to an earlier version."""
    gathered: tuple[GatheredView, ...] = ()
    """What there is of it, while it is not complete; by probe set."""
    budget: Budget | None = None
    spending: tuple[SpendingView, ...] = ()
    """Parts of the hour, the day and the month; none where there is no budget, or nothing was asked since."""


@dataclass(frozen=True, slots=True)
class ReplyView:
    """One stored reply to show. `text` is hostile."""

    series: str
    probe: str
    prompt: str
    round: str
    at: datetime
    sample: int
    text: str | None
    error: str | None
    model: str | None
    error_detail: str = ""
    """The provider's own words. Hostile."""
    empty_because: str = ""
    """Why an answer says nothing at all."""
    cached_by: str = ""
    """Whose cache gave it; empty where the model did."""
    id: int = 0
    endpoint: str = ""
    checks: str = ""
    """All expectations together: `pass`, `fail`, …; empty where there are none."""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class NoticeView:
    """One message owed to one channel."""

    id: int
    incident_id: int
    """0 where it is about no incident."""
    event: Event
    alerter: str
    state: Literal["owed", "held", "claimed", "sent", "failed", "digested"]
    """`held` waits for a digest, `digested` was part of one."""
    attempts: int
    created_at: datetime
    next_try_at: datetime
    sent_at: datetime | None
    last_reason: str
    """Why the last try did not succeed, or `sent`."""
    receipt: str
    endpoint: str = ""
    """Where it is about an endpoint, and no incident."""
    channel: str = ""
    """Where the alerter is to post it; empty for its own channel."""
    reason: str = ""
    """The named reason of the decision that owed it."""
    cause: str = ""
    hold: str = ""
    """Why it waits until `next_try_at`: quiet_hours, digest or maintenance."""
    private: bool = False


@dataclass(frozen=True, slots=True)
class ActionView:
    """What a person did to an incident."""

    incident_id: int
    at: datetime
    action: ActionName
    actor: str
    note: str
    via: str
    until: datetime | None
    reason: str
    """What came of it."""


@dataclass(frozen=True, slots=True)
class MaintenanceView:
    """Work on an endpoint, announced by command."""

    endpoint: str
    start: datetime
    until: datetime
    author: str
    note: str


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """How messages to one place fare."""

    alerter: str
    channel: str
    """Where the alerter posts them; empty for its own channel."""
    owed: int
    held: int
    """Waiting for a digest, or part of one."""
    sent: int
    failed: int
    """Those that are not tried again."""
    last_sent_at: datetime | None
    failing: bool
    """Whether the newest try of all failed for good: a person must fix the configuration."""
    last_reason: str
    """Why the newest message that did not arrive did not, while none has arrived since; else empty."""
    since: datetime | None
    """When the oldest message was owed that has not arrived and none since; None where all arrive."""


@dataclass(frozen=True, slots=True)
class EpochView:
    """Where the reference of an endpoint started anew."""

    start_label: str
    """Label of the first round of the epoch."""
    at: datetime
    """When a person said so, UTC."""
    author: str
    note: str
