"""Where the declared objectives stand: each set on each of its endpoints, from the rounds in the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from prober.judging.objectives import PAUSE_DAYS, Batch, Standing, judge
from prober.model.declaration import ProbeSet
from prober.model.objective import Measure, Objective
from prober.store.engine import Transaction
from prober.store.pages.over_time import counts_of_set

_GOOD: Final[Mapping[Measure, tuple[str, str]]] = {
    "passed": ("checked", "passed"), "right": ("keyed", "right"), "refused": ("answered", "refused"),
    "answered": ("asked", "answered"),
}  # fmt: skip
"""Measure → (what is counted, what of it is so)."""


@dataclass(frozen=True, slots=True)
class ObjectiveStatus:
    """One objective of one set on one endpoint."""

    probe_set: str
    endpoint: str
    objective: Objective
    standing: Standing


def objectives(tx: Transaction, sets: Iterable[ProbeSet], now: datetime) -> tuple[ObjectiveStatus, ...]:
    """In the order of their declaration. Only reads."""
    found = []
    for probe_set in sets:
        for objective in probe_set.objectives:
            # The alert remembers longer than a short window.
            window = timedelta(seconds=objective.window_s)
            since = now - max(window, timedelta(days=PAUSE_DAYS))
            for endpoint in probe_set.endpoints:
                rounds = counts_of_set(tx, endpoint, probe_set.name, since)
                batches = [_batch(at, counts, objective) for at, counts in rounds]
                standing = judge(batches, objective.allowed, window, _rounds_a_day(batches))
                found.append(ObjectiveStatus(probe_set.name, endpoint, objective, standing))
    return tuple(found)


def exit_code(found: Iterable[ObjectiveStatus]) -> int:
    """1 where one is missed or its budget burns; else 3 where there are too few replies; else 0."""
    states = {one.standing.state for one in found}
    return 1 if states & {"missed", "burning"} else 3 if not states or "too_few" in states else 0


def _batch(at: datetime, counts: Mapping[str, int], objective: Objective) -> Batch:
    answered = counts["asked"] - counts["failed"]
    seen = {**counts, "answered": answered}
    of, so = (seen[name] for name in _GOOD[objective.measure])
    return Batch(at, of, so if objective.at_least is None else of - so)


def _rounds_a_day(batches: list[Batch]) -> float:
    """How many rounds a day there have been; one where that is not known yet."""
    if len(batches) < 2:
        return 1.0
    days = (batches[-1].at - batches[0].at) / timedelta(days=1)
    return (len(batches) - 1) / days if days > 0 else 1.0
