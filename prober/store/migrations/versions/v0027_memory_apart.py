"""What seldom changes of a judge's memory lies apart, and what is remembered of replies is read from an index alone."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"


def upgrade() -> None:
    op.add_column("memory", sa.Column("constant", sa.LargeBinary(), nullable=True))
    op.add_column("memory", sa.Column("digest", sa.String(), server_default=sa.text("''"), nullable=False))
    if op.get_bind().dialect.name == "sqlite":  # Postgres takes no texts of any length into an index
        op.create_index("ix_reply_seen", "reply", ["round_id", "id", "series", "seen"])
