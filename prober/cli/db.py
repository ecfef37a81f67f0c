"""`prober db`: the database itself."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from prober.alerts.phrases import minute
from prober.cli.database import open_store
from prober.cli.options import AsJson, Database, duration, now_utc, settings_of
from prober.cli.output import complain, print_json, say
from prober.judging import facts
from prober.judging.memory import decode
from prober.model.errors import ConfigurationError
from prober.service import upkeep
from prober.store import incidents
from prober.store.backup import backup as copy_to
from prober.store.backup import restore as put_back
from prober.store.check import check as checked
from prober.store.pages import overview
from prober.store.schema import VERSIONS
from prober.text import count, quoted

app = typer.Typer(no_args_is_help=True, add_completion=False)
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a database that exists.")]


@app.callback()
def about() -> None:
    """Show what the database holds, upgrade it, check it, prune it, back it up or restore it."""


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


@app.command()
def check(database: Database = None, as_json: AsJson = False) -> int:
    """Read the whole database and say whether it is sound. Exit code 1 where it is not, 2 where it cannot be read."""
    with open_store(database, read_only=True) as store:
        where, found = store.where, store.query(checked, decode, facts.decode)
    if as_json:
        print_json(
            {
                "database": where,
                "version": VERSIONS[-1],
                "rounds": found.rounds,
                "replies": found.replies,
                "sound": not found.problems,
                "problems": list(found.problems),
            }
        )
    elif found.problems:
        say(f"{where} is NOT SOUND:", *(f"  {problem}" for problem in found.problems))
        complain("restore a backup: prober db restore FILE")
    else:
        say(f"{where} is sound: {count(found.rounds, 'round')} and {count(found.replies, 'reply')} read.")
    return 1 if found.problems else 0


@app.command()
def prune(
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than", metavar="TIME", help="For every probe set, such as 90d.", show_default="as declared"
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be deleted.")] = False,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Delete replies older than `keep_replies` of their probe set, and free their space. The daemon does it too.

    Judgements and daily sums stay, and so do replies that a reference or an open incident still needs.
    """
    keep = None if older_than is None else duration("--older-than", older_than, most_days=36_500)
    if keep is not None and keep < timedelta(days=1):
        raise ConfigurationError(f"--older-than: {quoted(older_than or '')} is less than a day; write 1d or more")
    with open_store(database, read_only=dry_run) as store:
        done = upkeep.prune(store, now_utc(), keep=keep, only_count=dry_run)
        if not dry_run:
            store.compact(whole=True)
    if as_json:
        found = [{**asdict(one), "before": one.before.isoformat()} for one in done]
        print_json({"deleted": not dry_run, "sets": found})
    elif not done:
        say("No probe set declares keep_replies, so replies are kept for ever; or give --older-than.")
    else:
        verb = "would be deleted" if dry_run else "deleted"
        for one in done:
            old = f"{count(one.replies, 'reply')} of {count(one.rounds, 'round')}"
            say(f"{one.probe_set}: {old} before {minute(one.before)} {verb}")
    return 0


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy; only its owner may read it.")],
    overwrite: Overwrite = False,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Copy a SQLite database to a file while it is in use. For Postgres: the command that does it."""
    held = copy_to(settings_of(database).database_url, file, overwrite=overwrite)
    if as_json:
        print_json({"file": str(file), "rounds": held.rounds, "newest_round": held.newest})
    else:
        say(f"{file} holds {held}.")
    return 0


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup, from `prober db backup`.")],
    overwrite: Overwrite = False,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Put a backup in the place of the database. Stop the daemon first."""
    url = settings_of(database).database_url
    held, aside = put_back(url, file, now_utc(), overwrite=overwrite)
    if as_json:
        before = None if aside is None else str(aside)
        print_json({"file": str(file), "rounds": held.rounds, "newest_round": held.newest, "replaced": before})
    else:
        say(f"The database holds {held}, from {file}.")
        if aside is not None:
            say(f"The previous database is kept as {aside}.")
    return 0
