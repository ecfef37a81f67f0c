"""`prober reference`: what later rounds are judged against."""

from __future__ import annotations

from typing import Annotated

import typer

from prober.alerts import open_alerters
from prober.alerts.phrases import iso, minute, when
from prober.cli.database import deliver_owed, open_store
from prober.cli.options import AsJson, By, Database, me, now_utc, settings_of
from prober.cli.output import Json, print_json, say
from prober.incidents.routing import Routing
from prober.judging.memory import Memory, decode
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError
from prober.service.act import begin_reference
from prober.store import Store, judge_state
from prober.store.pages import overview
from prober.store.views import EndpointView, EpochView
from prober.text import count, quoted

app = typer.Typer(add_completion=False)


@app.callback(invoke_without_command=True)
def reference(context: typer.Context, database: Database = None, as_json: AsJson = False) -> int:
    """Show what later rounds are judged against, and since when; `reset` starts a new reference.

    Exit code 3 if an endpoint has no reference yet.
    """
    if context.invoked_subcommand is not None:
        return 0
    with open_store(database, read_only=True) as store:
        found = [
            (one, memory_of(store, one), store.query(judge_state.epochs, one.name))
            for one in store.query(overview.endpoints)
        ]
    if as_json:
        print_json({"endpoints": [_as_json(*one) for one in found]})
    elif not found:
        say("The database holds no endpoint yet: `prober once` asks one round, `prober run` asks on schedule.")
    else:
        say(*(line for one in found for line in _words(*one)))
    return 0 if found and all(memory.series for _, memory, _ in found) else 3


@app.command()
def reset(
    endpoint: Annotated[str, typer.Argument(metavar="ENDPOINT", help="As `prober reference` shows it.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; kept with the new reference.")],
    by: By = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Discard the reference of an endpoint: its next rounds build a new one. An open incident closes with it."""
    settings = settings_of(database)
    alerters = open_alerters(settings)
    Store.open(settings.database_url, read_only=True).close()  # an action on nothing creates no database
    with Store.open(settings.database_url) as store:
        names = [one.name for one in store.query(overview.endpoints)]
        if endpoint not in names:
            known = f"; {did_you_mean(endpoint, names)}" if names else "; the database holds none yet"
            raise ConfigurationError(f"unknown endpoint {quoted(endpoint)}{known}")
        epoch = begin_reference(
            store, endpoint, by or me(), reason, Routing(tuple(alerter.name for alerter in alerters)), now_utc()
        )
        deliver_owed(store, alerters, settings.dashboard_url)
    if as_json:
        print_json({"endpoint": endpoint, "epoch": _of_epoch(epoch)})
    else:
        say(f"A new reference of {endpoint} begins at {when(epoch.start_label)}, by {epoch.author}.")
    return 0


def memory_of(store: Store, endpoint: EndpointView) -> Memory:
    """What the judge remembers of an endpoint; an empty memory before the first round."""
    held = store.query(judge_state.memory, endpoint.endpoint_hash)
    return Memory() if held is None else decode(held)


def _as_json(endpoint: EndpointView, memory: Memory, epochs: tuple[EpochView, ...]) -> Json:
    labels = memory.reference_rounds
    return {
        "endpoint": endpoint.name,
        "rounds": len(labels),
        "series": len(memory.series),
        "first_round": labels[0] if labels else None,
        "last_round": labels[-1] if labels else None,
        "missing": endpoint.missing,
        "epochs": [_of_epoch(one) for one in epochs],
    }


def _of_epoch(epoch: EpochView) -> Json:
    return {"start": epoch.start_label, "at": iso(epoch.at), "author": epoch.author, "note": epoch.note}


def _words(endpoint: EndpointView, memory: Memory, epochs: tuple[EpochView, ...]) -> list[str]:
    labels = memory.reference_rounds
    missing = f"; {endpoint.missing}" if endpoint.missing and endpoint.state != "suspected" else ""
    lines = [f"{endpoint.name}: no reference yet{missing}"]
    if labels:
        span = f"from {when(labels[0])} to {when(labels[-1])}"
        lines = [f"{endpoint.name}: {count(len(labels), 'round')} {span}, {len(memory.series)} series{missing}"]
    return lines + [
        f"  new reference from {when(one.start_label)} on: by {one.author} at {minute(one.at)}"
        + (f", {one.note}" if one.note else "")
        for one in epochs
    ]
