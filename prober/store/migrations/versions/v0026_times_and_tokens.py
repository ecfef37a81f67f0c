"""How long each reply of a round took and how many tokens, so that objectives of time and cost read no reply."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"


def upgrade() -> None:
    op.add_column("round_line", sa.Column("replies", sa.Text(), nullable=True))
