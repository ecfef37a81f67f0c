"""How soon, against the best that any detector could do (Lorden 1971), at one false alarm a year of hourly rounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil, log
from typing import Final
from zlib import crc32

import numpy as np

from benchmarks import intervals, ladder, stream
from benchmarks.design import EIGHT, Design, text_only
from benchmarks.part import ALARM, JUDGE, Effort, Part
from benchmarks.peers.interface import ROUNDS_PER_YEAR
from benchmarks.stream import QUIET, REFERENCE, Watched

RUNGS: Final = ("q8_0", "noise-0.01", "noise-0.02", "prune-0.05", "temperature-0.9", "system-prompt")
"""Those whose limit is five rounds or more; below that, whole rounds and overshoot dominate."""
DESIGNS: Final = {EIGHT: 12, Design(4, 6): 6, Design(2, 12): 6, Design(4, 6, better=8): 6}
"""Designs of equal asks, and repetitions of each; peers run with the first. The bets were chosen while looking at the
probes of the first three, with other seeds; those of the last were never used."""
PATIENCE: Final = 12
"""Changed rounds are judged up to so many times the limit."""


@dataclass(frozen=True)
class Row:
    """One method on one rung."""

    rung: str
    design: str
    method: str
    limit: float
    """ln ARL / KL, rounds."""
    asks: int
    """A round."""
    tokens: int
    dollars: float
    delays: tuple[int, ...]
    """Rounds, a repetition each; `most` where there was no alarm up to then."""
    most: int
    missed: int

    @property
    def mean(self) -> intervals.Estimate:
        """Rounds; at least that where some were missed."""
        return intervals.mean(np.array(self.delays, dtype=np.float64))

    @property
    def efficiency(self) -> float:
        return self.limit / self.mean.value


@dataclass(frozen=True)
class Delays:
    """The table."""

    rows: tuple[Row, ...]
    thresholds: dict[str, float]
    quiet_rounds: int
    """Unchanged rounds judged before the changes, all repetitions."""
    alarms: int
    """Of ours, in them."""
    ms_a_round: float


@dataclass(frozen=True)
class Once:
    """One repetition."""

    delays: dict[str, dict[str, int | None]]
    """Rung → method → round of the alarm."""
    alarms: int
    ms_a_round: float


def measure(effort: Effort) -> Delays:
    """Every design, rung and method."""
    thresholds = stream.thresholds(effort)
    rungs = RUNGS[-1:] if effort.quick else RUNGS
    rows, history = list[Row](), list[Once]()
    for design, repetitions in list(DESIGNS.items())[: 1 if effort.quick else None]:
        peers = thresholds if design == EIGHT else {}
        once = partial(repeat, design=design, rungs=rungs, thresholds=peers)
        found = effort.each(f"delay {design}", once, range(effort.times(repetitions, quick=1)))
        rows += _rows(design, rungs, found)
        history += found
    return Delays(
        rows=tuple(rows),
        thresholds=thresholds,
        quiet_rounds=QUIET * len(history),
        alarms=sum(one.alarms for one in history),
        ms_a_round=float(np.median([one.ms_a_round for one in history])),
    )


def repeat(seed: int, design: Design, rungs: Sequence[str], thresholds: dict[str, float]) -> Once:
    """One history, and from it every change."""
    rng = np.random.default_rng([seed, crc32(str(design).encode())])
    history = Watched.of(rng, design)
    delays = {}
    for rung in rungs:
        recording = ladder.load(rung)
        changed = text_only(design.draw(recording, rng, most(design, rung)))
        delays[rung] = history.delays(changed, thresholds)
    return Once(delays, history.alarms, history.ms_a_round)


def limit(design: Design, rung: str) -> float:
    """Rounds."""
    return log(ROUNDS_PER_YEAR) / design.information(ladder.load(rung))


def most(design: Design, rung: str) -> int:
    """Changed rounds that are judged."""
    return ceil(PATIENCE * limit(design, rung))


def _rows(design: Design, rungs: Sequence[str], found: Sequence[Once]) -> Iterator[Row]:
    for rung in rungs:
        recording, end = ladder.load(rung), most(design, rung)
        for method in found[0].delays[rung]:
            delays = [one.delays[rung][method] for one in found]
            yield Row(
                rung=rung,
                design=str(design),
                method=method,
                limit=limit(design, rung),
                asks=design.asks,
                tokens=sum(design.tokens(recording)),
                dollars=design.dollars(recording),
                delays=tuple(end if delay is None else delay for delay in delays),
                most=end,
                missed=delays.count(None),
            )


def lines(found: Delays) -> list[str]:
    """How, and the table."""
    held = ", ".join(f"{peer} × {value:.2f}" for peer, value in found.thresholds.items())
    repetitions = {row.design: len(row.delays) for row in found.rows}
    return [
        f"Texts alone. {REFERENCE} rounds of reference and {QUIET} quiet ones, then every round is changed until the "
        f"alarm, or until {PATIENCE} times the limit, which then counts as the delay and makes the mean a lower bound "
        f"(≥). Threshold: one false alarm in {ROUNDS_PER_YEAR:,} rounds. Limit: ln {ROUNDS_PER_YEAR:,} / KL, with KL "
        "the nats of a round, computed from the model's own probabilities. Efficiency is limit over mean delay. "
        "Intervals are 95 %, Student's, over "
        f"{', '.join(f'{n} repetitions of {design}' for design, n in repetitions.items())} "
        "probes × replies; all rungs of a repetition share one history. Dollars: $2 and $8 a million tokens (GPT-4.1). "
        "The bets were chosen while looking at these rungs, with other seeds, and at these probes, except those "
        "called *other*: they are the next best, and nothing was chosen by looking at them.",
        "",
        f"Peers are held to the same rate: {stream.STREAMS} unchanged streams of {stream.LENGTH} rounds, the largest "
        f"reading of every {stream.BLOCK} rounds, an exponential tail fitted to the upper fifth of them; so their own "
        f"thresholds are multiplied ({held}). Their reference is everything but the last {stream.RUNNING} "
        "quiet rounds. The wealth of plug-in betting grows on unchanged streams too, because its null is an estimate, "
        "so it cannot both keep this rate and find small changes.",
        "",
        f"Ours raised {found.alarms} false alarms in {found.quiet_rounds:,} quiet rounds "
        f"({found.quiet_rounds / ROUNDS_PER_YEAR:.1f} promised); judging a round took {found.ms_a_round:.1f} ms of "
        "CPU.",
        "",
        "| rung | probes × replies | method | limit | mean delay, rounds | efficiency | asks | tokens | dollars "
        "| missed |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_line(row) for row in found.rows),
    ]


def _line(row: Row) -> str:
    mean, bound = row.mean, "≥ " if row.missed else ""
    cells = [
        row.rung,
        row.design,
        row.method,
        f"{row.limit:.1f}",
        f"{bound}{mean.value:.1f} ({max(mean.low, 1):.1f}–{mean.high:.1f})",
        f"{'≤ ' if row.missed else ''}{row.efficiency:.2f}",
        f"{mean.value * row.asks:,.0f}",
        f"{mean.value * row.tokens:,.0f}",
        f"{mean.value * row.dollars:.3f}",
        f"{row.missed} of {len(row.delays)}",
    ]
    return f"| {' | '.join(cells)} |"


def headlines(found: Delays) -> list[str]:
    """Efficiency of ours over the rungs, and of the best peer."""
    first = [row for row in found.rows if row.design == str(EIGHT)]
    means = {
        method: float(np.mean([row.efficiency for row in first if row.method == method]))
        for method in dict.fromkeys(row.method for row in first)
    }
    ours = [row.efficiency for row in first if row.method == "ours"]
    best = max((method for method in means if method != "ours"), key=lambda method: means[method])
    return [
        f"Efficiency against Lorden's limit at one false alarm a year: {means['ours']:.2f} on average "
        f"({min(ours):.2f} to {max(ours):.2f}), {EIGHT} border probes × replies, text alone; best peer at the same "
        f"rate ({best}) {means[best]:.2f}."
    ]


PART = Part("delay", "Delay, and the limit", Delays, measure, lines, headlines, JUDGE + ALARM)
