"""`prober reference`: what later rounds are judged against."""

from __future__ import annotations

import typer

from prober.alerts.words import iso, minute, when
from prober.cli.options import AsJson, Database, open_store
from prober.cli.plain import Json
from prober.cli.screen import print_json, say
from prober.detectors.codec import decode
from prober.detectors.memory import Memory
from prober.store import Store
from prober.store.views import EndpointView, EpochView

app = typer.Typer()


@app.command()
def reference(database: Database = None, as_json: AsJson = False) -> int:
    """Say what later rounds are judged against, and since when. Exit code 3 where an endpoint has no reference yet."""
    with open_store(database, read_only=True) as store:
        found = [(one, memory_of(store, one), store.epochs(one.name)) for one in store.endpoints()]
    if as_json:
        print_json({"endpoints": [_as_json(*one) for one in found]})
    elif not found:
        say("The database knows no endpoint yet: `prober once` asks one round, `prober run` keeps going.")
    else:
        say(*(line for one in found for line in _words(*one)))
    return 0 if found and all(memory.series for _, memory, _ in found) else 3


def memory_of(store: Store, endpoint: EndpointView) -> Memory:
    """What the judge remembers of an endpoint; an empty memory before the first round."""
    held = store.memory(endpoint.endpoint_hash)
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
        "epochs": [
            {"start": one.start_label, "at": iso(one.at), "author": one.author, "note": one.note} for one in epochs
        ],
    }


def _words(endpoint: EndpointView, memory: Memory, epochs: tuple[EpochView, ...]) -> list[str]:
    labels = memory.reference_rounds
    missing = f"; {endpoint.missing}" if endpoint.missing else ""
    lines = [f"{endpoint.name}: no reference yet{missing}"]
    if labels:
        span = f"from {when(labels[0])} to {when(labels[-1])}"
        lines = [f"{endpoint.name}: {len(labels)} rounds {span}, {len(memory.series)} series{missing}"]
    return lines + [
        f"  began anew at {when(one.start_label)}: accepted by {one.author} on {minute(one.at)}"
        + (f", {one.note}" if one.note else "")
        for one in epochs
    ]
