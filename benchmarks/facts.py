"""Facts an endpoint-year in worlds where nothing changes: `python -m benchmarks.facts`.

A part of the identity draws its value from a pool of some size, anew for every reply or for every round, with equal
shares or with shares that fall as 1/rank. Every fact but the truth is unimportant news.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

from prober.judging import facts
from prober.judging.facts.readings import Reading, Readings

REPLIES = 4
ROUNDS = 1460
"""A year, every six hours."""


def shares(values: int, *, equal: bool) -> np.ndarray:
    weights = np.ones(values) if equal else 1 / np.arange(1, values + 1)
    return np.asarray(weights / weights.sum())


def year(rng: np.random.Generator, shares_: np.ndarray, *, by_round: bool) -> Iterator[Readings]:
    """The fingerprints of one year."""
    for i in range(ROUNDS):
        drawn = rng.choice(len(shares_), 1 if by_round else REPLIES, p=shares_)
        names, counts = np.unique(np.repeat(drawn, REPLIES if by_round else 1), return_counts=True)
        values = {f"fp_{name}": int(count) for name, count in zip(names, counts, strict=True)}
        reading = Reading("fingerprint", "system_fingerprint", counts=values)
        yield Readings(f"{i:05}", {reading.key: reading}, REPLIES)


def told(rounds: Iterator[Readings]) -> int:
    """Facts in a year, without asking again: replies confirm one another."""
    memory, count = facts.FactMemory(), 0
    for readings in rounds:
        memory, new = facts.advance(memory, readings)
        count += len(new)
    return count


def main(years: int = 100) -> None:
    print(f"{years} endpoint-years each, {ROUNDS} rounds of {REPLIES} replies a year\n")
    print("| values | shares | drawn for every | facts a year | years without any |\n|---|---|---|---|---|")
    for values in (1, 2, 5, 20, 100):
        for equal in (True, False) if values > 1 else (True,):
            for by_round in (False, True):
                rng = np.random.default_rng(values)
                found = [told(year(rng, shares(values, equal=equal), by_round=by_round)) for _ in range(years)]
                quiet = sum(count == 0 for count in found)
                drawn, fall = "round" if by_round else "reply", "equal" if equal else "1/rank"
                print(f"| {values} | {fall} | {drawn} | {sum(found) / years:.2f} | {quiet} of {years} |", flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
