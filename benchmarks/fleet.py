"""The promise over a fleet: unchanged endpoints, with or without shared noise, under three rules of alarm.

Each endpoint is an exact e-detector, the Shiryaev–Roberts sum of likelihood ratios of a shift that never comes, so that
whatever exceeds the promise is the rule's doing. It prints the table
in docs/mathematics/promise.md.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np

from prober.judging.fleet import FLOOR, EndpointEvidence, Stretch, agree, confirmed

Rule = Literal["alone", "plain", "agreeing"]
RULES: Final[tuple[Rule, ...]] = ("alone", "plain", "agreeing")
"""Each for itself; e-BH over the whole fleet, down to any evidence; e-BH over endpoints whose onsets agree (ours)."""
DAY: Final = timedelta(days=1)
_START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class FleetResult:
    """What one rule did to an unchanged fleet."""

    alarms: float
    """Endpoints in alarm, an endpoint and year."""
    calls: float
    """Incidents, an endpoint and year: endpoints that alarm together, with onsets that agree, are one."""


def measure(
    rng: np.random.Generator, rule: Rule, endpoints: int, years: float, shared: float, shift: float = 0.5
) -> FleetResult:
    """`shared` is the correlation of all endpoints' readings within a round; a round a day, one false alarm a year."""
    threshold, rounds = 365.25, round(years * 365.25)
    capital, chart, onset = np.zeros(endpoints), np.ones(endpoints), np.zeros(endpoints)
    alarms = calls = 0
    for number in range(rounds):
        noise = np.sqrt(shared) * rng.normal() + np.sqrt(1 - shared) * rng.normal(size=endpoints)
        ratio = np.exp(shift * noise - shift**2 / 2)
        capital = (1 + capital) * ratio
        onset = np.where(chart <= 1, number, onset)
        chart = np.maximum(chart, 1) * ratio
        raised = raise_alarms(rule, capital / threshold, onset)
        alarms += len(raised)
        calls += _incidents([onset[i] for i in raised])
        capital[raised], chart[raised] = 0.0, 1.0
    return FleetResult(alarms / (endpoints * years), calls / (endpoints * years))


def raise_alarms(rule: Rule, share: np.ndarray, onset: np.ndarray) -> list[int]:
    """Which endpoints alarm in this round: `share` is each one's evidence over its threshold, `onset` a round."""
    if rule == "alone":
        return list(map(int, np.flatnonzero(share >= 1)))
    if rule == "plain":
        ranked = np.argsort(-share)
        passing = np.flatnonzero(share[ranked] * np.arange(1, len(share) + 1) >= 1)
        return list(map(int, ranked[: passing.max(initial=-1) + 1]))
    moved = [int(i) for i in np.flatnonzero(share >= FLOOR)]
    peers_evidence = {i: _evidence(i, float(share[i]), float(onset[i])) for i in moved}
    return [
        i
        for i in moved
        if peers_evidence[i]
        in confirmed([other for other in peers_evidence.values() if agree(peers_evidence[i].onset, other.onset)])
    ]


def _evidence(i: int, share: float, onset: float) -> EndpointEvidence:
    at = _START + onset * DAY
    return EndpointEvidence(str(i), share, Stretch(at, at, DAY), _START)


def _incidents(onsets: Sequence[float]) -> int:
    """Groups of onsets whose neighbours are at most two rounds apart."""
    return int(np.sum(np.diff(np.sort(onsets)) > 2)) + 1 if len(onsets) else 0


def main() -> None:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    arguments.add_argument("--years", type=float, default=2000, help="endpoint-years of each row")
    years = arguments.parse_args().years
    print("| fleet | shared noise | rule | alarms an endpoint and year | calls an endpoint and year |")
    print("|---|---|---|---|---|")
    for endpoints in (20, 100):
        for shared in (0.0, 0.5, 0.9, 1.0):
            for rule in RULES:
                result = measure(np.random.default_rng([endpoints, 7]), rule, endpoints, years / endpoints, shared)
                print(f"| {endpoints} | {shared:g} | {rule} | {result.alarms:.2f} | {result.calls:.2f} |", flush=True)


if __name__ == "__main__":
    main()
