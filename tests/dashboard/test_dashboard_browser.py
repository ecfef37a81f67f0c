"""A real Chromium follows a link from a message to the evidence."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

import pytest
import seeded

from dashboard import launch

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SHOTS = ROOT / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
WAIT_MS = 30_000


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    """(address, incident) of a dashboard that runs as `prober dashboard` would run it."""
    directory = tmp_path_factory.mktemp("dashboard")
    url = f"sqlite:///{directory / 'prober.db'}"
    incident = seeded.seed(url, datetime.now(UTC))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "PROBER_DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            launch.command(port), env=environment, cwd=directory, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}/", incident
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert "Traceback" not in (directory / "log").read_text()


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "the dashboard ended before it answered"
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the dashboard did not answer within a minute")


@pytest.fixture(scope="module")
def chromium():
    from playwright.sync_api import sync_playwright

    assert Path(CHROMIUM).exists(), f"no Chromium at {CHROMIUM}; name one in CHROMIUM"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def tab(chromium):
    """Opens a tab; in the end nothing has gone wrong in any, and none has spoken to another machine."""
    wrong: list[str] = []
    contexts = []

    def opened(width: int = 1280, scheme: str = "light"):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        made = context.new_page()
        made.set_default_timeout(WAIT_MS)
        made.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.on("dialog", lambda dialog: wrong.append(dialog.message))
        made.on("request", lambda asked: wrong.append(asked.url) if _elsewhere(asked.url) else None)
        return made

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def _elsewhere(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_a_link_to_an_incident_shows_the_replies_side_by_side(dashboard, tab, width, scheme):
    address, incident = dashboard
    page = tab(width, scheme)
    page.goto(f"{address}?incident={incident.id}")
    page.get_by_text("support-bot is different from what you pinned").wait_for()
    reference = page.get_by_text(seeded.BEFORE).first
    recent = page.get_by_text("<b>Unfortunately</b> we accept returns").first  # the tags are read, not obeyed
    recent.wait_for()
    page.locator("svg.marks").last.wait_for()
    assert page.locator("svg.marks").count() == 2
    left, right = reference.bounding_box(), recent.bounding_box()
    assert (right["x"] > left["x"]) if width > 640 else (right["y"] > left["y"])
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing hangs over the edge"
    _shoot(page, f"incident-{width}-{scheme}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_one_glance_and_one_click_to_the_evidence(dashboard, tab, width, scheme):
    address, incident = dashboard
    page = tab(width, scheme)
    page.goto(address)
    page.get_by_text("support-bot is different from what you pinned").wait_for()
    page.locator("svg.marks").last.wait_for()
    _shoot(page, f"overview-{width}-{scheme}")
    page.get_by_role("button", name="See the evidence").click()
    page.get_by_text("<b>Unfortunately</b>").first.wait_for()
    assert page.url.endswith(f"?incident={incident.id}")
    page.go_back()
    page.get_by_text("Endpoints now").wait_for()


def test_a_cell_of_the_table_leads_to_its_history(dashboard, tab):
    page = tab()
    page.goto(dashboard[0])
    page.locator("svg.marks").last.wait_for()
    table = page.get_by_test_id("stDataFrame").first.bounding_box()
    page.mouse.click(table["x"] + 60, table["y"] + 35 * 3 + 17)  # the third endpoint
    page.wait_for_url("**/?endpoint=search-ranker")
    page.get_by_text("length (ratio to reference): as before").wait_for()


def test_unknown_incidents_and_endpoints_are_told_kindly(dashboard, tab):
    page = tab()
    page.goto(f"{dashboard[0]}?incident=4711")
    page.get_by_text("There is no incident 4711 here").wait_for()
    page.goto(f"{dashboard[0]}?endpoint=nobody")
    page.get_by_text("There is no endpoint nobody here").wait_for()


def _shoot(page, name: str) -> None:
    """The whole page, for a person to look at."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_timeout(500)  # charts grow to their width
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": page.viewport_size["width"], "height": min(height, 6_000)})
    page.wait_for_timeout(500)
    page.screenshot(path=SHOTS / f"{name}.png")
