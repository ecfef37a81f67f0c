"""Incidents of what the team measures itself: objectives and live samples. An endpoint may have several of them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.add_column("incident", sa.Column("about", sa.Text(), nullable=True))
    where = sa.text("state != 'closed' AND about IS NOT NULL")
    op.create_index(
        "uq_incident_measured",
        "incident",
        ["endpoint", "kind", "about"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )
