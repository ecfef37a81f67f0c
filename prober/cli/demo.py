"""`prober demo`: a model silently changes, and is caught."""

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
        bool, typer.Option("--no-dashboard", help="End after the verdict; leave no page open.")
    ] = False,
) -> int:
    """Watch a model silently change, and be caught. Needs no key.

    Exit code 0 when the change was caught after it happened and nothing alarmed before it; 1 otherwise.
    """
    return run_demo(scripted=scripted, dashboard=not no_dashboard, console=screen())
