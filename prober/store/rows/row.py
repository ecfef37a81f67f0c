"""What all tables share."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from sqlalchemy import MetaData
from sqlmodel import SQLModel

TOLD_AT: Final[dict[str, Any]] = {"name": "told_at"}
"""Of each `notified_at`: its column has kept the name of the first schema that had it."""


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
