"""A real Chromium follows a link from a message to the evidence."""

from __future__ import annotations

import os
import re
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from dashboard import serve_command
from dashboard.app import IN_ROW, ONLY_WITH_DATA, PAGES
from prober.model.incident import Incident
from prober.store import Store, incidents
from tests.dashboard import seeded
from tests.processes import free_port

pytestmark = pytest.mark.browser

ROOT = Path(__file__).parents[2]
SAID = {
    "overview": "newest round",
    "incident": "Closed",
    "endpoint": "Model that answered",
    "probe": "Most common answers",
    "quality": "Total of 30 days",
    "cost": "The month before",
    "replies": "searched",
    "reliability": "Rounds and asks",
    "promise": "Each endpoint has one setting",
}
"""Page → a word that only it has."""
SHOTS = ROOT / "build" / "screenshots"
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]  # fmt: skip
WAIT_MS = 120_000


class Running(NamedTuple):
    """A dashboard that runs as `prober dashboard` would run it."""

    address: str
    incident: Incident
    url: str
    """Of its database."""


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    directory = tmp_path_factory.mktemp("dashboard")
    url = f"sqlite:///{directory / 'prober.db'}"
    incident = seeded.seed(url, datetime.now(UTC))
    with served(url, directory) as address:
        yield Running(address, incident, url)


@contextmanager
def served(url: str, directory: Path) -> Iterator[str]:
    """The address of a dashboard over a database; its log stands in `directory`."""
    port = free_port()
    environment = {
        **os.environ,
        "PROBER_DATABASE_URL": url,
        "PROBER_DASHBOARD_ACTIONS": "true",
        # A browser can be made to send it with every request, as a proxy would send its own.
        "PROBER_DASHBOARD_USER_HEADER": "User-Agent",
        "PROBER_DASHBOARD_ALLOWED": "ada@example.org",
        "PYTHONPATH": str(ROOT),
    }
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(
            serve_command(port), env=environment, cwd=directory, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
            yield f"http://127.0.0.1:{port}/"
        finally:
            process.terminate()
            process.wait(timeout=30)
    assert "Traceback" not in (directory / "log").read_text()


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(3_000):
        assert process.poll() is None, "the dashboard ended before it answered"
        try:
            with urllib.request.urlopen(address, timeout=1):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the dashboard did not answer within five minutes")


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

    def opened(width: int = 1280, scheme: str = "light", zone: str = "UTC", user: str | None = None):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, timezone_id=zone, user_agent=user
        )
        contexts.append(context)
        made = context.new_page()
        made.set_default_timeout(WAIT_MS)
        made.on("console", lambda said: wrong.append(said.text) if _is_wrong(said) else None)
        made.on("pageerror", lambda error: wrong.append(str(error)))
        made.on("dialog", lambda dialog: wrong.append(dialog.message))
        made.on("request", lambda asked: wrong.append(asked.url) if _elsewhere(asked.url) else None)
        return made

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def _is_wrong(said) -> bool:
    # At the address of a page Streamlit looks for its server there first, then one step up.
    return said.type == "error" and "/_stcore/" not in said.location.get("url", "")


def _elsewhere(url: str) -> bool:
    return not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))


ARRANGEMENTS = [(1280, "light"), (390, "dark")]
"""(width, scheme): each width is laid out by itself, each scheme coloured by itself."""


def _visit(page, title: str) -> None:
    """To another page, by the menu."""
    if title in [shown for shown, _ in list(PAGES.values())[IN_ROW:]]:
        page.get_by_role("button", name="More").click()
    page.get_by_role("link", name=title, exact=True).click()


@pytest.mark.parametrize(("width", "scheme"), ARRANGEMENTS)
def test_a_link_to_an_incident_shows_the_replies_side_by_side(dashboard, tab, width, scheme):
    address, incident, _ = dashboard
    page = tab(width, scheme)
    page.goto(f"{address}?incident={incident.id}")
    page.get_by_role("heading", name=re.compile(r"support-bot: \d+\s% longer")).wait_for()
    reference, recent = (page.locator("div.reply").nth(n) for n in (0, 1))
    recent.filter(has_text="<b>Unfortunately</b> we accept returns").wait_for()  # the tags are read, not obeyed
    page.locator("svg.marks").last.wait_for()
    assert page.locator("svg.marks").count() == 2
    left, right = reference.bounding_box(), recent.bounding_box()
    assert (right["x"] > left["x"]) if width > 640 else (right["y"] > left["y"])
    _shoot(page, f"incident-{width}-{scheme}")


@pytest.mark.parametrize(("width", "scheme"), ARRANGEMENTS)
def test_every_page_is_reached_by_the_menu_and_nothing_hangs_over_the_edge(dashboard, tab, width, scheme):
    page = tab(width, scheme)
    page.goto(dashboard[0])
    page.get_by_text("is different from what you pinned").wait_for()
    page.locator("[class*=st-key-strip-of] p").first.wait_for()
    strip = "document.querySelector('[class*=st-key-strip-of] p')"
    for at_width in (width, 900):
        page.set_viewport_size({"width": at_width, "height": 900})
        page.wait_for_function(f"{strip}.offsetHeight < 40")  # its days stand in one line
    page.set_viewport_size({"width": width, "height": 900})
    for name, (title, _) in PAGES.items():
        if name in ONLY_WITH_DATA:  # the test of accessibility visits these
            continue
        _visit(page, title)
        page.get_by_test_id("stMain").get_by_text(SAID[name]).first.wait_for()
        page.get_by_text("As of").wait_for()
        assert page.locator("h1").all_inner_texts() == [title], "one heading, and the tab says it too"
        assert name == "overview" or page.title() == f"{title} · canary prober"
        _shoot(page, f"{name}-{width}-{scheme}" if name != "incident" else f"incidents-{width}-{scheme}")
    assert page.url == f"{dashboard[0]}promise"


WIDTHS = (1440, 1280, 390)
CUT_OFF = """() => [...document.querySelectorAll('[data-testid=stMain] :is(button, input, a, h1, [role=radio])')]
    .filter(one => one.offsetParent && !one.closest('[data-testid=stElementToolbar]'))
    .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
    .map(one => one.innerText || one.ariaLabel || one.tagName)"""
"""What a reader cannot see or press: it ends beyond the right edge. The tools of a table show only where it is pointed at,
and stand where the table ended before it took its width."""


def test_every_page_fits_every_width(dashboard, tab):
    """One visit a page; the console and what it asks for is looked at by `tab`."""
    page = tab(WIDTHS[0])
    wrong = []
    addresses = {name: "" if name == "overview" else name for name in PAGES}
    for name, path in (addresses | {"one incident": f"incident?incident={dashboard.incident.id}"}).items():
        page.goto(f"{dashboard.address}{path}")
        page.get_by_text("As of").last.wait_for()
        title = PAGES[name][0] if name in PAGES else f"Incident {dashboard.incident.id}: support-bot"
        if name != "overview":
            page.wait_for_function(f"document.title === {title + ' · canary prober'!r}")
        heading = page.locator("h1")
        assert heading.count() == 1 and (name not in PAGES or heading.inner_text() == title)
        assert page.get_by_test_id("stException").count() == 0
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            for _ in range(25):  # tables and charts take their width some time later, the longer the busier the machine
                page.wait_for_timeout(400)
                whole, cut = page.evaluate("document.documentElement.scrollWidth"), page.evaluate(CUT_OFF)
                if whole <= width and not cut:
                    break
            wrong += [f"{name} at {width}: {whole} wide, beyond the edge: {cut}"] if whole > width or cut else []
    assert not wrong, "\n".join(wrong)


def test_from_a_glance_to_the_evidence_and_back(dashboard, tab):
    address, incident, _ = dashboard
    page = tab()
    page.goto(address)
    page.get_by_role("link", name="support-bot").click()
    page.get_by_text("<b>Unfortunately</b>").first.wait_for()
    assert page.url == f"{address}incident?endpoint=support-bot&incident={incident.id}"
    page.go_back()
    page.get_by_text("newest round").first.wait_for()


def test_a_row_of_the_table_leads_to_its_history_and_the_time_range_moves(dashboard, tab):
    page = tab()
    page.goto(f"{dashboard[0]}?view=table")
    table = page.get_by_test_id("stDataFrame").first
    table.locator("canvas").first.wait_for()
    box = table.bounding_box()
    page.mouse.click(box["x"] + 15, box["y"] + 35 * 3 + 17)  # the third endpoint
    page.wait_for_url("**/endpoint?view=table&endpoint=search-ranker")
    page.go_back()
    page.get_by_role("heading", name="Overview").wait_for()
    page.get_by_test_id("stDataFrame").first.wait_for()  # the table, and not the list
    page.go_forward()
    page.get_by_text("As before. Newest round").wait_for()
    dots = page.locator("svg.marks").nth(1).locator("path[aria-roledescription=point]")
    dots.first.wait_for()
    assert dots.count() == 16
    page.get_by_role("radio", name="1 day").click()
    page.wait_for_url("**range=1+day*")
    page.wait_for_function(
        "document.querySelectorAll('svg.marks')[1].querySelectorAll('[aria-roledescription=point]').length < 16"
    )
    assert 1 <= dots.count() <= 4


def test_what_is_seen_is_taken_away(dashboard, tab):
    page = tab()
    page.goto(f"{dashboard[0]}endpoint?endpoint=support-bot&channel=length")
    with page.expect_download() as rounds:
        page.get_by_role("button", name="These rounds as CSV").click()
    lines = Path(rounds.value.path()).read_text().splitlines()
    assert lines[0] == "round,set,channel,value,reference,unit,e_value,words"
    assert len(lines) == 1 + 16
    _visit(page, "Probes")
    with page.expect_download() as log:
        page.get_by_role("button", name="All its replies as a reply log").click()
    assert len(Path(log.value.path()).read_text().splitlines()) == 16


def test_no_table_offers_a_download_that_a_spreadsheet_would_run(dashboard, tab):
    page = tab()
    page.goto(f"{dashboard[0]}replies")
    own = page.locator("[aria-label^='Download as CSV']")
    own.first.wait_for(state="attached")
    assert not [each for each in own.all() if each.is_visible()]
    assert page.locator("[aria-label^='Fullscreen']").first.is_visible()


def test_unknown_incidents_and_endpoints_are_reported_kindly(dashboard, tab):
    page = tab()
    page.goto(f"{dashboard[0]}?incident=4711")
    page.get_by_text("There is no incident 4711 here").wait_for()
    page.goto(f"{dashboard[0]}endpoint?endpoint=nobody")
    page.get_by_text("There is no endpoint nobody here").wait_for()


def test_times_are_those_of_the_viewer(dashboard, tab):
    page = tab(zone="Asia/Tokyo")
    page.goto(dashboard[0])
    page.get_by_text("Times are in Asia/Tokyo").wait_for()
    assert page.get_by_text("JST").count() >= 2


def test_whoever_is_signed_in_acknowledges(dashboard, tab):
    """Last of all: it changes what the others look at."""
    address, incident, _ = dashboard
    page = tab(user="ada@example.org")
    page.goto(f"{address}?incident={incident.id}")
    page.locator("svg.marks").last.wait_for()
    page.get_by_role("button", name="Acknowledge").click()
    page.get_by_text("You are signed in as").wait_for()
    page.get_by_label("Reason").fill("asked the provider")
    _shoot(page, "acting-1280-light")
    page.get_by_role("dialog").get_by_role("button", name="Acknowledge").click()
    page.get_by_text("is acknowledged by ada@example.org").wait_for()
    page.get_by_text("asked the provider").first.wait_for()
    with Store.open(dashboard.url, read_only=True) as store:
        (press,) = store.query(incidents.actions, incident.id)
    assert (press.action, press.actor, press.via) == ("acknowledge", "ada@example.org", "dashboard")


def _shoot(page, name: str) -> None:
    """The whole page, for a person to look at; nothing of it hangs over the edge."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    size = page.viewport_size
    page.wait_for_timeout(700)  # charts grow to their width
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], "nothing hangs over the edge"
    height = page.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(height, 6_000)})
    page.wait_for_timeout(500)
    page.screenshot(path=SHOTS / f"{name}.png")
    page.set_viewport_size(size)
