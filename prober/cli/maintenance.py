"""`prober incidents maintenance`: announced work on an endpoint."""

from __future__ import annotations

from typing import Annotated

import typer

from prober.alerts.phrases import minute
from prober.cli.options import AsJson, By, Database, Why, duration, me, now_utc, settings_of
from prober.cli.output import Json, of_time, print_json, say
from prober.loading.suggestions import did_you_mean
from prober.model.errors import ConfigurationError
from prober.service.act import as_typed
from prober.store import Store
from prober.store import daemons as stored_maintenance
from prober.store.pages import overview
from prober.store.views import MaintenanceView
from prober.text import quoted


def maintenance(
    endpoint: Annotated[str | None, typer.Argument(metavar="ENDPOINT", help="Its declared name.")] = None,
    for_: Annotated[str, typer.Option("--for", metavar="TIME", help="Such as 90m or 4h; at most 7d.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the maintenance now.")] = False,
    by: By = None,
    reason: Why = "",
    database: Database = None,
    as_json: AsJson = False,
) -> int:
    """Announce maintenance of an endpoint: rounds go on, but no incident opens and nobody is notified.

    Without --for and --end, list what is announced. Recurring windows are declared with the endpoint.
    """
    settings, now = settings_of(database), now_utc()
    if end and for_:
        raise ConfigurationError("--for begins maintenance and --end ends it; give only one of them")
    if endpoint is None and (end or for_):
        raise ConfigurationError("name the endpoint: prober incidents maintenance ENDPOINT --for 2h")
    with Store.open(settings.database_url, read_only=True) as store:
        known = [one.name for one in store.query(overview.endpoints)]
        if endpoint is not None and endpoint not in known:
            raise ConfigurationError(f"unknown endpoint {quoted(endpoint)}; {did_you_mean(endpoint, known)}")
    with Store.open(settings.database_url) as store:
        before = store.query(stored_maintenance.not_over, endpoint, now=now)
        if endpoint is not None and end:
            store.change(stored_maintenance.end, endpoint, now)
        elif endpoint is not None and for_:
            until = now + duration("--for", for_, most_days=7)
            store.change(stored_maintenance.announce, endpoint, until, by or me(), as_typed(reason), now)
        announced = store.query(stored_maintenance.not_over, endpoint, now=now)
    if as_json:
        print_json({"maintenance": [_announced(one) for one in announced]})
    elif not announced:
        say(f"The maintenance of {endpoint} is over." if end and before else "No maintenance is announced.")
    for one in () if as_json else announced:
        note = f": {one.note}" if one.note else ""
        say(f"{one.endpoint}: in maintenance until {minute(one.until)}, by {one.author}{note}")
    return 0


def _announced(one: MaintenanceView) -> Json:
    return {
        "endpoint": one.endpoint,
        "start": of_time(one.start),
        "until": of_time(one.until),
        "author": one.author,
        "note": one.note,
    }
