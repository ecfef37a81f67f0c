"""What all pages share: one fragment that refreshes itself, the time, and messages if there is no data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

import streamlit as st

from dashboard.cached_store import CachedStore, forget, read
from dashboard.formatting import round_name, when
from prober.model.errors import StoreError

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
