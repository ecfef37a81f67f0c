"""`prober run`: runs the daemon."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from prober.cli.declared import Paths
from prober.cli.options import Database, LogFormat, PostedSamples, Public, Vantage, now_utc, settings_of
from prober.daemon import serve
from prober.daemon.log import log_as
from prober.settings import Settings

app = typer.Typer(add_completion=False)


@app.command()
def run(
    paths: Paths = None,
    listen: Annotated[
        str | None,
        typer.Option(
            "--listen", metavar="HOST:PORT", help="Serve over HTTP as well, as `prober serve`.", show_default="nowhere"
        ),
    ] = None,
    public: Public = False,
    rules: PostedSamples = None,
    log_format: LogFormat = None,
    vantage: Vantage = None,
    database: Database = None,
) -> int:
    """Run the daemon: ask on schedule, judge, and send notices until SIGTERM or Ctrl-C; then finish the rounds begun.

    Changed files are read again once they were left alone for three seconds, and at once on SIGHUP.
    """
    settings = settings_of(database, vantage)
    with ExitStack() as stack:
        if listen is not None:
            from prober.api.listener import listening  # not at the top: most daemons serve nothing

            stack.enter_context(listening(listen, settings, now_utc, is_public=public, rules=rules))
        until_stopped(paths, settings, log_format)
    return 0


def until_stopped(
    paths: list[Path] | None, settings: Settings, log_format: str | None, *, is_worker: bool = False
) -> None:
    """Work until a signal says to stop; ends the process where something hangs after the grace."""
    logging.getLogger("prober").setLevel(logging.INFO)
    log_as(log_format or settings.log)
    if not serve(paths or [Path("probes")], settings, is_worker=is_worker):
        # Python would wait for threads that hang in an ask. Recorded replies are stored; the round goes on later.
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
