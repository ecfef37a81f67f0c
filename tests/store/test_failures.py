"""Whatever is wrong with the database: a StoreError that says what to do, nothing stored half, no secret shown."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, create_engine, event, text

from prober.model.decision import Action
from prober.model.errors import NotMadeYet, StoreError
from prober.service.act import try_to_act
from prober.service.deliver import StoredOutbox
from prober.service.settle import settle
from prober.store import Store, judge_state, replies, rounds, schema, watches
from prober.store import engine as engines
from prober.store.export import export
from prober.store.pages import overview
from prober.store.rounds import Claim
from tests.processes import wait_until
from tests.store.world import (
    BILLING,
    DAY,
    HASH,
    NAMES,
    NOW,
    SEARCH,
    alarm,
    begin,
    complete,
    declare,
    finish,
    judge,
    miss,
    observe,
    record,
)


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///").split("?")[0])


@contextmanager
def locked(url: str) -> Iterator[None]:
    connection = sqlite3.connect(file_of(url), isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        connection.rollback()
        connection.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "the database URL cannot be read; write sqlite:///prober.db or postgresql+psycopg://"),
        ("mysql://user:hunter2@host/db", "mysql databases are not supported; write sqlite:///prober.db"),
        ("postgresql+asyncpg://host/db", "postgresql+asyncpg databases are not supported"),
        ("sqlite://", "a database in memory is lost at exit"),
        ("sqlite:///:memory:", "a database in memory is lost at exit"),
        ("sqlite:///x.db?timeout=soon", "timeout=soon in the database URL is not a number of seconds"),
        ("sqlite:////no/such/place/prober.db", "there is no directory /no/such/place; make it first"),
        ("postgresql://u:hunter2@127.0.0.1:1/db", "the database server cannot be reached; check the host"),
        ("postgres://u:hunter2@127.0.0.1:1/db", "the database server cannot be reached; check the host"),
        ("postgresql://u:hunter2@127.0.0.1:port/db", "the database URL cannot be read"),
    ],
)
def test_a_database_that_cannot_be_opened(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=re.escape(says)) as caught:
        Store.open(url)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_file_yet_read_only(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no database yet; `prober run` or `prober once` makes one"):
        Store.open(f"sqlite:///{tmp_path / 'prober.db'}", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_database_read_only(empty_url: str) -> None:
    if empty_url.startswith("sqlite"):
        file_of(empty_url).touch()
    with pytest.raises(NotMadeYet, match="holds nothing of the prober yet; `prober run`"):
        Store.open(empty_url, read_only=True)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("dear diary, " * 1000)
    for read_only in (False, True):
        with pytest.raises(StoreError, match="this file is not a prober database; name another file"):
            Store.open(f"sqlite:///{path}", read_only=read_only)
    assert path.read_text() == "dear diary, " * 1000


def test_a_directory_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="this is a folder; name a file, such as"):
        Store.open(f"sqlite:///{tmp_path}")


def test_a_newer_database_is_left_alone(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for read_only in (False, True):
        with pytest.raises(StoreError, match=r"of version 9999, .* \(it knows up to \d+\); upgrade the prober"):
            Store.open(url, read_only=read_only)
    engine.dispose()


def test_a_database_of_another_program_with_our_table_names_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "golf.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE round (hole INTEGER)")
    connection.commit()
    with pytest.raises(StoreError, match='holds tables of another program, such as "round"'):
        Store.open(f"sqlite:///{path}")
    tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    connection.close()
    assert tables == [("round",)]


@pytest.mark.slow
def test_reading_only_reads(url: str) -> None:
    with Store.open(url) as writer:
        declare(writer)
        complete(writer)
        with Store.open(url, read_only=True) as reader:
            assert len(reader.query(overview.endpoints)) == 2
            with pytest.raises(StoreError, match=r"opened for reading|may not write the file or its folder"):
                reader.change(rounds.due, BILLING, "money", NOW + DAY)
            before = reader.query(watches.changes)
            complete(writer, NOW + DAY)
            assert reader.query(watches.changes) != before
            assert reader.query(overview.endpoints)[0].rounds == 2


def test_reading_a_file_nobody_writes(sqlite_url: str) -> None:
    with Store.open(sqlite_url, read_only=True) as reader:
        assert reader.query(overview.recent_rounds) == ()


WRITES: dict[str, Callable[[Store, Claim], object]] = {
    "remember": lambda store, _: declare(store),
    "due": lambda store, _: store.change(rounds.due, SEARCH, "chat", NOW),
    "claim": lambda store, held: store.change(rounds.claim, held.round.id, "thief", NOW + DAY, 60),
    "record": lambda store, held: record(store, held, observe("x" * 500_000)),
    "miss": lambda store, held: miss(store, held, "late"),
    "settle": lambda store, held: settle(store, held, BILLING, judge("r"), "m" * 9, NAMES, NOW),
    "act": lambda store, _: try_to_act(store, 1, Action("acknowledge", "ana"), NAMES, NOW),
    "claim_notice": lambda store, _: StoredOutbox(store).claim_notice(NOW, 30, ""),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.slow
def test_a_locked_database_says_so_and_keeps_what_it_had(sqlite_url: str, write: str) -> None:
    with Store.open(sqlite_url) as store:
        alarm(store)
        held = begin(store, NOW + DAY)
        before = store.query(watches.changes)
        with locked(sqlite_url), pytest.raises(StoreError, match="another process holds the database; wait for it"):
            WRITES[write](store, held)
        assert store.query(watches.changes) == before
        assert store.query(overview.recent_rounds)[0] == held.round
        record(store, held, observe())  # and goes on as soon as the lock is gone
        finish(store, held, None)


def test_a_locked_database_can_be_read(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        complete(store)
        with locked(sqlite_url):
            assert len(store.query(overview.recent_rounds)) == 1
            with Store.open(sqlite_url, read_only=True) as reader:
                assert len(list(export(reader))) == 1


def test_a_new_database_that_is_locked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'prober.db'}?timeout=0.05"
    with locked(url), pytest.raises(StoreError, match="another process holds the database"):
        Store.open(url)
    Store.open(url).close()


@contextmanager
def full_disk(store: Store) -> Iterator[None]:
    """From now on the file may not grow by a single page, on any connection."""
    engine = store._database.engine

    def cap(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA max_page_count = 1")  # SQLite takes the present size for a cap below it

    engine.dispose()
    event.listen(engine, "connect", cap)
    try:
        yield
    finally:
        event.remove(engine, "connect", cap)
        engine.dispose()


def incompressible(megabytes: int) -> str:
    return os.urandom(megabytes * 500_000).hex()


@pytest.mark.slow
def test_a_full_disk_says_so_and_stores_nothing_half(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        complete(store, memory="before")
        view = begin(store, NOW + DAY)
        with full_disk(store):
            with pytest.raises(StoreError, match="the disk is full; free some space and try again") as caught:
                record(store, view, observe(incompressible(2)))
            assert "prober.db" in str(caught.value)
            with pytest.raises(StoreError, match="the disk is full"):
                finish(store, view, incompressible(2))
        assert store.query(overview.recent_rounds)[0] == view.round
        assert store.query(replies.recorded, view.round.id) == ()
        assert store.query(judge_state.memory, HASH) == "before"
        record(store, view, observe())
        finish(store, view, "after")
        assert store.query(judge_state.memory, HASH) == "after"


def test_an_error_inside_a_transaction_frees_the_database(store: Store) -> None:
    for _ in range(20):  # more than a pool holds, were connections leaked
        with pytest.raises(StoreError, match="there is no round"):
            store.change(rounds.miss, 12345, "late", NOW)
    assert begin(store).round.state == "claimed"


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["password", "sslpassword", "PASSWORD", "passfile", "service", "sslkey", "options"])
def test_a_password_in_the_query_is_shown_nowhere(name: str) -> None:
    with pytest.raises(StoreError) as failure:
        Store.open(f"postgresql+psycopg://127.0.0.1:1/x?{name}=hunter2&connect_timeout=1")
    assert "hunter2" not in str(failure.value)
    assert f"{name}=***" in str(failure.value)


@pytest.mark.postgres
def test_a_postgres_without_that_database_says_so_and_keeps_the_password(postgres: URL) -> None:
    url = postgres.set(database="nowhere", password="hunter2").render_as_string(hide_password=False)
    with pytest.raises(StoreError, match='database "nowhere" does not exist') as caught:
        Store.open(url)
    assert "hunter2" not in str(caught.value)


@pytest.mark.postgres
@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_postgres_database_of_another_encoding_is_refused(postgres: URL, encoding: str) -> None:
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(
            text(f"CREATE DATABASE in_{encoding} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'")
        )
    engine.dispose()
    url = postgres.set(database=f"in_{encoding}".lower()).render_as_string(hide_password=False)
    for read_only in (False, True):
        with pytest.raises(StoreError, match=f"has the encoding {encoding}, .* createdb .* --encoding=UTF8"):
            Store.open(url, read_only=read_only)


@pytest.mark.postgres
@pytest.mark.parametrize("password", ["hunter2", "p@ss/w:rd", "100%41#?&='\\\" $x"])
def test_a_password_may_be_left_to_libpq(postgres: URL, monkeypatch: pytest.MonkeyPatch, password: str) -> None:
    role, name = "with_password", "of_with_password"
    quoted = password.replace("'", "''")
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        rules = Path(connection.execute(text("SHOW hba_file")).scalar_one())
        before = rules.read_text()
        connection.exec_driver_sql(f"CREATE ROLE {role} LOGIN PASSWORD '{quoted}'".replace("%", "%%"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {role} TEMPLATE template0 ENCODING 'UTF8'"))
        rules.write_text(f"local all {role} scram-sha-256\nhost all {role} all scram-sha-256\n{before}")
        try:
            connection.execute(text("SELECT pg_reload_conf()"))
            url = URL.create(postgres.drivername, role, database=name, query=postgres.query).render_as_string()
            monkeypatch.delenv("PGPASSWORD", raising=False)
            with pytest.raises(StoreError, match=r"wants a password; .* PGPASSWORD"):
                Store.open(url)
            monkeypatch.setenv("PGPASSWORD", password)
            Store.open(url).close()
        finally:
            rules.write_text(before)
            connection.execute(text("SELECT pg_reload_conf()"))
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            connection.execute(text(f"DROP ROLE {role}"))
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("empty_url", ["postgres"], indirect=True)
def test_who_starts_while_another_migrates_waits_longer_than_for_a_row(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "WAIT_S", 1)
    waiting = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory' "
        "AND clock_timestamp() - query_start > interval '1.5 s'"
    )
    other = create_engine(empty_url)
    with ThreadPoolExecutor() as pool:
        # Of its sessions, Postgres shows each transaction always the same.
        with other.begin() as migrating, other.execution_options(isolation_level="AUTOCOMMIT").connect() as watching:
            migrating.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": schema.MIGRATING})
            opened = pool.submit(Store.open, empty_url)
            wait_until(lambda: watching.execute(waiting).scalar() or opened.done())
            assert not opened.done()
        with opened.result() as store, store.read() as tx:
            assert tx.connection().execute(text("SHOW lock_timeout")).scalar() == "1s"
    other.dispose()
