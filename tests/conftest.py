"""For every test: examples are the same on every run, a slow machine fails nothing, and nothing is made twice."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

# Arrays are small, and tests run one a core: threads of a linear algebra library would only stand in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("prober", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("prober")


def pytest_collection_finish() -> None:
    """Modules and tests stay to the end: the garbage collector need not look at them again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _databases_are_made_once() -> Iterator[None]:
    """What every test would do again for its own SQLite file is done once a session.

    Engines share one dialect, and with it the statements that were compiled. The first new database is migrated; every
    other is given the tables of that one. A database of an older version is always migrated.
    """
    schema, engine = sys.modules.get("prober.store.schema"), sys.modules.get("prober.store.engine")
    if schema is None or engine is None:
        yield
        return
    really_create, really_upgrade = engine.create_engine, schema._upgrade
    first: Any = really_create("sqlite://")
    first.connect().close()  # whereby a dialect learns what it speaks to
    statements: list[str] = []

    def create_engine(url: Any, **options: Any) -> Engine:
        made: Any = really_create(url, **options)
        if made.dialect.name == "sqlite":
            made.dialect = made.pool._dialect = first.dialect
            made._compiled_cache = first._compiled_cache
        return made

    def upgrade(connection: Connection) -> None:
        if connection.dialect.name != "sqlite" or _tables(connection):
            really_upgrade(connection)
        elif statements:
            for statement in statements:
                connection.exec_driver_sql(statement)
        else:
            really_upgrade(connection)
            version = schema._version(connection)
            statements[:] = [*_tables(connection), f"INSERT INTO alembic_version VALUES ('{version}')"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "create_engine", create_engine)
        patch.setattr(schema, "_upgrade", upgrade)
        yield
    first.dispose()


def _tables(connection: Connection) -> list[str]:
    """What makes the tables and indexes of a SQLite database, in the order in which they were made."""
    made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid")
    return [row[0] for row in made if "sqlite_sequence" not in row[0]]
