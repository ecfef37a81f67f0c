"""The probe sets that ship with the prober, and the schemas editors complete from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from prober.loading.declarations import load
from prober.loading.files import holds_endpoints
from prober.loading.schemas import schemas, write_schemas

STARTERS = Path(__file__).parents[2] / "probes"
FILES = sorted(STARTERS.glob("*.yaml"))
INVALID = Path(__file__).parent / "invalid"


def test_they_load_and_need_neither_key_nor_network() -> None:
    declared = load(STARTERS)
    assert [probe_set.name for probe_set in declared.sets] == [
        "accuracy", "choice", "determinism", "format", "identity", "instruction", "long-context", "multilingual",
        "refusal", "sycophancy", "tools", "verbosity",
    ]  # fmt: skip
    assert {name for probe_set in declared.sets for name in probe_set.endpoints} == {"offline-demo"}
    assert declared.endpoint("offline-demo").provider == "scripted"
    assert declared.endpoint("offline-demo").api_key_env is None


def test_the_budget_pays_a_day_of_all_of_them() -> None:
    declared = load(STARTERS)
    a_day = sum(
        (86_400 / (probe_set.schedule.every_s or 86_400)) * probe.samples
        for probe_set in declared.sets
        for probe in probe_set.probes
    )
    budget = declared.endpoint("offline-demo").budget.asks_per_day
    assert budget is not None
    assert a_day < budget


def test_each_probe_is_explained() -> None:
    """probes/README.md says of every probe why it is there."""
    explained = (STARTERS / "README.md").read_text()
    missing = [probe.id for one in load(STARTERS).sets for probe in one.probes if f"`{probe.id}`" not in explained]
    assert missing == []


def test_the_commented_examples_load_too(tmp_path: Path) -> None:
    lines = (STARTERS / "endpoints.yaml").read_text().splitlines()
    top = lines.index("endpoints:")
    uncommented = [line.replace("  # ", "  ", 1) if line.startswith("  # ") else line for line in lines[top:]]
    examples = [line for line in uncommented if not line.startswith(("  Needs", "  `world"))]
    (tmp_path / "endpoints.yaml").write_text("\n".join(examples))
    names = [endpoint.name for endpoint in load(tmp_path / "endpoints.yaml").endpoints]
    assert names == ["claude", "gemini", "llama-here", "offline-demo", "openai-mini"]


@pytest.mark.parametrize(
    "name", ["schema.json", "endpoints.schema.json", "alerts.schema.json", "budgets.schema.json", "samples.schema.json"]
)
def test_the_schemas_on_disk_are_up_to_date(name: str, tmp_path: Path) -> None:
    write_schemas(tmp_path)
    fix = "python -c 'from prober.loading.schemas import write_schemas; write_schemas(\"probes\")'"
    assert (STARTERS / name).read_text() == (tmp_path / name).read_text(), f"out of date; run: {fix}"


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_editors_find_the_schema_and_agree(path: Path) -> None:
    name = "endpoints.schema.json" if holds_endpoints(path) else "schema.json"
    assert path.read_text().splitlines()[0] == f"# yaml-language-server: $schema={name}"
    schema = json.loads((STARTERS / name).read_text())
    Draft202012Validator.check_schema(schema)
    assert list(Draft202012Validator(schema).iter_errors(yaml.safe_load(path.read_text()))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", ["misspelt-fields", "missing-fields", "wrong-types", "check-types", "out-of-range"])
def test_editors_see_what_is_wrong(name: str) -> None:
    wrong = yaml.safe_load((INVALID / f"{name}.yaml").read_text())
    assert list(Draft202012Validator(schemas()["schema.json"]).iter_errors(wrong)) != []


def test_fields_are_explained() -> None:
    schema = json.dumps(schemas()["endpoints.schema.json"])
    assert "Name of the environment variable that holds the key; never the key." in schema
