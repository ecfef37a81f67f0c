"""Every verb on a database that is missing, empty, of a newer prober, or no database of the prober at all."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from prober.api.listener import listening
from prober.cli import VERBS
from prober.cli.options import now_utc
from prober.settings import Settings
from prober.store import Store
from tests.cli.conftest import Run
from tests.cli.world import write_probes
from tests.processes import free_port

READS = [
    ["plan"], ["power"], ["status"], ["status", "--json"], ["triage", "bot"], ["versions"], ["candidates"], ["slo"],
    ["report"], ["retirement"], ["incidents", "list"], ["incidents", "show", "1"], ["incidents", "postmortem", "1"],
    ["reference"], ["drill", "bot"], ["export", "--output", "out.jsonl"], ["db", "info"], ["db", "check"],
    ["db", "backup", "copy.db"], ["doctor"], ["router", "--litellm", "http://127.0.0.1:9"],
]  # fmt: skip
WRITES = [
    ["once"], ["import", "log.jsonl"], ["ingest", "log.jsonl"], ["db", "upgrade"], ["db", "prune"],
    ["mark", "deploy", "--what", "shop", "--ref", "v1", "--by", "me"],
    ["incidents", "acknowledge", "1", "--by", "me"], ["reference", "reset", "bot", "--reason", "x", "--by", "me"],
]  # fmt: skip
STARTS = [["run"], ["worker"]]
"""Verbs that go on until they are stopped, unless the database is refused."""
WITHOUT = {"init", "validate", "demo", "replay", "compare", "gate", "discover"}
"""Verbs that need no database."""
PAGES = {"serve", "dashboard"}
"""Verbs that wait for a database, and say on their pages or in their log what is wrong with it."""


def a_folder(path: Path) -> str:
    path.mkdir()
    return "this is a folder; name a file, such as"


def another_programs(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE customers (name TEXT)")
        connection.execute("INSERT INTO customers VALUES ('Ada')")
    return "name another file"


def random_bytes(path: Path) -> str:
    path.write_bytes(bytes(range(1, 256)) * 20)
    return "name another file"


def of_another_program_with_versions(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE users (name TEXT)")
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('3f5c1a90be27')")
    return "is that of another program"


def that_lost_its_version(path: Path) -> str:
    an_empty_one(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM alembic_version")
    return "has lost its version; restore it from a backup"


def damaged(path: Path) -> str:
    an_empty_one(path)
    content = path.read_bytes()
    path.write_bytes(content[:8192] + bytes(4096 * 3) + content[20480:])
    return "is damaged; restore it from a backup"


def of_a_newer_prober(path: Path) -> str:
    an_empty_one(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    return "upgrade the prober"


def an_empty_one(path: Path) -> None:
    Store.open(f"sqlite:///{path}").close()


ODD = (
    a_folder, another_programs, of_another_program_with_versions, random_bytes, damaged, that_lost_its_version,
    of_a_newer_prober,
)  # fmt: skip


def files(home: Path) -> dict[str, bytes | None]:
    """Every file but those that SQLite keeps beside an open database."""
    return {
        str(path.relative_to(home)): path.read_bytes() if path.is_file() else None
        for path in home.rglob("*")
        if not path.name.endswith(("-wal", "-shm"))
    }


@pytest.fixture
def declared(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_probes(home)
    monkeypatch.setenv("PROBER_LITELLM_KEY", "sk-none")
    (home / "log.jsonl").write_text(
        '{"round": "2026-03-01", "endpoint": "bot", "probe": "canary/colour", "text": "Blue"}\n'
    )
    return home


def test_every_verb_is_in_one_of_the_lists() -> None:
    assert {verb for verb, *_ in [*READS, *WRITES, *STARTS]} | WITHOUT | PAGES == set(VERBS)


@pytest.mark.slow
@pytest.mark.parametrize("store", ODD)
def test_what_is_no_database_of_this_prober_is_refused_and_left_as_it_is(
    prober: Run, declared: Path, store: Callable[[Path], str]
) -> None:
    fix = store(declared / "prober.db")
    before = files(declared)
    for arguments in [*READS, *WRITES, *STARTS]:
        done = prober(*arguments)
        said = done.out + done.err
        assert done.code == 2, (arguments, said)
        assert "prober.db" in said and fix in said and "this is a bug" not in said, (arguments, said)
        assert files(declared) == before, arguments


@pytest.mark.slow
@pytest.mark.parametrize("is_there", [False, True])
def test_verbs_that_read_an_empty_database_or_none_say_what_is_missing_and_make_no_file(
    prober: Run, declared: Path, is_there: bool
) -> None:
    if is_there:
        an_empty_one(declared / "prober.db")
    for arguments in READS:
        before = files(declared)
        done = prober(*arguments)
        said = done.out + done.err
        assert said and "this is a bug" not in said, arguments
        assert done.code in (0, 2, 3), (arguments, said)
        made = set(files(declared)) - set(before)
        assert made <= ({"copy.db", "out.jsonl"} if is_there else set()), arguments


@pytest.mark.slow
@pytest.mark.parametrize("store", ODD)
def test_pages_over_http_say_that_the_database_cannot_be_read_and_leave_it_as_it_is(
    declared: Path, store: Callable[[Path], str]
) -> None:
    store(declared / "prober.db")
    before = files(declared)
    settings = Settings(database_url=f"sqlite:///{declared / 'prober.db'}")
    with listening(f"127.0.0.1:{free_port()}", settings, now_utc) as address:
        metrics = httpx.get(f"http://{address}/metrics", timeout=60).text
        assert "\nprober_database_up 0" in metrics
        answer = httpx.get(f"http://{address}/v1/endpoints", timeout=60)
        assert answer.status_code == 503
        assert "Traceback" not in answer.text
    assert files(declared) == before
