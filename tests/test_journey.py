"""docs/contributing/journey.md names real things."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

TEXT = (Path(__file__).parent.parent / "docs" / "contributing" / "journey.md").read_text(encoding="utf-8")
NAMES = sorted(set(re.findall(r"`((?:prober|dashboard)(?:\.\w+)+)`", TEXT)))


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


@pytest.mark.parametrize("name", NAMES)
def test_every_name_exists(name):
    assert resolve(name) is not None


def test_a_name_that_does_not_exist_is_found_out():
    with pytest.raises(AttributeError):
        resolve("prober.service.run_round.walk")


def test_many_names_are_checked():
    assert len(NAMES) > 30
