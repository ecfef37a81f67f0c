"""What judging costs: the same after ten thousand rounds as after a hundred, and how many replies a second."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

import numpy as np

from benchmarks import ladder
from benchmarks.design import Design, text_only
from benchmarks.ladder import Answers
from benchmarks.ours import Watch, numbered
from benchmarks.part import Effort, Part
from prober.detectors.promise import Promise
from prober.replay import reference_of, replay

DESIGN: Final = Design(10, 3)
REFERENCE: Final = 12
"""Rounds, the default."""
SHORT, LONG = 100, 10_000
"""Rounds of history."""
TIMED: Final = 300
"""Rounds timed under either history, in turn."""
REPLAYED: Final = 1000
"""Rounds replayed."""


@dataclass(frozen=True)
class Cost:
    """The numbers."""

    replies: int
    """A round."""
    short: int
    """Rounds of history."""
    long: int
    short_ms: float
    """Median CPU time of judging a round."""
    long_ms: float
    replayed: int
    """Replies."""
    replies_per_second: float

    @property
    def ratio(self) -> float:
        return self.long_ms / self.short_ms


def measure(effort: Effort) -> Cost:
    """In one process, whatever the workers."""
    rng = np.random.default_rng(8)
    base, long = ladder.load(ladder.BASE), effort.times(LONG, quick=2 * SHORT)
    watch = Watch.begin(text_only(DESIGN.draw(base, rng, REFERENCE)))
    short = watch
    for number in range(1, long + 1):
        watch = watch.see(_one(rng))
        short = watch if number == SHORT else short
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(effort.times(TIMED, quick=20)):
        answers = _one(rng)
        # Both judge the very same round; each stays where it is, so that their histories keep their lengths.
        for times, past in zip(took, (short, watch), strict=True):
            began = time.process_time()
            past.see(answers)
            times.append(time.process_time() - began)
    rounds = numbered([_one(rng) for _ in range(effort.times(REPLAYED, quick=40))])
    began = time.process_time()
    replay(rounds, Promise(1.0, reference=reference_of(REFERENCE)))
    replies = len(rounds) * DESIGN.asks
    return Cost(
        replies=DESIGN.asks,
        short=SHORT,
        long=long,
        short_ms=float(np.median(took[0])) * 1000,
        long_ms=float(np.median(took[1])) * 1000,
        replayed=replies,
        replies_per_second=replies / (time.process_time() - began),
    )


def _one(rng: np.random.Generator) -> Answers:
    return text_only(DESIGN.draw(ladder.load(ladder.BASE), rng, 1))[0]


def lines(cost: Cost) -> list[str]:
    """How, and what was found."""
    return [
        f"Rounds of {cost.replies} replies, fingerprints given, a reference of {REFERENCE} rounds; one process, the "
        "two histories timed in turn on the same rounds.",
        "",
        "| history | median CPU time of judging a round |",
        "|---|---|",
        f"| {cost.short:,} rounds | {cost.short_ms:.2f} ms |",
        f"| {cost.long:,} rounds | {cost.long_ms:.2f} ms |",
        f"| ratio | {cost.ratio:.2f} |",
        "",
        f"Replay of {cost.replayed:,} replies: {cost.replies_per_second:,.0f} replies a second of CPU.",
    ]


def headlines(cost: Cost) -> list[str]:
    """Ratio and speed."""
    return [
        f"Judging a round after {cost.long:,} rounds of history takes {cost.ratio:.2f} times what it takes after "
        f"{cost.short:,}; replay judges {cost.replies_per_second:,.0f} replies a second."
    ]


PART = Part("cost", "Constant cost", Cost, measure, lines, headlines)
