"""`prober triage`: which of the things that can change did change?"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from prober.cli import main
from prober.incidents.runbooks import RUNBOOKS
from prober.incidents.triage.tree import TREE
from prober.status.advice import runbook_text
from tests.cli.conftest import Answer, Run
from tests.cli.world import declarations

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/triage.schema.json").read_text("utf-8"))


@pytest.mark.slow
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
    assert Path("triage.md").read_text().startswith("# Triage of swapped, looking back to ")


def test_people_get_the_first_line_first(prober: Run, changed: Path) -> None:
    lines = prober("triage", "swapped", "--since", "30d").out.splitlines()
    assert lines[0].startswith("swapped, looking back to ")
    assert any("would settle it" in line for line in lines)


def test_an_unknown_endpoint_or_time_is_2(prober: Run, changed: Path) -> None:
    assert prober("triage", "swaped").code == 2
    assert "did you mean" in prober("triage", "swaped").err
    assert prober("triage", "swapped", "--since", "yesterday").code == 2


def test_an_open_incident_carries_its_triage_and_its_runbook(prober: Run, changed: Path) -> None:
    shown = json.loads(prober("incidents", "show", 1, "--json").out)
    Draft202012Validator(SCHEMA).validate(shown["triage"])
    assert shown["triage"]["runbook"] == "semantic-regression"
    assert "likely cause: " in prober("incidents", "show", 1).out
    text = prober("incidents", "runbook", 1).out
    assert text.startswith("# The answers got worse\n\n**Incident 1 of swapped since 2026-03-12 12:00 UTC**: ")
    assert "`prober incidents close 1`" in text and "{" not in text


def test_every_runbook_is_there_and_has_its_parts() -> None:
    for name, title in RUNBOOKS.items():
        text = runbook_text(name, {})
        assert text.startswith(f"# {title}\n"), name
        for heading in ("Trigger", "First five minutes", "Decision tree", "Recovery", "Escalation"):
            assert f"\n## {heading}\n" in text, name


def declare(home: Path, prompt: str = "", **endpoint: object) -> None:
    """The files that the database was made from, with one prompt, or the endpoint, in other words."""
    folder = home / "probes"
    folder.mkdir(exist_ok=True)
    (probe_set,), (swapped,) = declarations().sets, declarations().endpoints
    content = probe_set.model_dump(mode="json", exclude_defaults=True)
    content["probes"][3]["prompt"] = prompt or content["probes"][3]["prompt"]
    (folder / "canary.yaml").write_text(json.dumps(content))
    raw = swapped.model_dump(mode="json", exclude_defaults=True) | endpoint
    del raw["name"]
    still = {"provider": "scripted", "model": "heron", "parameters": {"world": "still"}}
    (folder / "endpoints.yaml").write_text(json.dumps({"endpoints": {"swapped": raw, "other": still}}))


@pytest.mark.slow
def test_ask_puts_one_thing_back_at_a_time_and_the_triage_keeps_what_it_showed(
    prober: Run, changed: Path, home: Path
) -> None:
    declare(home)
    done = prober("triage", "swapped", "--ask", 120, "--fallback", "other", "--json")
    found = json.loads(done.out)
    Draft202012Validator(SCHEMA).validate(found)
    answers = {one["name"]: one["answer"] for one in found["checks"]}
    # The same prompt, refused today and not before; and refused here, not by the fallback.
    assert (answers["old_prompt_moved"], answers["fallback_passes"]) == ("yes", "yes")
    assert "old_prompt_differs" not in answers  # nobody edited a prompt
    odds = {one["cause"]: one["probability"] for one in found["ranking"]}
    assert odds["prompt"] + odds["none"] < 0.05
    again = json.loads(prober("triage", "swapped", "--json").out)
    assert {one["name"]: one["answer"] for one in again["checks"]} == answers, "it is kept, and nothing is asked again"


@pytest.mark.slow
def test_a_dead_key_costs_the_experiment_three_asks(prober: Run, changed: Path, home: Path, server: Answer) -> None:
    server.status, server.body = 401, b'{"error": {"message": "Incorrect API key provided"}}'
    declare(home, provider="openai", base_url=server.url, parameters={})
    done = prober("triage", "swapped", "--ask", 120, "--fallback", "other")
    assert "only 3 asks made: breaker_open" in " ".join(done.err.split())
    assert (done.code in {1, 3}, len(server.requests)) == (True, 3)
    declare(home)
    server.status = 404  # a fallback that is gone does not end the experiment
    file = home / "probes/endpoints.yaml"
    declared = json.loads(file.read_text())
    declared["endpoints"]["other"] = {"provider": "openai", "model": "gone", "base_url": server.url}
    file.write_text(json.dumps(declared))
    done = prober("triage", "swapped", "--ask", 120, "--fallback", "other", "--json")
    assert len(server.requests) == 6
    answers = {one["name"]: one["answer"] for one in json.loads(done.out)["checks"]}
    assert (answers["old_prompt_moved"], answers["fallback_passes"]) == ("yes", "unknown")


def test_asking_needs_an_endpoint_and_a_budget_that_holds_one_block(prober: Run, changed: Path, home: Path) -> None:
    declare(home)
    assert prober("triage", "--ask", 40).code == 2
    done = prober("triage", "swapped", "--fallback", "swapped")
    assert (done.code, "need --ask N" in done.err) == (2, True)


@pytest.mark.parametrize("link", sorted({one.link for one in TREE.values()}))
def test_where_a_check_leads_is_a_command_that_exists(link: str, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROBER_DATABASE_URL", f"sqlite:///{tmp_path / 'none.db'}")
    main(shlex.split(link.format(endpoint="bot"))[1:])
    said = capsys.readouterr()
    assert "Usage:" not in said.out + said.err
