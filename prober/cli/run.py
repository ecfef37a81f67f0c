"""`prober run`: runs the daemon."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import typer

from prober.cli.options import Database, Paths, settings_of
from prober.daemon import serve
from prober.daemon.log import JsonLines

app = typer.Typer(add_completion=False)


@app.command()
def run(paths: Paths = None, database: Database = None) -> int:
    """Run the daemon: ask on schedule, judge, and send notices until SIGTERM or Ctrl-C; then finish the rounds begun.

    Changed files are read again automatically, and at once on SIGHUP.
    """
    logging.getLogger("prober").setLevel(logging.INFO)
    settings = settings_of(database)
    if settings.log == "json":
        for handler in logging.getLogger().handlers:
            handler.setFormatter(JsonLines())
    if not serve(paths or [Path("probes")], settings):
        # Python would wait for threads that hang in an ask. What they had recorded is kept, and is taken up again.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
    return 0
