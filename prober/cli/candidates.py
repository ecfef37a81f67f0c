"""`prober candidates`: what is asked beside an endpoint, and how it compares; accept it, or roll it back."""

from __future__ import annotations

from typing import Annotated

import typer

from prober.alerts.phrases import candidate_words
from prober.cli.database import open_store
from prober.cli.options import AsJson, By, Database, me, now_utc
from prober.cli.output import print_json, say
from prober.model.comparison import Candidate
from prober.model.errors import ConfigurationError
from prober.service.candidates import settle
from prober.status.as_json import of_candidate
from prober.store import candidates as stored

app = typer.Typer(add_completion=False)


@app.command()
def candidates(
    accept: Annotated[
        int | None,
        typer.Option("--accept", metavar="ID", help="Accept this candidate: an edited prompt is asked from now on."),
    ] = None,
    roll_back: Annotated[
        int | None,
        typer.Option(
            "--roll-back",
            metavar="ID",
            help="Reject this candidate: the current version stays, until it is edited again.",
        ),
    ] = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Why; kept with it.")] = "",
    by: By = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """List what is asked beside an endpoint: edited prompts (`canary:` of a probe set) and shadows (`shadow:`).

    Exit code 1 if a candidate that is asked or awaits a decision is worse; else 0.
    """
    if accept is not None and roll_back is not None:
        raise ConfigurationError("--accept and --roll-back: choose one")
    chosen = accept if accept is not None else roll_back
    with open_store(database, read_only=chosen is None) as store:
        if chosen is not None:
            found: tuple[Candidate, ...] = (settle(store, chosen, accept is not None, by or me(), note, now_utc()),)
        else:
            found = store.query(stored.found)
    if as_json:
        print_json({"candidates": [of_candidate(one) for one in found]})
    elif not found:
        say("No candidate yet: `canary:` of a probe set compares edited prompts, `shadow:` another endpoint.")
    else:
        say(*(f"{one.id}: {candidate_words(one)}" for one in found))
    return 1 if any(one.state in ("running", "compared") and one.verdict == "worse" for one in found) else 0
