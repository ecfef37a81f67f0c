"""Every `sh` block of the documents runs as it is written, in a folder with a watched endpoint; or says why it does not.

A block that cannot run here stands below `<!-- not run: why -->`, and is a skipped test that says why. Verbs that never
end are held against their help. Pages share one world: their commands run on a copy of it, page by page.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from prober.asking import open_provider
from prober.cli import main
from prober.incidents.routing import Routing
from prober.loading.declarations import load
from prober.model.incident import Change
from prober.service import declare, run_round
from prober.store import Store, incidents

ROOT = Path(__file__).parents[1]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
ENDLESS = {"run", "dashboard", "serve"}
BLOCK = re.compile(
    r"(?:<!-- not run: (?P<why>[^>]*) -->\n+)?^(?P<margin> *)```sh\n(?P<lines>.*?)^ *```", flags=re.M | re.S
)
DAYS = 14
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


def due(day: int) -> datetime:
    return NOW - timedelta(days=DAYS - day)


@dataclass(frozen=True)
class Block:
    lines: tuple[str, ...]
    why_not: str


def blocks(page: Path) -> Iterator[Block]:
    for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
        lines = found["lines"].replace("\\\n", " ").splitlines()
        yield Block(tuple(line.strip() for line in lines if line.strip()), found["why"] or "")


BLOCKS = [(str(page.relative_to(ROOT)), block) for page in DOCUMENTS for block in blocks(page)]
PAGES = list(dict.fromkeys(page for page, block in BLOCKS if not block.why_not))
LEFT_OUT = [(page, block) for page, block in BLOCKS if block.why_not]

ENDPOINTS = """
endpoints:
  support-bot: &changed
    provider: scripted
    model: parrot-1
    parameters: {world: refusal, strength: 0.9, seed: 3, changes_at: "%s"}
    reference: {rounds: 8, hours: 24}
  pinned: &still
    provider: scripted
    model: parrot-1
    parameters: {world: still, seed: 7}
  next: {<<: *still, parameters: {world: still, seed: 8}}
  reserve: {<<: *still, parameters: {world: still, seed: 9}}
  billing: {<<: *still, parameters: {world: still, seed: 10}}
"""
CANARY = """
owner: team
endpoints: [support-bot]
schedule: {every: 1d}
objectives: [{name: valid, measure: passed, at_least: 95 %%}]
probes:
  - {id: colour, prompt: Pick a random colour. Answer with one word., samples: 4}
  - id: invoice
    prompt: "Return JSON with the keys name and total, edition %d: Ada owes twelve euros."
    samples: 2
    expect: [{type: is-json}]
"""


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `probes/` and `prober.db`: asked daily for two weeks, edited three times, changed on day 9."""
    home = tmp_path_factory.mktemp("watched")
    folder = home / "probes"
    folder.mkdir()
    (folder / "endpoints.yaml").write_text(ENDPOINTS % due(9).isoformat())
    with Store.open(f"sqlite:///{home}/prober.db") as store:
        for edition in range(4):
            (folder / "canary.yaml").write_text(CANARY % edition)
            declared = load(folder)
            declare.remember(store, declared, [], due(0) + timedelta(minutes=edition))
        (probe_set,) = declared.sets
        endpoint = declared.endpoint("support-bot")
        with closing(open_provider(endpoint)) as provider:
            for day in range(DAYS):
                run_round.run(probe_set, endpoint, declared.promise(endpoint), provider, store, Routing(("log",)), due(day),
                         clock=lambda day=day: due(day))  # fmt: skip
    return home


@pytest.fixture
def home(watched: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to stand in, with whatever files the pages name, and an environment without configuration."""
    shutil.copytree(watched, tmp_path, dirs_exist_ok=True)
    for name in os.environ:
        if name.startswith(("PROBER_", "SLACK_", "PAGERDUTY_", "ALERTMANAGER_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.jsonl").write_text(MINE)
    return tmp_path


STAND_INS = {
    "/var/log/llm": ".",
    "new/": "probes/",
    "slack": "log",
    "50000": "3000",  # tokens: enough to see that it begins
}
"""What a page names and this world calls something else; 12 is the number of its change."""
PROMPTFOO = """{"evalId": "e", "results": {"version": 3, "timestamp": "2026-02-03T04:05:06.000Z", "results": [
  {"promptIdx": 0, "testIdx": 0, "provider": {"id": "openai:gpt-5"}, "prompt": {"raw": "Capital?"},
   "testCase": {"description": "capital"}, "response": {"output": "Paris"}, "success": true}]}}"""


MINE = '{"date": "2026-02-03", "model": "m", "id": "q", "question": "Capital?", "answer": "Paris"}\n'


def number_of_the_change(home: Path) -> str:
    """The world's replies differ from hour to hour, and with them whether an objective is missed before or after."""
    with Store.open(f"sqlite:///{home}/prober.db") as store:
        return str(next(one.id for one in store.query(incidents.recent) if isinstance(one, Change)))


def file_named(home: Path, name: str) -> None:
    """A file that a page takes for granted: a reply log, or what promptfoo wrote."""
    path = home / name
    if path.exists():
        return
    if name.endswith((".jsonl", ".jsonl.gz")):
        log = home / f"all.jsonl{'.gz' if name.endswith('.gz') else ''}"
        assert log.exists() or main(["export", "--output", str(log)]) == 0
        shutil.copy(log, path)
    elif name.endswith(".json"):
        path.write_text(PROMPTFOO)


READS = {"import", "compare", "replay", "ingest", "gate"}
"""Verbs whose arguments are files that are there."""


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES)
def test_commands_of_a_page(page: str, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    stand_ins = STAND_INS | {"12": number_of_the_change(home)}
    for line in (line for name, block in BLOCKS if name == page and not block.why_not for line in block.lines):
        program, *arguments = [stand_ins.get(word, word) for word in shlex.split(line, comments=True)]
        if program == "prober" and arguments[0] in READS:
            for name in arguments[1:]:
                file_named(home, name)
        if program == "prober" and (arguments[0] in ENDLESS or "--watch" in arguments):
            code = main([arguments[0], "--help"])
            said = "".join(capfd.readouterr())
            assert [one for one in arguments if one.startswith("--") and one not in said] == [], line
        elif program == "prober" and not {"|", ">", "||", "&&"} & set(arguments):
            code = main(arguments)
            said = "".join(capfd.readouterr())
        else:
            code, said = in_a_shell(line, home)
        assert code in (0, 1, 3), f"{line}: {code}\n{said}"
        assert "Traceback" not in said, said


@pytest.mark.slow
@pytest.mark.parametrize(("page", "block"), LEFT_OUT, ids=[page for page, _ in LEFT_OUT])
def test_a_block_that_is_not_run_says_why(page: str, block: Block) -> None:
    assert len(block.why_not.split()) > 3
    pytest.skip(f"{page}: {block.lines[0]}: {block.why_not}")


def in_a_shell(line: str, home: Path) -> tuple[int, str]:
    """A line that needs more than the verb: its exit code, and what it says."""
    shim = home / "bin" / "prober"
    shim.parent.mkdir(exist_ok=True)
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m prober "$@"\n')
    shim.chmod(0o755)
    environment = os.environ | {"PATH": f"{shim.parent}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", line], cwd=home, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stdout + done.stderr
