"""What Streamlit runs: `python -m streamlit run dashboard/app.py`, or `prober dashboard`. `PAGES` lists the pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Final

import streamlit as st

from dashboard.cached_store import present
from dashboard.frame import PageContext, framed
from dashboard.selection import HOME, go, link

# Name in the address → title in the menu, and the file that draws the page. To add one: its file, a row here, and its
# line in `docs/operating/dashboard.md`. A comment: Streamlit shows a text that stands alone in the file it runs.
PAGES: Mapping[str, tuple[str, str]] = {
    HOME: ("Overview", "overview"),
    "incident": ("Incidents", "incident"),
    "endpoint": ("History", "endpoint"),
    "probe": ("Probes", "probe"),
    "quality": ("Quality", "quality"),
    "cost": ("Cost", "cost"),
    "replies": ("Replies", "replies"),
    "reliability": ("Reliability", "reliability"),
    "objectives": ("Objectives", "objectives"),
    "triage": ("Triage", "triage"),
    "changes": ("Changes", "changes"),
    "retirement": ("Retirement", "retirement"),
    "samples": ("Live traffic", "live"),
    "promise": ("The promise", "promise"),
}
ONLY_WITH_DATA: Final = frozenset({"objectives", "triage", "changes", "retirement", "samples"})
# These stand in the menu only where there is something to show; their addresses always work.
IN_ROW: Final = 6
# So many pages stand in a row; the others are under "More".


STYLE: Final = """
.stMainBlockContainer {padding-top: 1rem}
.stAppHeader {height: 1rem; min-height: 1rem}
[data-testid="stCaptionContainer"] {color: inherit; opacity: 0.8}
.stMain [data-testid="stMetric"] * {white-space: normal}
.stMain [data-testid="stMetricValue"] * {font-size: 1.5rem}
.stMain .stPageLink a:not(.st-key-menu *) {padding-left: 0; background: none}
.stMain .stPageLink p:not(.st-key-menu *) {text-decoration: underline; white-space: normal}
.stMain .stPageLink a:focus-visible {outline: 2px solid currentColor; outline-offset: 2px}
@media (640px < width < 1150px) {[class*="st-key-strip-of"] span {font-size: 0.4rem !important}}
@media (width < 480px) {[class*="st-key-strip-of"] span {font-size: 0.6rem !important}}
.stMain pre .token {color: inherit !important}
[data-testid="stElementToolbarButton"]:has([aria-label^="Download as CSV"]) {display: none}
.reply {white-space: pre-wrap; overflow-wrap: anywhere; font-family: monospace; font-size: 0.875rem}
.reply del {background: rgba(213, 94, 0, 0.2); text-decoration: line-through}
.reply ins {background: rgba(0, 114, 178, 0.2); text-decoration: underline}
"""
# What Streamlit has no option for: less room on top, captions and code with a contrast that all can read (WCAG asks for
# 4.5 to 1), metrics that wrap, links that look like links (those of the menu say where one is) and show where the
# keyboard is, strips that fit into a line on a narrow window, and the marks in replies. Streamlit's own download of a
# table is hidden: it writes cells that a spreadsheet runs as formulas, which ours never does.


def drawn_by(name: str) -> Callable[[PageContext], None]:
    """What draws a page. Its file is imported at the first visit: the first page waits for no chart of another."""

    def draw(context: PageContext) -> None:
        import_module(f"dashboard.{name}").draw(context)

    return draw


def main() -> None:
    # A file: Streamlit would fetch named icons and emoji from the internet.
    icon = str(Path(__file__).with_name("icon.svg"))
    st.set_page_config(page_title="canary prober", page_icon=icon, layout="wide")
    st.html(f"<style>{STYLE}</style>")
    page = st.navigation(
        [
            st.Page(framed(drawn_by(file)), title=title, url_path=name, default=name == HOME)
            for name, (title, file) in PAGES.items()
        ],
        position="hidden",  # its links would drop what is selected
    )
    # Links in messages lead to the bare address with the number of an incident, whatever pages there are. The door
    # leads there without a step in the browser's history; without the door, this does.
    if page.url_path == "" and "incident" in st.query_params:
        go("incident", **st.query_params.to_dict())
    _menu(page.url_path)
    page.run()


def _menu(current: str) -> None:
    shown = present()
    names = [name for name in PAGES if name not in ONLY_WITH_DATA or name in shown or name == current]
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="menu"):
        for name in names[:IN_ROW]:
            link(PAGES[name][0], name)
        with st.popover("More", type="tertiary", width="content", key=f"more-{current}"):  # closed on arrival
            for name in names[IN_ROW:]:
                link(PAGES[name][0], name)


if __name__ == "__main__":  # as Streamlit runs it
    main()
