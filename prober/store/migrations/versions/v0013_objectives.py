"""How many replies of a round passed, were right or refused, so that objectives read rounds and no replies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    for name in ("checked", "passed", "keyed", "right", "refused"):
        op.add_column("round_line", sa.Column(name, sa.Integer(), nullable=True))
