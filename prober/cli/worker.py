"""`prober worker`: asks what daemons make due."""

from __future__ import annotations

import typer

from prober.cli.declared import Paths
from prober.cli.options import Database, LogFormat, Vantage, settings_of
from prober.cli.run import until_stopped

app = typer.Typer(add_completion=False)


@app.command()
def worker(
    paths: Paths = None, log_format: LogFormat = None, vantage: Vantage = None, database: Database = None
) -> int:
    """Ask the rounds that daemons on the same database schedule, from another machine or region,
    until SIGTERM or Ctrl-C.

    Schedules no round itself, and sends no reminders. Needs the same files, keys and alerter settings as the
    daemons.
    """
    until_stopped(paths, settings_of(database, vantage), log_format, is_worker=True)
    return 0
