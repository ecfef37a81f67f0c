"""Facts: what is known of each endpoint, and incidents of them. Several may be open beside a change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

_TROUBLES = (
    "'budget_exhausted', 'model_not_found', 'model_retired', 'out_of_credit', 'provider_error', 'rate_limited', "
    "'unauthorized'"
)


def upgrade() -> None:
    op.add_column("incident", sa.Column("facts", sa.LargeBinary(), nullable=True))
    op.add_column("incident", sa.Column("is_facts", sa.Boolean(), nullable=True))
    op.create_table(
        "fact_memory",
        sa.Column("endpoint_hash", sa.String(), nullable=False),
        sa.Column("memory", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("endpoint_hash", name="pk_fact_memory"),
    )
    op.drop_index("uq_incident_open", table_name="incident")
    where = sa.text(f"state != 'closed' AND is_facts IS NULL AND kind NOT IN ({_TROUBLES})")
    op.create_index(
        "uq_incident_open", "incident", ["endpoint_hash"], unique=True, sqlite_where=where, postgresql_where=where
    )
