"""Tables: what is declared, asked, judged and added up. Rows never leave this package: readers get views and types.

An `id` is None only until its row is flushed, which nobody else sees; hence its type.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import BigInteger, Index, LargeBinary, MetaData, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from prober.store.columns import HostileText, Number, Utc

_FAILED = text("failed > 0")


class Row(SQLModel):
    """What all tables share: one set of metadata, and names for constraints that both databases agree on."""

    model_config = {"defer_build": True}  # rows are never validated, and what could would take a while
    metadata: ClassVar[MetaData] = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


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
    """Of these lines: they are written only where they differ."""


class FactMemoryRow(Row, table=True):
    """The values that an endpoint is known to give of itself, in the current epoch."""

    __tablename__ = "fact_memory"
    endpoint_hash: str = Field(primary_key=True)
    memory: bytes = Field(sa_type=LargeBinary)


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
    """Of the failed asks, those that a cache answered."""
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
    """Of replies, and set aside for asks without one."""
    nanodollars: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": "0"})
    """The same in billionths of a dollar; 0 while no budget that the asks count in is in dollars."""
    budget: str = Field(default="", sa_type=Text, sa_column_kwargs={"server_default": text("''")})
    """In the row that is locked: the limits as they were declared last, as JSON. Otherwise empty."""


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
