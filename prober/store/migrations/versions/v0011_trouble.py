"""More kinds of trouble, and the provider's own words about it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

_TROUBLES = (
    "'budget_exhausted', 'model_not_found', 'model_retired', 'out_of_credit', 'provider_error', 'rate_limited', "
    "'unauthorized'"
)


def upgrade() -> None:
    op.add_column("round", sa.Column("last_detail", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("detail", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("cause_before", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("failed_share", sa.Float(), nullable=True))
    for name, kinds in (("uq_incident_open", "NOT IN"), ("uq_incident_trouble", "IN")):
        op.drop_index(name, table_name="incident")
        where = sa.text(f"state != 'closed' AND kind {kinds} ({_TROUBLES})")
        op.create_index(name, "incident", ["endpoint_hash"], unique=True, sqlite_where=where, postgresql_where=where)
