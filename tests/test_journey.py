"""Dotted names in the documents are real; most of all those on the journey of one reply."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parent.parent / "docs"
TEXTS = set(
    re.findall(r'"(prober(?:\.\w+)+)"', "".join(path.read_text() for path in DOCS.parent.glob("prober/**/*.py")))
)
"""Names that the code itself has in quotes, such as attributes of spans."""
PAGES = {str(page.relative_to(DOCS)): page.read_text(encoding="utf-8") for page in DOCS.glob("**/*.md")}
NAMES = sorted(
    (page, name)
    for page, text in PAGES.items()
    for name in set(re.findall(r"`((?:prober|dashboard)(?:\.\w+)+)`", re.sub(r"(?ms)^```.*?^```", "", text)))
    if not name.endswith((".db", ".tmp", ".prom")) and name not in TEXTS
)


def resolve(name: str) -> object:
    parts = name.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError as missing:
            if not name.startswith(missing.name or "?"):
                raise
            continue
        for part in parts[split:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


def test_every_name_exists() -> None:
    for page, name in NAMES:
        assert resolve(name) is not None, f"docs/{page} names {name}"


def test_a_name_that_does_not_exist_is_found_out() -> None:
    with pytest.raises(AttributeError):
        resolve("prober.service.run_round.walk")


def test_the_journey_names_what_it_passes() -> None:
    assert len([name for page, name in NAMES if page == "contributing/journey.md"]) > 30
