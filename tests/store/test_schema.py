"""The migrations make what the models say, once, however many processes come at the same time."""

from __future__ import annotations

import multiprocessing
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine
from sqlalchemy.schema import SchemaItem

import prober.store
from prober.model.errors import StoreError
from prober.store import Store, judge_state, schema
from prober.store.pages import overview
from prober.store.rows import Row
from tests.store.world import complete, make_old

FORK = multiprocessing.get_context("fork")


def differences(connection: Connection) -> list[str]:
    """What the models say, and the database does not have, or has besides."""

    def is_of_this_database(one: SchemaItem, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        return connection.dialect.name == "sqlite" or name != "ix_reply_seen"  # it is SQLite's alone

    options = {"compare_type": True, "compare_server_default": True, "include_object": is_of_this_database}
    context = MigrationContext.configure(connection, opts=options)
    return [change[0] for change in compare_metadata(context, Row.metadata)]


def test_models_and_migrations_agree(empty_url: str) -> None:
    Store.open(empty_url).close()
    engine = create_engine(empty_url)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


@pytest.mark.slow
def test_a_column_that_no_migration_makes_is_noticed(empty_url: str) -> None:
    """That the test above can fail."""
    Store.open(empty_url).close()
    engine = create_engine(empty_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE epoch ADD COLUMN surplus INTEGER")
        assert differences(connection) == ["remove_column"]
    engine.dispose()


def test_every_migration_is_listed_and_they_form_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(prober.store.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = list(ScriptDirectory.from_config(config).walk_revisions())
    assert tuple(script.revision for script in reversed(scripts)) == schema.VERSIONS
    assert all(not script.is_branch_point for script in scripts)


@pytest.mark.slow
def test_what_was_remembered_of_an_earlier_statistic_is_learnt_anew(empty_url: str) -> None:
    nothing = "'\\x00'::bytea" if empty_url.startswith("postgresql") else "x'00'"
    make_old(empty_url, "0005", f"INSERT INTO memory (endpoint_hash, memory) VALUES ('abc', {nothing})")
    with Store.open(empty_url) as store:
        assert store.query(judge_state.memory, "abc") is None


def test_opening_again_keeps_everything(empty_url: str) -> None:
    with Store.open(empty_url) as store:
        view = complete(store)
    with Store.open(empty_url) as store:
        assert [one.id for one in store.query(overview.recent_rounds)] == [view.id]


def test_an_older_database_is_brought_up_to_date_or_named_when_only_read(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(empty_url).close()
    asked: list[str] = []
    monkeypatch.setattr(schema, "VERSIONS", (*schema.VERSIONS, "tomorrow"))
    monkeypatch.setattr(schema, "bring_up_to_date", lambda connection: asked.append("upgrade"))
    with pytest.raises(StoreError, match="is of an older version"):
        Store.open(empty_url, read_only=True)
    assert asked == []
    Store.open(empty_url).close()
    assert asked == ["upgrade"]


def test_sqlite_is_set_up_for_readers_beside_a_writer(tmp_path: Path) -> None:
    path = tmp_path / "odd % name?.db"
    with Store.open(f"sqlite:///{str(path).replace('?', '%3F')}") as store, store.read() as session:
        connection = session.connection()
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 10_000}


@pytest.mark.slow
def test_a_migration_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "prober.db"
    make_old(f"sqlite:///{path}", "0003")
    before = dump(path)
    upgrade = command.upgrade

    def interrupted(config: Config, revision: str) -> None:
        upgrade(config, revision)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "upgrade", interrupted)
    with pytest.raises(KeyboardInterrupt):
        Store.open(f"sqlite:///{path}")
    assert dump(path) == before


def dump(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return list(connection.iterdump())


@pytest.mark.slow
def test_many_processes_may_open_a_new_database_at_once(empty_url: str) -> None:
    gate = FORK.Barrier(6)

    def open_it() -> None:
        gate.wait()
        with Store.open(empty_url) as store:
            store.query(overview.recent_rounds)

    processes = [FORK.Process(target=open_it) for _ in range(6)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 6


def test_there_is_one_migration_for_each_version() -> None:
    """Two changes made side by side may both take the next number."""
    folder = Path(schema.__file__).parent / "migrations" / "versions"
    assert sorted(path.name[1:5] for path in folder.glob("v*.py")) == list(schema.VERSIONS)
