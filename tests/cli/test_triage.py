"""`prober triage`: which of the things that can change did change?"""

from __future__ import annotations

import json
from pathlib import Path

from jsonschema import Draft202012Validator

from prober.incidents.runbooks import RUNBOOKS
from prober.loading.runbooks import runbook
from tests.cli.conftest import Run

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/triage.schema.json").read_text("utf-8"))


def test_a_change_of_the_model_is_named_with_its_evidence(prober: Run, changed: Path) -> None:
    done = prober("triage", "swapped", "--json", "--markdown", "triage.md")
    found = json.loads(done.out)
    Draft202012Validator(SCHEMA).validate(found)
    checks = {one["name"]: one["answer"] for one in found["checks"]}
    assert checks["untouched_moved"] == "yes"
    assert checks["prompt_edited"] == checks["endpoint_edited"] == checks["unreachable"] == "no"
    odds = {one["cause"]: one["probability"] for one in found["ranking"]}
    # Nothing beside it is watched: it may be the model, the route to it, or what is added on the way.
    assert odds["model"] + odds["routing"] + odds["system_prompt"] > 0.5 > odds["prompt"] + odds["none"]
    assert done.code == {"insufficient_evidence": 3}.get(found["verdict"], 1)
    assert Path("triage.md").read_text().startswith("# Triage of swapped since ")


def test_people_get_the_first_line_first(prober: Run, changed: Path) -> None:
    lines = prober("triage", "swapped", "--since", "30d").out.splitlines()
    assert lines[0].startswith("swapped since ")
    assert any("would settle it" in line for line in lines)


def test_an_unknown_endpoint_or_time_is_2(prober: Run, changed: Path) -> None:
    assert prober("triage", "swaped").code == 2
    assert "did you mean" in prober("triage", "swaped").err
    assert prober("triage", "swapped", "--since", "yesterday").code == 2


def test_an_open_incident_carries_its_triage_and_its_runbook(prober: Run, changed: Path) -> None:
    shown = json.loads(prober("incidents", "show", 1, "--json").out)
    Draft202012Validator(SCHEMA).validate(shown["triage"])
    assert shown["triage"]["runbook"] == "semantic-regression"
    assert "triage: " in prober("incidents", "show", 1).out
    text = prober("incidents", "runbook", 1).out
    assert text.startswith("# The answers got worse\n\n**Incident 1 of swapped since 2026-03-12 12:00 UTC**: ")
    assert "`prober incidents close 1`" in text and "{" not in text


def test_every_runbook_is_there_and_has_its_parts() -> None:
    for name, title in RUNBOOKS.items():
        text = runbook(name, {})
        assert text.startswith(f"# {title}\n"), name
        for heading in ("Trigger", "First five minutes", "Decision tree", "Way back", "Escalation"):
            assert f"\n## {heading}\n" in text, name
