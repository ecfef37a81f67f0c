"""Tables: what is asked and judged."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field

from prober.store.rows.columns import HostileText, Utc
from prober.store.rows.row import Row

_FAILED = text("failed > 0")


class RoundRow(Row, table=True):
    """One batch of asks as a unit of work: due, claimed, completed or missed."""

    __tablename__ = "round"
    __table_args__ = (
        UniqueConstraint("endpoint", "probe_set", "due_at"),
        UniqueConstraint("endpoint", "label"),
        Index("ix_round_judged", "endpoint_hash", "state", "label"),
        Index("ix_round_label", "endpoint_hash", "label"),
        Index("ix_round_newest", "endpoint", "due_at"),
        Index("ix_round_work", "state", "due_at"),
        Index("ix_round_due", "due_at", "id"),
        # The newest of an endpoint in each state, and the newest with a failure, without a look at the others.
        Index("ix_round_tally", "endpoint", "state", "label", "asked", "failed"),
        Index("ix_round_failed", "endpoint", "label", sqlite_where=_FAILED, postgresql_where=_FAILED),
    )
    id: int = Field(default=None, primary_key=True)
    endpoint: str
    endpoint_hash: str
    probe_set: str
    due_at: datetime = Field(sa_type=Utc)
    confirms: str | None = None
    """As in `RoundView`; NULL for a scheduled round."""
    state: str = "due"
    label: str | None = None
    worker: str = Field(default="", sa_type=HostileText)
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    completed_at: datetime | None = Field(default=None, sa_type=Utc)
    reason: str = Field(default="", sa_type=HostileText)
    asked: int = 0
    failed: int = 0
    cached: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """How many of the failed asks a cache answered."""
    last_failure: str = Field(default="", sa_type=HostileText)
    last_detail: str | None = Field(default=None, sa_type=HostileText)
    """The provider's own words about that failure."""
    judgement: bytes | None = Field(default=None, sa_type=LargeBinary)


class ReplyRow(Row, table=True):
    """One reply in its place, raw, with the fingerprint taken of it."""

    __tablename__ = "reply"
    __table_args__ = (
        UniqueConstraint("round_id", "series", "sample"),
        Index("ix_reply_series", "series", "round_id"),
        # Every round reads hundreds, and nothing else of them. Postgres takes no texts of any length into an index.
        Index("ix_reply_seen", "round_id", "id", "series", "seen").ddl_if(dialect="sqlite"),
    )
    id: int = Field(default=None, primary_key=True)
    round_id: int = Field(foreign_key="round.id")
    series: str
    probe: str = Field(sa_type=HostileText)
    sample: int
    at: datetime = Field(sa_type=Utc, index=True)
    tokens: int
    """Input and output tokens together; reasoning is part of the output."""
    reply: bytes = Field(sa_type=LargeBinary)
    fingerprint: bytes | None = Field(sa_type=LargeBinary)
    """NULL where the ask failed, and until it is taken."""
    place: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """Among the asks of its round; 0 for replies of older versions, which were kept in that order."""
    seen: str | None = Field(default=None, sa_type=Text)
    """What notices that a later reply repeats it, see `pack_seen`; NULL in replies of older versions."""


class WatchRow(Row, table=True):
    """The watch over one endpoint: which round is in progress, and the epoch. Its row lock puts writers in a queue."""

    __tablename__ = "watch"
    endpoint_hash: str = Field(primary_key=True)
    round_id: int | None = None
    """The round in progress: one an endpoint at a time."""
    lease_until: datetime | None = Field(default=None, sa_type=Utc)
    token: int = 0
    """Grows with every claim, so that a process that lost its claim is refused."""
    epoch_start: str = ""
    """Label of the first round of the current epoch; empty for the first epoch."""
    suspected_since: str | None = None
    """Label of the round that began the present suspicion; NULL while there is none."""
    stale_since: datetime | None = Field(default=None, sa_type=Utc)
    """When people were notified that no fresh rounds come; NULL while they do."""
    changes: int = 0
    """Grows with everything a reader could see change."""
    spending: str | None = Field(default=None, sa_type=Text)
    """JSON: probe set → what is known of its spending, see `prober.judging.runaway`; NULL before the first round."""


class MemoryRow(Row, table=True):
    """The judge's state after the last completed round of an endpoint. Apart from the watch, for it may be large."""

    __tablename__ = "memory"
    endpoint_hash: str = Field(primary_key=True)
    memory: bytes = Field(sa_type=LargeBinary)
    """The first line of it, which changes with every round."""
    constant: bytes | None = Field(default=None, sa_type=LargeBinary)
    """The other lines, which seldom change; NULL where there are none, as in memories of older versions."""
    digest: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """Digest of these lines: they are written only where they differ."""


class FactMemoryRow(Row, table=True):
    """The values that an endpoint is known to give of itself, in the current epoch."""

    __tablename__ = "fact_memory"
    endpoint_hash: str = Field(primary_key=True)
    memory: bytes = Field(sa_type=LargeBinary)


class EpochRow(Row, table=True):
    """Where a reference started anew, and who said so."""

    __tablename__ = "epoch"
    id: int = Field(default=None, primary_key=True)
    endpoint: str = Field(index=True)
    endpoint_hash: str
    start_label: str
    at: datetime = Field(sa_type=Utc)
    author: str = Field(sa_type=HostileText)
    note: str = Field(sa_type=HostileText)
