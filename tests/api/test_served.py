"""The service as a process: its whole interface, its end, slow clients, and a real Prometheus."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from prober.api import listener
from prober.api.listener import listening
from prober.settings import Settings
from tests.api.conftest import TOKEN, database_in
from tests.cli.test_process import start
from tests.cli.world import due, write_probes
from tests.processes import free_port

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Served:
    """A service at work."""

    url: str
    process: subprocess.Popen[str]


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """`prober serve` with a token, over a database with one endpoint."""
    database = database_in(folder)
    process = start(folder, "serve", "--listen", "127.0.0.1:0", "--database", database, PROBER_HTTP_TOKEN=TOKEN)
    assert process.stderr is not None
    line = process.stderr.readline()
    assert line.startswith("Serving on http://127.0.0.1:"), line
    yield Served(line.split()[2].rstrip("/"), process)
    process.kill()
    process.communicate()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """One for the tests that leave it at work."""
    with serving(tmp_path_factory.mktemp("served")) as service:
        yield service


def get(url: str, **headers: str) -> tuple[int, Any]:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {TOKEN}", **headers})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.status, answer.read()


def test_the_whole_interface_is_as_described(served: Served, tmp_path: Path) -> None:
    """schemathesis: every answer is of a described status, type and shape; no token, no answer; no fault."""
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", f"{served.url}/openapi.json",
        "--header", f"Authorization: Bearer {TOKEN}", "--checks", "all", "--max-examples", "15", "--seed", "3",
        "--generation-database", "none", "--no-color",
    ]  # fmt: skip
    environment = {**os.environ, "NO_PROXY": "127.0.0.1"}
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=300, cwd=tmp_path, env=environment
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_although_a_client_hangs(tmp_path: Path, number: signal.Signals) -> None:
    with serving(tmp_path) as served:
        host, port = served.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as hanging:
            hanging.sendall(b"POST /v1/marks HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n")
            assert get(f"{served.url}/healthz")[0] == 200
            served.process.send_signal(number)
            assert served.process.wait(listener.GRACE_S + 25) == 0
        assert "Traceback" not in served.process.communicate()[1]


def test_the_daemon_serves_too(tmp_path: Path) -> None:
    write_probes(tmp_path)
    port = free_port()
    process = start(tmp_path, "run", "probes", "--listen", f"127.0.0.1:{port}")
    try:
        end = time.monotonic() + 300
        states: list[str] = []
        while not states and time.monotonic() < end:
            try:
                states = [
                    one["state"] for one in json.loads(get(f"http://127.0.0.1:{port}/v1/endpoints")[1])["endpoints"]
                ]
            except OSError:
                time.sleep(0.2)
        assert states == ["gathering"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_an_address_in_use_is_an_error(served: Served, tmp_path: Path) -> None:
    process = start(tmp_path, "serve", "--listen", served.url.removeprefix("http://"))
    _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "choose another address" in err


def test_headers_that_never_end_are_given_up(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "DEADLINE_S", 0.3)
    with listening("127.0.0.1:0", Settings(PROBER_DATABASE_URL=database), lambda: due(1)) as address:  # type: ignore[call-arg]
        with socket.create_connection((address.host, address.port), timeout=20) as slow:
            slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-A: ")
            assert slow.recv(1) == b""
        with socket.create_connection((address.host, address.port), timeout=20) as quick:
            quick.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert quick.recv(100).startswith(b"HTTP/1.1 200")


def test_a_real_prometheus_scrapes_it(served: Served, tmp_path: Path) -> None:
    tool = shutil.which("prometheus")
    if tool is None:
        pytest.skip("prometheus is not here; Debian has it in its package prometheus")
    (tmp_path / "token").write_text(TOKEN)
    target = served.url.removeprefix("http://")
    rules = Path(__file__).parents[2] / "deploy" / "prometheus" / "prober-alerts.yml"
    (tmp_path / "prometheus.yml").write_text(
        json.dumps({
            "global": {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "1s"},
            "rule_files": [str(rules)] if rules.exists() else [],
            "scrape_configs": [{
                "job_name": "prober", "static_configs": [{"targets": [target]}],
                "authorization": {"credentials_file": str(tmp_path / "token")},
            }],
        })
    )  # fmt: skip
    port = free_port()
    process = subprocess.Popen(
        [tool, f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wanted = f"http://127.0.0.1:{port}/api/v1/query?query=prober_endpoint_state"
        found: list[dict[str, Any]] = []
        end = time.monotonic() + 300
        while not found and time.monotonic() < end:
            with suppress(OSError):
                found = json.loads(get(wanted)[1])["data"]["result"]
            time.sleep(0.5)
        assert [(one["metric"]["endpoint"], one["metric"]["state"]) for one in found] == [("swapped", "gathering")]
    finally:
        process.terminate()
        process.wait(30)
