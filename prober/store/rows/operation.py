"""Tables: the prober's own operation: budgets, daemons, announced maintenance, how long replies are kept."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Text, text
from sqlmodel import Field

from prober.store.rows.columns import HostileText, Utc
from prober.store.rows.row import TOLD_AT, Row


class SpendingRow(Row, table=True):
    """What is spent of a budget in one part of a window. There are rows only where a budget is declared."""

    __tablename__ = "spending"
    __table_args__ = ({"sqlite_with_rowid": False},)
    scope: str = Field(primary_key=True, sa_column_kwargs={"name": "endpoint"})
    """Whose budget: the name of an endpoint, whatever its content, `set:NAME`, `owner:NAME` or `all:`."""
    part: str = Field(primary_key=True, sa_column_kwargs={"name": "day"})
    """Of which window, and when it began: `hour 2026-03-01T12:05+00:00`. Empty in the row that is locked; a UTC day in
    rows of older versions, which are not read any more."""
    asks: int
    """Made, whether or not a reply came."""
    tokens: int = Field(sa_type=BigInteger)
    """Tokens of replies, and those set aside for asks without one."""
    nanodollars: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    """The same in billionths of a dollar; 0 while no budget that the asks count in is in dollars."""
    budget: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """In the row that is locked: the limits as they were declared last, as JSON. Otherwise empty."""


class DaemonRow(Row, table=True):
    """The last heartbeat of one daemon. Gone when others have taken over what it watched."""

    __tablename__ = "daemon"
    worker: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=Utc)
    seen_at: datetime = Field(sa_type=Utc)
    stopped_at: datetime | None = Field(default=None, sa_type=Utc)
    """NULL while it runs, or where it was lost."""
    notified_at: datetime | None = Field(default=None, sa_type=Utc, sa_column_kwargs=TOLD_AT)
    """When people were notified that it is silent."""
    endpoints: str = Field(sa_type=HostileText)
    """JSON list of names."""
    file_problems: str | None = Field(default=None, sa_type=HostileText)
    """JSON list of what is wrong with its files, which it therefore does not follow; NULL while they are good."""


class MaintenanceRow(Row, table=True):
    """Work on an endpoint, announced by command."""

    __tablename__ = "maintenance"
    id: int = Field(default=None, primary_key=True)
    endpoint: str = Field(index=True)
    """Its name, whatever its content."""
    start: datetime = Field(sa_type=Utc)
    until: datetime = Field(sa_type=Utc)
    author: str = Field(sa_type=HostileText)
    note: str = Field(sa_type=HostileText)


class RetentionRow(Row, table=True):
    """How long the replies of a probe set are kept, and what was deleted."""

    __tablename__ = "retention"
    probe_set: str = Field(primary_key=True)
    keep_s: float | None = None
    """Seconds; NULL: for ever."""
    deleted_before: datetime | None = Field(default=None, sa_type=Utc)
    """Replies to rounds due before this were deleted; NULL where none were."""
