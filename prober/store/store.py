"""`Store`: one database, opened, and its transactions. What is asked and changed in them is in the repositories."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, closing, suppress
from types import TracebackType
from typing import Concatenate, ParamSpec, TypeVar

from prober.store.check import try_out
from prober.store.engine import Database, Transaction
from prober.store.schema import create, prepare

P = ParamSpec("P")
Answer = TypeVar("Answer")


class _TakenBack(Exception):
    """Ends a transaction of which nothing is to stay."""


class Store:
    """One database, opened. Threads may share it; any number of processes may open the same database.

    A repository is a module of functions that take a Transaction first. Times are timezone-aware and in UTC. Where the
    database cannot be used, StoreError says what to do, and nothing of the transaction is kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @staticmethod
    def open(url: str, *, read_only: bool = False) -> Store:
        """Open, creating or migrating as needed; read-only, only look.

        `url` is SQLAlchemy's: `sqlite:///prober.db` (`?timeout=` seconds to wait for a lock, default 10) or
        `postgresql+psycopg://user@host/database`. Raises StoreError: unreachable, locked, full, of a newer version,
        not a prober database, or, read-only, not made yet.
        """
        database = Database.at(url, read_only=read_only)
        try:
            prepare(database, read_only=read_only)
        except BaseException:
            database.close()
            raise
        return Store(database)

    @staticmethod
    def in_memory() -> Store:
        """An empty store that is gone when it is closed: for tests and for trying things out. Threads may share it."""
        database = Database.in_memory()
        create(database)
        return Store(database)

    @property
    def where(self) -> str:
        """The database's URL, without its password."""
        return self._database.where

    def read(self) -> AbstractContextManager[Transaction]:
        """A transaction that only reads."""
        return self._database.read()

    def write(self) -> AbstractContextManager[Transaction]:
        """A transaction that is committed at the end of the block, or leaves nothing behind where it raises."""
        return self._database.write()

    def query(
        self, function: Callable[Concatenate[Transaction, P], Answer], *args: P.args, **kwargs: P.kwargs
    ) -> Answer:
        """The answer of one function of a repository, in a reading transaction of its own."""
        with self.read() as tx:
            return function(tx, *args, **kwargs)

    def change(
        self, function: Callable[Concatenate[Transaction, P], Answer], *args: P.args, **kwargs: P.kwargs
    ) -> Answer:
        """One change by a function of a repository, in a writing transaction of its own."""
        with self.write() as tx:
            return function(tx, *args, **kwargs)

    def examine(self) -> None:
        """Raises StoreError unless this is the database that was opened and it can be used; see `Database.examine`."""
        self._database.examine()
        prepare(self._database, read_only=False)  # what was put in its place may be older

    def try_out(self) -> None:
        """Raises StoreError unless a round could be stored. Nothing is kept of the trial."""
        with suppress(_TakenBack), self.write() as tx:
            try_out(tx)
            raise _TakenBack

    @staticmethod
    def try_out_at(url: str) -> None:
        """The same of a database that is not opened; it is neither made nor migrated."""
        with closing(Store(Database.at(url, read_only=False))) as store:
            store.try_out()

    @property
    def is_served(self) -> bool:
        """Whether it is at a server, which may hang."""
        return not self._database.is_sqlite

    def compact(self, *, whole: bool = False) -> None:
        """Give back the space of what was deleted, see `Database.compact`."""
        self._database.compact(whole=whole)

    def close(self) -> None:
        """Release the connections."""
        self._database.close()

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
