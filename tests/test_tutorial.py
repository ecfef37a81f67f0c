"""The tutorial, from an empty folder with nothing but the built wheel: what its page says happens, does.

Only the pauses are shorter here than on the page, and each probe is asked once a round. The dependencies are those of this environment, so that none is
downloaded; the product is what the wheel holds.
"""

from __future__ import annotations

import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from prober.lab.demo.server import ModelServer
from prober.lab.demo.weights import Variant, cache_directory, carried_model, changed_copy
from prober.model.errors import StoreError
from prober.store import Store
from prober.store.pages import overview
from tests.alerts.slack_server import CHANNEL, TOKEN, SlackServer
from tests.processes import wait_until

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/getting-started/ten-minutes.md").read_text(encoding="utf-8")
STEP = re.compile(r"^```sh\n(?P<command>.*?)^```(?:\n+```text\n(?P<shown>.*?)^```)?", flags=re.M | re.S)
QUICK = "{rounds: 8, hours: 0, asked_again: 0, warm_up: {rounds: 9, pause: 1s}}"
"""A trial in a hurry."""
PATIENCE_S = 900.0
SENT = "Notice to slack: sent"
"""What `prober once` says, unless the daemon beside it was quicker."""

pytestmark = pytest.mark.model


@dataclass
class Reader:
    """Someone who follows the page in an empty folder."""

    home: Path
    environment: dict[str, str]
    server: ModelServer
    slack: SlackServer
    daemon: subprocess.Popen[bytes] | None = None
    machine_s: float = 0.0
    """CPU of the product's own processes so far; the model's server is not among them."""

    def follow(self, command: str) -> str:
        """What the block prints; a daemon in it goes on in the background."""
        command = command.replace("http://127.0.0.1:8080/v1", self.server.url)
        if command.startswith("prober run"):
            with (self.home / "daemon.log").open("ab") as log:
                self.daemon = subprocess.Popen(
                    command, shell=True, cwd=self.home, env=self.environment, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip
            return ""
        before = cpu_of_children()
        done = subprocess.run(
            ["bash", "-c", command], cwd=self.home, env=self.environment, capture_output=True, text=True, check=False
        )
        self.machine_s += cpu_of_children() - before
        assert "Traceback" not in done.stdout + done.stderr
        return done.stdout + done.stderr

    def hurry(self) -> None:
        """Rounds a second apart, and one ask of each probe."""
        for name, old, new in (
            ("endpoints.yaml", "reference: trial", f"reference: {QUICK}"),
            ("choice.yaml", "samples: 3", "samples: 1"),
            ("choice.yaml", "jitter: 5m", "jitter: 0s"),
        ):
            path = self.home / "probes" / name
            path.write_text(path.read_text().replace(old, new))

    def until_rounds(self, number: int) -> None:
        """Wait until so many rounds are complete."""
        deadline = time.monotonic() + PATIENCE_S
        while self._rounds() < number:
            assert time.monotonic() < deadline, (self.home / "daemon.log").read_text()
            time.sleep(0.5)

    def _rounds(self) -> int:
        if not (self.home / "prober.db").exists():
            return 0
        try:
            with Store.open(f"sqlite:///{self.home}/prober.db", read_only=True) as store:
                return sum(one.rounds for one in store.query(overview.endpoints))
        except StoreError:  # the daemon is about to make its tables
            return 0

    def swap(self) -> None:
        """Other weights in the same file, under the same name and address."""
        self.server.stop()
        other = changed_copy(carried_model(), Variant("Q8_0", noise=0.1), cache_directory())
        shutil.copy(other, self.server.weights)
        self.server.start()


def cpu_of_children() -> float:
    """Seconds, of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def masked(text: str) -> list[str]:
    """Lines without numbers and without how much white space is between columns."""
    return [" ".join(re.sub(r"\d[\d.,:+e-]*", "#", line).split()) for line in text.splitlines() if line.strip()]


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """With an environment that holds the wheel, a model server and a Slack."""
    built, venv, home = tmp_path / "dist", tmp_path / "venv", tmp_path / "empty"
    home.mkdir()
    uv, python = Path(sys.executable).with_name("uv"), sys.executable
    for command in (
        [uv, "build", "--quiet", "--wheel", "--no-build-isolation", "--python", python, "--out-dir", built, ROOT],
        [uv, "venv", "--quiet", "--python", python, venv],
    ):
        subprocess.run(list(map(str, command)), check=True, cwd=tmp_path)
    (wheel,) = built.glob("*.whl")
    install = [uv, "pip", "install", "--quiet", "--no-deps", "--python", venv, wheel]
    subprocess.run(list(map(str, install)), check=True, cwd=tmp_path)
    (packages,) = venv.glob("lib/*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    model = tmp_path / "model.gguf"
    shutil.copy(carried_model(), model)
    with SlackServer() as slack, ModelServer(model, "support-model", tmp_path / "server.log") as server:
        environment = {
            "PATH": f"{venv / 'bin'}:{os.environ['PATH']}", "HOME": str(home), "NO_PROXY": "127.0.0.1",
            "SLACK_BOT_TOKEN": TOKEN, "PROBER_SLACK_CHANNEL": CHANNEL, "PROBER_SLACK_BASE_URL": slack.base_url,
        }  # fmt: skip
        following = Reader(home, environment, server, slack)
        yield following
        if following.daemon is not None:
            before = cpu_of_children()
            os.killpg(following.daemon.pid, signal.SIGTERM)
            following.daemon.wait(PATIENCE_S)
            following.machine_s += cpu_of_children() - before
            print(f"From `prober init` to the end of the page: {following.machine_s:.1f} s of CPU without the model")


def test_what_the_page_says_happens(reader: Reader) -> None:
    before: dict[int, Callable[[], None]] = {
        2: reader.hurry,  # validate
        4: lambda: None,  # run
        5: lambda: reader.until_rounds(1),  # status: facts protect
        6: lambda: reader.until_rounds(9),  # status: quiet
        8: reader.swap,  # once
    }
    steps = list(STEP.finditer(PAGE))
    assert len(steps) == 10
    for number, step in enumerate(steps):
        if "llama-server" in step["command"]:
            continue
        before.get(number, lambda: None)()
        said = reader.follow(step["command"])
        missing = [line for line in masked(step["shown"] or "") if not any(line in one for one in masked(said))]
        assert missing in ([], [SENT]), said
    wait_until(lambda: len(reader.slack.roots) > 1)
    first, warning, *_ = reader.slack.roots
    assert "Test message" in str(first)
    assert warning["text"].startswith("🟠 support-model: models.meta.size"), warning["text"]
