"""axe-core, in a real Chromium, finds no serious fault on any page."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from dashboard.app import PAGES
from tests.dashboard.test_dashboard_browser import chromium, dashboard, tab  # noqa: F401  fixtures

pytestmark = pytest.mark.browser

AXE = "axe-core@4.14.1"
ASK = """() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | ')}`))"""


@pytest.fixture(scope="module")
def axe(tmp_path_factory) -> str:
    """The script."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed: axe-core cannot be fetched")
    folder = tmp_path_factory.mktemp("axe")
    got = subprocess.run(
        [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", AXE],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    if got.returncode:
        pytest.skip(f"npm cannot fetch {AXE}: {got.stderr.strip()[-200:]}")
    return (Path(folder) / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def test_no_page_has_a_serious_fault(dashboard, tab, axe):  # noqa: F811
    page = tab()
    wrong = []
    for name in PAGES:
        page.goto(f"{dashboard.address}{'' if name == 'overview' else name}")
        page.get_by_text("As of").last.wait_for()
        page.wait_for_timeout(700)  # charts and tables are drawn after the text
        page.evaluate(axe)
        wrong += [f"{name}: {fault}" for fault in page.evaluate(ASK)]
    assert not wrong, "\n".join(wrong)
