"""Tables: what was asked to compare, beside the rounds that are judged."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field

from prober.store.columns import HostileText, Utc
from prober.store.rows import Row


class ExperimentRow(Row, table=True):
    """What the swap experiment of a triage found."""

    __tablename__ = "experiment"
    id: int = Field(default=None, primary_key=True)
    endpoint: str = Field(index=True)
    """Its name, whatever its content."""
    at: datetime = Field(sa_type=Utc)
    asks: int
    found: bytes = Field(sa_type=LargeBinary)


class CandidateRow(Row, table=True):
    """What is asked beside an endpoint in one probe set, and how it compares."""

    __tablename__ = "candidate"
    __table_args__ = (UniqueConstraint("kind", "probe_set", "endpoint", "name", "digest", name="uq_candidate"),)
    id: int = Field(default=None, primary_key=True)
    kind: str
    probe_set: str
    endpoint: str
    name: str
    digest: str
    reference: int
    number: int
    began_at: datetime = Field(sa_type=Utc)
    state: str
    seen: int = 0
    rounds: int = 0
    verdict: str = "undecided"
    words: str = Field(default="", sa_type=HostileText)
    ended_at: datetime | None = Field(default=None, sa_type=Utc)
    actor: str = Field(default="", sa_type=HostileText)
    note: str = Field(default="", sa_type=HostileText)


class PairRow(Row, table=True):
    """A pair of replies; gone when the comparison is over, for the replies of a round are kept elsewhere."""

    __tablename__ = "candidate_pair"
    candidate_id: int = Field(primary_key=True)
    label: str = Field(primary_key=True)
    """Of the round."""
    probe: str = Field(primary_key=True)
    sample: int = Field(primary_key=True)
    reference: bytes = Field(sa_type=LargeBinary)
    candidate: bytes = Field(sa_type=LargeBinary)
