"""`prober export`: writes stored replies to a reply log, or to a Parquet file for an archive."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from prober.cli.database import open_store
from prober.cli.options import Database
from prober.cli.output import bars, complain
from prober.loading.parquet import write_parquet
from prober.loading.reply_log import LoggedReply, line_of, write
from prober.loading.round_labels import moment_of
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError, NotEnough
from prober.store import Store, retention
from prober.store.export import export as export_replies
from prober.store.pages import overview
from prober.text import count, quoted

app = typer.Typer(add_completion=False)


@app.command()
def export(
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A .jsonl, .jsonl.gz or .parquet file, or - for standard output."
        ),
    ],
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write Parquet, one row a reply; so does a FILE that ends in .parquet.")
    ] = False,
    endpoint: Annotated[str | None, typer.Option("--endpoint", metavar="NAME", help="This endpoint only.")] = None,
    since: Annotated[
        str | None,
        typer.Option("--since", metavar="TIME", help="Rounds begun from then on, such as 2026-03-01 (UTC)."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="TIME", help="Rounds begun before then."),
    ] = None,
    database: Database = None,
) -> int:
    """Write every reply of completed rounds to a reply log, which `prober replay` judges as the daemon did.

    With --parquet, to a Parquet file, the archive of what `keep_replies` deletes. Needs the extra `parquet`.
    """
    begin, end = _moment("--since", since), _moment("--until", until)
    parquet = _is_parquet(output, parquet)
    with open_store(database, read_only=True) as store:
        total = _replies(store, endpoint)
        if not total:
            raise NotEnough("no round is complete yet; `prober once` asks one now")
        with bars() as shown:
            replies: Iterable[LoggedReply] = export_replies(store, endpoint, since=begin, until=end)
            replies = shown.track(replies, total=total if begin is end is None else None, description="Writing")
            written = _print(replies) if output == "-" else (write_parquet if parquet else write)(Path(output), replies)
        names = [one.name for one in store.query(overview.endpoints) if endpoint in (None, one.name)]
        gone = {name: words for name in names if (words := store.query(retention.deleted_words, name))}
    complain(f"Wrote {count(written, 'reply')}{'' if output == '-' else f' to {output}'}.")
    complain(*(f"{name}: {words}" for name, words in gone.items()))
    return 0


def _is_parquet(output: str, parquet: bool) -> bool:
    ends = (".parquet",) if parquet else (".jsonl", ".jsonl.gz", ".parquet")
    if output.endswith(ends) or (output == "-" and not parquet):
        return output.endswith(".parquet")
    wanted = ".parquet" if parquet else ".jsonl, .jsonl.gz or .parquet, or -"
    raise ConfigurationError(f"--output is {quoted(output)}; write a name that ends in {wanted}")


def _moment(option: str, text: str | None) -> datetime | None:
    if text is None:
        return None
    if (moment := moment_of(text)) is None:
        raise ConfigurationError(f"{option}: {quoted(text)} is not a time; write one such as 2026-03-01T12:00Z")
    return moment


def _replies(store: Store, endpoint: str | None) -> int:
    """Asks stored; 0 if no round is complete."""
    known = store.query(overview.endpoints)
    names = [one.name for one in known]
    if endpoint is not None and endpoint not in names:
        hint = did_you_mean(endpoint, names) if names else "the database holds no endpoint yet"
        raise ConfigurationError(f"unknown endpoint {quoted(endpoint)}; {hint}")
    return sum(one.asks for one in known if endpoint in (None, one.name) and one.rounds)


def _print(replies: Iterable[LoggedReply]) -> int:
    count = 0
    for reply in replies:
        sys.stdout.write(line_of(reply) + "\n")
        count += 1
    return count
