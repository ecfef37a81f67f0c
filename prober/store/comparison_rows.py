"""Tables: what was asked to compare, beside the rounds that are judged."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlmodel import Field

from prober.store.columns import Utc
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
