"""A real Chromium on a store of hostile replies, an empty one and one before the first round: no error in the console,
nothing cut off."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dashboard.app import PAGES
from prober.store import Store, declared, incidents
from tests.dashboard import seeded
from tests.dashboard.lived import STRANGE, live
from tests.dashboard.test_dashboard_browser import CUT_OFF, chromium, served, tab  # noqa: F401  fixtures

pytestmark = pytest.mark.browser


def _hostile(url: str) -> None:
    live(url, datetime.now(UTC), STRANGE, days=8)


def _empty(url: str) -> None:
    Store.open(url).close()


def _not_asked(url: str) -> None:
    with Store.open(url) as store:
        store.change(declared.remember, [seeded.SET], [seeded.BOT, seeded.STILL, seeded.NEW], datetime.now(UTC))


@pytest.mark.parametrize("fill", [_hostile, _empty, _not_asked])
def test_every_page_is_drawn_without_an_error(fill, tab, tmp_path):  # noqa: F811
    """The console is looked at by `tab`."""
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    fill(url)
    with Store.open(url, read_only=True) as store:
        opened = store.query(incidents.recent)
    paths = {name: "" if name == "overview" else name for name in PAGES}
    paths |= {f"incident {one.id}": f"incident?incident={one.id}" for one in opened}
    assert (len(opened) > 1) == (fill is _hostile)
    page, wrong = tab(390, "dark"), []
    with served(url, tmp_path) as address:
        for name, path in paths.items():
            page.goto(f"{address}{path}")
            page.get_by_text("As of").last.wait_for()
            page.wait_for_timeout(700)  # charts and tables are drawn after the text
            assert page.get_by_test_id("stException").count() == 0, name
            wide, cut = page.evaluate("document.documentElement.scrollWidth"), page.evaluate(CUT_OFF)
            wrong += [f"{name}: {wide} wide, beyond the edge: {cut}"] if wide > 390 or cut else []
        page.goto("about:blank")
    assert not wrong, "\n".join(wrong)
