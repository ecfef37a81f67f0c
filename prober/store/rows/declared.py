"""Tables: what is declared."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from prober.store.rows.columns import HostileText, Number, Utc
from prober.store.rows.row import Row


class EndpointRow(Row, table=True):
    """A declared endpoint, once for each content it has had under its name."""

    __tablename__ = "endpoint"
    name: str = Field(primary_key=True)
    endpoint_hash: str = Field(primary_key=True)
    provider: str
    model: str = Field(sa_type=HostileText)
    origin: str = Field(index=True)
    """Hash of who serves it: endpoints of one origin may change together."""
    false_alarms_per_year: float = Field(sa_type=Number)
    current: bool
    """Whether the name means this content now."""
    tariff: str | None = Field(default=None, sa_type=HostileText)
    """JSON of the Tariff, or of the Unpriced; NULL where nobody looked."""
    priced_at: datetime | None = Field(default=None, sa_type=Utc)
    """When somebody looked."""
    rules: str | None = Field(default=None, sa_type=HostileText)
    """JSON of the declared `reference` and `budget`, and of `confirm` and `vantage` where they are; NULL where it was
    declared by an earlier version."""


class ProbeSetRow(Row, table=True):
    """What readers need to know of a declared probe set."""

    __tablename__ = "probe_set"
    name: str = Field(primary_key=True)
    owner: str = Field(sa_type=HostileText)
    runbook: str | None = Field(sa_type=HostileText)
    endpoints: str = Field(sa_type=HostileText)
    """JSON list of names."""
    tags: str | None = Field(default=None, sa_type=HostileText)
    """JSON list."""
    objectives: str | None = Field(default=None, sa_type=HostileText)
    """JSON list of the declared objectives; NULL where they were declared to an earlier version."""
    rounds_per_year: float | None = Field(default=None, sa_type=Number, nullable=True)
    """Scheduled rounds on each endpoint; NULL where it was declared to an earlier version."""


UNKNOWN_PROMPT = "(the imported log held no prompt)"
"""What is shown where a series has none."""


class SeriesRow(Row, table=True):
    """What is asked in a series. The key is a hash of the content, so a row is never changed."""

    __tablename__ = "series"
    series: str = Field(primary_key=True)
    prompt: str = Field(sa_type=HostileText)
    """The conversation as text."""
    system: str | None = Field(sa_type=HostileText)
    expect: str = Field(default="[]", sa_type=HostileText)
    """JSON list of the checks an answer is held against, so that an export can be judged again."""
