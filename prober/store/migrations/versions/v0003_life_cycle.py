"""The whole life of an incident: mutes, trouble, presses; notices about none; maintenance; staleness."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_TROUBLES = "'budget_exhausted', 'provider_error', 'rate_limited'"


def upgrade() -> None:
    for name, kind in (
        ("severity", sa.String()),
        ("cause", sa.Text()),
        ("acknowledged_at", sa.DateTime(timezone=True)),
        ("muted_until", sa.DateTime(timezone=True)),
        ("settled_round", sa.String()),
        ("calm_rounds", sa.Integer()),
        ("told_at", sa.DateTime(timezone=True)),
    ):
        op.add_column("incident", sa.Column(name, kind, nullable=True))
    op.drop_index("uq_incident_open", "incident")
    for index, which in (("uq_incident_open", "NOT IN"), ("uq_incident_trouble", "IN")):
        where = sa.text(f"state != 'closed' AND kind {which} ({_TROUBLES})")
        op.create_index(index, "incident", ["endpoint_hash"], unique=True, sqlite_where=where, postgresql_where=where)
    op.add_column("watch", sa.Column("stale_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("probe_set", sa.Column("tags", sa.Text(), nullable=True))
    with op.batch_alter_table("notice") as notice:
        notice.alter_column("incident_id", existing_type=sa.Integer(), nullable=True)
        for name, kind in (
            ("endpoint", sa.String()),
            ("reason", sa.Text()),
            ("cause", sa.Text()),
            ("severity", sa.String()),
            ("channel", sa.Text()),
            ("hold", sa.String()),
            ("digest_id", sa.Integer()),
        ):
            notice.add_column(sa.Column(name, kind, nullable=True))
        notice.add_column(sa.Column("private", sa.Boolean(), nullable=True))
    op.create_index("ix_notice_digest_id", "notice", ["digest_id"])
    op.create_table(
        "press",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incident.id"], name="fk_press_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_press"),
    )
    op.create_index("ix_press_incident_id", "press", ["incident_id"])
    op.create_table(
        "maintenance",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("endpoint", sa.String(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_maintenance"),
    )
    op.create_index("ix_maintenance_endpoint", "maintenance", ["endpoint"])
