"""What Streamlit runs: `python -m streamlit run dashboard/app.py`, or `prober dashboard`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import overview

# A file: Streamlit fetches named icons and emoji from the internet.
st.set_page_config(page_title="canary prober", page_icon=Path(__file__).with_name("icon.svg"), layout="wide")
st.navigation([st.Page(overview.page, title="Now", default=True)], position="hidden").run()
