"""How many asks a cache answered. Older rounds count as none: their caches were not noticed, or counted as failures."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("round", sa.Column("cached", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("tally", sa.Column("from_cache", sa.Integer(), nullable=False, server_default="0"))
