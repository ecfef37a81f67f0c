"""Objectives in OpenSLO v1, as they are read from a probe set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from prober.loading.declarations import load
from prober.loading.schemas import schemas
from prober.model.errors import ConfigurationError
from prober.model.objective import Objective


def slo(**spec: Any) -> dict[str, Any]:
    source = {"metricSource": {"type": "canary-prober", "spec": {"measure": "passed"}}}
    return {
        "apiVersion": "openslo/v1",
        "kind": "SLO",
        "metadata": {"name": "valid", "displayName": "Valid answers"},
        "spec": {
            "service": "support",
            "indicator": {"metadata": {"name": "i"}, "spec": {"ratioMetric": {"counter": True, "good": source}}},
            "timeWindow": [{"duration": "28d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"displayName": "most", "target": 0.995}],
        }
        | spec,
    }


def ratio(**metric: Any) -> dict[str, Any]:
    return {"spec": {"ratioMetric": {
        name: {"metricSource": {"type": "canary-prober", "spec": spec}} for name, spec in metric.items()
    }}}  # fmt: skip


def objectives(home: Path, *written: dict[str, Any]) -> tuple[Objective, ...]:
    (home / "endpoints.yaml").write_text("endpoints: {bot: {provider: scripted, model: parrot-1}}")
    content = {
        "owner": "team", "endpoints": ["bot"], "schedule": {"every": "6h"}, "objectives": list(written),
        "probes": [{"id": "a", "prompt": "Say yes.", "expect": [{"type": "not-is-refusal"}]}],
    }  # fmt: skip
    (home / "support.yaml").write_text(json.dumps(content, indent=1))
    return load(home).sets[0].objectives


@pytest.mark.parametrize(
    ("spec", "ours"),
    [
        ({}, {"at_least": "99.5 %"}),
        ({"objectives": [{"targetPercent": 99.9}]}, {"at_least": "99.9 %"}),
        ({"indicator": ratio(bad={"measure": "refused"})}, {"measure": "refused", "at_most": "0.5 %"}),
        (
            {"indicator": ratio(good={"measure": "faster_than", "seconds": 2.0}), "timeWindow": [{"duration": "7d"}]},
            {"measure": "faster_than", "seconds": 2.0, "at_least": "99.5 %", "window": "7d"},
        ),
    ],
)
def test_what_we_can_mean_is_read(tmp_path: Path, spec: dict[str, Any], ours: dict[str, Any]) -> None:
    own = {"name": "own", "at_least": "95 %"}
    assert objectives(tmp_path, slo(**spec), own) == (
        Objective.model_validate({"name": "valid", **ours}),
        Objective.model_validate(own),
    )


@pytest.mark.parametrize(
    ("spec", "field", "said"),
    [
        ({"budgetingMethod": "Timeslices"}, "budgetingMethod", 'unknown budgetingMethod "Timeslices"'),
        ({"alertPolicies": []}, "", 'unknown field "alertPolicies"'),
        ({"timeWindow": [{"duration": "1d", "calendar": {}}]}, "timeWindow.0", 'unknown field "calendar"'),
        ({"timeWindow": [{"duration": "4w"}]}, "timeWindow.0.duration", "such as"),
        ({"objectives": [{"target": 99.5}]}, "objectives.0.target", "below 1"),
        ({"objectives": [{"target": 0.9, "targetPercent": 90}]}, "objectives.0", "either target or targetPercent"),
        ({"objectives": [{"target": 0.9}, {"target": 0.99}]}, "objectives", "an SLO for each"),
        ({"indicator": ratio()}, "indicator.spec.ratioMetric", "either good or bad"),
        (
            {"indicator": {"spec": {"thresholdMetric": {}, **ratio(good={})["spec"]}}},
            "indicator.spec",
            "thresholdMetric",
        ),
        ({"indicatorRef": "x"}, "", 'unknown field "indicatorRef"'),
    ],
)
def test_the_rest_is_refused_by_the_name_of_its_field(
    tmp_path: Path, spec: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        objectives(tmp_path, slo(**spec))
    (problem,) = caught.value.problems
    assert problem.field == ".".join(filter(None, ("objectives.0.spec", field)))
    assert said in problem.message
    assert problem.path.endswith("support.yaml") and problem.line > 5


@pytest.mark.parametrize("odd", [{"kind": "Service"}, {"apiVersion": "openslo/v1alpha"}, {"metadata": {}}, {"spec": 1}])
def test_other_documents_are_refused(tmp_path: Path, odd: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        objectives(tmp_path, slo() | odd)
    assert [one.field.split(".")[:3] for one in caught.value.problems] == [
        ["objectives", "0", next(iter(odd))] for _ in caught.value.problems
    ]


def test_editors_agree() -> None:
    """Their schema takes what is read, and refuses an OpenSLO document by its own fields, not by those of ours."""
    schema = schemas()["schema.json"]
    editor = Draft202012Validator({"$defs": schema["$defs"], **schema["properties"]["objectives"]})
    assert list(editor.iter_errors([slo(), {"name": "own", "at_least": "95 %"}])) == []
    for wrong in (slo(alertPolicies=[]), slo(objectives=[{"target": 99.5}]), slo() | {"kind": "Service"}):
        (error,) = editor.iter_errors([wrong])
        assert "then" in error.schema_path
    (error,) = editor.iter_errors([{"name": "own", "at_lest": "95 %"}])
    assert "else" in error.schema_path
