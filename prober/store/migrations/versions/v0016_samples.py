"""Live samples, apart from the rounds of probes; how many came; what was judged of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "sample",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_sample"),
    )
    op.create_index("ix_sample_feature_endpoint_at", "sample", ["feature", "endpoint", "at"])
    op.create_index("ix_sample_at", "sample", ["at"])
    op.create_table(
        "sample_tally",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("dropped", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("newest_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("endpoint", "feature", name="pk_sample_tally"),
    )
    op.create_table(
        "sample_watch",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("judged_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.Column("judgement", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "feature", "side", name="pk_sample_watch"),
    )
    op.create_table(
        "sample_shift",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("onset", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "feature", "side", "onset", name="pk_sample_shift"),
    )
