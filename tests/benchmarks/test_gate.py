"""The gates side by side: every run is within the budget, and the stored results say what the page says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks import gate
from benchmarks.part import RESULTS

pytestmark = pytest.mark.slow  # what measures the prober is not the prober

PAGE = Path(__file__).parents[2] / "docs" / "mathematics" / "gate.md"


def test_a_run_is_within_the_budget_and_both_sides_of_the_unchanged_are_alike() -> None:
    blocks = gate.drawn("base", np.random.default_rng(1))
    assert 2 * sum(map(len, blocks)) == gate.BUDGET
    found, asks = gate.ours([[(probe, True, True) for probe in gate.CONTRACTS]] * len(blocks))
    assert found == "not_worse" and asks < gate.BUDGET
    assert gate.ours([[(probe, True, False) for probe in gate.CONTRACTS]] * len(blocks))[0] == "worse"


def test_the_page_says_what_was_measured() -> None:
    rows = json.loads((RESULTS / "gate.json").read_text(encoding="utf-8"))["rows"]
    assert {(one["gate"], one["candidate"]) for one in rows} == {
        (name, candidate) for name in (gate.OURS, gate.STORED, *gate.PEERS) for candidate in gate.CANDIDATES
    }
    assert all(one["most_asks"] <= gate.BUDGET for one in rows)
    page = PAGE.read_text(encoding="utf-8")
    for one in rows:
        if one["gate"] in (gate.OURS, gate.STORED):
            shares = [100 * one[name] / one["runs"] for name in ("passed", "refused", "undecided")]
            said = " | ".join(
                f"{share:.1f} %" if share % 100 else f"{share:.0f} %" if share else "0" for share in shares
            )
            start = f"| {one['gate']} | {gate.CANDIDATES[one['candidate']]}"
            (line,) = [each for each in page.splitlines() if each.startswith(start)]
            assert line.endswith(f"| {said} | {one['median_asks']:.0f} |")


def test_the_worlds_at_the_edge_are_there() -> None:
    rng = np.random.default_rng(2)
    for edge in gate.EDGES:
        pairs = [pair for _ in range(8) for block in edge.drawn(rng) for pair in block]
        assert len(pairs) <= 8 * gate.BUDGET / 2
        difference = np.mean([old for _, old, _ in pairs]) - np.mean([new for _, _, new in pairs])
        assert abs(difference - edge.loss) < 0.06  # four standard errors
