"""Addresses of pages: links to them, and boxes whose choice stands in the address, so that a view can be sent on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import streamlit as st
from streamlit.navigation.page import Page

from dashboard.formatting import inline, one_line
from prober.store.pages.page_views import By
from prober.store.views import EndpointView

HOME: Final = "overview"
"""The page at the bare address."""
RANGES: Final[Mapping[str, timedelta | None]] = {
    "1 day": timedelta(days=1),
    "7 days": timedelta(days=7),
    "30 days": timedelta(days=30),
    "90 days": timedelta(days=90),
    "1 year": timedelta(days=365),
    "all": None,
}
DAYS: Final[Mapping[str, int]] = {"7 days": 7, "30 days": 30, "90 days": 90, "1 year": 365}


def link(label: str, page: str, icon: str | None = None, **query: str) -> None:
    """A real link to a page, which can be opened in a new tab."""
    st.page_link(_page(page), label=label, icon=icon, query_params=query)


def go(page: str, **query: str) -> None:
    """Switch to a page at once."""
    st.switch_page(_page(page), query_params=query)


def _page(name: str) -> Page:
    # Streamlit knows a page by its address alone; title and content are declared in `app.py`.
    return st.Page(_nothing, title=name, url_path=name, default=name == HOME)


def _nothing() -> None: ...


def choose_range(now: datetime) -> datetime | None:
    """Start of the time range; None for everything. A whole hour, so that cached answers serve the next drawing too."""
    back = RANGES[choose_from("Time range", "range", list(RANGES), "There is no range {}.", usual="30 days")]
    return None if back is None else (now - back).replace(minute=0, second=0, microsecond=0)


def choose_days() -> int:
    """How many days, today included."""
    return DAYS[choose_from("Time range", "range", list(DAYS), "There is no range {}.", usual="30 days")]


def choose_endpoint(endpoints: Sequence[EndpointView], forgets: Sequence[str]) -> str:
    """Name of an endpoint; by default the one with the most evidence. `endpoints` may not be empty."""
    strongest = max(endpoints, key=lambda one: one.e_value).name
    names = [one.name for one in endpoints]
    return choose_from("Endpoint", "endpoint", names, "There is no endpoint {} here.", usual=strongest, forgets=forgets)


def choose_by(options: Sequence[By]) -> By:
    """What totals are grouped by."""
    names = {one.replace("_", " "): one for one in options}
    return names[choose_from("Group by", "by", list(names), "Totals cannot be grouped by {}.")]


def choose_from(
    label: str,
    parameter: str,
    options: Sequence[str],
    unknown: str,
    *,
    usual: str | None = None,
    forgets: Sequence[str] = (),
) -> str:
    """A select box; gives what the address names, else `usual`, else the first. `options` may not be empty.

    If the address names none of them, `unknown` is shown with that name in it. A new choice removes the parameters
    `forgets` from the address.
    """
    wanted = st.query_params.get(parameter)
    if wanted is not None and wanted not in options:
        st.warning(f"{unknown.format(inline(wanted, 60))} Choose one from the list.")
        wanted = None
    value = wanted or usual or options[0]
    key = f"choose-{parameter}"
    st.session_state[key] = value

    def changed() -> None:
        kept = {name: text for name, text in st.query_params.to_dict().items() if name not in forgets}
        st.query_params.from_dict(kept | {parameter: st.session_state[key]})

    st.selectbox(label, options, key=key, format_func=one_line, on_change=changed)
    return value
