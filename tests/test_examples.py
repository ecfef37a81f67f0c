"""The examples run, and a package of somebody else adds a provider, a channel and an alerter."""

from __future__ import annotations

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

import prober
from prober import library
from prober.model.errors import ConfigurationError
from prober.model.plugins import installed

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


def run(*command: str | Path, cwd: Path, path: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """A command in a folder of its own, with this project's packages."""
    (cwd / "prober").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m prober "$@"\n')
    (cwd / "prober").chmod(0o755)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PROBER_", "SLACK_"))}
    said = {"PYTHONPATH": f"{ROOT}:{path}", "PATH": f"{cwd}:{os.environ['PATH']}", "no_proxy": "127.0.0.1"}
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=inherited | said | environment, capture_output=True, text=True,
        timeout=120, check=False,
    )  # fmt: skip


def test_the_library_is_what_the_page_lists() -> None:
    page = (ROOT / "docs/how-to/library.md").read_text(encoding="utf-8")
    listed = {
        name for cell in re.findall(r"^\| (`\w+\(.*?) \|", page, flags=re.M) for name in re.findall(r"`(\w+)\(", cell)
    }
    assert listed == set(prober.__all__)
    assert all(getattr(prober, name) is getattr(library, name) for name in listed)


def test_what_cannot_be_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = tmp_path / "odd-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[t.missing]\na = nowhere:X\n[t.wrong]\nb = os:name\n[t.taken]\nc = os:sep\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    for group, kind, said in (
        ("t.missing", int, r'"a" in t.missing of the package odd cannot be loaded \(ModuleNotFoundError: .*; fix or uninst'),
        ("t.wrong", int, "is a str; it must be a int"),
        ("t.taken", str, "already exists; give it another name"),
    ):  # fmt: skip
        with pytest.raises(ConfigurationError, match=said):
            installed(group, kind, ["c"])


@pytest.mark.slow
def test_examples_of_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["backtest.py"])
    runpy.run_path(str(EXAMPLES / "backtest.py"))
    said = capsys.readouterr().out
    assert "alarm in 2026-01-2" in said
    assert "alarms before the change: 0" in said
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "choices.yaml").write_text(
        "owner: me\nendpoints: [offline-demo]\nschedule: {every: 6h}\nprobes:\n"
        "  - {id: colour, prompt: Name one colour., samples: 3}\n  - {id: animal, prompt: Name an animal., samples: 3}\n"
    )
    two = "endpoints:\n  offline-demo: {provider: scripted, model: m, parameters: {world: still}}\n"
    two += "  a: {provider: scripted, model: m, parameters: {world: still}}\n"
    two += '  b: {provider: scripted, model: m, parameters: {world: swap, changes_at: "2026-01-01T00:00:00Z"}}\n'
    (tmp_path / "probes" / "endpoints.yaml").write_text(two)
    assert runpy.run_path(str(EXAMPLES / "upgrade.py"))["main"]("probes", "choices", "a", "b") == 1
    page = (ROOT / "docs/how-to/library.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, flags=re.M | re.S)
    exec(code, {})


@pytest.mark.slow
def test_the_example_of_cron(tmp_path: Path) -> None:
    (tmp_path / "probes").mkdir()
    (tmp_path / "probes" / "endpoints.yaml").write_text(
        "endpoints:\n  a: {provider: scripted, model: m, parameters: {world: still}, reference: {asked_again: 0}}\n"
    )
    probes = tmp_path / "probes" / "set.yaml"
    probes.write_text("owner: me\nendpoints: [a]\nschedule: {every: 6h}\nprobes: [{id: a, prompt: Hello}]\n")
    done = run(EXAMPLES / "cron" / "watch.sh", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


class Parley(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(
            {"answer": f"{asked['question']}!", "model": "parley-7", "tokens": {"in": 3, "out": 1}}
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments: object) -> None:
        pass


LOOK = """
from prober import fingerprint_of, ask, load
from prober.alerts import open_alerters
from prober.judging.channels import CHANNELS
from prober.settings import Settings
declared = load("probes")
(one,) = ask(declared.endpoint("bot"), declared.sets[0])
print(one.reply.text, one.reply.model, CHANNELS["ending"].read(fingerprint_of(one.reply, declared.sets[0].probes[0])))
print([alerter.name for alerter in open_alerters(Settings())])
"""


@pytest.mark.slow
def test_a_package_of_your_own_adds_a_provider_a_channel_and_an_alerter(tmp_path: Path) -> None:
    there = tmp_path / "installed"
    project = shutil.copytree(EXAMPLES / "plugins", tmp_path / "project")
    done = run(
        sys.executable, "-m", "uv", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--python",
        sys.executable, "--target", there, project, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (tmp_path / "probes").mkdir()
    with ThreadingHTTPServer(("127.0.0.1", 0), Parley) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        (tmp_path / "probes" / "endpoints.yaml").write_text(
            f"endpoints:\n  bot: {{provider: parley, model: p, base_url: 'http://127.0.0.1:{server.server_port}'}}\n"
        )
        (tmp_path / "probes" / "set.yaml").write_text(
            "owner: me\nendpoints: [bot]\nschedule: {every: 1h}\nprobes: [{id: a, prompt: Hello}]\n"
        )
        asked = run(sys.executable, "-c", LOOK, cwd=tmp_path, path=str(there), SPOOL_FILE="spool.jsonl")
        server.shutdown()
    assert asked.stdout.startswith("Hello! parley-7 "), asked.stderr
    assert "spool" in asked.stdout
