"""Confirmation rounds: which suspicion a round confirms, and since when an endpoint is under one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("round", sa.Column("confirms", sa.String(), nullable=True))
    op.add_column("watch", sa.Column("suspected_since", sa.String(), nullable=True))
