"""What the team's own traffic costs, and what shows that it runs in a loop."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.add_column("sample", sa.Column("trace", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("sample", sa.Column("asked", sa.String(), server_default=sa.text("''"), nullable=False))
    op.add_column("sample_tally", sa.Column("dropped_until", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sample_hour",
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("hour", sa.DateTime(timezone=True), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        *_numbers("calls", "uncounted", "input_tokens", "output_tokens", "input_squared", "output_squared", "product"),
        sa.PrimaryKeyConstraint("endpoint", "feature", "hour", "model", name="pk_sample_hour"),
    )
    op.create_table(
        "bill_day",
        *_key(),
        sa.Column("day", sa.String(), nullable=False),
        *_numbers("dollars", "low", "high", "calls", "tokens", "unpriced"),
        sa.PrimaryKeyConstraint("source", "endpoint", "name", "day", name="pk_bill_day"),
    )
    op.create_table(
        "bill",
        *_key(),
        sa.Column("declared", sa.Text(), nullable=False),
        sa.Column("spending", sa.Text(), nullable=False),
        sa.Column("judged_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen", sa.String(), nullable=False),
        sa.Column("tried_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("no_price", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("source", "endpoint", "name", name="pk_bill"),
    )


def _key() -> list[sa.Column[str]]:
    return [
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
    ]


def _numbers(*names: str) -> list[sa.Column[float]]:
    return [sa.Column(name, sa.Float(53), nullable=False) for name in names]
