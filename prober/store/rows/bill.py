"""Tables of the bill of the team's own traffic. Apart from what the prober spends: nothing adds the two."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field

from prober.store.rows.columns import HostileText, Number, Utc
from prober.store.rows.row import Row


class SampleHourRow(Row, table=True):
    """Calls of one feature and model that came as samples in one hour, those beyond the rate too. What they cost is
    worked out of these sums when it is asked for, so that a price that becomes known later counts too."""

    __tablename__ = "sample_hour"
    endpoint: str = Field(primary_key=True, sa_type=HostileText)
    feature: str = Field(primary_key=True, sa_type=HostileText)
    hour: datetime = Field(primary_key=True, sa_type=Utc)
    model: str = Field(primary_key=True, sa_type=HostileText)
    calls: float = Field(sa_type=Number)
    """With tokens."""
    uncounted: float = Field(sa_type=Number)
    """Answered, and without tokens."""
    input_tokens: float = Field(sa_type=Number)
    output_tokens: float = Field(sa_type=Number)
    input_squared: float = Field(sa_type=Number)
    """Sum of the squares, for the interval of an estimate."""
    output_squared: float = Field(sa_type=Number)
    product: float = Field(sa_type=Number)
    """Sum of input times output tokens."""


class BillDayRow(Row, table=True):
    """What one day of a feature or an account cost."""

    __tablename__ = "bill_day"
    source: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True, sa_type=HostileText)
    name: str = Field(primary_key=True, sa_type=HostileText)
    day: str = Field(primary_key=True)
    dollars: float = Field(sa_type=Number)
    low: float = Field(sa_type=Number)
    high: float = Field(sa_type=Number)
    calls: float = Field(sa_type=Number)
    tokens: float = Field(sa_type=Number)
    unpriced: float = Field(sa_type=Number)


class BillRow(Row, table=True):
    """Where the bill of a feature or an account stands."""

    __tablename__ = "bill"
    source: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True, sa_type=HostileText)
    name: str = Field(primary_key=True, sa_type=HostileText)
    declared: str = Field(sa_type=HostileText)
    """JSON, for readers: owner, share and limit, and whether the plan is learnt."""
    spending: str = Field(sa_type=HostileText)
    """JSON: see `prober.judging.runaway`; empty before anything was learnt."""
    judged_until: datetime | None = Field(default=None, sa_type=Utc)
    """End of the newest whole hour or day that was judged."""
    seen: str = ""
    """What the look before this one saw; where it is the same, there is nothing to do."""
    tried_at: datetime | None = Field(default=None, sa_type=Utc)
    """When the report of an account was asked for."""
    read_at: datetime | None = Field(default=None, sa_type=Utc)
    """When it was read."""
    problem: str = Field(default="", sa_type=HostileText)
    """Why it could not be."""
    no_price: str = Field(default="", sa_type=HostileText)
