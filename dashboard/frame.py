"""What all pages share: a fragment that refreshes itself, the time, links and selections, downloads."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

import streamlit as st
from streamlit.navigation.page import Page

from dashboard.cached_store import CachedStore, forget, read
from dashboard.formatting import inline, legible, one_line, round_name, when
from prober.model.errors import StoreError
from prober.store.pages.days import By
from prober.store.views import EndpointView

REFRESH_S = 10


@dataclass(frozen=True, slots=True)
class PageContext:
    """What one drawing of a page uses."""

    store: CachedStore
    now: datetime
    zone: tzinfo
    """The viewer's."""

    def when(self, at: datetime) -> str:
        return when(at, self.zone)

    def round(self, label: str) -> str:
        return round_name(label, self.zone)


def framed(draw: Callable[[PageContext], None]) -> Callable[[], None]:
    """`draw` as a page that refreshes itself, from cached answers until the store has newer ones."""

    @st.fragment(run_every=REFRESH_S)
    def page() -> None:
        now, zone = datetime.now(UTC), viewers_zone(st.context.timezone)
        try:
            reading = read()
            if reading.endpoints():
                draw(PageContext(reading, now, zone))
            else:
                _nothing_watched()
        except StoreError as error:
            forget()
            _no_store(str(error))
        st.caption(
            f"As of {now.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}, refreshed every {REFRESH_S} s. "
            f"Times are in {'UTC' if zone is UTC else zone}.",
            help=f"{now:%Y-%m-%d %H:%M:%S} UTC",
        )

    return page


def viewers_zone(name: str | None) -> tzinfo:
    """The time zone a browser names; UTC where it names none that is known."""
    try:
        return ZoneInfo(name) if name and name.upper() != "UTC" else UTC
    except (ValueError, OSError, KeyError):  # a browser may send anything
        return UTC


def _nothing_watched() -> None:
    st.info("**Nothing is watched yet.** Declare an endpoint and a few probes, check the plan, and start.")
    st.code("prober init\nprober validate probes/\nprober run", language="shell")
    st.caption("To see everything at work first, without a key or an account: `prober demo`.")


def _no_store(why: str) -> None:
    st.warning("**There is no database yet**, or it cannot be read.")
    st.text(why)
    st.markdown("Start the prober: it creates the database, and this page fills by itself.")
    st.code("prober run", language="shell")
    st.caption("The database is named by PROBER_DATABASE_URL; `prober doctor` says what is wrong with it.")


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


Cell = str | int | float | None

_COMMANDS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make spreadsheets run a text as a formula."""


def csv_text(rows: Sequence[Mapping[str, Cell]]) -> str:
    """Rows of the same columns, their names first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _harmless(cell) for name, cell in row.items()} for row in rows)
    return out.getvalue()


def csv_button(label: str, name: str, rows: Sequence[Mapping[str, Cell]]) -> None:
    """A button that downloads these rows; the file is written when it is pressed."""
    st.download_button(
        label,
        lambda: csv_text(rows),
        file_name=f"{file_stem(name)}.csv",
        mime="text/csv",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def log_button(context: PageContext, endpoint: str, probe: str | None = None) -> None:
    """A button that downloads the raw replies as a log for `prober replay` and `prober compare`."""
    if context.store.private:
        st.caption("Reply logs cannot be downloaded in privacy mode.")
        return
    st.download_button(
        "All its replies as a reply log",
        lambda: "".join(context.store.log(endpoint, probe, None)),
        file_name=f"{file_stem(f'{endpoint}-{probe}' if probe else endpoint)}.jsonl",
        mime="application/jsonl",
        on_click="ignore",
        icon=":material/download:",
        type="tertiary",
    )


def file_stem(name: str) -> str:
    """A name that is a valid file name everywhere."""
    return re.sub(r"[^\w.-]+", "-", name).strip(".-")[:80] or "export"


def _harmless(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = legible(cell)
    # Some spreadsheets skip blanks, and take a full-width sign for the plain one.
    plain = unicodedata.normalize("NFKC", cell).lstrip()
    return f"'{text}" if text.startswith(_COMMANDS) or plain.startswith(_COMMANDS) else text
