"""What is known of the spending of probe sets, and the set that a cost incident names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.add_column("watch", sa.Column("spending", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("probe_set", sa.String(), nullable=True))
