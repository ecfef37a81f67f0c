"""What each probe of a reference tells, without simulation."""

from __future__ import annotations

from collections.abc import Sequence

from prober.judging.explain.probe import ProbeInformation, of_probe
from prober.judging.promise import Promise
from prober.lab.power.futures import Past
from prober.model.evidence import Observation


def information(past: Past, promise: Promise) -> tuple[ProbeInformation, ...]:
    """Every probe of the reference, the least telling last."""
    found = [_probe(past, series, seen, promise) for series, seen in past.by_series().items()]
    return tuple(sorted(found, key=lambda one: (-(_best_nats(one) * one.asks), one.probe)))


def _probe(past: Past, series: str, seen: Sequence[Observation], promise: Promise) -> ProbeInformation:
    rounds = sum(any(o.series == series for o in r.observations) for r in past.rounds)
    rounds_a_day = promise.rounds_per_year / 365.25 * rounds / len(past.rounds)
    return of_probe(past.memory, series, seen, rounds, rounds_a_day, promise.threshold)


def _best_nats(one: ProbeInformation) -> float:
    return one.channels[0].moved_nats if one.channels else 0.0
