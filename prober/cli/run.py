"""`prober run`: the daemon."""

from __future__ import annotations

import logging
from pathlib import Path

import typer

from prober.cli.options import Database, Paths, settings_of
from prober.daemon import serve

app = typer.Typer(add_completion=False)


@app.command()
def run(paths: Paths = None, database: Database = None) -> int:
    """The daemon: ask on schedule, judge and tell, until SIGTERM or Ctrl-C; then the rounds in hand are finished.

    Changed files are read anew by themselves, and at once on SIGHUP.
    """
    logging.getLogger("prober").setLevel(logging.INFO)
    serve(paths or [Path("probes")], settings_of(database))
    return 0
