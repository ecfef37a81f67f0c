"""Tables of live samples. They are apart from the rounds of probes: nothing joins the two."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field

from prober.store.rows.columns import HostileText, Utc
from prober.store.rows.row import Row


class SampleRow(Row, table=True):
    """One sample of production traffic."""

    __tablename__ = "sample"
    __table_args__ = (Index(None, "feature", "endpoint", "at"),)
    key: str = Field(primary_key=True)
    endpoint: str = Field(sa_type=HostileText)
    feature: str = Field(sa_type=HostileText)
    at: datetime = Field(sa_type=Utc, index=True)
    content: bytes
    """Packed: what else is kept of it."""
    trace: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """A short hash of its trace id."""
    asked: str = Field(default="", sa_column_kwargs={"server_default": text("''")})
    """A short hash of the prompt."""


class SampleTallyRow(Row, table=True):
    """How many samples of a feature came, ever."""

    __tablename__ = "sample_tally"
    endpoint: str = Field(primary_key=True, sa_type=HostileText)
    feature: str = Field(primary_key=True, sa_type=HostileText)
    stored: int
    dropped: int
    """Beyond what a minute may hold."""
    failed: int
    """How many of the stored ones have no reply."""
    newest_at: datetime | None = Field(default=None, sa_type=Utc)
    dropped_until: datetime | None = Field(default=None, sa_type=Utc)
    """Time of the newest that was dropped: read once more, those up to then are not counted again."""


class SampleWatchRow(Row, table=True):
    """What the judge remembers of one side of a feature."""

    __tablename__ = "sample_watch"
    endpoint: str = Field(primary_key=True, sa_type=HostileText)
    feature: str = Field(primary_key=True, sa_type=HostileText)
    side: str = Field(primary_key=True, sa_type=HostileText)
    since: datetime = Field(sa_type=Utc)
    """Begin of the first window that counts."""
    judged_until: datetime = Field(sa_type=Utc)
    """End of the newest window that was judged."""
    memory: bytes
    judgement: bytes
    """Judgement of the newest window."""


class SampleShiftRow(Row, table=True):
    """A shift that was found."""

    __tablename__ = "sample_shift"
    endpoint: str = Field(primary_key=True, sa_type=HostileText)
    feature: str = Field(primary_key=True, sa_type=HostileText)
    side: str = Field(primary_key=True, sa_type=HostileText)
    onset: datetime = Field(primary_key=True, sa_type=Utc)
    found_at: datetime = Field(sa_type=Utc)
    words: str = Field(sa_type=HostileText)
