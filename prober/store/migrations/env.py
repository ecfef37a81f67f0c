"""What Alembic runs: the migrations, in the transaction of whoever called. There is no alembic.ini."""

from __future__ import annotations

from alembic import context

from prober.store.rows import Row

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Row.metadata, transactional_ddl=True
)
context.run_migrations()
