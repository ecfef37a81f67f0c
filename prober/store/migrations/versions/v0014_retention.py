"""How long replies are kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "retention",
        sa.Column("probe_set", sa.String(), nullable=False),
        sa.Column("keep_s", sa.Float(), nullable=True),
        sa.Column("deleted_before", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("probe_set", name="pk_retention"),
    )
