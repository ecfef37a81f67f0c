"""What Streamlit runs: `python -m streamlit run dashboard/app.py`, or `prober dashboard`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import streamlit as st

from dashboard import cost, endpoint, incident, overview, probe, promise, quality, reliability
from dashboard.frame import PageContext, framed
from dashboard.navigation import HOME, PLACES, go

DRAW: Mapping[str, Callable[[PageContext], None]] = {
    HOME: overview.draw,
    "incident": incident.draw,
    "endpoint": endpoint.draw,
    "probe": probe.draw,
    "quality": quality.draw,
    "cost": cost.draw,
    "reliability": reliability.draw,
    "promise": promise.draw,
}

# A file: Streamlit fetches named icons and emoji from the internet.
st.set_page_config(page_title="canary prober", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
st.logo(str(Path(__file__).with_name("icon.svg")))
_page = st.navigation(
    [st.Page(framed(draw), title=PLACES[name], url_path=name, default=name == HOME) for name, draw in DRAW.items()],
    position="top",
)
# Messages link to the address of the house alone, whatever pages it has.
if _page.url_path == "" and (name := next((one for one in ("incident", "endpoint") if one in st.query_params), None)):
    go(name, **st.query_params.to_dict())
_page.run()
