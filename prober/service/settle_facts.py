"""The facts of a round are settled: what is known is kept, and incidents of them open and close.

The change of the round is decided before, so that what belongs to it is a line of it and no second notice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from prober.incidents.facts import found, over
from prober.incidents.lifecycle import Circumstances
from prober.judging.facts import FactMemory, encode, is_over
from prober.judging.facts.readings import Readings
from prober.model.declaration import Endpoint
from prober.model.evidence import Fact
from prober.model.incident import Decision
from prober.store import Transaction, incidents
from prober.store import facts as stored


@dataclass(frozen=True, slots=True)
class SeenFacts:
    """What a round says of who answered, once it was looked at."""

    memory: FactMemory
    """After the round."""
    readings: Readings
    news: tuple[Fact, ...] = ()
    """Confirmed."""


def settle_facts(
    tx: Transaction,
    endpoint: Endpoint,
    seen: SeenFacts,
    given: Circumstances,
    now: datetime,
    carry_out: Callable[[Decision], object],
) -> Decision:
    """Keep what is known, close what is over, and open what is new: the decision on that.

    Whoever calls holds the endpoint's lock.
    """
    key = endpoint.content_hash
    stored.keep_memory(tx, key, encode(seen.memory))
    for standing in stored.open_facts(tx, key):
        if all(is_over(fact, seen.readings) for fact in standing.facts):
            carry_out(over(standing, now))
    change = incidents.open_change(tx, key)
    label = seen.readings.round
    decision = found(seen.news, change, endpoint.name, key, label, now, given.rules, given.in_maintenance)
    if decision.incident is not None:
        carry_out(decision)
    return decision
