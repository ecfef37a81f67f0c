"""What is spent of a budget in dollars, and the limits of each budget."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.add_column("spending", sa.Column("nanodollars", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("spending", sa.Column("budget", sa.Text(), nullable=False, server_default=""))
