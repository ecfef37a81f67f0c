"""The gate where pipelines call it: the GitHub action, the GitLab job and the pytest plugin, as they are written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import yaml

from tests.cli.test_gate import two

__all__ = ["two"]

PROJECT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


def shell(command: str, home: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of a pipeline with `prober` on the path."""
    environment = {
        **os.environ, **variables,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "PYTHONPATH": str(PROJECT),
    }  # fmt: skip
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        check=False,
        cwd=home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize(("candidate", "code"), [("", 0), ("refusing", 1)])
def test_the_github_action(two: Path, candidate: str, code: int) -> None:
    action = yaml.safe_load((PROJECT / ".github/actions/gate/action.yml").read_text())
    (gate,) = [step for step in action["runs"]["steps"] if step.get("name") == "Gate"]
    inputs = {name: one.get("default", "") for name, one in action["inputs"].items()}
    inputs |= {"reference": "pinned", "candidate": candidate, "options": "--budget 300"}
    variables = {
        name: re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda one: inputs[one[1]], value)
        for name, value in gate["env"].items()
    }
    done = shell(gate["run"], two, GITHUB_STEP_SUMMARY=str(two / "summary.md"), **variables)
    assert done.returncode == code, done.stderr
    assert (two / "summary.md").read_text().startswith("### REFUSE" if code else "### PASS")
    assert (two / "gate.xml").exists()


def test_the_gitlab_job(two: Path) -> None:
    page = (PROJECT / "docs/operating/gate.md").read_text()
    (block,) = re.findall(r"```yaml\n# \.gitlab-ci\.yml\n(.*?)```", page, re.DOTALL)
    *_, line = yaml.safe_load(block)["gate"]["script"]
    assert shell(line.replace("--candidate next", "--candidate refusing"), two).returncode == 1
    assert (two / "gate.md").exists()


def test_the_pytest_plugin(two: Path) -> None:
    (two / "test_models.py").write_text(
        "def test_same(canary):\n    canary.assert_not_worse(reference='pinned', budget=300)\n"
        "def test_worse(canary):\n    canary.assert_not_worse(reference='pinned', candidate='refusing', budget=300)\n"
    )
    is_installed = any(one.name == "canary" for one in entry_points(group="pytest11"))
    plugin = "" if is_installed else "-p prober.lab.gate.pytest_plugin"
    done = shell(f"python -m pytest -q -p no:cacheprovider {plugin} test_models.py", two)
    assert "1 failed, 1 passed" in done.stdout, done.stdout
    assert "REFUSE: the candidate is worse" in done.stdout
