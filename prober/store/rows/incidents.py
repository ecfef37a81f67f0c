"""Tables: incidents, what people did to them, and notices."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, text
from sqlmodel import Field

from prober.model.incident import TROUBLES
from prober.store.rows.columns import HostileText, Number, Utc
from prober.store.rows.row import TOLD_AT, Row

_TROUBLES = ", ".join(f"'{kind}'" for kind in sorted(TROUBLES))


class IncidentRow(Row, table=True):
    """A durable change of an endpoint."""

    __tablename__ = "incident"
    __table_args__ = (
        Index(
            "uq_incident_open",
            "endpoint_hash",
            unique=True,
            sqlite_where=text(f"state != 'closed' AND is_facts IS NULL AND kind NOT IN ({_TROUBLES})"),
            postgresql_where=text(f"state != 'closed' AND is_facts IS NULL AND kind NOT IN ({_TROUBLES})"),
        ),
        Index(
            "uq_incident_trouble",
            "endpoint_hash",
            unique=True,
            sqlite_where=text(f"state != 'closed' AND kind IN ({_TROUBLES})"),
            postgresql_where=text(f"state != 'closed' AND kind IN ({_TROUBLES})"),
        ),
        Index(
            "uq_incident_measured",
            "endpoint",
            "kind",
            "about",
            unique=True,
            sqlite_where=text("state != 'closed' AND about IS NOT NULL"),
            postgresql_where=text("state != 'closed' AND about IS NOT NULL"),
        ),
        Index("ix_incident_endpoint_hash_state", "endpoint_hash", "state"),
    )
    id: int = Field(default=None, primary_key=True)
    endpoint: str = Field(index=True)
    endpoint_hash: str
    state: str = Field(index=True)
    kind: str
    onset: str = Field(sa_type=HostileText)
    detected_round: str = Field(sa_type=HostileText)
    opened_at: datetime = Field(sa_type=Utc)
    e_value: float = Field(sa_type=Number, nullable=True)
    threshold: float = Field(sa_type=Number, nullable=True)
    verdicts: bytes = Field(sa_type=LargeBinary)
    onset_first: str | None = Field(default=None, sa_type=HostileText)
    onset_last: str | None = Field(default=None, sa_type=HostileText)
    course: str = "unknown"
    rounds_after: int = 0
    peak_log_e: float | None = Field(default=None, sa_type=Number)
    """NULL where there was no evidence at all."""
    passed: str | None = Field(default=None, sa_type=HostileText)
    findings: bytes = Field(sa_type=LargeBinary)
    """What the replies show; example replies by round, series and sample."""
    facts: bytes | None = Field(default=None, sa_type=LargeBinary)
    """The new facts, of an incident of facts and of a change that began with them."""
    is_facts: bool | None = None
    """Whether there is no evidence beside the facts; NULL of changes and of trouble, false of all others."""
    probe_set: str | None = None
    """The set that spends, where it is a runaway; NULL of every other incident."""
    about: str | None = Field(default=None, sa_type=HostileText)
    """Of what is measured: the objective, or the feature of live samples; NULL of every other incident."""
    together: str = Field(default="[]", sa_type=HostileText)
    """JSON list of the endpoints whose evidence was counted too."""
    part_of: int | None = Field(default=None, foreign_key="incident.id", index=True)
    """The first incident of the same event, where this is not it."""
    severity: str | None = None
    """NULL of incidents from before there was one: then it is worked out when read."""
    cause: str | None = Field(default=None, sa_type=HostileText)
    detail: str | None = Field(default=None, sa_type=HostileText)
    """Of trouble: the provider's own words. Of a runaway: who spends, and what was planned. Of what is measured: its
    numbers."""
    cause_before: str | None = Field(default=None, sa_type=HostileText)
    failed_share: float | None = None
    acknowledged_at: datetime | None = Field(default=None, sa_type=Utc)
    muted_until: datetime | None = Field(default=None, sa_type=Utc)
    settled_round: str | None = None
    calm_rounds: int | None = None
    notified_at: datetime | None = Field(default=None, sa_type=Utc, sa_column_kwargs=TOLD_AT)
    closed_at: datetime | None = Field(default=None, sa_type=Utc)
    close_reason: str = Field(default="", sa_type=HostileText)
    actor: str = Field(default="", sa_type=HostileText)
    note: str = Field(default="", sa_type=HostileText)


class ActionRow(Row, table=True):
    """What a person did to an incident, and what became of it. Kept whether or not anything did."""

    __tablename__ = "press"
    id: int = Field(default=None, primary_key=True)
    incident_id: int = Field(foreign_key="incident.id", index=True)
    at: datetime = Field(sa_type=Utc)
    action: str
    actor: str = Field(sa_type=HostileText)
    note: str = Field(sa_type=HostileText)
    via: str = Field(sa_type=HostileText)
    until: datetime | None = Field(default=None, sa_type=Utc)
    reason: str
    """The named reason of the decision."""


class NoticeRow(Row, table=True):
    """One message owed to one channel: owed, claimed, then sent or failed; or held for the digest, then digested."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_work", "state", "next_try_at"),)
    id: int = Field(default=None, primary_key=True)
    incident_id: int | None = Field(default=None, foreign_key="incident.id", index=True)
    """NULL where it is about no incident."""
    endpoint: str | None = None
    """Where it is about an endpoint, and no incident."""
    event: str
    reason: str | None = Field(default=None, sa_type=HostileText)
    """The named reason of the decision that owed it."""
    cause: str | None = Field(default=None, sa_type=HostileText)
    severity: str | None = None
    """The severity of its incident at that time."""
    channel: str | None = Field(default=None, sa_type=HostileText)
    """Where the alerter is to post it; NULL for its own channel."""
    private: bool | None = None
    hold: str | None = None
    """Why it waits until `next_try_at`."""
    digest_id: int | None = Field(default=None, index=True)
    """The digest that reports it instead."""
    alerter: str
    state: str = "owed"
    attempts: int = 0
    created_at: datetime = Field(sa_type=Utc)
    next_try_at: datetime = Field(sa_type=Utc)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    sent_at: datetime | None = Field(default=None, sa_type=Utc)
    last_reason: str = Field(default="", sa_type=HostileText)
    receipt: str = Field(default="", sa_type=HostileText)
