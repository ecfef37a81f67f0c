"""Memories of an earlier statistic are dropped: endpoints learn anew, from the rounds of their epoch that are kept."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.execute("DELETE FROM memory")
