"""What confirmation rounds cost, and the objectives that sets declare. `schema.prepare` counts the rounds before."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("probe_set", sa.Column("objectives", sa.Text(), nullable=True))
    op.add_column("tally", sa.Column("confirming_asks", sa.Integer(), nullable=False, server_default="0"))
    for name in ("confirming_input_tokens", "confirming_output_tokens"):
        op.add_column("tally", sa.Column(name, sa.BigInteger(), nullable=False, server_default="0"))
