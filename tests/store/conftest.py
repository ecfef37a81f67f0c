"""One suite, two databases: every test that takes `url` or `store` runs over SQLite, and, marked, over Postgres."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from prober.store import Store
from prober.store.rows import Row
from prober.store.schema import VERSIONS


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'prober.db'}"
    return str(request.getfixturevalue("new_database")())


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "prober.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_database(new_database: Callable[[], str]) -> str:
    url = new_database()
    Store.open(url).close()
    return url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of today's version with nothing in it; copied, or emptied after the last test, rather than migrated."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "prober.db")
        return f"sqlite:///{tmp_path / 'prober.db'}"
    database: str = request.getfixturevalue("postgres_database")
    _empty(database)
    return database


def _empty(url: str) -> None:
    """Leave the tables alone, as if just migrated. Whoever was killed in a test may still hold rows: not any longer."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                 "WHERE datname = current_database() AND pid <> pg_backend_pid()")
        )  # fmt: skip
        # Most tests write to few of the tables, and an empty one costs as much to empty as a full one.
        asked = " UNION ALL ".join(
            f"SELECT '{one}' WHERE EXISTS (SELECT 1 FROM \"{one}\")" for one in Row.metadata.tables
        )
        if filled := connection.execute(text(asked)).scalars().all():
            connection.execute(text(f"TRUNCATE {', '.join(filled)} CASCADE"))
        connection.execute(
            text("SELECT setval(format('%I', sequencename)::regclass, 1, false) FROM pg_sequences "
                 "WHERE last_value IS NOT NULL")
        )  # fmt: skip
        connection.execute(text("UPDATE alembic_version SET version_num = :now"), {"now": VERSIONS[-1]})
    engine.dispose()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """For what only a file can do; the lock of another is waited for a moment only."""
    shutil.copy(sqlite_template, tmp_path / "prober.db")
    return f"sqlite:///{tmp_path / 'prober.db'}?timeout=0.05"
