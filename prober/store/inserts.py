"""Inserts that know what to do about a row that is there already; each database has its own statement for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Integer, literal_column
from sqlalchemy.dialects import postgresql, sqlite

from prober.store.engine import Transaction
from prober.store.rows import Row


def insert(tx: Transaction, table: type[Row]) -> Any:
    """The statement of this database; `on_conflict_…` of it says what becomes of a row that is there already."""
    return insert_by(tx.get_bind().dialect.name, table)


def insert_by(dialect: str, table: type[Row]) -> Any:
    """As `insert`, by the name of a dialect: `sqlite` or `postgresql`."""
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(table)


@cache
def _inserting_missing(dialect: str, table: type[Row]) -> Any:
    """The statement that leaves rows alone that are there already."""
    return insert_by(dialect, table).on_conflict_do_nothing()


def insert_missing(tx: Transaction, table: type[Row], values: Mapping[str, Any]) -> bool:
    """Insert unless a row with the same key is there; whether it was inserted. `values` are the table's columns."""
    # Asked by RETURNING: drivers differ in what they count after an insert that did nothing.
    added = _inserting_missing(tx.get_bind().dialect.name, table).returning(literal_column("1", Integer))
    return tx.connection().execute(added, dict(values)).first() is not None


def insert_all_missing(tx: Transaction, table: type[Row], rows: Sequence[Mapping[str, Any]]) -> None:
    """The same of many rows, in one statement."""
    if rows:
        tx.connection().execute(_inserting_missing(tx.get_bind().dialect.name, table), [dict(row) for row in rows])
