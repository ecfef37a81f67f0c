"""Copies of a SQLite database made while it is in use, and putting one back. Postgres has its own tools for both."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import col, func, select

from prober.model.errors import StoreError
from prober.store import daemons
from prober.store.engine import Database, Transaction
from prober.store.rows import RoundRow
from prober.store.schema import LOST_VERSION, version_fault
from prober.store.store import Store
from prober.store.urls import file_of, for_libpq
from prober.text import count

BESIDE = ("-wal", "-shm", "-journal")
"""Ends of the names of files that belong to a SQLite database while it is open."""


@dataclass(frozen=True, slots=True)
class Held:
    """How much a database holds."""

    rounds: int
    newest: str
    """Label of its newest round; empty where there is none."""

    def __str__(self) -> str:
        return count(self.rounds, "round") + (f", the newest {self.newest}" if self.newest else "")


def backup(url: str, file: Path, *, overwrite: bool = False) -> Held:
    """A copy of the database in a file that only its owner may read: as it is at one moment.

    The copy is complete before it has its name. Raises StoreError.
    """
    source = file_of(url)
    if source is None:
        raise StoreError(
            f"a Postgres database is backed up by its own tool: "
            f"pg_dump --format=custom --file={file} '{for_libpq(url)}'"
        )
    _refuse_existing(file, overwrite)
    database = Database.at(url, read_only=True)
    try:
        with _new_file(file) as copy, database.reported(), closing(database.engine.raw_connection()) as connection:
            _copied(connection.driver_connection, copy)  # type: ignore[arg-type]  # it is sqlite3's own
            held = _held(copy, f"{database.where}: the database")
    finally:
        database.close()
    return held


def restore(url: str, file: Path, now: datetime, *, overwrite: bool = False) -> tuple[Held, Path | None]:
    """Put a backup in the place of the database, and bring it to the schema of today. Gives what it holds, and where
    the database that was there is now.

    Raises StoreError: the file is no sound backup, a daemon is at work on the database, or, without `overwrite`, it
    holds rounds or cannot be read.
    """
    target = file_of(url)
    if target is None:
        raise StoreError(
            f"a Postgres database is restored by its own tool: pg_restore --clean --if-exists --no-owner "
            f"--dbname='{for_libpq(url)}' {file}"
        )
    backed_up = _held(file)
    if target.exists() and target.stat().st_size:
        _refuse_to_replace(url, backed_up, now, overwrite)
    aside = None
    with _new_file(target) as copy:
        with closing(_opened(file)) as source:
            _copied(source, copy)
        if target.exists():
            aside = target.with_name(f"{target.name}.before-restore")
            for end in ("", *BESIDE):
                with suppress(FileNotFoundError):
                    Path(f"{target}{end}").replace(f"{aside}{end}")
    with closing(sqlite3.connect(target)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    Store.open(url).close()
    return backed_up, aside


def _refuse_to_replace(url: str, backed_up: Held, now: datetime, overwrite: bool) -> None:
    try:
        with Store.open(url, read_only=True) as store:
            alive = [one.worker for one in store.query(daemons.statuses) if one.alive(now)]
            here = store.query(_held_in)
    except StoreError as error:
        if overwrite:
            return
        raise StoreError(f"{error}; to put the backup in its place all the same, add --overwrite") from error
    if alive:
        raise StoreError(f"{store.where}: a daemon is at work on it: {', '.join(alive)}; stop it first")
    if here.rounds and not overwrite:
        newer = "; IT IS NEWER THAN THE BACKUP" if here.newest > backed_up.newest else ""
        raise StoreError(
            f"{store.where} holds {here}{newer}; the backup holds {backed_up}; to replace it, add --overwrite "
            "(what was there is kept beside it)"
        )


def _held_in(tx: Transaction) -> Held:
    rounds, newest = tx.exec(select(func.count(), func.max(col(RoundRow.label))).select_from(RoundRow)).one()
    return Held(rounds, newest or "")


def _held(file: Path, named: str = "") -> Held:
    """What a backup holds. Raises StoreError, under a name other than its own, where it is none, or is damaged."""
    is_backup = not named
    named = named or f"{file}: the backup"
    try:
        with closing(_opened(file)) as connection:
            [(sound,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
            if sound != "ok":
                fix = "name another one" if is_backup else "restore it from a backup"
                raise StoreError(f"{named} is damaged; {fix} ({' '.join(str(sound).split())})")
            version = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            if version is None or (fault := version_fault(str(version[0]))) is not None:
                raise StoreError(f"{named} {LOST_VERSION if version is None else fault}")
            rounds, newest = connection.execute("SELECT count(*), max(label) FROM round").fetchone()
    except sqlite3.Error as error:
        raise StoreError(f"{named} is no prober database; name another file ({error})") from error
    return Held(rounds, newest or "")


def _opened(file: Path) -> sqlite3.Connection:
    if not file.is_file():
        raise StoreError(f"{file}: there is no such file")
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)


def _copied(source: sqlite3.Connection, copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as made:
        source.backup(made)
        made.execute("PRAGMA journal_mode = DELETE")  # one file, without those beside it


@contextmanager
def _new_file(file: Path) -> Iterator[Path]:
    """A file beside this one, for its owner only, that gets its name at the end, or is gone."""
    if not file.absolute().parent.is_dir():
        raise StoreError(f"{file}: there is no directory {file.absolute().parent}; make it first")
    new = file.with_name(f"{file.name}.new")
    try:
        with suppress(FileNotFoundError):
            new.unlink()
        os.close(os.open(new, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        yield new
        new.replace(file)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{file}: it could not be written: {error}") from error
    finally:
        with suppress(OSError):
            new.unlink()


def _refuse_existing(file: Path, overwrite: bool) -> None:
    if file.exists() and not overwrite:
        raise StoreError(f"{file}: there is a file already; name another, or add --overwrite")
