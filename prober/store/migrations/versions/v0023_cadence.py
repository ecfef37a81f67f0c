"""How often the rounds of a probe set are due, so that an export carries the promise it was judged under."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.add_column("probe_set", sa.Column("rounds_per_year", sa.Float(), nullable=True))
