"""`prober slo`, as it is called."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.cli.world import write_probes


def with_objectives(home: Path, *objectives: dict[str, object], **endpoint: object) -> None:
    folder = write_probes(home, **endpoint)
    path = folder / "canary.yaml"
    content = json.loads(path.read_text())
    content["objectives"] = list(objectives)
    content["probes"][0] |= {"samples": 40, "expect": [{"type": "not-is-refusal"}]}
    path.write_text(json.dumps(content))


@pytest.mark.slow
def test_few_replies_are_not_enough_and_more_are(prober: Run, home: Path) -> None:
    with_objectives(
        home, {"name": "good", "at_least": "95 %"}, {"name": "refusals", "measure": "refused", "at_most": "5%"}
    )
    prober("once")
    done = prober("slo")
    assert done.code == 3 and "more replies needed" in done.out
    prober("once")
    done = prober("slo", "--json")
    assert done.code == 0
    assert [(one["name"], one["state"], one["replies"], one["bad"]) for one in done.json["objectives"]] == [
        ("good", "met", 80, 0), ("refusals", "met", 80, 0),
    ]  # fmt: skip


@pytest.mark.slow
def test_an_objective_that_is_missed_is_1(prober: Run, home: Path) -> None:
    refusing = {"world": "refusal", "strength": 0.9, "changes_at": "2020-01-01T00:00:00+00:00"}
    with_objectives(home, {"name": "good", "at_least": "95 %"}, parameters=refusing)
    prober("once")
    done = prober("slo")
    assert done.code == 1
    assert done.out.startswith("canary on bot, good: MISSED")


@pytest.mark.slow
def test_replies_may_have_to_be_fast_and_cheap(prober: Run, home: Path) -> None:
    """The scripted model answers at once, and a dollar a token makes every reply dear."""
    with_objectives(
        home,
        {"name": "quick", "measure": "faster_than", "seconds": 60, "at_least": "95 %"},
        {"name": "slow", "measure": "faster_than", "seconds": 60, "at_most": "5 %"},
        {"name": "cheap", "measure": "cheaper_than", "dollars": 0.5, "at_least": "95 %"},
        {"name": "affordable", "measure": "cheaper_than", "dollars": 1e6, "at_least": "95 %"},
        price={"input_per_million": 1e6, "output_per_million": 1e6},
    )
    prober("once"), prober("once")
    done = prober("slo", "--json")
    assert done.code == 1
    found = {one["name"]: (one["state"], one["bad"] / one["replies"]) for one in done.json["objectives"]}
    assert found == {"quick": ("met", 0), "slow": ("missed", 1), "cheap": ("missed", 1), "affordable": ("met", 0)}
    said = prober("slo").out
    assert "faster than 60 s 100.0 % of" in said and "cheaper than $0.5 0.0 % of" in said


@pytest.mark.slow
def test_replies_without_a_known_price_are_not_counted(prober: Run, home: Path) -> None:
    with_objectives(home, {"name": "cheap", "measure": "cheaper_than", "dollars": 0.5, "at_least": "95 %"})
    prober("once")
    path = home / "prober.db"
    with sqlite3.connect(path) as database:
        database.execute("UPDATE endpoint SET tariff = NULL")
    done = prober("slo", "--json")
    assert [(one["state"], one["replies"]) for one in done.json["objectives"]] == [("too_few", 0)] and done.code == 3


@pytest.mark.parametrize(
    ("objective", "said"),
    [
        ({"name": "good"}, "write either at_least or at_most"),
        ({"name": "good", "at_least": "95 %", "at_most": "2 %"}, "write either at_least or at_most"),
        ({"name": "good", "at_most": "0 %"}, "must be above 0 %"),
        ({"name": "good", "at_least": "0.95"}, "at_least"),
        ({"name": "good", "at_least": "95 %", "window": "200d"}, "from 1h to 90d"),
        ({"name": "good", "at_least": "95 %", "measure": "right"}, "knows the answer"),
        ({"name": "quick", "at_least": "95 %", "measure": "faster_than"}, "write for instance seconds: 2"),
        ({"name": "quick", "at_least": "95 %", "measure": "faster_than", "seconds": 0}, "seconds"),
        ({"name": "cheap", "at_least": "95 %", "measure": "cheaper_than"}, "write for instance dollars: 0.002"),
        ({"name": "good", "at_least": "95 %", "seconds": 2}, "goes with measure: faster_than only"),
    ],
)
def test_faults_are_named_with_their_line(prober: Run, home: Path, objective: dict[str, object], said: str) -> None:
    with_objectives(home, objective)
    done = prober("validate")
    assert done.code == 2 and "canary.yaml:1" in done.err and said in done.err


@pytest.mark.slow
def test_nothing_declared_is_3(prober: Run, home: Path) -> None:
    write_probes(home)
    prober("once")
    done = prober("slo")
    assert done.code == 3 and "No objective is declared" in done.out
