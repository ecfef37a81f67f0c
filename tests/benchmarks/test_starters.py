"""What is measured of the starter probes: the page and the README show what is kept."""

from __future__ import annotations

import pytest

from benchmarks.part import RESULTS
from benchmarks.starters import PART, moved
from benchmarks.starters.readme import README, filled
from benchmarks.starters.recorder import starters

pytestmark = pytest.mark.slow  # what measures the prober is not the prober


def test_the_readme_shows_what_was_measured() -> None:
    text = README.read_text(encoding="utf-8")
    assert filled(text) == text, "run python -m benchmarks.starters --readme"


def test_every_probe_was_measured() -> None:
    kept = PART.kept(RESULTS)
    assert kept is not None
    measured = {one.name for one in kept.result.probes}
    assert measured == {f"{one.name}/{probe.id}" for one in starters().sets for probe in one.probes}


def test_a_hidden_prompt_is_a_fact_and_nothing_is_not() -> None:
    found = moved("choice/number", is_set=False)
    assert "system-prompt" in found.recounted
    assert not {"q4_0", "temperature-0.6"} & set(found.recounted)
