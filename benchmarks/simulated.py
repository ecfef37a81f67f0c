"""Simulated worlds as parts of the report: false alarms of every kind that stays still, and changes caught."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks import changed, still, worlds
from benchmarks.changed import ChangeResult
from benchmarks.part import ALARM, DAYS, JUDGE, LASTING, Effort, Part
from benchmarks.still import StillResult
from prober.judging.objectives import wilson
from prober.judging.promise import HOURS_PER_YEAR


@dataclass(frozen=True)
class Still:
    """A row a kind."""

    rows: tuple[StillResult, ...]


@dataclass(frozen=True)
class Changed:
    """A row a share."""

    rows: tuple[ChangeResult, ...]


def measure_still(effort: Effort) -> Still:
    """`effort.years` × 365.25 rounds of each kind, so that hourly ones, whose years are long, take no longer."""
    rounds = (0.5 if effort.quick else effort.years) * 365.25
    counts = {
        name + end: max(round(rounds / (days * 24 / every_h)), 1)
        for end, (every_h, days) in list(worlds.CADENCES.items())[: 1 if effort.quick else None]
        for name in list(worlds.WORLDS)[: 1 if effort.quick else None]
    }
    return Still(tuple(still.measure(counts, effort.workers, effort.kept("still"), effort.minutes)))


def still_lines(found: Still) -> list[str]:
    """How, and the table."""
    rows = {row.kind: row for row in found.rows}
    ends = list(worlds.CADENCES)
    return [
        "Simulated endpoints that never change, judged by the whole judge on every channel that simulated fingerprints "
        "have, at the default promise: one false alarm a year. 3–8 probes of 1–4 samples a round, answers of up to 40 "
        "kinds, 1–5 alternating system fingerprints; after an alarm judging starts again. Each cell: false alarms an "
        "endpoint and year with Garwood's 95 % interval, alarms and endpoint-years. Only the time in which an "
        "endpoint was judged counts: while its reference is gathered, nothing can alarm. **Bold**: the promise is "
        "broken (the whole interval is above it). –: not measured with the present statistic.",
        "",
        "| kind | daily | 6-hourly | hourly | 10 minutes |",
        "|---|---|---|---|---|",
        *(
            f"| {name}: {says} | {' | '.join(_cell(rows.get(name + end)) for end in ends)} |"
            for name, (says, _) in worlds.WORLDS.items()
        ),
    ]


def _cell(row: StillResult | None) -> str:
    if row is None:
        return "–"
    low, high = row.interval
    mark = "**" if low > 1 else ""
    return f"{mark}{row.rate:.2f} ({low:.2f}–{high:.2f}){mark}, {row.alarms} in {row.years:.1f}"


def still_headlines(found: Still) -> list[str]:
    """How many kinds keep the promise, which break it, and the worst."""
    worst = max(found.rows, key=lambda row: row.interval[0])
    broken = [row.kind for row in found.rows if row.interval[0] > 1]
    kept = sum(row.interval[1] <= 1 for row in found.rows)
    low, high = worst.interval
    return [
        f"False alarms on {len(found.rows)} of {len(worlds.KINDS)} simulated kinds of endpoints that never change, "
        f"promised 1 a year: **more beyond chance** on {len(broken)} ({', '.join(broken) or 'none'}; the worst "
        f"{worst.kind}, {worst.rate:.2f} a year, {low:.2f}–{high:.2f}), no more beyond chance on {kept}, "
        f"and measured too briefly to tell on {len(found.rows) - len(broken) - kept}."
    ]


def measure_changed(effort: Effort) -> Changed:
    """Every share."""
    rows = []
    for share in changed.SHARES[-1:] if effort.quick else changed.SHARES:
        worlds_of_one = effort.times(effort.changes)
        rows.append(changed.measure(share, worlds_of_one, rounds_per_year=HOURS_PER_YEAR, workers=effort.workers))
        print(_changed_line(rows[-1]), flush=True)
    return Changed(tuple(rows))


def changed_lines(found: Changed) -> list[str]:
    """How, and the table."""
    return [
        f"Simulated endpoints whose days differ; after {changed.QUIET} quiet rounds a share of every probe's traffic "
        f"is answered by another model, and {changed.CHANGED} more rounds are judged. Promise: one false alarm a "
        f"year of hourly rounds ({HOURS_PER_YEAR:,.0f}). Intervals are Wilson's, 95 %.",
        "",
        "| share answered by another model | caught | median delay, rounds | 90 % within |",
        "|---|---|---|---|",
        *map(_changed_line, found.rows),
    ]


def _changed_line(row: ChangeResult) -> str:
    judged = row.worlds - row.early
    low, high = wilson(len(row.delays), judged)
    median, most = (f"{np.quantile(row.delays, q):.0f}" if row.delays else "–" for q in (0.5, 0.9))
    return f"| {row.share:.0%} | {len(row.delays)} of {judged} ({low:.0%}–{high:.0%}) | {median} | {most} |"


def changed_headlines(found: Changed) -> list[str]:
    """A whole change."""
    return [
        f"A whole change of a simulated endpoint: caught in {row.caught:.0%}, half of them by round "
        f"{np.median(row.delays):.0f}."
        for row in found.rows
        if row.share == 1 and row.delays
    ]


STILL = Part(
    "still",
    "False alarms on endpoints that never change",
    Still,
    measure_still,
    still_lines,
    still_headlines,
    measures=JUDGE + ALARM + DAYS + LASTING,
)
CHANGED = Part(
    "changed", "Simulated changes caught", Changed, measure_changed, changed_lines, changed_headlines, JUDGE + ALARM
)
