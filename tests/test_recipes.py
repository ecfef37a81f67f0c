"""The recipes of docs/contributing work: each is followed in a copy of the project, and what it adds is there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TABLES = {
    "prober/cli/__init__.py": "VERBS",
    "prober/judging/channels.py": "_ALL",
    "prober/alerts/__init__.py": "ALERTERS",
    "prober/asking/__init__.py": "PROVIDERS",
    "prober/incidents/events.py": "EVENTS",
    "dashboard/app.py": "PAGES",
}
"""File → the table in it that gets a row."""
SET = "owner: me\nendpoints: [e]\nschedule: {every: 1h}\nprobes: [{id: p, prompt: Hello}]\n"
ENDPOINT = "endpoints:\n  e: {provider: mistral, model: m, api_key_env: KEY, parameters: {max_tokens: 9}}\n"
VALIDATE = "from pathlib import Path; from prober.loading import load; print(load(Path('declared')))"


def blocks(recipe: str) -> list[tuple[str, str]]:
    """(path, text) of every block that begins with the path of a file, in their order."""
    page = (ROOT / "docs" / "contributing" / f"{recipe}.md").read_text(encoding="utf-8")
    return re.findall(r"^```\w+\n# ([\w./-]+)\n(.*?)^```", page, flags=re.M | re.S)


def follow(recipe: str, home: Path) -> set[str]:
    """Do what the recipe says in a copy of the project; the files it touched."""
    for name in ("prober", "dashboard", "docs", "probes"):
        shutil.copytree(ROOT / name, home / name, ignore=shutil.ignore_patterns("__pycache__", "images"))
    for path, text in blocks(recipe):
        file = home / path
        file.write_text(_edited(path, file.read_text(encoding="utf-8"), text) if file.exists() else text, "utf-8")
    return {path for path, _ in blocks(recipe)}


def _edited(path: str, old: str, block: str) -> str:
    """The file with the lines of the block: imports at the first import, rows as the first of its table."""
    if path.endswith("declaration.py"):
        return _declared(old, block)
    if path.endswith(".md"):
        return old.replace("### Schedule", f"{block}\n### Schedule")
    imports = [line for line in block.splitlines() if re.match(r"(from|import) ", line)]
    rows = [line for line in block.splitlines() if line.strip() and line not in imports]
    head, opened, tail = re.split(rf"^({TABLES[path]}\b.*[({{]\n)", old, maxsplit=1, flags=re.M)
    before, first, rest = re.split(r"^((?:from|import) (?!__future__).*\n)", head, maxsplit=1, flags=re.M)
    return "".join([before, *(f"{line}\n" for line in imports), first, rest, opened, "\n".join(rows), "\n", tail])


def _declared(old: str, block: str) -> str:
    if alias := re.match(r"ProviderName: .*\n", block):
        return re.sub(r"^ProviderName: .*\n", alias[0], old, flags=re.M)
    head, *lines = block.splitlines()
    return _into_class(old, head, lines)


def _into_class(old: str, head: str, lines: list[str]) -> str:
    """The lines at the end of the fields of the class that `head` opens."""
    before, after = old.split(f"{head}\n", 1)
    body, *rest = re.split(r"(?=^\S)", after, maxsplit=1, flags=re.M)
    return "".join([before, head, "\n", body.rstrip(), "\n", *(f"{line}\n" for line in lines), "\n\n", *rest])


def run(home: Path, *arguments: str) -> str:
    """Python in the copy; what it says."""
    environment = {**os.environ, "PYTHONPATH": str(home), "PROBER_MINE_URL": "http://127.0.0.1:9/x"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def declared(home: Path, probe_set: str) -> None:
    (home / "declared").mkdir()
    (home / "declared" / "set.yaml").write_text(probe_set)
    (home / "declared" / "endpoints.yaml").write_text(ENDPOINT)


@pytest.mark.slow
def test_a_verb(tmp_path: Path) -> None:
    assert len(follow("verb", tmp_path)) == 2
    assert run(tmp_path, "-m", "prober", "hello", "Ada") == "Hello Ada\n"
    assert "Greet somebody." in run(tmp_path, "-m", "prober", "--help")


@pytest.mark.slow
def test_a_channel(tmp_path: Path) -> None:
    assert len(follow("channel", tmp_path)) == 1  # and its section on the page of channels
    assert run(tmp_path, "-c", "from prober.judging.channels import CHANNELS; print('ending' in CHANNELS)") == "True\n"


@pytest.mark.slow
def test_an_alerter(tmp_path: Path) -> None:
    assert len(follow("alerter", tmp_path)) == 2
    code = "from prober.alerts import open_alerters; from prober.settings import Settings"
    assert "mine" in run(tmp_path, "-c", f"{code}; print([one.name for one in open_alerters(Settings())])")


@pytest.mark.slow
def test_a_provider(tmp_path: Path) -> None:
    assert len(follow("provider", tmp_path)) == 3
    declared(tmp_path, SET)
    assert "mistral" in run(tmp_path, "-c", VALIDATE)
    run(tmp_path, "-c", "from prober.asking import PROVIDERS; PROVIDERS['mistral']().close()")


@pytest.mark.slow
def test_an_event(tmp_path: Path) -> None:
    assert len(follow("event", tmp_path)) == 1
    code = "from prober.incidents.events import EVENTS; print(EVENTS['handed_over'].phase)"
    assert run(tmp_path, "-c", code) == "acknowledged\n"


@pytest.mark.slow
def test_a_dashboard_page(tmp_path: Path) -> None:
    assert len(follow("dashboard-page", tmp_path)) == 2  # and its line on the page of the dashboard
    assert "'Fleet'" in run(tmp_path, "-c", "from dashboard.app import PAGES; print(PAGES['fleet'])")


@pytest.mark.slow
def test_a_declaration_field(tmp_path: Path) -> None:
    assert len(follow("declaration-field", tmp_path)) == 2
    declared(tmp_path, SET + "ticket: OPS-12\n")
    (tmp_path / "declared" / "endpoints.yaml").write_text(ENDPOINT.replace("mistral", "openai"))
    assert "OPS-12" in run(tmp_path, "-c", VALIDATE)
