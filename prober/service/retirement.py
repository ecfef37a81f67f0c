"""Retirement: once a day every model list is read, and people are warned of what is near."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from prober.asking.model_lists import Listing, packaged
from prober.incidents.retirement import announced, gate_command, severity_of, warning_due, words
from prober.incidents.routing import Routing
from prober.model.declaration import Endpoint
from prober.model.retirement import RetirementSource, Retiring
from prober.service.decisions import locked, notify_of_no_incident
from prober.status.retirement import retiring_of
from prober.store import Store, replies, retirements

EVERY: Final = timedelta(hours=23)
"""At least, between two reads of a provider's list for one endpoint: however many daemons run and restart."""
ListModels = Callable[[Endpoint], Listing]


def look(store: Store, endpoint: Endpoint, list_models: ListModels, now: datetime, *, at_once: bool = False) -> bool:
    """Keep what the newest replies say and, where a day has passed or `at_once`, what the provider's list and the
    packages' lists say. Whether the lists were read. Raises StoreError."""
    before = store.query(retirements.looked_at, endpoint.name, endpoint.model)
    is_due = at_once or before is None or not timedelta(0) <= now - before < EVERY
    said = store.query(replies.newest, endpoint.content_hash, 1)
    answered_sources: list[RetirementSource] = ["reply"] if any(reply.answered for _, reply in said) else []
    found = list(announced(endpoint.model, [reply.headers for _, reply in said]))
    listing = Listing()
    if is_due:
        listing = listing if endpoint.metadata is False else list_models(endpoint)
        answered_sources.append("package")
        answered_sources += ["model_list"] if listing.models or listing.retirements else []
        found += [*listing.retirements, *packaged(endpoint)]
    with locked(store, endpoint.content_hash) as tx:
        if is_due:
            retirements.looked(tx, endpoint.name, endpoint.model, listing.models, now)
        retirements.keep(tx, endpoint.name, endpoint.model, found, answered_sources)
    return is_due


def warn(store: Store, endpoint: Endpoint, routing: Routing, now: datetime) -> Retiring | None:
    """Owe the warning that is due, once, whichever daemon is first. What people are warned of; None where nothing is
    due."""
    today = now.date()
    before = store.query(retiring_of, endpoint.name)
    if before is None or warning_due(before, today) is None:
        return None
    with locked(store, endpoint.content_hash) as tx:
        one = retiring_of(tx, endpoint.name)
        ahead = None if one is None else warning_due(one, today)
        if one is None or ahead is None:
            return None
        retirements.warned(tx, endpoint.name, one.retirement.on, ahead)
        notify_of_no_incident(
            tx, "retiring", routing, now, endpoint=endpoint.name, cause=warning(one, today),
            reason=f"{ahead}_days_ahead" if ahead else "date_reached", severity=severity_of(one, ahead),
        )  # fmt: skip
    return one


def warning(one: Retiring, today: date) -> str:
    """What the notice says, with the command that compares the successor."""
    return f"{words(one, today)}. Compare: {gate_command(one)}"
