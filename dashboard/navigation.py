"""The pages by name, and the ways between them. An address holds all that a page shows, so it can be sent on."""

from __future__ import annotations

from typing import Final

import streamlit as st
from streamlit.navigation.page import Page

HOME: Final = "overview"
PLACES: Final = {
    HOME: "Overview",
    "incident": "Incidents",
    "endpoint": "Endpoint history",
    "probe": "Probes",
    "quality": "Quality",
    "cost": "Cost",
    "reliability": "Reliability",
    "promise": "The promise",
}
"""Name in the address → title, in the order of the menu."""


def link(label: str, place: str, icon: str | None = None, **query: str) -> None:
    """A link to a page; a real one, that opens in a tab of its own where that is wanted."""
    st.page_link(_page(place), label=label, icon=icon, query_params=query)


def go(place: str, **query: str) -> None:
    """Leaves for a page at once."""
    st.switch_page(_page(place), query_params=query)


def _page(place: str) -> Page:
    # Streamlit knows a page by its address: what it draws is declared in `app.py`.
    return st.Page(_nothing, title=PLACES[place], url_path=place, default=place == HOME)


def _nothing() -> None: ...
