"""What Streamlit runs: `python -m streamlit run dashboard/app.py`, or `prober dashboard`. `PAGES` lists the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from dashboard import cost, endpoint, incident, overview, probe, promise, quality, reliability
from dashboard.frame import HOME, PageContext, framed, go

# Name in the address → title in the menu, and what draws the page. To add one: its file, a row here, and its line in
# `docs/operating/dashboard.md`. A comment, because Streamlit shows a text that stands alone in the file it runs.
PAGES: Mapping[str, tuple[str, Callable[[PageContext], None]]] = {
    HOME: ("Overview", overview.draw),
    "incident": ("Incidents", incident.draw),
    "endpoint": ("Endpoint history", endpoint.draw),
    "probe": ("Probes", probe.draw),
    "quality": ("Quality", quality.draw),
    "cost": ("Cost", cost.draw),
    "reliability": ("Reliability", reliability.draw),
    "promise": ("The promise", promise.draw),
}


def main() -> None:
    # A file: Streamlit would fetch named icons and emoji from the internet.
    icon = str(Path(__file__).with_name("icon.svg"))
    st.set_page_config(page_title="canary prober", page_icon=icon, layout="wide")
    st.logo(icon)
    page = st.navigation(
        [
            st.Page(framed(draw), title=title, url_path=name, default=name == HOME)
            for name, (title, draw) in PAGES.items()
        ],
        position="top",
    )
    # Links in messages lead to the bare address with a query, whatever pages there are.
    if page.url_path == "" and (name := next((one for one in ("incident", "endpoint") if one in st.query_params), "")):
        go(name, **st.query_params.to_dict())
    page.run()


if __name__ == "__main__":  # as Streamlit runs it
    main()
