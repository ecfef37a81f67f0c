"""How everything stands: endpoints, deliveries and daemons, read at one moment. Verbs and the HTTP service share it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from prober.asking.breaker import REMEMBERED, breaker, outcome_of
from prober.asking.gates import Overspending
from prober.judging.runaway import Spending, decode
from prober.model.allowance import AccountView
from prober.model.bill import Bill, start_of_last_month
from prober.model.comparison import OPEN, Candidate
from prober.model.sample import FoundShift
from prober.model.watch import DaemonStatus
from prober.status.endpoint_status import EndpointStatus, endpoint_statuses
from prober.status.objectives import ObjectiveStatus
from prober.store import (
    Store,
    Transaction,
    bill,
    candidates,
    daemons,
    incidents,
    limits,
    replies,
    samples,
    spending,
    watches,
)
from prober.store.pages import overview
from prober.store.pages.deliveries import deliveries
from prober.store.samples import Feature
from prober.store.views import BudgetView, DeliveryView


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """Everything that is watched, now."""

    endpoints: tuple[EndpointStatus, ...]
    """Most urgent first."""
    deliveries: tuple[DeliveryView, ...]
    daemons: tuple[DaemonStatus, ...]
    candidates: tuple[Candidate, ...]
    """What is asked beside endpoints, or waits for a person."""
    budgets: tuple[BudgetView, ...] = ()
    """Limits that asks were booked on, the fullest first."""
    features: tuple[Feature, ...] = ()
    """Features of live samples."""
    shifts: tuple[FoundShift, ...] = ()
    """The newest shift of live samples on each side of each feature."""
    accounts: tuple[AccountView, ...] = ()
    """Of providers: limits of a minute that are declared or were named, the fullest first."""
    objectives: tuple[ObjectiveStatus, ...] = ()
    """Empty unless they were read too: it takes every round of their windows."""
    bills: tuple[Bill, ...] = ()
    """Of the team's own traffic, days of this month and the one before; never added to what the prober spends."""


def system_status(store: Store, now: datetime) -> SystemStatus:
    """Only reads. Raises StoreError."""
    found = store.query(overview.endpoints), store.query(overview.recent_rounds_of_each, now)
    statuses = endpoint_statuses(*found, store.query(daemons.not_over, now=now), now)
    return SystemStatus(
        tuple(_with_gates(store, one, now) for one in statuses),
        tuple(store.query(deliveries)),
        tuple(store.query(daemons.statuses)),
        tuple(one for one in store.query(candidates.found) if one.state in OPEN),
        store.query(spending.budgets_in_use, now),
        store.query(samples.features),
        store.query(samples.newest_shifts),
        store.query(limits.accounts, now),
        bills=store.query(bill.bills, start_of_last_month(now)),
    )


def _with_gates(store: Store, one: EndpointStatus, now: datetime) -> EndpointStatus:
    """With what keeps asks from being made."""
    if one.endpoint.runaways:
        one = replace(one, overspending=store.query(overspending, one.endpoint.endpoint_hash, now))
    if one.state != "unreachable":
        return one
    newest = store.query(replies.newest_failures, one.name, one.endpoint.endpoint_hash, REMEMBERED)
    found = breaker(map(outcome_of, newest), one.name)
    return replace(one, breaker=found) if found.is_open else one


def overspending(tx: Transaction, endpoint_hash: str, now: datetime) -> tuple[Overspending, ...]:
    """The probe sets of an endpoint for which a cost incident is open, and how far ahead of their plan they are."""
    found = incidents.open_measured(tx, "runaway", endpoint_hash)
    held = watches.spending(tx, endpoint_hash) if found else {}
    known = {name: decode(each) for name, each in held.items()}
    return tuple(
        Overspending(one.id, one.probe_set, known[one.probe_set].priority, _ahead(known[one.probe_set], now))
        for one in found
        if one.probe_set in known
    )


def _ahead(known: Spending, now: datetime) -> float:
    """The plan catches up as time passes."""
    passed_s = (now - datetime.fromisoformat(known.at)).total_seconds() if known.at else 0.0
    return max(0.0, known.ahead - (max(0.0, passed_s) / known.every_s if known.every_s else 0.0))
