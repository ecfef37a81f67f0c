"""The recipes of docs/contributing work as written, and touch no more files than they say."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FILES = {
    "verb": ["prober/cli/hello.py", "prober/cli/__init__.py"],
    "provider": ["prober/asking/wire/mistral.py", "prober/model/providers.py"],
    "channel": ["prober/judging/channels.py"],
    "alerter": ["prober/alerts/mine.py", "prober/alerts/__init__.py"],
    "check": ["prober/model/declaration.py", "prober/fingerprint/expectation.py", "docs/reference/configuration.md"],
    "event": ["prober/incidents/events.py"],
    "dashboard-page": ["dashboard/fleet.py", "dashboard/app.py"],
    "declaration-field": ["prober/model/declaration.py"],
}
"""Recipe → the files that it touches; pages of documents for readers come on top."""

TABLES = {
    "prober/cli/__init__.py": "VERBS",
    "prober/model/providers.py": "PROVIDERS",
    "prober/alerts/__init__.py": "ALERTERS",
    "prober/incidents/events.py": "EVENTS",
    "prober/judging/channels.py": "_ALL",
    "prober/fingerprint/expectation.py": "CHECKS",
    "prober/model/declaration.py": "CheckType",
    "dashboard/app.py": "PAGES",
}
"""File → the table in it that gets the row."""

PROOFS = {
    "verb": """
        from prober.cli import main
        assert main(["hello", "Ada"]) == 0
    """,
    "provider": """
        from prober.asking import wire_format
        from prober.loading.schemas import schemas
        from prober.model.declaration import Endpoint
        seeded = Endpoint(name="bot", provider="mistral", model="small", parameters={"seed": 1})
        assert "random_seed" in wire_format(seeded).objections(seeded)["seed"]
        shape = schemas()["endpoints.schema.json"]["$defs"]["Endpoint"]
        assert "mistral" in shape["properties"]["provider"]["enum"]
    """,
    "channel": """
        from prober.judging.channels import CHANNELS
        assert "ending" in CHANNELS
    """,
    "alerter": """
        from prober.alerts import open_alerters
        from prober.settings import Settings
        assert "mine" in [alerter.name for alerter in open_alerters(Settings())]
    """,
    "check": """
        from datetime import UTC, datetime
        from prober.fingerprint.expectation import holds
        from prober.model.declaration import Check
        from prober.model.reply import Reply
        reply = Reply(at=datetime.now(UTC), text="Thirty days.")
        assert holds(Check(type="ends-with", value="days."), reply)
        assert holds(Check(type="not-ends-with", value="weeks."), reply)
    """,
    "event": """
        from prober.incidents.events import EVENTS
        assert EVENTS["handed_over"].title
    """,
    "dashboard-page": """
        from importlib import import_module
        from dashboard.app import PAGES
        title, file = PAGES["fleet"]
        assert title == "Fleet" and callable(import_module(f"dashboard.{file}").draw)
    """,
    "declaration-field": """
        from prober.model.declaration import ProbeSet
        assert ProbeSet.model_fields["ticket"].default == ""
    """,
}
"""Recipe → what holds once it was followed."""


def blocks(recipe: str) -> list[tuple[str, str]]:
    """(file, text to add) of every block of a recipe that names its file."""
    page = (ROOT / "docs" / "contributing" / f"{recipe}.md").read_text(encoding="utf-8")
    return re.findall(r"^```\w+\n# (\S+/\S+)\n(.*?)^```", page, flags=re.M | re.S)


def follow(recipe: str, home: Path) -> None:
    """Add every block to the copy of the project in `home`, as a reader would."""
    for name, added in blocks(recipe):
        file = home / name
        if file.suffix != ".py":
            continue  # a line of a document for readers
        if not file.exists():
            file.write_text(added, encoding="utf-8")
        else:
            file.write_text(combined(file.read_text(encoding="utf-8"), added, TABLES.get(name, "")), encoding="utf-8")


def combined(text: str, added: str, table: str) -> str:
    """A module with the lines of a block in their places: imports, a new value, fields of a class, rows of a table."""
    imports = re.findall(r"^(?:from|import) .*\n", added, flags=re.M)
    rest = re.sub(r"^(?:from|import) .*\n", "", added, flags=re.M).strip("\n")
    text = text.replace(
        "from __future__ import annotations\n", "from __future__ import annotations\n" + "".join(imports), 1
    )
    if value := re.match(r"(\w+): .*=", rest):
        text, replaced = re.subn(rf"^{value[1]}: .*$", lambda _: rest, text, flags=re.M)
        assert replaced == 1, f"there is no one line that sets {value[1]}"
        return text
    if head := re.match(r"class \w+.*:\n", rest):
        before, after = text.split(head[0], 1)
        body, *others = re.split(r"^(?=\S)", after, maxsplit=1, flags=re.M)
        return before + head[0] + body.rstrip("\n") + "\n" + rest.removeprefix(head[0]) + "\n\n\n" + "".join(others)
    row = rest.rstrip(",") + ","
    text, added_to = re.subn(
        rf"^{table}\b.*= (?:Literal)?[{{(\[]+$", lambda found: f"{found[0]}\n{row}", text, flags=re.M
    )
    assert added_to == 1, f"there is no table {table}"
    return text


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages of the project, to be changed, with what Python compiled of them: it holds for what is not changed."""
    half_written = shutil.ignore_patterns("*.pyc.*")
    for package in ("prober", "dashboard"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=half_written)
    return tmp_path


def test_every_recipe_is_followed() -> None:
    pages = {page.stem for page in (ROOT / "docs" / "contributing").glob("*.md") if blocks(page.stem)}
    assert pages == set(FILES) == set(PROOFS)


@pytest.mark.slow
@pytest.mark.parametrize("recipe", FILES)
def test_a_recipe_touches_no_more_files_than_it_says(recipe: str, copy: Path) -> None:
    assert list(dict.fromkeys(name for name, _ in blocks(recipe))) == FILES[recipe]
    follow(recipe, copy)
    for name in FILES[recipe]:
        if name.endswith(".py"):
            compile((copy / name).read_text(encoding="utf-8"), name, "exec")


@pytest.mark.slow
@pytest.mark.parametrize("recipe", PROOFS)
def test_what_a_recipe_makes_works(recipe: str, copy: Path) -> None:
    follow(recipe, copy)
    code = "\n".join(line.strip() for line in PROOFS[recipe].splitlines())
    environment = os.environ | {"PYTHONPATH": str(copy), "PROBER_MINE_URL": "http://127.0.0.1:9/"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
