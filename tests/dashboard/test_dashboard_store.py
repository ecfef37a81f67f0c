"""The page over a database that the real store wrote."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import APP, cached_store
from prober.model.errors import StoreError
from tests.dashboard import seeded
from tests.dashboard.conftest import replies, texts

pytestmark = pytest.mark.slow


@pytest.fixture
def url(tmp_path, monkeypatch):
    cached_store.forget()
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    monkeypatch.setenv("PROBER_DATABASE_URL", url)
    yield url
    cached_store.forget()


def draw(**query: str) -> AppTest:
    at = AppTest.from_file(str(APP), default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception, at.exception
    return at


def test_from_no_database_to_an_accepted_change(url, tmp_path):
    at = draw()
    assert "prober run" in texts(at)
    assert list(tmp_path.iterdir()) == [], "a reader makes no database"

    now = datetime.now(UTC)
    incident = seeded.seed(url, now)
    at.run()
    assert "**support-bot** is different from what you pinned: 137\N{NO-BREAK SPACE}% longer" in at.error[0].value
    shown = texts(at)
    assert all(state in shown for state in ("changed", "gathering", "quiet")) and shown.count("support team") >= 3

    at = draw(incident=str(incident.id))
    before, since = (unescape(re.sub("<[^>]*>", "", one)) for one in replies(at)[:2])
    assert seeded.BEFORE in before
    assert seeded.AFTER.replace("\x00", "\\x00") in since
    assert at.dataframe[-1].value["state"].tolist() == ["owed"]
    assert len(at.get("vega_lite_chart")) == 2
    assert "0.10 s before the change, 0.10 s since" in texts(at)

    seeded.accept_it(url, incident, now)
    at.run()
    assert "Closed" in texts(at)
    assert "by ada: accepted." in texts(at)
    assert at.text[0].value == "we asked for it"
    assert not at.error


def test_a_file_that_is_no_database_is_an_explanation(url, tmp_path):
    (tmp_path / "prober.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(StoreError):
        cached_store.read()
    assert "prober.db" in texts(draw())
