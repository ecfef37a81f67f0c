"""Retirement: once a day every model list is read, and people are warned of what is near."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from prober.asking.model_lists import Listing, packaged
from prober.fingerprint.retirement import announced
from prober.incidents.retirement import counts, gate_command, severity_of, warning_due, words
from prober.incidents.routing import Routing
from prober.model.declaration import Endpoint
from prober.model.retirement import RetirementSource, Retiring
from prober.service.decisions import locked, notify_of_no_incident
from prober.store import Store, Transaction, replies, retirements

EVERY: Final = timedelta(hours=23)
"""At least, between two reads of a provider's list for one endpoint: however many daemons run and restart."""
ListModels = Callable[[Endpoint], Listing]


def look(store: Store, endpoint: Endpoint, list_models: ListModels, now: datetime, *, at_once: bool = False) -> bool:
    """Keep what the newest replies say and, where a day has passed or `at_once`, what the provider's list and the
    packages' lists say. Whether the lists were read. Raises StoreError."""
    before = store.query(retirements.looked_at, endpoint.name, endpoint.model)
    is_due = at_once or before is None or not timedelta(0) <= now - before < EVERY
    said = store.query(replies.newest, endpoint.content_hash, 1)
    heard: list[RetirementSource] = ["reply"] if any(reply.answered for _, reply in said) else []
    found = list(announced(endpoint.model, [reply.headers for _, reply in said]))
    listing = Listing()
    if is_due:
        listing = listing if endpoint.metadata is False else list_models(endpoint)
        heard.append("package")
        heard += ["model_list"] if listing.models or listing.retirements else []
        found += [*listing.retirements, *packaged(endpoint)]
    with locked(store, endpoint.content_hash) as tx:
        if is_due:
            retirements.looked(tx, endpoint.name, endpoint.model, listing.models, now)
        retirements.keep(tx, endpoint.name, endpoint.model, found, heard)
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


def retiring_of(tx: Transaction, endpoint: str) -> Retiring | None:
    """What is known of one endpoint; None where nobody says anything."""
    return next(iter(retiring(tx, endpoint)), None)


def retiring(tx: Transaction, endpoint: str | None = None) -> Sequence[Retiring]:
    """Every endpoint, as it is declared now, whose model has a date; the nearest first."""
    found = []
    for name, said in retirements.said(tx, endpoint).items():
        first = counts([one for one, _ in said])
        if first is not None:
            others = tuple(one for one, _ in said if one is not first)
            warned = next(ahead for one, ahead in said if one is first)
            found.append(Retiring(name, first, others, warned))
    return sorted(found, key=lambda one: (one.retirement.on, one.endpoint))
