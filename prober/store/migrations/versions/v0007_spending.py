"""Where a reply stands in its round, and what an endpoint has spent of the budget of a day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("reply", sa.Column("place", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "spending",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("asks", sa.Integer(), nullable=False),
        sa.Column("tokens", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "day", name="pk_spending"),
        sqlite_with_rowid=False,
    )
