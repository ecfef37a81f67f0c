"""The alert rules and the dashboard that are shipped ask for metrics that exist, in expressions Prometheus takes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "prober-alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "prober.json"


def expressions() -> list[str]:
    """Of the dashboard, for every endpoint."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    return [one["expr"].replace("$endpoint", ".*") for panel in panels for one in panel["targets"]]


def test_every_metric_that_is_asked_for_is_documented() -> None:
    documented = set(re.findall(r"prober_\w+", (ROOT / "docs/reference/metrics.md").read_text()))
    rules = [rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    asked = {name for one in (*rules, *expressions()) for name in re.findall(r"prober_\w+", one)}
    assert len(asked) > 5
    assert asked <= documented


@pytest.mark.slow
def test_promtool_takes_the_rules_and_the_expressions(tmp_path: Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not here; Debian has it in its package prometheus")
    asked = tmp_path / "dashboard.yml"
    rules = [{"record": f"dashboard:panel{number}", "expr": one} for number, one in enumerate(expressions())]
    asked.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    for file in (RULES, asked):
        command = [tool, "check", "rules", str(file)]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_rules_fire_when_they_should_and_only_then(tmp_path: Path) -> None:
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not here; Debian has it in its package prometheus")
    changed = (
        'prober_incident_open{endpoint="bot",incident="1",kind="behaviour_change",severity="critical",state="open"}'
    )
    series = [
        {"series": 'up{job="prober",instance="a"}', "values": "1x10 0x20"},
        {"series": changed, "values": "_x10 1x20"},
        {"series": 'prober_endpoint_stale{endpoint="bot"}', "values": "0x30"},
        {"series": 'prober_budget_left{budget="bot",limit="asks_per_day"}', "values": "10x5 9x20"},
        {"series": 'prober_budget_limit{budget="bot",limit="asks_per_day"}', "values": "100x30"},
    ]

    def wanted(at: str, name: str, *labels: dict[str, str]) -> dict[str, object]:
        return {"eval_time": at, "alertname": name, "exp_alerts": [{"exp_labels": one} for one in labels]}

    alerts = [
        wanted("5m", "ProberDown"),
        wanted("5m", "ProberEndpointChanged"),
        wanted("25m", "ProberEndpointStale"),
        wanted("20m", "ProberBudgetNearlySpent"),
    ]
    cases = tmp_path / "cases.yml"
    test = {"interval": "1m", "input_series": series, "alert_rule_test": alerts}
    file = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": [test]}
    cases.write_text(yaml.safe_dump(file))
    command = [tool, "test", "rules", str(cases)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    fired = ("ProberDown", "ProberEndpointChanged", "ProberBudgetNearlySpent")
    alerts[:] = [wanted("25m", name) for name in fired]
    cases.write_text(yaml.safe_dump(file))
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert all(name in done.stdout + done.stderr for name in fired)
