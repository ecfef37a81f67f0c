"""`prober mark`: what the team itself did, or knows to be good, on the clock of the rounds."""

from __future__ import annotations

from typing import Annotated

import typer

from prober.alerts.phrases import minute
from prober.cli.database import open_store
from prober.cli.options import AsJson, By, Database, me, now_utc
from prober.cli.output import print_json, say
from prober.model.version import Mark
from prober.service import act as service
from prober.status.as_json import of_mark

app = typer.Typer(add_completion=False)


@app.command()
def mark(
    kind: Annotated[str, typer.Argument(metavar="KIND", help="`deploy` or `known-good`.")],
    what: Annotated[str, typer.Option("--what", metavar="NAME", help="A service, a probe (`set/id`) or an endpoint.")],
    ref: Annotated[
        str, typer.Option("--ref", metavar="REF", help="Commit, release or version.", show_default="the newest version")
    ] = "",
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Shown beside it.")] = "",
    by: By = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Record a deploy of your own, or which version is known to be good.

    Marks are shown in `prober versions`, on the dashboard and in postmortems.
    """
    with open_store(database) as store:
        set_ = service.mark(store, kind, what, ref, by or me(), note, now_utc())
    if as_json:
        print_json({"mark": of_mark(set_)})
    else:
        say(words(set_))
    return 0


def words(one: Mark) -> str:
    note = f": {one.note}" if one.note else ""
    return f"{minute(one.at)} {one.kind} {one.what} {one.ref}, by {one.actor}{note}"
