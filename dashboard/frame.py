"""What all pages share: drawing again when there is news, the heading, the time, downloads."""

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
from streamlit.elements.lib.column_types import ColumnConfig

from dashboard.cached_store import CachedStore, forget, read
from dashboard.formatting import began, legible, round_name, when
from prober.model.errors import NotMadeYet, OlderVersion, StoreError
from prober.model.incident import Incident
from prober.text import shows_nothing

LOOK_EVERY_S: Final = 10
"""How often a page that stands open asks whether the store has news."""
REDRAW_AFTER: Final = timedelta(minutes=5)
"""A page is drawn again after this time without news too: ages grow, and rounds that do not come are noticed."""


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

    def since(self, incident: Incident) -> str:
        return began(incident, self.zone)

    def local(self, at: datetime | None) -> datetime | None:
        """For a column of times in a table, which sorts by them."""
        return None if at is None else at.astimezone(self.zone)

    def time_column(self, label: str | None = None) -> ColumnConfig:
        return st.column_config.DatetimeColumn(label, format="YYYY-MM-DD HH:mm", timezone=str(self.zone))


def framed(draw: Callable[[PageContext], None]) -> Callable[[], None]:
    """`draw` as a page that is drawn again when the store has news, and explains itself where there is no store."""

    def page() -> None:
        now, zone = datetime.now(UTC), viewers_zone(st.context.timezone)
        newest: str | None = None
        try:
            reading = read()
            if reading.endpoints():
                draw(PageContext(reading, now, zone))
            else:
                _nothing_watched()
            newest = reading.newest
        except StoreError as error:
            forget()
            _no_store(error)
        _look_for_news(now, zone, newest, [])

    return page


@st.fragment(run_every=LOOK_EVERY_S)
def _look_for_news(drawn_at: datetime, zone: tzinfo, newest: str | None, looks: list[datetime]) -> None:
    """The last line of a page. `newest`: what the store said when the page was drawn; None where it could not be read.
    `looks`: when this ran for the same drawing; the first time is the drawing itself."""
    now = datetime.now(UTC)
    looks.append(now)
    if len(looks) > 1 and (abs(now - drawn_at) > REDRAW_AFTER or _newest() != newest):
        st.rerun()
    del looks[:-1]
    st.caption(
        f"As of {now.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}. What is new appears within {LOOK_EVERY_S}\u00a0s. "
        f"Times are in {'UTC' if zone is UTC else zone}.",
        help=f"{now:%Y-%m-%d %H:%M:%S} UTC",
    )


def _newest() -> str | None:
    try:
        return read().newest
    except StoreError:
        return None


def heading(title: str, question: str = "", *, tab: str = "") -> None:
    """The first line of a page. Markdown: hostile text comes as `inline` made it. `question`: what the page answers;
    `tab`: what the browser's tab says instead of the title."""
    st.set_page_config(page_title=f"{(tab or title).replace('`', '')} · canary prober")
    st.title(title, anchor=False)
    if question:
        st.caption(question)


def viewers_zone(name: str | None) -> tzinfo:
    """The time zone a browser names; UTC where it names none that is known."""
    try:
        return ZoneInfo(name) if name and name.upper() != "UTC" else UTC
    except (ValueError, OSError, KeyError):  # a browser may send anything
        return UTC


def _nothing_watched() -> None:
    heading("Canary prober")
    st.info("**Nothing is watched yet.** Declare an endpoint and a few probes, check the plan, and start.")
    st.code("prober init\nprober validate probes/\nprober run", language="shell")
    st.caption("To see everything at work first, without a key or an account: `prober demo`.")


def _no_store(why: StoreError) -> None:
    heading("Canary prober")
    said = str(why).replace("`", "")  # no markup is read there
    if isinstance(why, NotMadeYet | OlderVersion):
        is_old = isinstance(why, OlderVersion)
        nothing = "**There is no database yet**, or nothing is in it."
        st.warning("**The database is of an older version.**" if is_old else nothing)
        st.text(said)
        does = "brings the database up to date" if is_old else "fills the database"
        st.markdown(f"Start the prober: it {does}, and this page follows by itself.")
        st.code("prober run", language="shell")
    else:
        st.error("**The database cannot be read.** This page fills by itself when it can be read again.")
        st.text(said)
        st.markdown("What is wrong, and what to do:")
        st.code("prober doctor", language="shell")
    st.caption("The database is named by PROBER_DATABASE_URL.")


Cell = str | int | float | None

_COMMANDS = ("=", "+", "-", "@", "\t", "\r")
"""First characters that make spreadsheets run a text as a formula."""


def csv_text(rows: Sequence[Mapping[str, Cell]]) -> str:
    """Rows of the same columns, their names first."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writerow({name: _harmless(name) for name in writer.fieldnames})
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
    # Some spreadsheets skip blanks and what is not seen, and take a full-width sign for the plain one.
    plain = unicodedata.normalize("NFKC", cell)
    seen = next((one for one in plain if not _is_blank(one)), "")
    return f"'{text}" if text.startswith(_COMMANDS) or seen in _COMMANDS else text


def _is_blank(character: str) -> bool:
    is_mark = unicodedata.category(character).startswith("M")
    return is_mark or character == "\N{BRAILLE PATTERN BLANK}" or shows_nothing(character)
