"""A round takes as long after years as on the first day: its newest rounds and open incidents are found by an index.
What it reads of some hundred replies, to notice repeated ones, stands apart from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("reply", sa.Column("seen", sa.Text(), nullable=True))
    op.create_index("ix_round_label", "round", ["endpoint_hash", "label"])
    op.create_index("ix_incident_endpoint_hash_state", "incident", ["endpoint_hash", "state"])
