"""Brings a database to the version this prober knows, or says why it cannot."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from prober.model.errors import NotMadeYet, OlderVersion, StoreError
from prober.store import tallies
from prober.store.engine import Database
from prober.store.rows import Row
from prober.text import quoted

VERSIONS = tuple(f"{number:04}" for number in range(1, 28))
"""Every revision in `migrations/versions`, oldest first."""
LOST_VERSION = "has lost its version; restore it from a backup"
_COUNTED = "0005"
"""From this version on, rounds are added up as they end."""
_COUNTED_CONFIRMATIONS = "0020"
"""From this version on, confirmation rounds are added up apart, too."""
MIGRATING = 0x9_0BE4
"""Key of the Postgres advisory lock that lets one process migrate while others wait."""
_MIGRATION_PATIENCE_S = 3600
"""How long a process waits while another one migrates."""
_WAL_PATIENCE_S = 10.0


def prepare(database: Database, *, read_only: bool) -> None:
    """Create or migrate; read-only, only check. Raises StoreError."""
    with database.read() as tx:
        version = _version(tx.connection())
        if version is None and database.is_sqlite:  # of a server, programs may share one database
            _refuse_foreign(database, tx.connection())
    if version == VERSIONS[-1]:
        return
    _refuse_newer(database, version)
    if read_only:
        by = "`prober run` or `prober once`"
        if version is None:
            raise NotMadeYet(f"{database.where}: the database holds nothing of the prober yet; {by} makes its tables")
        raise OlderVersion(f"{database.where}: the database is of an older version; {by} brings it up to date")
    if database.is_sqlite:
        _write_ahead(database)
    with database.write() as tx:
        if not database.is_sqlite:
            # To make or migrate a large database takes longer than anybody waits for a row.
            tx.connection().execute(text(f"SET LOCAL lock_timeout = '{_MIGRATION_PATIENCE_S}s'"))
            tx.connection().execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATING})
            tx.connection().execute(text("SET LOCAL lock_timeout TO DEFAULT"))  # as the connection has it
        version = _version(tx.connection())  # another process may have been quicker
        _refuse_newer(database, version)
        if version != VERSIONS[-1]:
            bring_up_to_date(tx.connection())
            if version is not None and version < _COUNTED:
                tallies.rebuild(tx)
            elif version is not None and version < _COUNTED_CONFIRMATIONS:
                tallies.count_confirmations(tx)


def create(database: Database) -> None:
    """Make the tables as they are today, in a database that is empty and will never be migrated."""
    with database.write() as tx:
        Row.metadata.create_all(tx.connection())


def _write_ahead(database: Database) -> None:
    """SQLite's WAL mode, which stays with the file. Outside of a transaction, where alone the journal may change."""
    patience = time.monotonic() + _WAL_PATIENCE_S
    with database.reported(), closing(database.engine.raw_connection()) as connection:
        while True:
            try:
                connection.cursor().execute("PRAGMA auto_vacuum = INCREMENTAL")  # of a file that is still empty
                connection.cursor().execute("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                # SQLite does not wait here, whatever its timeout: another process is changing the same new file.
                if "locked" not in str(error) or time.monotonic() > patience:
                    raise
                time.sleep(0.05)
            else:
                return


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version


def _refuse_foreign(database: Database, connection: Connection) -> None:
    tables = sorted(set(inspect(connection).get_table_names()) - {"alembic_version"})
    if {"round", "reply"} <= set(tables):
        raise StoreError(f"{database.where}: the database {LOST_VERSION}")
    if tables:
        raise StoreError(
            f"{database.where}: this file is not a prober database: it holds tables of another program, such as "
            f"{quoted(tables[0])}; name another file"
        )


def version_fault(version: str) -> str | None:
    """Why this prober cannot use a database of a version, and what to do; None where it can."""
    if not re.fullmatch(r"\d{4}", version):
        return f"is that of another program (its version is {quoted(version)}); name another file or database"
    if version not in VERSIONS:
        known = f"which this prober does not know (it knows up to {VERSIONS[-1]})"
        return f"is of version {version}, {known}; upgrade the prober"
    return None


def _refuse_newer(database: Database, version: str | None) -> None:
    if version is not None and (fault := version_fault(version)) is not None:
        raise StoreError(f"{database.where}: the database {fault}")


def bring_up_to_date(connection: Connection) -> None:
    # Imported only when there is something to migrate: every other start is faster without.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
