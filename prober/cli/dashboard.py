"""`prober dashboard`: serves the dashboard."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from dashboard import missing, serve_command
from prober.cli.environment import Database, settings_of
from prober.cli.output import complain
from prober.model.errors import ConfigurationError, StoreError

app = typer.Typer(add_completion=False)


@app.command()
def dashboard(
    port: Annotated[int, typer.Option("--port", metavar="N", min=1, max=65535, help="Port to listen on.")] = 8501,
    address: Annotated[
        str,
        typer.Option(
            "--address", metavar="HOST", help="Where to listen; 0.0.0.0 shows the page to everyone who can reach it."
        ),
    ] = "127.0.0.1",
    database: Database = None,
) -> int:
    """Serve the dashboard, on this machine only by default. Reading needs no login; acting on incidents does."""
    if lacks := missing():
        raise ConfigurationError(lacks)
    settings = settings_of(database)
    if address not in {"127.0.0.1", "localhost", "::1"}:
        complain(f"listening on {address}: everyone who can reach it sees prompts and replies")
        if settings.dashboard_actions and settings.dashboard_user_header:
            complain(
                f"the header {settings.dashboard_user_header} is trusted: only your proxy may reach {address}:{port}"
            )
    complain(f"The dashboard: http://{'localhost' if address == '0.0.0.0' else address}:{port}/ (Ctrl-C ends it)")
    from prober.store import Store  # imported here, so that `--help` does not wait for it

    try:
        Store.open(settings.database_url, read_only=True).close()
    except StoreError as error:
        complain(f"The pages wait for a database: {error}")
    command = serve_command(port, address)
    os.execve(command[0], command, os.environ | {"PROBER_DATABASE_URL": settings.database_url})
