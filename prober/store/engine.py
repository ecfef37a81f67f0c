"""The connection: transactions, and every failure of the database as a StoreError that says what to do."""

from __future__ import annotations

import itertools
import os
import re
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from shutil import disk_usage
from typing import Any, TypeAlias
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, QueuePool, create_engine, event, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlmodel import Session

from prober.model.errors import NotMadeYet, StoreError
from prober.store.urls import WAIT_S, file_of, hidden, parse, shown, wait_s

Transaction: TypeAlias = Session
"""What every function of a repository takes first: one transaction, opened by `Store.read` or `Store.write`.

What each round executes is built once, as a constant of its module with `bindparam`: to build a statement takes several
times as long as to execute it.
"""
_INCREMENTAL = 2
"""SQLite's `auto_vacuum` by which free pages are given back when we say so."""
_numbers = itertools.count(1)
_LEAST_FREE = 2**20
"""Bytes of a disk; with less, a round may find no room."""
CHECKED_FOR_S = 60.0
CHECK_SHARE = 100.0
"""The pages of a file are checked again after `CHECKED_FOR_S`, or, where that is later, after this many times as long
as the last check took."""


class Database:
    """One database, opened. `read()` and `write()` are the only ways to talk to it; each is one transaction."""

    def __init__(self, engine: Engine, where: str, file: Path | None = None, hidden: Iterable[str] = ()) -> None:
        self.engine = engine
        self._hidden = tuple(hidden)
        """Parts of the URL that no message may repeat."""
        self._file = file
        """Of SQLite; None of one in memory."""
        self._identity = _identity(file)
        self._checked_until = 0.0
        """Of the monotonic clock: until then the pages of the file are taken to be sound."""
        self.where = where
        self.is_sqlite = engine.dialect.name == "sqlite"
        # SQLite lets one writer in and makes the others poll; a lock lets the threads of this process queue instead.
        self._turn = threading.Lock() if self.is_sqlite else nullcontext()
        self._writer = engine.execution_options(write=True)

    @staticmethod
    def at(url: str, *, read_only: bool) -> Database:
        """The database at a URL. Raises StoreError where it cannot be one of the store."""
        parsed = parse(url)
        open_ = _sqlite if parsed.get_backend_name() == "sqlite" else _postgres
        return Database(open_(parsed, read_only), shown(parsed), file_of(url), hidden(parsed).values())

    @staticmethod
    def in_memory() -> Database:
        """An empty database that lives until it is closed."""
        name = f"/prober-{next(_numbers)}"  # with a slash, every connection of this process that names it shares it
        return Database(_sqlite_engine(f"file:{name}?vfs=memdb", WAIT_S, read_only=False), "a database in memory")

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
                raise StoreError(f"{self.where}: {self._explained(error)}") from error
            raise error.orig from None  # a value no column takes: a mistake of the caller, not of the database
        except (SQLAlchemyError, sqlite3.Error) as error:
            raise StoreError(f"{self.where}: {self._explained(error)}") from error

    def _explained(self, error: Exception) -> str:
        said = _explain(error)
        for value in (one for one in self._hidden if len(one) > 3):
            said = said.replace(value, "***")
        return said

    def examine(self) -> None:
        """Raises StoreError unless this is the database that was opened, and it can be written to and is not damaged.

        After it was replaced by another, the error says so once; from then on the other one is used.
        """
        if self._file is not None:
            self._examine_file(self._file)
        with self.write() as tx:
            tx.connection().execute(text("UPDATE alembic_version SET version_num = version_num"))

    def _examine_file(self, file: Path) -> None:
        found = _identity(file)
        if found != self._identity:
            self.engine.dispose()  # what is open leads to the file that was here
        if found is None:
            raise StoreError(
                f"{self.where}: THE DATABASE FILE WAS DELETED while it was in use; put it back, or restore a backup: "
                "prober db restore FILE"
            )
        if found != self._identity:
            self._identity, self._checked_until = found, 0.0
            raise StoreError(f"{self.where}: THE DATABASE FILE WAS REPLACED by another while it was in use")
        if not os.access(file, os.W_OK):
            raise StoreError(f"{self.where}: the file may not be written any more; check its owner, mode and disk")
        if disk_usage(file.absolute().parent).free < _LEAST_FREE:
            raise StoreError(f"{self.where}: the disk is full; free some space; nothing was stored half")
        begun = time.monotonic()
        if begun < self._checked_until:
            return
        # By a connection of its own, which holds no page from before.
        with self.reported(), closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True)) as connection:
            [(said,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
        if said != "ok":
            raise StoreError(f"{self.where}: the database file is damaged; restore it from a backup ({said})")
        ended = time.monotonic()
        self._checked_until = ended + max(CHECKED_FOR_S, CHECK_SHARE * (ended - begun))

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


def _identity(file: Path | None) -> tuple[int, int] | None:
    """What tells a file from another that gets its name; None where there is none."""
    if file is None:
        return None
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino


def _sqlite(url: URL, read_only: bool) -> Engine:
    path, longest_s = Path(url.database or ""), wait_s(url)
    if path.is_dir():
        raise StoreError(f"{path}: this is a folder; name a file, such as {path / 'prober.db'}")
    if not path.parent.is_dir():
        raise StoreError(f"{path}: there is no directory {path.parent}; make it first")
    if read_only and not path.exists():
        raise NotMadeYet(
            f"{path}: there is no database yet; `prober run` or `prober once` makes one; if you have one, go to its "
            "folder or set PROBER_DATABASE_URL"
        )

    if not read_only:
        with suppress(OSError):  # SQLite says what is wrong with the place
            path.touch(mode=0o600)  # prompts and replies are its owner's; the WAL takes over the mode
    uri = f"file:{quote(str(path))}?mode={'ro' if read_only else 'rw'}"
    return _sqlite_engine(uri, longest_s, read_only=read_only)


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
    # By the driver: a round has a dozen transactions, and SQLAlchemy takes as long to prepare this as for a query.
    connection.connection.cursor().execute("BEGIN IMMEDIATE" if write else "BEGIN")


def _postgres(url: URL, read_only: bool) -> Engine:
    options = f"-c lock_timeout={int(WAIT_S * 1000)}"
    if read_only:  # else as the server says: it may be closed to writing on purpose
        options += " -c default_transaction_read_only=on"
    # A server that was cut off is given up, rather than waited for without end.
    cut_off = {"tcp_user_timeout": 30_000, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 4}
    arguments = {"connect_timeout": int(WAIT_S), "options": options, "client_encoding": "utf8", **cut_off}
    engine = create_engine(url, pool_pre_ping=True, max_overflow=-1, connect_args=arguments)

    def refuse_other_encodings(connection: Any, _: object) -> None:
        if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
            raise StoreError(
                f"{shown(url)}: the database has the encoding {encoding}, which cannot hold every reply; make one with "
                "createdb --template=template0 --encoding=UTF8"
            )

    event.listen(engine, "connect", refuse_other_encodings, insert=True)  # before SQLAlchemy reads anything
    return engine


_NAMES = re.compile(r'"(?!alembic_version")[^"]*"')
"""Names that people chose, such as a user called `locked`, are no signs of what is wrong."""
_FIXES = (
    ("no such table: alembic_version", "the database holds nothing of the prober any more; restore a backup"),
    ('"alembic_version" does not exist', "the database holds nothing of the prober any more; restore a backup"),
    ("locked", "another process holds the database; wait for it, or stop it, and try again"),
    ("lock timeout", "another session holds the rows; wait for it, or stop it, and try again"),
    ("disk is full", "the disk is full; free some space and try again; nothing was stored half"),
    ("no space left", "the disk of the server is full; free some space and try again; nothing was stored half"),
    ("permission denied", "its user may not do this; grant it all rights on the tables and sequences of the prober"),
    ("statement timeout", "the server ends queries that take this long; raise statement_timeout for its user"),
    ("starting up", "the server is starting; wait for it"),
    ("shutting down", "the server is shutting down; start it again"),
    ("recovery mode", "the server recovers from a crash; wait for it, and see its log"),
    ("administrator command", "the server or somebody ended the session; see that it runs, and try again"),
    ("too many clients", "the server has no connection left; raise max_connections, or stop who holds them"),
    ("connection slots", "the server has no connection left; raise max_connections, or stop who holds them"),
    ("deadlock", "two sessions waited for each other, and this one was ended; try again"),
    ("could not extend file", "the server cannot make its files larger; free space on its disk, or raise its limit"),
    (
        "readonly",
        "this user may not write the file or its folder, and SQLite needs both, even to read: it keeps a -wal and a "
        "-shm file beside the database; run this as their owner, or change owner and mode",
    ),
    (
        "read-only",
        "the database was opened for reading, is closed to writing (default_transaction_read_only), or its server is a "
        "replica; open it again, or write to the primary",
    ),
    ("not a database", "this file is not a prober database; name another file"),
    ("malformed", "the database file is damaged; restore it from a backup"),
    ("disk i/o error", "the path cannot be read as a file; check that it is no folder, and that the disk works"),
    ("unable to open", "the database file cannot be opened; check that the path exists and may be read and written"),
    ("definition of service", "no such service in the file of services of libpq; check service in the database URL"),
    ("authentication failed", "the server refused the user or password; check the database URL"),
    (
        "no password supplied",
        "the server wants a password; write it into the database URL, the variable PGPASSWORD or a passfile of libpq",
    ),
    (
        "fatal:  database ",
        "the server has no such database; make it with createdb, or check its name in the URL",
    ),
    ("fatal:  role ", "the server knows no such user; check the user in the database URL"),
    ("pg_hba.conf", "the server admits no such connection; allow it in its pg_hba.conf, or check sslmode in the URL"),
    ("resolve host", "no machine has this name; check the host in the database URL, and the name server"),
    ("translate host", "no machine has this name; check the host in the database URL, and the name server"),
    ("connection", "the database server cannot be reached; check the host, the port and that it runs"),
)
"""What a database says → what it means and what to do, first match."""


def _explain(error: Exception) -> str:
    cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    said = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    signs = _NAMES.sub('""', said.lower())
    fix = next((fix for sign, fix in _FIXES if sign in signs), "the database refused; see its own words")
    return f"{fix} ({said})"
