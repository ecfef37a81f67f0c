"""The dashboard: is anything different from what we pinned, and what shows it?

It reads the store and nothing else: no SQL, no statistics, no provider. `app.py` lists the pages, a file each, and
`frame.py` is what they share. Modules that draw nothing say so: they are pure.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

APP = Path(__file__).with_name("app.py")


def missing() -> str:
    """What the dashboard lacks and how to install it; empty where nothing is missing."""
    if find_spec("streamlit") is not None:
        return ""
    return "the dashboard needs Streamlit, which is not installed; run pip install 'canary-prober[dashboard]'"


def serve_command(port: int, address: str = "127.0.0.1") -> list[str]:
    """What to run, as `subprocess` takes it. The page answers at ``http://address:port/``.

    The database is the one in `PROBER_DATABASE_URL`. Reading needs no login: an `address` other than this machine's
    shows prompts and replies to everyone who can reach it. Acting needs one, if the settings allow it at all.
    """
    options = {
        "server.port": str(port),
        "server.address": address,
        "server.headless": "true",  # no browser is opened, and no e-mail address asked for
        "server.fileWatcherType": "none",
        # Streamlit would collect all garbage after every look for news, which takes longer than the look itself.
        "runner.postScriptGC": "false",
        "browser.gatherUsageStats": "false",
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",  # a traceback belongs in the log
        "client.showErrorLinks": "false",  # nor does a fault of ours belong in a search engine
        # Streamlit's own red makes every bar look like an alarm. One for each theme, so that the system's is followed.
        "theme.light.primaryColor": "#0072B2",
        "theme.dark.primaryColor": "#56B4E9",
        "theme.headingFontSizes": '["1.7rem", "1.35rem", "1.15rem"]',
    }
    flags = [word for name, value in options.items() for word in (f"--{name}", value)]
    return [sys.executable, "-m", "dashboard", "run", str(APP), *flags]
