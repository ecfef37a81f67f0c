"""Tables: what was asked to compare, beside the rounds that are judged."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field

from prober.store.rows.columns import HostileText, Utc
from prober.store.rows.row import Row


class VersionRow(Row, table=True):
    """One content of a declared probe or endpoint."""

    __tablename__ = "version"
    kind: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    digest: str
    at: datetime = Field(sa_type=Utc)
    commit: str = Field(sa_type=HostileText)
    author: str = Field(sa_type=HostileText)
    content: str = Field(sa_type=HostileText)
    """YAML."""


class MarkRow(Row, table=True):
    """A deploy of the team's own, or what it knows to be good."""

    __tablename__ = "mark"
    id: int = Field(default=None, primary_key=True)
    kind: str
    at: datetime = Field(sa_type=Utc, index=True)
    what: str = Field(sa_type=HostileText)
    ref: str = Field(sa_type=HostileText)
    actor: str = Field(sa_type=HostileText)
    note: str = Field(sa_type=HostileText)


class RetirementRow(Row, table=True):
    """What one source says of when the model of an endpoint is retired."""

    __tablename__ = "retirement"
    endpoint: str = Field(primary_key=True)
    """Its name, whatever its content."""
    source: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    model: str = Field(sa_type=HostileText)
    day: str
    """ISO date, UTC."""
    said: str = Field(sa_type=HostileText)
    successor: str = Field(sa_type=HostileText)
    warned: int | None = None
    """How many days ahead people were warned last; NULL where they were not."""


class ModelListRow(Row, table=True):
    """The provider's list of models, as it was read last for an endpoint."""

    __tablename__ = "model_list"
    endpoint: str = Field(primary_key=True)
    model: str = Field(sa_type=HostileText)
    """That the endpoint asked for then."""
    looked_at: datetime = Field(sa_type=Utc)
    models: str = Field(sa_type=HostileText)
    """JSON list of names; empty where the list could not be read."""


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
    """Label of the round."""
    probe: str = Field(primary_key=True)
    sample: int = Field(primary_key=True)
    reference: bytes = Field(sa_type=LargeBinary)
    candidate: bytes = Field(sa_type=LargeBinary)
