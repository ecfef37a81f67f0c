"""Tables: rounds added up when they end, so that a page costs what it shows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger
from sqlmodel import Field

from prober.store.rows.columns import HostileText, Number, Utc
from prober.store.rows.row import Row


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
    checked: int | None = None
    """As the columns of a tally; NULL in rounds of older versions, which did not count them."""
    passed: int | None = None
    keyed: int | None = None
    right: int | None = None
    refused: int | None = None
    replies: str | None = Field(default=None, sa_type=HostileText)
    """JSON: of each answer [seconds, input tokens, output tokens], null where one is not known."""


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
    from_cache: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    characters: int = Field(sa_type=BigInteger)
    confirming_asks: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    """These three are among the asks and tokens above."""
    confirming_input_tokens: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    confirming_output_tokens: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
