"""The console script as a process: whatever is broken, there is one clear line, the right code, and nothing half."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prober import cli
from prober.model.errors import StoreError
from prober.store import Store
from prober.store.pages import overview
from tests.cli.conftest import Answer
from tests.cli.world import write_probes

pytestmark = pytest.mark.slow

ROOT = Path(cli.__file__).parents[2]


def start(home: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "prober", *arguments],
        cwd=home,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "PYTHONPATH": str(ROOT),
            "no_proxy": "127.0.0.1",
            **variables,
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(home: Path, *arguments: str, **variables: str) -> tuple[int, str, str]:
    process = start(home, *arguments, **variables)
    out, err = process.communicate()
    assert "Traceback" not in out + err
    return process.returncode, out, err


def test_broken_yaml(home: Path) -> None:
    folder = write_probes(home)
    (folder / "canary.yaml").write_text("name: [unclosed\n")
    code, out, err = run(home, "run", "probes")
    assert (code, out) == (2, "")
    assert err.startswith("probes/canary.yaml:")
    assert not (home / "prober.db").exists()


@pytest.mark.slow
@pytest.mark.parametrize(("status", "reason"), [(401, "unauthorized"), (429, "rate_limited")])
def test_an_endpoint_that_refuses(home: Path, server: Answer, status: int, reason: str) -> None:
    write_probes(home, base_url=server.url, api_key_env="BOT_KEY")
    server.status, server.body = status, b'{"error": {"message": "no: sk-very-secret-key"}}'
    code, out, err = run(home, "once", "--json", BOT_KEY="sk-very-secret-key")
    assert (code, err) == (3, "")
    assert json.loads(out)["rounds"][0]["failures"][0]["reason"] == reason
    assert "very-secret" not in out
    assert b"very-secret" not in b"".join(path.read_bytes() for path in home.glob("prober.db*"))


def test_the_database_is_full(home: Path) -> None:
    """A database that may not grow refuses as a full disk does: the round is kept whole or not at all."""
    write_probes(home)
    with Store.open(f"sqlite:///{home / 'prober.db'}"):
        pass
    limited = (
        "import sqlite3, sys; connect = sqlite3.connect\n"
        "def small(*a, **k):\n"
        "    c = connect(*a, **k); pages = c.execute('PRAGMA page_count').fetchone()[0]\n"
        "    c.execute(f'PRAGMA max_page_count = {pages}'); return c\n"
        "sqlite3.connect = small\n"
        "from prober.cli import main; sys.exit(main(['once']))"
    )
    folder = home / "probes"
    content = json.loads((folder / "canary.yaml").read_text())
    content["probes"] = [{"id": f"p{n}", "prompt": f"Name colour {n}. " + "x" * 3000} for n in range(30)]
    (folder / "canary.yaml").write_text(json.dumps(content))
    done = subprocess.run(
        [sys.executable, "-c", limited], cwd=home, env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "the disk is full; free some space and try again; nothing was stored half" in done.stderr
    assert "Traceback" not in done.stderr
    with sqlite3.connect(home / "prober.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("SELECT count(*) FROM round WHERE state = 'completed'").fetchone() == (0,)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_output_that_is_full(home: Path) -> None:
    write_probes(home)
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "prober", "validate", "--json"], cwd=home, stdout=full, stderr=subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)}, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.strip().endswith("No space left on device")
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("changed")
def test_a_reader_that_goes_away(home: Path) -> None:
    process = start(home, "export", "--output", "-")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait() == 141


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [("--help",), ("status", "--help"), ("nonsense",)])
def test_help_to_a_reader_that_went_away_is_no_change_found(home: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w") as closed:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-m", "prober", *arguments]
        done = subprocess.run(command, check=False, env=environment, stdout=closed, stderr=subprocess.PIPE, text=True)
    assert done.returncode == (2 if arguments == ("nonsense",) else 141), done.stderr
    assert "Traceback" not in done.stderr


def test_an_old_terminal_gets_every_character(home: Path) -> None:
    write_probes(home)
    (home / "probes" / "canary.yaml").write_text("“: 1\n")
    code, _, err = run(home, "validate", PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C")
    assert code == 2
    assert "\\u2026" in err


def has_a_round(url: str) -> bool:
    try:
        with Store.open(url, read_only=True) as store:
            return any(one.rounds for one in store.query(overview.endpoints))
    except StoreError:  # not made yet
        return False


@pytest.mark.slow
def test_the_daemon_runs_until_it_is_stopped(home: Path) -> None:
    write_probes(home)
    process = start(home, "run", "probes")
    url = f"sqlite:///{home / 'prober.db'}"
    while process.poll() is None and not has_a_round(url):
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate()
    assert (process.returncode, out) == (0, ""), err
    assert "Traceback" not in err
    assert "INFO" in err
    with Store.open(url, read_only=True) as store:
        assert {one.state for one in store.query(overview.recent_rounds) if not one.confirms} == {"completed"}
