"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "endpoint",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("false_alarms_per_year", sa.Float(53), nullable=False),
        sa.Column("current", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("name", "endpoint_hash", name="pk_endpoint"),
    )
    op.create_index("ix_endpoint_origin", "endpoint", ["origin"])
    op.create_table(
        "epoch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("start_label", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_epoch"),
    )
    op.create_index("ix_epoch_endpoint", "epoch", ["endpoint"])
    op.create_table(
        "incident",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("onset", sa.Text(), nullable=False),
        sa.Column("detected_round", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("e_value", sa.Float(53), nullable=True),
        sa.Column("threshold", sa.Float(53), nullable=True),
        sa.Column("verdicts", sa.LargeBinary(), nullable=False),
        sa.Column("onset_first", sa.Text(), nullable=True),
        sa.Column("onset_last", sa.Text(), nullable=True),
        sa.Column("course", sa.String(), nullable=False),
        sa.Column("rounds_after", sa.Integer(), nullable=False),
        sa.Column("peak_log_e", sa.Float(53), nullable=True),
        sa.Column("passed", sa.Text(), nullable=True),
        sa.Column("findings", sa.LargeBinary(), nullable=False),
        sa.Column("together", sa.Text(), nullable=False),
        sa.Column("part_of", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["part_of"], ["incident.id"], name="fk_incident_part_of"),
        sa.PrimaryKeyConstraint("id", name="pk_incident"),
    )
    op.create_index("ix_incident_part_of", "incident", ["part_of"])
    op.create_index("ix_incident_endpoint", "incident", ["endpoint"])
    op.create_index("ix_incident_state", "incident", ["state"])
    op.create_index(
        "uq_incident_open",
        "incident",
        ["endpoint_hash"],
        unique=True,
        sqlite_where=sa.text("state != 'closed'"),
        postgresql_where=sa.text("state != 'closed'"),
    )
    op.create_table(
        "memory",
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_hash", name="pk_memory"),
    )
    op.create_table(
        "probe_set",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("runbook", sa.Text(), nullable=True),
        sa.Column("endpoints", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_probe_set"),
    )
    op.create_table(
        "round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("probe_set", sa.String(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=True),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("last_failure", sa.Text(), nullable=False),
        sa.Column("judgement", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_round"),
        sa.UniqueConstraint("endpoint", "label", name="uq_round_endpoint_label"),
        sa.UniqueConstraint("endpoint", "probe_set", "due_at", name="uq_round_endpoint_probe_set_due_at"),
    )
    op.create_index("ix_round_judged", "round", ["endpoint_hash", "state", "label"])
    op.create_index("ix_round_newest", "round", ["endpoint", "due_at"])
    op.create_index("ix_round_tally", "round", ["endpoint", "state", "label", "asked", "failed"])
    op.create_index("ix_round_work", "round", ["state", "due_at"])
    op.create_table(
        "series",
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("prompt", sa.Text(), nullable=False),
        sa.Column("system", sa.Text(), nullable=True),
        sa.Column("expect", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_series"),
    )
    op.create_table(
        "watch",
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.Integer(), nullable=False),
        sa.Column("epoch_start", sa.String(), nullable=False),
        sa.Column("changes", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_hash", name="pk_watch"),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("alerter", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_reason", sa.Text(), nullable=False),
        sa.Column("receipt", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_notice_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
    )
    op.create_index("ix_notice_incident_id", "notice", ["incident_id"])
    op.create_index("ix_notice_work", "notice", ["state", "next_try_at"])
    op.create_table(
        "reply",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("series", sa.String(), nullable=False),
        sa.Column("probe", sa.Text(), nullable=False),
        sa.Column("sample", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tokens", sa.Integer(), nullable=False),
        sa.Column("reply", sa.LargeBinary(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["round.id"], name="fk_reply_round_id"),
        sa.PrimaryKeyConstraint("id", name="pk_reply"),
        sa.UniqueConstraint("round_id", "series", "sample", name="uq_reply_round_id_series_sample"),
    )
    op.create_index("ix_reply_at", "reply", ["at"])
    op.create_index("ix_reply_series", "reply", ["series", "round_id"])
