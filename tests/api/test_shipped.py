"""The alert rules and the dashboard that are shipped ask for metrics that exist, in expressions Prometheus takes."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from math import isfinite
from pathlib import Path

import pytest
import yaml

from tests.asking.wire_server import WireServer
from tests.cli.test_process import start
from tests.processes import free_port, wait_until

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


def renamed_after(asks: int, server: WireServer) -> None:
    """The model names itself otherwise after so many asks."""

    def behave(handler: BaseHTTPRequestHandler) -> None:
        answer = {"model": "m-1" if len(server.asked) <= asks else "m-2", "choices": [{"message": {"content": "Red"}}]}
        raw = json.dumps(answer).encode()
        handler.send_response_only(200)
        handler.send_header("content-length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    server.behave = behave


@pytest.mark.slow
def test_every_panel_and_every_rule_has_a_value_on_a_real_prometheus(tmp_path: Path) -> None:
    """A daemon with an endpoint that is quiet, one that changes and one that is not there."""
    tool = shutil.which("prometheus")
    if tool is None:
        pytest.skip("prometheus is not here; Debian has it in its package prometheus")
    (tmp_path / "probes").mkdir()
    port, web = free_port(), free_port()
    endpoints: dict[str, dict[str, object]] = {
        "quiet": {"provider": "scripted", "model": "p", "parameters": {"world": "still"}, "reference": "trial",
                  "budget": {"asks_per_day": 100_000}},
        "gone": {"provider": "openai", "model": "m", "base_url": "http://127.0.0.1:9/v1", "metadata": False},
    }  # fmt: skip
    asked = {"owner": "us", "schedule": {"every": "3s"}, "probes": [{"id": "a", "prompt": "Pick a colour."}]}
    (tmp_path / "prometheus.yml").write_text(
        json.dumps({
            "global": {"scrape_interval": "3s", "scrape_timeout": "3s", "evaluation_interval": "3s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "prober", "static_configs": [{"targets": [f"127.0.0.1:{port}"]}]}],
        })
    )  # fmt: skip

    def values(expression: str) -> dict[str, float]:
        """Endpoint, or nothing → value."""
        query = urllib.parse.urlencode({"query": expression})
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{web}/api/v1/query?{query}") as answer:
            found = json.load(answer)["data"]["result"]
            return {one["metric"].get("endpoint", ""): float(one["value"][1]) for one in found}
        return {}

    rules = {
        rule["alert"]: rule["expr"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]
    }
    sides = {side for one in rules.values() for side in re.split(r" (?:==|<|>|and) ", one) if not side[0].isdigit()}
    sides |= {one.removeprefix("0.1 * ") for one in re.findall(r"0\.1 \* \w+", " ".join(rules.values()))}
    wanted = [*expressions(), *sides]
    with WireServer() as server:
        renamed_after(8, server)
        endpoints["renamed"] = {"provider": "openai", "model": "m-1", "base_url": server.url, "metadata": False}
        (tmp_path / "probes" / "endpoints.yaml").write_text(json.dumps({"endpoints": endpoints}))
        (tmp_path / "probes" / "set.yaml").write_text(json.dumps({**asked, "endpoints": [*endpoints]}))
        daemon = start(tmp_path, "run", "probes", "--listen", f"127.0.0.1:{port}")
        scraper = subprocess.Popen(
            [tool, f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{web}"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_until(lambda: all(any(map(isfinite, values(one).values())) for one in wanted), 120)
            wait_until(lambda: values(rules["ProberEndpointChanged"]).get("renamed") == 1, 120)
            assert values(rules["ProberEndpointUnreachable"]) == {"gone": 1.0}
            assert values("count(prober_endpoint_state)") == {"": 3.0}
            assert values('prober_evidence_ratio{endpoint="quiet"}')["quiet"] < 1
            assert 0.99 < values("prober_budget_left / prober_budget_limit")[""] < 1
        finally:
            for one in (daemon, scraper):
                one.terminate()
                one.wait(60)
            daemon.communicate()
