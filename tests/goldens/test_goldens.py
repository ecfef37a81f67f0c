"""Today's behaviour, to the byte. What differs on purpose is written anew: `python -m tests.goldens --write`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.goldens.cases import CASES, Missing, played
from tests.goldens.files import EXPECTED, differences, expected


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if one.slow else []) for name, one in CASES.items()]
)
def test_nothing_changed(name: str, tmp_path: Path) -> None:
    assert expected(name), f"no golden of {name} yet: python -m tests.goldens --write {name}"
    try:
        files = played(name, tmp_path)
    except Missing as missing:
        pytest.skip(str(missing))
    found = list(differences(name, files))
    for difference in found:
        print(difference)
    assert not found, "\n\n".join(found)


def test_every_golden_belongs_to_a_case() -> None:
    assert {path.name for path in EXPECTED.iterdir()} == set(CASES)


def test_a_difference_is_found_and_shown() -> None:
    files = dict(expected("usage"))
    files["said.txt"] = files["said.txt"].replace("exit code 2", "exit code 1", 1)
    (shown,) = differences("usage", files)
    assert "\n-exit code 2\n+exit code 1\n" in shown
