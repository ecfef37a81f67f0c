"""Tables: rounds that ended, as charts and pages read them. All of it can be made again from rounds and replies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from prober.store.columns import HostileText, Number, Utc
from prober.store.rows import Row


class PointRow(Row, table=True):
    """What one channel said of one completed round, apart from the judgement: a chart reads nothing else."""

    __tablename__ = "channel_point"
    # In the order in which they are read, so that a stretch of one channel lies together.
    __table_args__ = ({"sqlite_with_rowid": False},)
    endpoint: str = Field(primary_key=True)
    """Its name, whatever its content."""
    channel: str = Field(primary_key=True)
    label: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)
    e_value: float = Field(sa_type=Number, nullable=True)
    value: float = Field(sa_type=Number, nullable=True)
    reference_value: float = Field(sa_type=Number, nullable=True)
    unit: str = Field(sa_type=HostileText)
    words: str = Field(sa_type=HostileText)


class LineRow(Row, table=True):
    """A completed round in a line."""

    __tablename__ = "round_line"
    __table_args__ = ({"sqlite_with_rowid": False},)
    endpoint: str = Field(primary_key=True)
    label: str = Field(primary_key=True)
    at: datetime = Field(sa_type=Utc)
    asked: int
    failed: int
    identities: str = Field(sa_type=HostileText)
    """JSON object: who is said to have answered → how many replies."""
    latency_half_s: float | None
    latency_most_s: float | None


class TallyRow(Row, table=True):
    """Rounds that ended, added up: by set and UTC day of their beginning, and, where the day is empty, of all time."""

    __tablename__ = "tally"
    __table_args__ = ({"sqlite_with_rowid": False},)
    day: str = Field(primary_key=True)
    endpoint: str = Field(primary_key=True)
    """Its name, whatever its content."""
    probe_set: str = Field(primary_key=True)
    rounds: int
    missed: int
    judged: int
    promised: float
    """Sum of 1 / threshold over the judged rounds."""
    asks: int
    failed: int
    input_tokens: int = Field(sa_type=BigInteger)
    output_tokens: int = Field(sa_type=BigInteger)
    reasoning_tokens: int = Field(sa_type=BigInteger)
    cached_tokens: int = Field(sa_type=BigInteger)
    uncounted: int
    timed: int
    latency_s: float
    checked: int
    passed: int
    keyed: int
    right: int
    refused: int
    characters: int = Field(sa_type=BigInteger)
