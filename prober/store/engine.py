"""The connection: transactions, and every failure of the database as a StoreError that says what to do."""

from __future__ import annotations

import itertools
import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError, StatementError
from sqlmodel import Session

from prober.model.errors import StoreError

Transaction: TypeAlias = Session
"""What every function of a repository takes first: one transaction, opened by `Store.read` or `Store.write`."""
_WAIT_S = 10.0
"""How long to wait for another's lock, unless the URL of SQLite says `?timeout=…`."""
_INCREMENTAL = 2
"""Of SQLite's `auto_vacuum`: free pages are given back when we say so."""
_numbers = itertools.count(1)
_SECRET = re.compile(r"pass|secret|token", re.I)
"""Names in the query of a URL whose values are not shown."""
_URL_HELP = "write sqlite:///prober.db or postgresql+psycopg://user@host/database"


class Database:
    """One database, opened. `read()` and `write()` are the only ways to talk to it; each is one transaction."""

    def __init__(self, engine: Engine, where: str) -> None:
        self.engine = engine
        self.where = where
        self.is_sqlite = engine.dialect.name == "sqlite"
        # SQLite lets one writer in and makes the others poll; a lock lets the threads of this process queue instead.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()
        self._writer = engine.execution_options(write=True)

    @staticmethod
    def at(url: str, *, read_only: bool) -> Database:
        """The database at a URL. Raises StoreError where it cannot be one of the store."""
        parsed = _parse(url)
        open_ = _sqlite if parsed.get_backend_name() == "sqlite" else _postgres
        return Database(open_(parsed, read_only), _without_passwords(parsed))

    @staticmethod
    def in_memory() -> Database:
        """An empty database that lives until it is closed."""
        name = f"/prober-{next(_numbers)}"  # with a slash, every connection of this process that names it shares it
        return Database(_sqlite_engine(f"file:{name}?vfs=memdb", _WAIT_S, read_only=False), "a database in memory")

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A transaction that only reads. Raises StoreError."""
        with self.reported(), Session(self.engine) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """A transaction that is committed at the end, or leaves nothing behind. Raises StoreError."""
        # Rows are read after the updates that touch them, so a session need not keep those it holds in step.
        options = {"synchronize_session": False}
        with self.reported(), self._turn, Session(self._writer, execution_options=options) as session, session.begin():
            yield session

    @contextmanager
    def reported(self) -> Iterator[None]:
        """Failures of the database → StoreError."""
        try:
            yield
        except StatementError as error:
            if isinstance(error, DBAPIError) or error.orig is None:
                raise StoreError(f"{self.where}: {_explain(error)}") from error
            raise error.orig from None  # a value no column takes: a mistake of the caller, not of the database
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(f"{self.where}: {_explain(error)}") from error

    def compact(self, *, whole: bool) -> None:
        """Give space that is no longer used back to the disk, a little at a time; on Postgres, to new rows.

        `whole` also rewrites a SQLite file of an older version, once, which needs as much free space as the file has.
        Without it such a file does not shrink; its free space is used by new rows. Raises StoreError.
        """
        with self.reported(), closing(self.engine.raw_connection()) as connection:
            if not self.is_sqlite:
                if whole:
                    connection.driver_connection.autocommit = True  # type: ignore[union-attr]
                    connection.cursor().execute("VACUUM (ANALYZE) reply")
                    connection.driver_connection.autocommit = False  # type: ignore[union-attr]
                return
            pragma = connection.cursor().execute
            if pragma("PRAGMA auto_vacuum").fetchone() != (_INCREMENTAL,):
                if whole:
                    pragma(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
                    pragma("VACUUM")
                return
            while pragma("PRAGMA freelist_count").fetchone() != (0,):
                with self._turn:
                    pragma("PRAGMA incremental_vacuum(1000)").fetchall()

    def close(self) -> None:
        self.engine.dispose()


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Not repeated here: a broken URL may hold a password in any place.
        raise StoreError(f"the database URL cannot be read; {_URL_HELP}") from None
    if parsed.drivername in {"postgres", "postgresql"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise StoreError(f"{parsed.drivername} is not a database the store knows; {_URL_HELP}")
    if parsed.drivername == "sqlite" and parsed.database in {None, "", ":memory:"}:
        raise StoreError("a database in memory is lost at exit and shared with nobody; write sqlite:///prober.db")
    return parsed


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; None for Postgres. Raises StoreError where the URL is of neither."""
    parsed = _parse(url)
    return Path(parsed.database or "") if parsed.drivername == "sqlite" else None


def for_libpq(url: str) -> str:
    """The URL as Postgres' own tools take it, without any password."""
    parsed = _parse(url)
    query = {name: value for name, value in parsed.query.items() if not _SECRET.search(name)}
    return URL.create(
        "postgresql", parsed.username, None, parsed.host, parsed.port, parsed.database, query
    ).render_as_string()


def _without_passwords(url: URL) -> str:
    """The URL for people. libpq takes passwords from the query as well."""
    query = {name: "***" if _SECRET.search(name) else value for name, value in url.query.items()}
    return url.set(query=query).render_as_string(hide_password=True).replace("%2A%2A%2A", "***")


def _sqlite(url: URL, read_only: bool) -> Engine:
    path = Path(url.database or "")
    wait_s = _wait_s(url)
    if read_only and not path.exists():
        raise StoreError(f"{path}: there is no database yet; `prober run` or `prober once` makes one")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no directory {path.parent}; make it first")

    if not read_only:
        with suppress(OSError):  # SQLite says what is wrong with the place
            path.touch(mode=0o600)  # prompts and replies are its owner's; the WAL takes over the mode
    uri = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rwc'}"
    return _sqlite_engine(uri, wait_s, read_only=read_only)


def _sqlite_engine(uri: str, wait_s: float, *, read_only: bool) -> Engine:
    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            uri,
            uri=True,
            timeout=wait_s,
            check_same_thread=False,
            isolation_level=None,  # transactions begin where `_begin` says, not where the driver guesses
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        if read_only:  # refused by the connection itself, whatever the mode of the file
            connection.execute("PRAGMA query_only = ON")
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, max_overflow=-1)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # A writer takes the lock at once: one that began by reading could not wait for another writer, only fail.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _wait_s(url: URL) -> float:
    text = url.query.get("timeout", str(_WAIT_S))
    try:
        return float(str(text))
    except ValueError:
        raise StoreError(f"timeout={text} in the database URL is not a number of seconds; write ?timeout=10") from None


def _postgres(url: URL, read_only: bool) -> Engine:
    options = f"-c lock_timeout={int(_WAIT_S * 1000)} -c default_transaction_read_only={'on' if read_only else 'off'}"
    return create_engine(
        url, pool_pre_ping=True, max_overflow=-1, connect_args={"connect_timeout": int(_WAIT_S), "options": options}
    )


_FIXES = (
    ("locked", "another process holds the database; wait for it, or stop it, and try again"),
    ("lock timeout", "another session holds the rows; wait for it, or stop it, and try again"),
    ("disk is full", "the disk is full; free some space and try again; nothing was stored half"),
    ("no space left", "the disk of the server is full; free some space and try again; nothing was stored half"),
    ("readonly", "the database was opened for reading, or its file may not be written; check who owns it"),
    ("read-only", "the database was opened for reading, or its server is a replica; write to the primary"),
    ("not a database", "this file is not a prober database; name another file"),
    ("malformed", "the database file is damaged; restore it from a backup"),
    ("unable to open", "the database file cannot be opened; check that the path exists and may be read and written"),
    ("authentication failed", "the server refused the user or password; check the database URL"),
    ("connection", "the database server cannot be reached; check the host, the port and that it runs"),
)
"""What a database says → what it means and what to do, first match."""


def _explain(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    fix = next((fix for sign, fix in _FIXES if sign in said.lower()), "the database refused; see its own words")
    return f"{fix} ({said})"
