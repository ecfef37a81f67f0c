"""For every test: examples are the same on every run, a slow machine fails nothing, and nothing is made twice."""

from __future__ import annotations

import gc
import logging
import os
import re
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings
from hypothesis.internal.conjecture import providers

if TYPE_CHECKING:
    from sqlalchemy import Engine

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
