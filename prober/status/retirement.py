"""Until when the models of the endpoints are served, by whoever says so."""

from __future__ import annotations

from collections.abc import Sequence

from prober.incidents.retirement import counts
from prober.model.retirement import Retiring
from prober.store import Transaction, retirements


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
