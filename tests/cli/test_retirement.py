"""`prober retirement`, as it is called."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.cli.conftest import Run
from tests.cli.world import write_probes

SCHEMA = json.loads((Path(__file__).parents[2] / "docs/schemas/retirement.schema.json").read_text("utf-8"))


def test_a_model_that_is_gone_is_1_and_nobody_having_looked_is_3(prober: Run, home: Path) -> None:
    bot = {"provider": "anthropic", "model": "claude-2.1", "parameters": {"max_tokens": 9}, "metadata": False}
    write_probes(home, api_key_env="ANTHROPIC_API_KEY", **bot)
    assert prober("retirement", "--ask", "--ics", "out.ics").code == 1
    done = prober("retirement", "--json")
    Draft202012Validator(SCHEMA).validate(done.json)
    (one,) = done.json["retirements"]
    assert (one["endpoint"], one["on"], one["source"]) == ("bot", "2025-07-21", "package")
    assert "claude-2.1 was to be shut down on 2025-07-21" in prober("retirement").out
    assert b"DTSTART;VALUE=DATE:20250721" in (home / "out.ics").read_bytes()
    assert prober("retirement", "probes").code == 1
    wrong = prober("retirement", "nowhere")
    assert wrong.code == 2 and "nowhere: no such file or folder" in wrong.err


@pytest.mark.slow
def test_nothing_known_is_0_and_nobody_having_looked_is_3(prober: Run, home: Path) -> None:
    write_probes(home)
    prober("once")
    done = prober("retirement", "--json")
    assert done.code == 3
    Draft202012Validator(SCHEMA).validate(done.json)
    assert prober("retirement", "--ask").out.startswith("No date is known")
    assert prober("retirement").code == 0
    assert prober("retirement", "--ics", "none/out.ics").code == 2
