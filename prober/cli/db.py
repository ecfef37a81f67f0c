"""`prober db`: the database itself."""

from __future__ import annotations

import typer

from prober.cli.options import AsJson, Database, open_store
from prober.cli.output import print_json, say
from prober.store import incidents
from prober.store.pages import overview
from prober.store.schema import VERSIONS

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def about() -> None:
    """Show what the database holds, or upgrade it."""


@app.command()
def upgrade(database: Database = None, as_json: AsJson = False) -> int:
    """Create the database, or upgrade it to the schema of this prober. Verbs that write do this by themselves."""
    with open_store(database) as store:
        where = store.where
    if as_json:
        print_json({"database": where, "version": VERSIONS[-1]})
    else:
        say(f"{where} has schema version {VERSIONS[-1]}, the newest.")
    return 0


@app.command()
def info(database: Database = None, as_json: AsJson = False) -> int:
    """Show what the database holds."""
    with open_store(database, read_only=True) as store:
        endpoints = store.query(overview.endpoints)
        content = {
            "database": store.where,
            "version": VERSIONS[-1],
            "endpoints": len(endpoints),
            "rounds": sum(one.rounds for one in endpoints),
            "missed": sum(one.missed for one in endpoints),
            "asks": sum(one.asks for one in endpoints),
            "incidents": len(store.query(incidents.recent, limit=1_000_000)),
        }
    if as_json:
        print_json(content)
    else:
        say(*(f"{name}: {value}" for name, value in content.items()))
    return 0
