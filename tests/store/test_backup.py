"""Backups, putting one back, and whether a database is sound."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from prober.incidents.routing import NOBODY
from prober.judging import facts
from prober.judging.memory import decode
from prober.model.errors import StoreError
from prober.service.upkeep import beat
from prober.store import Store
from prober.store.backup import backup, restore
from prober.store.check import check
from prober.store.pages import overview
from tests.store.world import DAY, NOW, alarm, begin, complete, declare, miss, observe, record


def fill(store: Store, rounds: int = 3) -> None:
    declare(store)
    for number in range(rounds):
        complete(store, NOW + number * DAY, observe(), observe("Lyon", 1))


def held(url: str) -> int:
    with Store.open(url, read_only=True) as store:
        return len(store.query(overview.recent_rounds))


def at(path: Path) -> str:
    return f"sqlite:///{path}"


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///").split("?")[0])


def test_a_backup_is_of_one_moment_and_for_its_owner_only(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store.open(sqlite_url) as store:
        fill(store)
        with store.write() as tx:  # somebody is writing
            tx.connection().execute(text("UPDATE round SET worker = 'half done'"))
            said = backup(sqlite_url, copy)
    assert (said.rounds, said.newest[:10]) == (3, "2026-03-03")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("SELECT DISTINCT worker FROM round").fetchall() == [("worker",)]
    assert {path.name for path in tmp_path.glob("copy.db*")} == {"copy.db"}


def test_a_file_that_is_there_is_not_replaced_unasked(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    copy.write_text("mine")
    with pytest.raises(StoreError, match="there is a file already; name another, or add --overwrite"):
        backup(sqlite_url, copy)
    assert copy.read_text() == "mine"
    backup(sqlite_url, copy, overwrite=True)
    assert held(at(copy)) == 0


def test_what_was_lost_comes_back(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store.open(sqlite_url) as store:
        fill(store)
    backup(sqlite_url, copy)
    for path in tmp_path.glob("prober.db*"):
        path.unlink()
    assert restore(sqlite_url, copy, NOW)[1] is None
    assert held(sqlite_url) == 3
    assert stat.S_IMODE(file_of(sqlite_url).stat().st_mode) == 0o600
    with Store.open(sqlite_url) as store:
        assert store.query(check, decode, facts.decode).problems == ()
        complete(store, NOW + 9 * DAY)


@pytest.mark.slow
def test_rounds_are_not_replaced_unasked_and_what_was_there_is_kept(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store.open(sqlite_url) as store:
        fill(store)
        backup(sqlite_url, copy)
        complete(store, NOW + 9 * DAY)
    with pytest.raises(StoreError, match=r"holds 4 rounds, .*; IT IS NEWER THAN THE BACKUP; .* add --overwrite"):
        restore(sqlite_url, copy, NOW)
    _, aside = restore(sqlite_url, copy, NOW, overwrite=True)
    assert aside is not None
    assert (held(sqlite_url), held(at(aside))) == (3, 4)


def test_a_database_that_a_daemon_works_on_is_not_replaced(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store.open(sqlite_url) as store:
        fill(store)
        beat(store, "here:1", ["billing"], NOBODY, NOW)
    backup(sqlite_url, copy)
    with pytest.raises(StoreError, match="a daemon is at work on it: here:1; stop it first"):
        restore(sqlite_url, copy, NOW, overwrite=True)
    restore(sqlite_url, copy, NOW + timedelta(hours=1), overwrite=True)


@pytest.mark.parametrize("content", [b"dear diary, " * 1000, b""])
def test_what_is_no_backup_replaces_nothing(sqlite_url: str, tmp_path: Path, content: bytes) -> None:
    copy = tmp_path / "copy.db"
    copy.write_bytes(content)
    with pytest.raises(StoreError, match="the backup is no prober database; name another file"):
        restore(sqlite_url, copy, NOW, overwrite=True)
    with pytest.raises(StoreError, match="there is no such file"):
        restore(sqlite_url, tmp_path / "other.db", NOW, overwrite=True)
    assert held(sqlite_url) == 0


def test_a_backup_of_a_newer_prober_replaces_nothing(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    backup(sqlite_url, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="the backup is of version 9999, which this prober does not know"):
        restore(sqlite_url, copy, NOW, overwrite=True)


def test_a_damaged_database_is_replaced_when_asked(sqlite_url: str, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    with Store.open(sqlite_url) as store:
        fill(store)
    backup(sqlite_url, copy)
    file_of(sqlite_url).write_bytes(b"\xff" * 50_000)
    with pytest.raises(StoreError, match="to put the backup in its place all the same, add --overwrite"):
        restore(sqlite_url, copy, NOW)
    restore(sqlite_url, copy, NOW, overwrite=True)
    assert held(sqlite_url) == 3


def test_postgres_has_its_own_tools_and_the_password_is_not_shown(tmp_path: Path) -> None:
    url = "postgresql+psycopg://me:hunter2@db:5433/prober?sslpassword=hunter2&sslmode=require&options=-c%20x%3Dhunter2"
    shown = "postgresql://me@db:5433/prober?sslmode=require"
    with pytest.raises(StoreError) as caught:
        backup(url, tmp_path / "x.dump")
    assert str(caught.value).endswith(f"pg_dump --format=custom --file={tmp_path / 'x.dump'} '{shown}'")
    with pytest.raises(StoreError) as caught:
        restore(url, tmp_path / "x.dump", NOW)
    assert str(caught.value).endswith(f"--dbname='{shown}' {tmp_path / 'x.dump'}")


# Whether it is sound


@pytest.mark.slow
def test_a_full_life_is_sound(store: Store) -> None:
    fill(store)
    alarm(store, NOW + 5 * DAY)
    miss(store, begin(store, NOW + 6 * DAY), "overdue")
    left = begin(store, NOW + 7 * DAY)
    record(store, left, observe())
    found = store.query(check, decode, facts.decode)
    assert (found.problems, found.rounds, found.replies) == ((), 6, 8)


DAMAGE = {
    "UPDATE memory SET memory = '\\x00'": "the judge's memory of billing cannot be read",
    "UPDATE incident SET findings = '\\x00'": "incident 1 cannot be read",
    "UPDATE round SET judgement = NULL WHERE id = 2": "round 2 is completed without a judgement or a label",
    "UPDATE round SET state = 'lost' WHERE id = 1": "round 1 is in a state that is none",
    "UPDATE round SET asked = 0 WHERE id = 1": "round 1 holds more replies than it asked",
    "UPDATE tally SET asks = asks + 7 WHERE day = ''": "the sum of asks of money on billing, all days, is 14",
    "UPDATE tally SET characters = 1 WHERE day = '2026-03-02'": "the sum of characters of money on billing, 2026-03-02",
    "DELETE FROM tally WHERE day = '2026-03-02'": "the sum of rounds of money on billing, 2026-03-02, is 0",
    "UPDATE reply SET reply = '\\x00' WHERE id = 1": "round 1 of billing cannot be read",
}


class _Undo(Exception):
    """Ends a transaction that leaves nothing behind."""


@pytest.mark.slow
def test_what_is_wrong_is_named(store: Store, url: str) -> None:
    fill(store)
    alarm(store, NOW + 5 * DAY)
    for damage, said in DAMAGE.items():
        with pytest.raises(_Undo), store.write() as tx:
            statement = damage.replace("'\\x00'", "x'00'") if url.startswith("sqlite") else damage
            tx.connection().exec_driver_sql(statement)
            problems = check(tx, decode, facts.decode).problems
            raise _Undo
        assert any(problem.startswith(said) for problem in problems), problems


def test_rows_without_their_parent_are_counted(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        fill(store)
        with closing(sqlite3.connect(file_of(sqlite_url))) as connection, connection:
            connection.execute("DELETE FROM round WHERE id = 1")
        assert (
            "a row of round is missing, needed by 2 rows of reply" in store.query(check, decode, facts.decode).problems
        )


@pytest.mark.slow
def test_a_damaged_page_is_found(sqlite_url: str) -> None:
    with Store.open(sqlite_url) as store:
        fill(store, rounds=10)
    file = file_of(sqlite_url)
    with closing(sqlite3.connect(file)) as connection:
        [(root,)] = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_reply_series'").fetchall()
    content = bytearray(file.read_bytes())
    content[(root - 1) * 4096 : root * 4096] = b"\xff" * 4096
    file.write_bytes(content)
    with Store.open(sqlite_url, read_only=True) as store:
        assert store.query(check, decode, facts.decode).problems[0].startswith("the file is damaged")
