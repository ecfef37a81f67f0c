"""A database that is deleted, replaced, damaged, full or closed to writing under a running daemon, and its recovery."""

from __future__ import annotations

import logging
import os
import shutil
import signal
import sqlite3
import threading
from collections import namedtuple
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from prober.alerts.post import Ping
from prober.daemon import Daemon, database
from prober.daemon.database import DatabaseWatch
from prober.loading.declarations import load
from prober.model.errors import ClaimLost, StoreError
from prober.model.notice import Notice, Outcome
from prober.store import Store, engine
from prober.store.backup import backup
from tests.alerts.hook import Hook, listening
from tests.daemon.world import HOUR, Clock, completed, tick, work
from tests.processes import wait_until

KEY = "canary on parrot"


class Pager:
    """Keeps what it is sent; refuses as often as it is told to."""

    name = "webhook"

    def __init__(self) -> None:
        self.sent: list[Notice] = []
        self.refusals = 0

    def send(self, notice: Notice) -> Outcome:
        if self.refusals:
            self.refusals -= 1
            return Outcome(False, "timeout")
        self.sent.append(notice)
        return Outcome(True, "sent")

    @property
    def events(self) -> list[str]:
        return [one.event for one in self.sent]


@pytest.fixture
def hook() -> Iterator[Hook]:
    with listening() as listener:
        yield listener


@pytest.fixture
def pager() -> Pager:
    return Pager()


@pytest.fixture
def daemon(files: Path, store: Store, clock: Clock, pager: Pager, hook: Hook) -> Daemon:
    made = Daemon([files], store, [pager], "http://dash", worker="here", clock=clock, ping=Ping(hook.url))
    made.declare(load(files))
    work(made)
    look(made)
    assert (len(completed(store)), pager.events, paths(hook)) == (1, [], [])
    return made


def look(daemon: Daemon) -> None:
    daemon.look_at_database()
    daemon.deliver()


def look_at_database_only(daemon: Daemon) -> None:
    """What goes on while it hangs."""
    daemon.look_at_database()
    daemon.deliver_news_of_database()


def paths(hook: Hook) -> list[str]:
    return [path.split("?")[0] for path, _, _ in hook.received]


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:///"))


def damage(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[2 * 4096 :] = b"\xff" * (len(content) - 2 * 4096)
    with file.open("r+b") as pages:
        pages.write(content)


def test_a_deleted_database_is_said_once_and_so_is_its_return(
    daemon: Daemon, store: Store, url: str, tmp_path: Path, clock: Clock, pager: Pager, hook: Hook, caplog
) -> None:
    caplog.set_level(logging.WARNING)
    backup(url, tmp_path / "copy.db")
    for path in tmp_path.glob("prober.db*"):
        path.unlink()
    pager.refusals = 1
    look(daemon)
    assert paths(hook) == ["/hook/fail"], "the heartbeat fails at once"
    clock.go(timedelta(minutes=1))
    for _ in range(3):
        look(daemon)
        daemon.claim_waiting()
        daemon.pass_time()
    assert pager.events == ["database_lost"], "what could not be sent is tried again"
    assert "WAS DELETED" in pager.sent[0].about.cause  # type: ignore[union-attr]
    daemon.beat()
    assert not file_of(url).exists(), "nothing makes an empty one in its place"
    clock.go(HOUR)
    tick(daemon, KEY)
    shutil.copy(tmp_path / "copy.db", file_of(url))
    look(daemon)
    look(daemon)
    look(daemon)
    work(daemon)
    assert pager.events == ["database_lost", "database_back"]
    assert [view.due_at.hour for view in completed(store)] == [13, 12]
    assert set(paths(hook)[:2]) == {"/hook/fail"}
    assert paths(hook)[-1] == "/hook"
    about = [record.getMessage() for record in caplog.records if "atabase" in record.getMessage().lower()]
    assert [line.split(":")[0] for line in about if "DATABASE" in line or "again; it" in line] == [
        "THE DATABASE CANNOT BE USED, nothing is asked until it can",
        "the database can be used again; it could not",
    ], about


@pytest.mark.slow
def test_a_replaced_database_is_said_and_used_from_then_on(
    daemon: Daemon, store: Store, url: str, tmp_path: Path, clock: Clock, pager: Pager
) -> None:
    backup(url, tmp_path / "copy.db")
    (tmp_path / "copy.db").replace(file_of(url))
    look(daemon)
    look(daemon)
    assert pager.events == ["database_lost", "database_back"]
    clock.go(HOUR)
    tick(daemon, KEY)
    assert len(completed(store)) == 2
    with Store.open(url, read_only=True) as seen:
        assert len(completed(seen)) == 2


@pytest.mark.slow
def test_an_empty_file_in_its_place_is_not_begun_anew(daemon: Daemon, url: str, tmp_path: Path, pager: Pager) -> None:
    for path in tmp_path.glob("prober.db*"):
        path.unlink()
    with closing(sqlite3.connect(file_of(url))) as connection:
        connection.execute("CREATE TABLE other (x)")
    for _ in range(4):
        look(daemon)
    assert pager.events == ["database_lost"]


@pytest.mark.slow
def test_damaged_pages_are_noticed(daemon: Daemon, url: str, pager: Pager, hook: Hook, monkeypatch) -> None:
    monkeypatch.setattr(engine, "CHECKED_FOR_S", 0.0)
    monkeypatch.setattr(engine, "CHECK_SHARE", 0.0)
    look(daemon)  # sound until now
    damage(file_of(url))
    for _ in range(65):
        look(daemon)
    assert pager.events == ["database_lost"]
    assert "damaged" in pager.sent[0].about.cause  # type: ignore[union-attr]
    assert paths(hook) == ["/hook/fail"]


@pytest.mark.slow
def test_a_full_disk_is_noticed(daemon: Daemon, pager: Pager, monkeypatch) -> None:
    usage = namedtuple("usage", "total used free")
    with monkeypatch.context() as patch:
        patch.setattr(engine, "disk_usage", lambda folder: usage(10, 10, 0))
        look(daemon)
        look(daemon)
        assert pager.events == ["database_lost"]
    look(daemon)
    assert pager.events == ["database_lost", "database_back"]


@pytest.mark.slow
def test_a_file_that_may_not_be_written_is_noticed(daemon: Daemon, pager: Pager, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(engine.os, "access", lambda path, mode: False)  # root may always
        look(daemon)
        assert pager.events == ["database_lost"]
    look(daemon)
    assert pager.events == ["database_lost", "database_back"]


@pytest.mark.slow
def test_a_round_that_cannot_be_stored_is_said_once_and_asked_no_more(
    daemon: Daemon, store: Store, url: str, clock: Clock, pager: Pager, hook: Hook, caplog
) -> None:
    """The database can be written to, but not where replies go: rights that were taken away, a full table space."""
    with closing(sqlite3.connect(file_of(url))) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON reply BEGIN SELECT RAISE(FAIL, 'could not extend file'); END"
        )
        for _ in range(3):
            clock.go(HOUR)
            tick(daemon, KEY)
            look(daemon)
        assert pager.events == ["database_lost"]
        assert "cannot make its files larger" in pager.sent[0].about.cause  # type: ignore[union-attr]
        assert set(paths(hook)) == {"/hook/fail"}
        assert sum("left for another worker" in one.getMessage() for one in caplog.records) == 1, "nothing is asked"
        other.execute("DROP TRIGGER full")
    look(daemon)
    clock.go(HOUR)
    tick(daemon, KEY)
    assert (pager.events, len(completed(store))) == (["database_lost", "database_back"], 2)


@pytest.mark.slow
def test_rounds_that_fail_where_a_trial_does_not_become_rare(store: Store, monkeypatch) -> None:
    now = 0.0
    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=lambda: now))
    watch, held = DatabaseWatch(store), []
    watch.round_ended(StoreError("odd"))
    assert watch.look() is None, "one may be chance"
    for _ in range(4):
        watch.round_ended(StoreError("the rows are locked"))
        watch.round_ended(ClaimLost("somebody else goes on"))
        watch.round_ended(StoreError("odd"))
        assert (watch.look(), watch.fault) == ("database_lost", "odd")
        begun = now
        while watch.look() is None:
            now += 10
        held.append(now - begun)
    assert held == [60, 120, 240, 480]
    watch.round_ended(None)
    watch.round_ended(StoreError("odd"))
    assert watch.look() is None


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_given_up_and_its_return_is_noticed(monkeypatch) -> None:
    class Hanging:
        is_served, where = True, "postgresql://here"

        def __init__(self) -> None:
            self.answers = threading.Event()
            self.asked = 0

        def examine(self) -> None:
            self.asked += 1
            self.answers.wait()

    monkeypatch.setattr(database, "ANSWER_S", 0.01)
    store = Hanging()
    watch = DatabaseWatch(store)  # type: ignore[arg-type]
    assert [watch.look() for _ in range(3)] == ["database_lost", None, None]
    assert (store.asked, watch.fault.partition("; ")[0]) == (
        1, "postgresql://here: the server does not answer within 0.01 s",
    )  # fmt: skip
    store.answers.set()
    monkeypatch.setattr(database, "ANSWER_S", 60.0)
    wait_until(lambda: watch.look() == "database_back")


@pytest.mark.slow
def test_a_lock_of_a_moment_is_no_news_and_a_lasting_one_is(files, url, clock, pager) -> None:
    with Store.open(f"{url}?timeout=0.05") as store:
        daemon = Daemon([files], store, [pager], "http://dash", worker="here", clock=clock)
        with closing(sqlite3.connect(file_of(url), isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            look(daemon)
            assert pager.events == []
            look(daemon)
            assert pager.events == ["database_lost"]
            other.execute("ROLLBACK")
        look(daemon)
        assert pager.events == ["database_lost", "database_back"]


OTHERS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_postgres_that_hangs_or_is_closed_to_writing_is_noticed(files, url, clock, pager, monkeypatch) -> None:
    from sqlalchemy import create_engine, text

    monkeypatch.setattr(database, "ANSWER_S", 1.0)
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with Store.open(url) as store, admin.connect() as other:
        daemon = Daemon([files], store, [pager], "http://dash", worker="here", clock=clock)
        look(daemon)
        stopped = list(other.execute(text(OTHERS)).scalars())
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            look_at_database_only(daemon)
            assert "does not answer" in pager.sent[0].about.cause
        finally:
            for pid in stopped:
                os.kill(pid, signal.SIGCONT)
        wait_until(lambda: look(daemon) or pager.events == ["database_lost", "database_back"])
        name = other.execute(text("SELECT current_database()")).scalar_one()
        other.execute(text("SET default_transaction_read_only = off"))
        for how in ("SET default_transaction_read_only = on", "RESET default_transaction_read_only"):
            other.execute(text(f'ALTER DATABASE "{name}" {how}'))
            other.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS theirs"))
            look(daemon)
        assert pager.events == ["database_lost", "database_back"] * 2
        assert "is closed to writing" in pager.sent[2].about.cause
    admin.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_postgres_that_is_read_only_or_empty_is_noticed(files, url, clock, pager) -> None:
    from sqlalchemy import create_engine, text

    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with Store.open(url) as store, admin.connect() as other:
        daemon = Daemon([files], store, [pager], "http://dash", worker="here", clock=clock)
        look(daemon)
        other.execute(text("ALTER TABLE alembic_version RENAME TO gone"))
        look(daemon)
        look(daemon)
        assert pager.events == ["database_lost"]
        assert "holds nothing of the prober any more" in pager.sent[0].about.cause
        other.execute(text("ALTER TABLE gone RENAME TO alembic_version"))
        look(daemon)
        assert pager.events == ["database_lost", "database_back"]
        other.execute(text(f"SELECT pg_terminate_backend(pid) FROM ({OTHERS}) AS theirs"))
        look(daemon)
        assert pager.events == ["database_lost", "database_back"], "a connection that was cut is made anew"
    admin.dispose()
