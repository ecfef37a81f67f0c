"""Pictures of every page, for a person to look at, and those in the documentation.

`python -m tests.dashboard.look FOLDER DATABASE_URL [WIDTH-SCHEME …]` draws every page of one database;
`python -m tests.dashboard.look docs/images` draws the two pictures of the documentation, from `seeded.seed`.
It needs Chromium (`CHROMIUM` names another than /usr/bin/chromium).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from dashboard import serve_command
from dashboard.app import PAGES
from prober.lab.demo.server import free_port
from prober.store import Store, daemons, incidents
from prober.store.pages import overview
from tests.dashboard import seeded

LOOKS: Final = ("1440-light", "1280-dark", "390-light")


@contextmanager
def served(url: str) -> Iterator[str]:
    """The address of a dashboard over a database, with every action allowed to who looks."""
    port = free_port()
    environment = os.environ | {
        "PROBER_DATABASE_URL": url,
        "PROBER_DASHBOARD_ACTIONS": "true",
        "PROBER_DASHBOARD_USER_HEADER": "User-Agent",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    process = subprocess.Popen(serve_command(port), env=environment)
    try:
        yield f"http://127.0.0.1:{port}/"
    finally:
        process.terminate()
        process.wait(timeout=30)


def shoot(tab: Any, address: str, file: Path, *, width: int, height: int = 0) -> None:
    """One page, whole, or as high as `height`."""
    for _ in range(100):
        try:
            tab.goto(address)
            break
        except Exception:  # not up yet
            tab.wait_for_timeout(300)
    tab.get_by_text("As of").last.wait_for(timeout=120_000)
    tab.wait_for_timeout(1_500)  # charts and tables are drawn after the text
    full = tab.evaluate("document.querySelector('[data-testid=stMain]').scrollHeight")
    tab.set_viewport_size({"width": width, "height": height or min(max(full, 700), 7_000)})
    tab.wait_for_timeout(900)
    tab.screenshot(path=file)
    tab.set_viewport_size({"width": width, "height": 900})


def _report(said: Any) -> None:
    """An error of ours: at the address of a page Streamlit looks for its server there first, then one step up."""
    if said.type == "error" and "/_stcore/" not in said.location.get("url", ""):
        print("console:", said.text)


def look(folder: Path, url: str, looks: Sequence[str], only: Sequence[str] = ()) -> None:
    """Every page, and every incident that is open and one that is closed."""
    from playwright.sync_api import sync_playwright

    folder.mkdir(parents=True, exist_ok=True)
    with Store.open(url, read_only=True) as store:
        every = store.query(incidents.recent)
        first = store.query(overview.endpoints)
    worst = every[0].endpoint if every else first[0].name if first else ""
    pages = {name: f"{'' if name == 'overview' else name}" for name in PAGES}
    pages |= {name: f"{name}?endpoint={worst}" for name in ("endpoint", "probe", "triage", "replies") if worst}
    seen = [*(one for one in every if one.is_live), *[one for one in every if one.state == "closed"][:2]]
    pages |= {f"incident-{one.id}-{one.kind}": f"incident?incident={one.id}" for one in seen}
    with served(url) as address, sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        for one in looks:
            width, scheme = one.split("-")
            tab = browser.new_page(
                viewport={"width": int(width), "height": 900}, color_scheme=scheme, user_agent="ada@example.org",
                timezone_id="Europe/Berlin",
            )  # fmt: skip
            tab.on("console", _report)
            tab.on("pageerror", lambda error: print("error:", error))
            for name, path in pages.items():
                if not only or any(word in name for word in only):
                    shoot(tab, address + path, folder / f"{name}-{one}.png", width=int(width))
                    wide = tab.evaluate("document.documentElement.scrollWidth")
                    if wide > int(width):
                        print(f"{name}-{one} hangs over the edge: {wide}")
            tab.close()


def document(folder: Path) -> None:
    """The pictures in the README and in docs/operating/dashboard.md."""
    from playwright.sync_api import sync_playwright

    with TemporaryDirectory() as home:
        url = f"sqlite:///{home}/prober.db"
        incident = seeded.seed(url, datetime.now(UTC))
        with Store.open(url) as store:
            store.change(
                daemons.see, "host-1", [seeded.BOT.name, seeded.STILL.name, seeded.NEW.name], datetime.now(UTC)
            )
        with served(url) as address, sync_playwright() as playwright:
            chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
            tab = browser.new_page(viewport={"width": 1200, "height": 900}, user_agent="ada@example.org")
            shoot(tab, address, folder / "dashboard.png", width=1200, height=760)
            shoot(tab, f"{address}?incident={incident.id}", folder / "dashboard-incident.png", width=1200, height=1500)


if __name__ == "__main__":
    if len(sys.argv) == 2:
        document(Path(sys.argv[1]))
        sys.exit()
    looks = [word for word in sys.argv[3:] if word[0].isdigit()]
    look(Path(sys.argv[1]), sys.argv[2], looks or LOOKS, [word for word in sys.argv[3:] if word not in looks])
