"""What readers need to know of how an endpoint is declared, and what is wrong with the files a daemon follows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("endpoint", sa.Column("rules", sa.Text(), nullable=True))
    op.add_column("daemon", sa.Column("file_problems", sa.Text(), nullable=True))
