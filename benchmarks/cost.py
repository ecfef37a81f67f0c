"""What judging costs after a hundred rounds and after ten thousand, and how many replies a second."""

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
from prober.judging.judge import advance
from prober.judging.promise import Promise
from prober.lab.replay import reference_of, replay

DESIGN: Final = Design(10, 3)
REFERENCE: Final = 12
"""Rounds, the default."""
SHORT, LONG = 100, 10_000
"""Rounds of history."""
TIMED: Final = 300
"""Rounds timed under either history, in turn."""
REPLAYED: Final = (DESIGN, Design(10, 10), Design(10, 30))
"""Rounds of these sizes are replayed."""
REPLAYED_ROUNDS: Final = 600
"""Of each."""
REPLAYS: Final = 5
"""Of the same rounds; the fastest counts, because whatever else the machine does only makes one slower."""


@dataclass(frozen=True)
class Speed:
    """Of replay."""

    replies: int
    """A round."""
    per_second: float
    """Replies, of CPU time."""


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
    speeds: tuple[Speed, ...]
    """By the size of a round."""

    @property
    def ratio(self) -> float:
        return self.long_ms / self.short_ms


def measure(effort: Effort) -> Cost:
    """In one process, whatever the workers."""
    rng = np.random.default_rng(8)
    # First: beside a long history, Python's garbage collector would look through that again and again.
    speeds = tuple(_replay(design, rng, effort) for design in REPLAYED)
    base, long = ladder.load(ladder.BASE), effort.times(LONG, quick=SHORT + 1)
    watch = Watch.begin(text_only(DESIGN.draw(base, rng, REFERENCE)))
    short = watch
    for number in range(1, long + 1):
        watch = watch.see(_one(rng))
        short = watch if number == SHORT else short
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(effort.times(TIMED)):
        answers = _one(rng)
        # Both judge the very same round; each stays where it is, so that their histories keep their lengths.
        for times, watched in zip(took, (short, watch), strict=True):
            [round_] = numbered([answers], len(watched.rounds))
            began = time.process_time()
            advance(watched.memory, round_, lambda series: (), watched.promise)
            times.append(time.process_time() - began)
    return Cost(
        replies=DESIGN.asks,
        short=SHORT,
        long=long,
        short_ms=float(np.median(took[0])) * 1000,
        long_ms=float(np.median(took[1])) * 1000,
        speeds=speeds,
    )


def _replay(design: Design, rng: np.random.Generator, effort: Effort) -> Speed:
    count = effort.times(REPLAYED_ROUNDS, quick=20)
    rounds = numbered([_one(rng, design) for _ in range(count)])
    took = []
    for _ in range(effort.times(REPLAYS, quick=1)):
        began = time.process_time()
        replay(rounds, Promise(1.0, reference=reference_of(REFERENCE)))
        took.append(time.process_time() - began)
    return Speed(design.asks, count * design.asks / min(took))


def _one(rng: np.random.Generator, design: Design = DESIGN) -> Answers:
    return text_only(design.draw(ladder.load(ladder.BASE), rng, 1))[0]


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
        f"Replay of {REPLAYED_ROUNDS} rounds, by their size, the fastest of {REPLAYS}. Where evidence passes the "
        "threshold, all rounds so far are read again:",
        "",
        "| replies a round | replies judged a second of CPU |",
        "|---|---|",
        *(f"| {speed.replies} | {speed.per_second:,.0f} |" for speed in cost.speeds),
    ]


def headlines(cost: Cost) -> list[str]:
    """Ratio and speed."""
    speeds = ", ".join(f"{speed.per_second:,.0f} at {speed.replies} a round" for speed in cost.speeds)
    return [
        f"Judging a round after {cost.long:,} rounds of history takes {cost.ratio:.2f} times what it takes after "
        f"{cost.short:,}; replies that replay judges a second: {speeds}."
    ]


PART = Part("cost", "Constant cost", Cost, measure, lines, headlines)
