"""A page drawn in memory, from canned answers."""

from __future__ import annotations

from datetime import datetime, tzinfo

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from dashboard import APP, cached_store, frame
from dashboard.app import PAGES
from tests.dashboard.canned import NOW, CannedStore


class Then(datetime):
    """A clock that stands still where the store in memory was made."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> datetime:
        return NOW.astimezone(tz)


class Page:
    """Draws the dashboard with `query` in the address bar."""

    _components = None
    """What AppTest finds out about installed packages, half a second a page; the same for all."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch

    def __call__(self, store, page: str = "", **query: str) -> AppTest:
        def opened(url: str, *, read_only: bool = False):
            assert read_only, "the dashboard may never write"
            if isinstance(store, Exception):
                raise store
            return store

        cached_store.forget()
        self._monkeypatch.setattr(cached_store.Store, "open", staticmethod(opened))
        self._monkeypatch.setattr(frame, "datetime", Then if isinstance(store, CannedStore) else datetime)
        at = opened_at(page, **query)
        at._bidi_component_manager = Page._components
        at.run()
        Page._components = at._bidi_component_manager
        assert not at.exception, at.exception
        return at


def opened_at(page: str = "", **query: str) -> AppTest:
    """The dashboard at an address, not drawn yet."""
    at = AppTest.from_file(str(APP), default_timeout=60)
    at._page_hash = calc_hash(page) if page else ""
    for name, value in query.items():
        at.query_params[name] = value
    return at


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Page:
    return Page(monkeypatch)


def texts(at: AppTest) -> str:
    """Every text on the page but the insides of tables and charts, with every space a plain one."""
    kinds = (at.markdown, at.caption, at.error, at.warning, at.info, at.success, at.text, at.code, at.button, at.title)
    said = [str(getattr(one, "label", "") or one.value) for kind in kinds for one in kind]
    return "\n".join([*said, *(f"{one.label}: {one.value}" for one in at.metric)]).replace("\u00a0", " ")


def replies(at: AppTest) -> list[str]:
    """What is shown of replies side by side, as HTML."""
    return [one.proto.body for one in at.get("html") if "reply" in one.proto.body and "<style>" not in one.proto.body]


def address(at: AppTest) -> dict[str, str]:
    """What stands behind the `?` of the address bar."""
    return {name: value[0] if isinstance(value, list) else value for name, value in at.query_params.items()}


def links(at: AppTest) -> list[tuple[str, str, str]]:
    """(label, page, what stands behind the `?`) of every link to a page, but for the menu."""
    return _links(at)[len(PAGES) :]


def menu(at: AppTest) -> list[tuple[str, str, str]]:
    """The same of the links of the menu."""
    return _links(at)[: len(PAGES)]


def _links(at: AppTest) -> list[tuple[str, str, str]]:
    return [(one.proto.label, one.proto.page, one.proto.query_string) for one in at.get("page_link")]
