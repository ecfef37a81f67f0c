"""`prober retirement`: until when the models of the endpoints are served."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from prober.cli.database import open_store
from prober.cli.declared import Paths, declared
from prober.cli.options import AsJson, Database, now_utc
from prober.cli.output import print_json, say
from prober.daemon.models import list_models
from prober.incidents.retirement import gate_command, is_soon, words
from prober.model.errors import ConfigurationError
from prober.model.retirement import Retirement, Retiring
from prober.service.declare import remember
from prober.service.retirement import look
from prober.status.as_json import Json
from prober.status.retirement import retiring
from prober.store.retirements import has_looked
from prober.text import one_line, quoted

app = typer.Typer(add_completion=False)


@app.command()
def retirement(
    paths: Paths = None,
    ask: Annotated[
        bool, typer.Option("--ask", help="Read the providers' lists of models now; the daemon does so once a day.")
    ] = False,
    ics: Annotated[
        Path | None,
        typer.Option("--ics", metavar="FILE", help="Write the dates as an iCalendar file."),
    ] = None,
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Show when the models of the endpoints are shut down, and who says so.

    Dates come from the providers' lists of models, from their replies, and from lists that packages ship.

    Exit code 1 if a model is shut down within 30 days or should be already, 3 if no list was read yet, else 0.
    """
    now = now_utc()
    declarations = declared(paths) if ask or paths else None
    with open_store(database, read_only=not ask) as store:
        if declarations is not None and ask:
            remember(store, declarations, paths or [Path("probes")], now)
            for endpoint in declarations.endpoints:
                look(store, endpoint, list_models, now, at_once=True)
        found, has_been_read = store.query(retiring), store.query(has_looked)
    if declarations is not None:
        named = {endpoint.name for endpoint in declarations.endpoints}
        found = [one for one in found if one.endpoint in named]
    today = now.date()
    if ics is not None:
        from prober.status.retirement import calendar

        try:
            ics.write_bytes(calendar(found, now))
        except OSError as error:
            raise ConfigurationError(
                f"--ics {quoted(str(ics))} cannot be written: {error.strerror}; name a file in a folder that exists"
            ) from None
    if as_json:
        print_json({"retirements": [_as_json(one, today) for one in found], "looked": has_been_read})
    elif not has_been_read:
        say("No list of models was read yet: `prober run` reads them daily, `prober retirement --ask` reads them now.")
    elif not found:
        say("No date is known for any model.")
    else:
        say(*(line for one in found for line in _lines(one, today)))
    if not has_been_read:
        return 3
    return 1 if any(is_soon(one, today) for one in found) else 0


def _lines(one: Retiring, today: date) -> list[str]:
    lines = [f"{one.endpoint}: {words(one, today)}"]
    lines += [f"  {other.said}: {other.kind} {other.on}" for other in one.others if other.on != one.retirement.on]
    return [one_line(line) for line in [*lines, f"  {gate_command(one)}"]]


def _as_json(one: Retiring, today: date) -> Json:
    return {
        "endpoint": one.endpoint,
        **_of(one.retirement),
        "days_left": one.days_left(today),
        "gate": gate_command(one),
        "warned": one.warned,
        "others": [_of(other) for other in one.others],
    }


def _of(one: Retirement) -> Json:
    return {
        "model": one.model,
        "on": one.on.isoformat(),
        "kind": one.kind,
        "source": one.source,
        "said": one.said,
        "successor": one.successor or None,
    }
