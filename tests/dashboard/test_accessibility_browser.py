"""axe-core, in a real Chromium, finds no serious fault on any page."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from dashboard.app import PAGES
from tests.dashboard.populated import populate
from tests.dashboard.test_dashboard_browser import chromium, served, tab  # noqa: F401  fixtures

pytestmark = pytest.mark.browser

AXE = "axe-core@4.14.1"
ASK = """() => axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
    .filter(one => ['serious', 'critical'].includes(one.impact))
    .map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.html.slice(0, 200)).join(' | ')}`))"""

LEVELS = "() => [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')].map(one => Number(one.tagName[1]))"


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


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """Of a dashboard on which no page is empty."""
    directory = tmp_path_factory.mktemp("populated")
    url = f"sqlite:///{directory / 'prober.db'}"
    populate(url, datetime.now(UTC), count=2, sets=2, days=9, samples_each=2)
    with served(url, directory) as found:
        yield found


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_has_a_serious_fault(address, tab, axe, width, scheme):  # noqa: F811
    page = tab(width, scheme)
    wrong = []
    paths = {name: "" if name == "overview" else name for name in PAGES} | {"one incident": "incident?incident=1"}
    for name, path in paths.items():
        page.goto(f"{address}{path}")
        page.get_by_text("As of").last.wait_for()
        page.wait_for_timeout(700)  # charts and tables are drawn after the text
        page.evaluate(axe)
        wrong += [f"{name}: {fault}" for fault in page.evaluate(ASK)]
        levels = [0, *page.evaluate(LEVELS)]  # what is folded counts too
        if any(below > above + 1 for above, below in pairwise(levels)):
            wrong.append(f"{name}: headings skip a level: {levels}")
    assert not wrong, "\n".join(wrong)
