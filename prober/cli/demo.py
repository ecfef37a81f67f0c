"""`prober demo`: a model changes silently and is caught."""

from __future__ import annotations

from typing import Annotated

import typer

from prober.cli.output import screen
from prober.lab.demo.run import run_demo

app = typer.Typer(add_completion=False)


@app.command()
def demo(
    scripted: Annotated[
        bool, typer.Option("--scripted", help="Thirty simulated days in seconds, without a model.")
    ] = False,
    no_dashboard: Annotated[
        bool, typer.Option("--no-dashboard", help="End after the verdict, without serving the dashboard.")
    ] = False,
) -> int:
    """Watch a model change silently and be caught. Needs no key.

    Exit code 0 if the change was caught after it happened and nothing alarmed before it; otherwise 1.
    """
    return run_demo(scripted=scripted, dashboard=not no_dashboard, console=screen())
