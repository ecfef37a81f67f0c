"""What pages show, added up as rounds end. `schema.prepare` counts what ended before, once all tables are there."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_COUNTS = ("rounds", "missed", "judged", "asks", "failed", "uncounted", "timed", "checked", "passed", "keyed", "right")
_LARGE = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "characters")


def upgrade() -> None:
    op.add_column("endpoint", sa.Column("tariff", sa.Text(), nullable=True))
    op.add_column("endpoint", sa.Column("priced_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_round_due", "round", ["due_at", "id"])
    failed = sa.text("failed > 0")
    op.create_index("ix_round_failed", "round", ["endpoint", "label"], sqlite_where=failed, postgresql_where=failed)
    op.create_table(
        "channel_point",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("e_value", sa.Float(53), nullable=True),
        sa.Column("value", sa.Float(53), nullable=True),
        sa.Column("reference_value", sa.Float(53), nullable=True),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint", "channel", "label", name="pk_channel_point"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "round_line",
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("identities", sa.Text(), nullable=False),
        sa.Column("latency_half_s", sa.Float(), nullable=True),
        sa.Column("latency_most_s", sa.Float(), nullable=True),
        sa.PrimaryKeyConstraint("endpoint", "label", name="pk_round_line"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "tally",
        *(sa.Column(name, sa.String(), nullable=False) for name in ("day", "endpoint", "probe_set")),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in (*_COUNTS, "refused")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _LARGE),
        *(sa.Column(name, sa.Float(), nullable=False) for name in ("promised", "latency_s")),
        sa.PrimaryKeyConstraint("day", "endpoint", "probe_set", name="pk_tally"),
        sqlite_with_rowid=False,
    )
