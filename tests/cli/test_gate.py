"""`prober gate`, as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Answer, Run

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/gate.schema.json").read_text("utf-8"))


@pytest.fixture
def two(home: Path) -> Path:
    """Two scripted endpoints: `pinned`, and `refusing`, which refuses most asks since long ago."""
    folder = home / "probes"
    folder.mkdir()
    refusing = {"world": "refusal", "strength": 0.9, "changes_at": "2020-01-01T00:00:00+00:00"}
    endpoints = {
        "pinned": {"provider": "scripted", "model": "m", "parameters": {"world": "still"}},
        "refusing": {"provider": "scripted", "model": "m", "parameters": refusing},
    }
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
    probes = [
        {"id": name, "prompt": f"Pick a {name}. Answer with one word.", "expect": [{"type": "not-is-refusal"}]}
        for name in ("colour", "animal", "city")
    ]
    (folder / "canary.yaml").write_text(
        json.dumps(
            {"name": "canary", "owner": "team", "endpoints": ["pinned"], "schedule": {"every": "1d"}, "probes": probes}
        )
    )
    return home


def test_an_endpoint_is_not_worse_than_itself(prober: Run, two: Path) -> None:
    done = prober("gate", "--reference", "pinned", "--json")
    assert (done.code, done.json["verdict"]) == (0, "not_worse")
    assert done.json["asks"] <= 162
    assert done.json["criteria"][0]["score_not_worse"] > 2
    Draft202012Validator(SCHEMA).validate(done.json)
    assert done.json["reason"].startswith("all checks: ")


def test_one_that_refuses_is_refused_with_reports(prober: Run, two: Path) -> None:
    done = prober(
        "gate", "--reference", "pinned", "--candidate", "refusing", "--junit", "gate.xml", "--markdown", "gate.md"
    )
    assert done.code == 1
    assert done.out.startswith(
        "REFUSE: the candidate is worse than the reference (candidate refusing, reference pinned)"
    )
    assert 'failures="1"' in Path("gate.xml").read_text()
    assert "| all checks | 100.0 % of" in Path("gate.md").read_text()


def test_too_small_a_budget_decides_nothing(prober: Run, two: Path) -> None:
    done = prober("gate", "--reference", "pinned", "--budget", 12)
    assert done.code == 3 and "more asks would decide" in done.out


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "verdict", "reason"),
    [
        (("pinned", "--candidate", "refusing"), "worse", "instead of 100.0 %"),
        (("old.jsonl", "--candidate", "new.jsonl", "--unchanged"), "changed", "behaviour differs: "),
        (("pinned", "--budget", 12), "undecided", "the budget of 12 asks is spent"),
    ],
)
def test_every_verdict_has_its_reason(
    prober: Run, two: Path, arguments: tuple[str, ...], verdict: str, reason: str
) -> None:
    for name, text in (("old.jsonl", "Blue"), ("new.jsonl", "Red, as ever")):
        _log(name, text)
    said = prober("gate", "--reference", *arguments, "--json").json
    Draft202012Validator(SCHEMA).validate(said)
    assert said["verdict"] == verdict and reason in said["reason"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--reference", "pined"), "did you mean"),
        (("--reference", "pinned", "--margin", "0"), "percentage points"),
        (("--reference", "pinned", "--margin", "regex=2"), "no probe has the check regex"),
        (("--reference", "pinned", "--budget", 4), "raise --budget"),
        (("--reference", "nothing.jsonl"), "no such file"),
        ((), "Missing option '--reference'"),
    ],
)
def test_wrong_usage_is_2(prober: Run, two: Path, arguments: tuple[str, ...], said: str) -> None:
    done = prober("gate", *arguments)
    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_two_logs_are_compared_by_probe_id(prober: Run, two: Path) -> None:
    for name, text in (("old.jsonl", "Blue"), ("new.jsonl", "I cannot help with that request.")):
        _log(name, text)
    done = prober("gate", "--reference", "old.jsonl", "--candidate", "new.jsonl")
    assert done.code == 1, done.out + done.err
    assert "0 of 600 asks made" in done.out


@pytest.mark.slow
def test_probes_without_a_pair_are_named_and_not_refused(prober: Run, two: Path) -> None:
    declared = json.loads(Path("probes/canary.yaml").read_text())
    declared["probes"] = [*declared["probes"][1:], {"id": "fruit", "prompt": "Pick a fruit."}]
    Path("new").mkdir()
    Path("new/canary.yaml").write_text(json.dumps(declared))
    Path("new/endpoints.yaml").write_text(Path("probes/endpoints.yaml").read_text())
    arguments = ("gate", "--reference", "pinned", "--candidate-probes", "new", "--markdown", "gate.md")
    done = prober(*arguments, "--json")
    assert (done.code, done.json["removed"], done.json["added"]) == (0, ["canary/colour"], ["canary/fruit"])
    assert "- removed, so not compared: canary/colour\n" in Path("gate.md").read_text()
    assert "added, so not compared: canary/fruit" in prober(*arguments).out
    declared["probes"] = declared["probes"][-1:]
    Path("new/canary.yaml").write_text(json.dumps(declared))
    assert "--candidate-probes has none of the probes of the reference" in prober(*arguments).err


def test_asks_of_the_gate_count_in_declared_budgets(prober: Run, two: Path) -> None:
    Path("probes/budgets.yaml").write_text(json.dumps({"owners": {"team": {"asks_per_day": 9}}}))
    done = prober("gate", "--reference", "pinned")
    assert done.code == 3 and "budget exhausted: the owner team: 9 of 9 asks of the last 24 hours are spent" in done.out
    assert 'prober_budget_left{budget="owner:team",limit="asks_per_day"} 0.0' in prober("status", "--metrics").out
    assert prober("once").code != 0, "the rounds share the budget"


@pytest.mark.slow
@pytest.mark.parametrize("candidate", ["dead", "pinned"])
def test_a_dead_key_costs_a_gate_three_asks(prober: Run, two: Path, server: Answer, candidate: str) -> None:
    _declare_dead(server)
    done = prober("gate", "--reference", "dead", "--candidate", candidate)
    assert done.code == 3
    assert "dead does not answer: the last 3 asks failed, the newest one: unauthorized" in " ".join(
        (done.out + done.err).split()
    )
    assert len(server.requests) == 3


@pytest.mark.slow
def test_a_candidate_with_a_dead_key_costs_three_asks_and_stays_undecided(
    prober: Run, two: Path, server: Answer
) -> None:
    _declare_dead(server)
    done = prober("gate", "--reference", "pinned", "--candidate", "dead")
    assert (done.code, len(server.requests)) == (3, 3)
    assert "dead does not answer: the last 3 asks failed, the newest one: unauthorized" in " ".join(done.out.split())


def _log(name: str, text: str) -> None:
    """40 rounds in which every probe is answered alike."""
    lines = [
        json.dumps({"round": str(round_), "endpoint": "e", "probe": f"canary/{probe}", "text": text})
        for round_ in range(40)
        for probe in ("colour", "animal", "city")
    ]
    Path(name).write_text("\n".join(lines))


def _declare_dead(server: Answer) -> None:
    """An endpoint whose key is refused, and enough probes to spend more than three asks on it."""
    server.status, server.body = 401, b'{"error": {"message": "Incorrect API key provided"}}'
    file = Path("probes/endpoints.yaml")
    declared = json.loads(file.read_text())
    declared["endpoints"]["dead"] = {"provider": "openai", "model": "m", "base_url": server.url}
    file.write_text(json.dumps(declared))
    canary = Path("probes/canary.yaml")
    content = json.loads(canary.read_text())
    content["probes"] += [{"id": f"more-{number}", "prompt": f"Pick the number {number}."} for number in range(5)]
    canary.write_text(json.dumps(content))
