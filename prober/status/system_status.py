"""How everything stands: endpoints, deliveries and daemons, read at one moment. Verbs and the HTTP service share it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from prober.asking.breaker import REMEMBERED, breaker, outcome_of
from prober.model.allowance import AccountView
from prober.model.comparison import OPEN, Candidate
from prober.model.sample import FoundShift
from prober.model.watch import DaemonStatus
from prober.status.endpoint_status import EndpointStatus, endpoint_statuses
from prober.status.objectives import ObjectiveStatus
from prober.status.spending import overspending
from prober.store import Store, candidates, daemons, limits, replies, samples, spending
from prober.store.pages import overview
from prober.store.pages.deliveries import deliveries
from prober.store.samples import Feature
from prober.store.views import BudgetView, DeliveryView


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """Everything that is watched, now."""

    endpoints: tuple[EndpointStatus, ...]
    """Most urgent first, as the overview of the store orders them."""
    deliveries: tuple[DeliveryView, ...]
    daemons: tuple[DaemonStatus, ...]
    candidates: tuple[Candidate, ...]
    """What is asked beside endpoints, or waits for a person."""
    budgets: tuple[BudgetView, ...] = ()
    """Limits that asks were booked on, the fullest first."""
    features: tuple[Feature, ...] = ()
    """Of live samples."""
    shifts: tuple[FoundShift, ...] = ()
    """Of live samples: the newest of each side of each feature."""
    accounts: tuple[AccountView, ...] = ()
    """Of providers: limits of a minute that are declared or were named, the fullest first."""
    objectives: tuple[ObjectiveStatus, ...] = ()
    """Empty unless they were read too: it takes every round of their windows."""


def system_status(store: Store, now: datetime) -> SystemStatus:
    """Only reads. Raises StoreError."""
    found = store.query(overview.endpoints), store.query(overview.recent_rounds_of_each)
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
    )


def _with_gates(store: Store, one: EndpointStatus, now: datetime) -> EndpointStatus:
    """With what keeps asks from being made."""
    if one.endpoint.runaways:
        one = replace(one, overspending=store.query(overspending, one.endpoint.endpoint_hash, now))
    if one.state != "unreachable":
        return one
    newest = store.query(replies.newest_of_endpoint, one.endpoint.endpoint_hash, REMEMBERED)
    found = breaker(map(outcome_of, newest), one.name)
    return replace(one, breaker=found) if found.is_open else one
