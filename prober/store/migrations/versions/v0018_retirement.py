"""When models are retired, by whoever says so, and what people were warned of."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "retirement",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("successor", sa.Text(), nullable=False),
        sa.Column("warned", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint", "source", "kind", name="pk_retirement"),
    )
    op.create_table(
        "model_list",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("models", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", name="pk_model_list"),
    )
