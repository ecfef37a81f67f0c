"""Which probe sets spend more than planned, and how far they are ahead of their plan: what holds asks back."""

from __future__ import annotations

from datetime import datetime

from prober.asking.gates import Overspending
from prober.judging.runaway import Spending, decode
from prober.store import Transaction, incidents, watches


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
