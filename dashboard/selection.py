"""What a viewer chose for all pages (endpoint, probe set, time range), and the links that keep it.

The address holds every choice, so that any view can be sent to others. A page draws the selectors that it obeys. Links
carry the shared choices along; what only one page knows, such as a channel, stays behind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.navigation.page import Page

from dashboard.formatting import inline, one_line
from prober.store.pages.days import By
from prober.store.views import EndpointView

HOME: Final = "overview"
"""The page at the bare address."""
SHARED: Final = ("endpoint", "set", "range")
"""Names in the address of what is chosen for all pages."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """How far back a page looks."""

    name: str
    """As the address has it."""
    days: int | None
    """Today included, where a page shows whole days; None for everything."""

    @property
    def words(self) -> str:
        return "all time" if self.days is None else self.name

    def since(self, now: datetime) -> datetime | None:
        """Where it begins; None for everything. A whole hour, so that cached answers serve the next drawing too."""
        if self.days is None:
            return None
        return (now - timedelta(days=self.days)).replace(minute=0, second=0, microsecond=0)

    def dates(self, now: datetime) -> tuple[date, date]:
        """First day and the day after the last, UTC."""
        until = now.astimezone(UTC).date() + timedelta(days=1)
        return date.min if self.days is None else until - timedelta(days=self.days), until


RANGES: Final = {
    one.name: one
    for one in (
        TimeRange("1 day", 1),
        TimeRange("7 days", 7),
        TimeRange("30 days", 30),
        TimeRange("90 days", 90),
        TimeRange("1 year", 365),
        TimeRange("all", None),
    )
}
_ALL: Final = ""
"""In a selector that need not choose: everything."""


def selected() -> dict[str, str]:
    """The shared part of the address."""
    return {name: st.query_params[name] for name in SHARED if name in st.query_params}


def link(label: str, page: str, icon: str | None = None, **query: str) -> None:
    """A real link to a page, which can be opened in a new tab. It keeps what is selected, unless `query` says else."""
    st.page_link(_page(page), label=label, icon=icon, query_params=_address(query))


def go(page: str, **query: str) -> None:
    """Switch to a page at once; keeps what is selected, unless `query` says else."""
    st.switch_page(_page(page), query_params=_address(query))


def _address(query: Mapping[str, str]) -> dict[str, str]:
    """What is selected, and `query`; lone halves of characters, which no address can hold, as `?`."""
    return {name: text.encode(errors="replace").decode() for name, text in (selected() | dict(query)).items()}


def table_key(name: str) -> str:
    """The key of a table whose rows are links. It changes after each choice, so that no row is chosen when a viewer
    comes back."""
    return f"{name}-{st.session_state.get('rows-chosen', 0)}"


def go_by_row(page: str, **query: str) -> None:
    """`go` to another page, because a row of a table was chosen.

    Streamlit changes the query before the page, each a step in the browser's history. So the query keeps what this page
    shows: the first step back is the same table, and not the page without its choices.
    """
    st.session_state["rows-chosen"] = st.session_state.get("rows-chosen", 0) + 1
    go(page, **(st.query_params.to_dict() | query))


def _page(name: str) -> Page:
    # Streamlit knows a page by its address alone; title and content are declared in `app.py`.
    return st.Page(_nothing, title=name, url_path=name, default=name == HOME)


def _nothing() -> None: ...


def selectors() -> DeltaGenerator:
    """Where selectors stand: in a row that wraps."""
    return st.container(horizontal=True, vertical_alignment="bottom")


def choose_endpoint(endpoints: Sequence[EndpointView], forgets: Sequence[str] = ()) -> str:
    """Name of one endpoint; by default the one with the most evidence. `endpoints` may not be empty."""
    strongest = max(endpoints, key=lambda one: one.e_value).name
    names = [one.name for one in endpoints]
    return choose_from("Endpoint", "endpoint", names, "There is no endpoint {} here.", usual=strongest, forgets=forgets)


def choose_endpoint_or_all(endpoints: Sequence[EndpointView], forgets: Sequence[str] = ()) -> str | None:
    """Name of one endpoint; None, the default, for all."""
    names = [_ALL, *(one.name for one in endpoints)]
    said = "There is no endpoint {} here."
    return choose_from("Endpoint", "endpoint", names, said, every="All endpoints", forgets=forgets) or None


def choose_set(sets: Sequence[str]) -> str | None:
    """Name of a probe set; None, the default, for all."""
    return choose_from("Probe set", "set", [_ALL, *sets], "There is no probe set {} here.", every="All sets") or None


def choose_range(usual: str = "30 days") -> TimeRange:
    """How far back to look."""
    wanted = _wanted("range", list(RANGES), "There is no range {}.") or usual

    def draw(key: str, changed: Callable[[], None]) -> None:
        st.segmented_control("Time range", list(RANGES), key=key, on_change=changed, required=True, wrap=True)

    return RANGES[_chosen("range", wanted, draw)]


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
    every: str = "",
    width: int = 260,
    shown: Callable[[str], str] = one_line,
) -> str:
    """A select box; gives what the address names, else `usual`, else the first. `options` may not be empty.

    If the address names none of them, `unknown` is shown with that name in it. A new choice removes the parameters
    `forgets` from the address. `every`: what an empty option is called. `shown`: how an option reads.
    """
    wanted = _wanted(parameter, options, unknown) or usual or options[0]

    def draw(key: str, changed: Callable[[], None]) -> None:
        st.selectbox(
            label, options, key=key, format_func=lambda one: shown(one) or every, on_change=changed, width=width
        )

    return _chosen(parameter, wanted, draw, forgets)


def choose_text(label: str, parameter: str, hint: str, forgets: Sequence[str] = ()) -> str:
    """A text that the viewer types, such as what to search for; empty where there is none."""

    def draw(key: str, changed: Callable[[], None]) -> None:
        st.text_input(label, key=key, placeholder=hint, on_change=changed, max_chars=100, width=260)

    return _chosen(parameter, st.query_params.get(parameter, ""), draw, forgets)


def choose_day(label: str, parameter: str) -> date | None:
    """A day that the viewer picks; None where there is none."""
    text = st.query_params.get(parameter, "")
    try:
        wanted = date.fromisoformat(text) if text else None
    except ValueError:
        st.warning(f"{inline(text, 60)} is no day; write one such as 2026-01-31.")
        wanted = None
    key = f"choose-{parameter}"
    st.session_state[key] = wanted

    def changed() -> None:
        new = st.session_state[key]
        set_query(**{parameter: new.isoformat() if new else ""}, before="")

    st.date_input(label, key=key, on_change=changed, width=150)
    return wanted


def set_query(**query: str) -> None:
    """Change these parameters of the address; empty ones are taken out."""
    kept = {name: text for name, text in st.query_params.to_dict().items() if name not in query}
    st.query_params.from_dict(kept | {name: text for name, text in query.items() if text})


def _wanted(parameter: str, options: Sequence[str], unknown: str) -> str | None:
    """What the address names, if that is an option."""
    wanted = st.query_params.get(parameter)
    if wanted is None or wanted in options:
        return wanted
    st.warning(f"{unknown.format(inline(wanted, 60))} Choose one from the list.")
    return None


def _chosen(
    parameter: str, value: str, draw: Callable[[str, Callable[[], None]], None], forgets: Sequence[str] = ()
) -> str:
    key = f"choose-{parameter}"
    st.session_state[key] = value

    def changed() -> None:
        kept = {name: text for name, text in st.query_params.to_dict().items() if name not in (*forgets, parameter)}
        new = st.session_state[key]
        st.query_params.from_dict(kept | ({parameter: new} if new else {}))

    draw(key, changed)
    return value
