"""The page over a database that the real store wrote."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from streamlit.testing.v1 import AppTest

from dashboard import APP, cached_store
from prober.model.errors import StoreError
from prober.store import Store
from tests.cli.test_odd_stores import ODD
from tests.dashboard import seeded
from tests.dashboard.conftest import replies, texts

pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path, monkeypatch):
    cached_store.forget()
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    monkeypatch.setenv("PROBER_DATABASE_URL", url)
    yield url
    cached_store.forget()


def draw(**query: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    return at


def test_from_no_database_to_an_accepted_change(url, tmp_path):
    at = draw()
    assert "prober run" in texts(at)
    assert list(tmp_path.iterdir()) == [], "a reader makes no database"

    now = datetime.now(UTC)
    incident = seeded.seed(url, now)
    at.run()
    assert "**support-bot** is different from what you pinned: 137\N{NO-BREAK SPACE}% longer" in at.error[0].value
    shown = texts(at)
    assert all(state in shown for state in ("changed", "gathering", "quiet")) and shown.count("support team") >= 3

    at = draw(incident=str(incident.id))
    before, since = (unescape(re.sub("<[^>]*>", "", one)) for one in replies(at)[:2])
    assert seeded.BEFORE in before
    assert seeded.AFTER.replace("\x00", "\\x00") in since
    assert at.dataframe[-1].value["state"].tolist() == ["owed"]
    assert len(at.get("vega_lite_chart")) == 2
    assert "0.10 s before the change, 0.10 s since" in texts(at)

    seeded.accept_it(url, incident, now)
    at.run()
    assert "Closed" in texts(at)
    assert "by ada: accepted." in texts(at)
    assert at.text[0].value == "we asked for it"
    assert not at.error


@pytest.mark.parametrize("store", ODD)
def test_what_is_no_database_of_this_prober_is_explained_and_nothing_wrong_is_suggested(url, tmp_path, store):
    fix = store(tmp_path / "prober.db")
    with pytest.raises(StoreError):
        cached_store.read()
    at = draw()
    assert "The database cannot be read" in at.error[0].value
    assert "prober.db" in texts(at) and fix in texts(at)
    assert [code.value for code in at.code] == ["prober doctor"], "`prober run` refuses it too"


@pytest.mark.parametrize(
    ("odd", "fix"),
    [
        ("sqlite:///nowhere/prober.db", "there is no directory nowhere; make it first"),
        ("sqlite://data/prober.db", "the database URL has two slashes before a path; write three"),
        ("mysql://me@host/x", "mysql databases are not supported"),
        ("postgresql+psycopg://me:hunter2@127.0.0.1:9/x", "the database server cannot be reached; check the host"),
        ("postgresql+psycopg://me:hunter2@nosuch.invalid/x", "no machine has this name; check the host"),
    ],
)
def test_a_database_that_cannot_be_reached_is_explained(url, monkeypatch, odd, fix):
    monkeypatch.setenv("PROBER_DATABASE_URL", odd)
    at = draw()
    assert fix in texts(at) and "hunter2" not in texts(at)
    assert [code.value for code in at.code] == ["prober doctor"]


def test_an_empty_file_is_no_database_yet(url, tmp_path):
    (tmp_path / "prober.db").touch()
    assert "There is no database yet" in draw().warning[0].value
    assert [code.value for code in draw().code] == ["prober run"]


@pytest.fixture
def closed_folder():
    """A database in a folder that who opens it may not write to, although SQLite would; a folder of all, for root
    becomes somebody else to open it."""
    folder = Path(tempfile.mkdtemp(prefix="prober"))
    Store.open(f"sqlite:///{folder / 'prober.db'}").close()
    (folder / "prober.db").chmod(0o444)
    folder.chmod(0o555)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_file_in_a_folder_that_may_not_be_written_is_explained(url, closed_folder, monkeypatch):
    opened, user = Store.open, os.geteuid()

    def as_nobody(url: str, *, read_only: bool) -> Store:
        os.seteuid(user or 65534)
        try:
            return opened(url, read_only=read_only)
        finally:
            os.seteuid(user)

    monkeypatch.setenv("PROBER_DATABASE_URL", f"sqlite:///{closed_folder / 'prober.db'}")
    monkeypatch.setattr(cached_store.Store, "open", staticmethod(as_nobody))
    at = draw()
    assert "The database cannot be read" in at.error[0].value
    assert "this user may not write the file or its folder, and SQLite needs both" in texts(at)
    assert [code.value for code in at.code] == ["prober doctor"]


@pytest.mark.postgres
def test_a_wrong_password_of_postgres_and_a_database_without_tables_are_explained(url, postgres, monkeypatch):
    engine = create_engine(postgres, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("CREATE ROLE locked LOGIN PASSWORD 'another'"))
        connection.execute(text("CREATE DATABASE no_tables"))
        rules = Path(connection.execute(text("SHOW hba_file")).scalar_one())
        kept = rules.read_text()
        rules.write_text(f"local all locked scram-sha-256\n{kept}")
        connection.execute(text("SELECT pg_reload_conf()"))
    try:
        for given, said in (
            ({"username": "locked", "password": "hunter2"}, "the server refused the user or password"),
            ({"username": "locked"}, "the server wants a password"),
            ({"database": "no_tables"}, "the database holds nothing of the prober yet; prober run"),
        ):
            asked = postgres.set(**given).render_as_string(hide_password=False)
            monkeypatch.setenv("PROBER_DATABASE_URL", asked)
            cached_store.forget()
            at = draw()
            assert said in texts(at) and "hunter2" not in texts(at), texts(at)
            is_empty = "database" in given
            assert [code.value for code in at.code] == ["prober run" if is_empty else "prober doctor"]
            assert bool(at.warning) == is_empty and bool(at.error) != is_empty
    finally:
        rules.write_text(kept)
        with engine.connect() as connection:
            connection.execute(text("SELECT pg_reload_conf()"))
        engine.dispose()


def test_a_table_that_is_gone_is_explained(url, tmp_path):
    seeded.seed(url, datetime.now(UTC))
    with closing(sqlite3.connect(tmp_path / "prober.db")) as connection, connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DROP TABLE incident")
    at = draw()
    assert "The database cannot be read" in at.error[0].value and "no such table: incident" in texts(at)
