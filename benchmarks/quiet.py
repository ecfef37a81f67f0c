"""The real model, unchanged: false alarms of the whole judge, at hourly rounds under the default promise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache, partial
from typing import Final, Literal
from zlib import crc32

import numpy as np

from benchmarks import ladder
from benchmarks.design import EIGHT
from benchmarks.ladder import Recording, as_round
from benchmarks.part import ALARM, DAYS, JUDGE, LASTING, Effort, Part
from benchmarks.still import StillResult
from benchmarks.worlds import START
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.lab.replay import replay
from prober.model.evidence import Round
from prober.text import count

Numerics = Literal["mixed", "sticky"]
KINDS: Final[dict[Numerics, str]] = {
    "mixed": "each reply computed in one of three ways, at random",
    "sticky": "all replies of a day computed in one way, drawn anew every day",
}
STREAMS: Final = 10
ROUNDS: Final = 1000
"""Judged in each."""
REFERENCE: Final = 13 * 24 + 1
"""Rounds in front: enough for a reference of days, where the judge asks for that."""


@dataclass(frozen=True)
class Stream:
    """One stream."""

    alarms: int
    judged: int
    """Rounds after the first reference."""


@dataclass(frozen=True)
class Quiet:
    """The table."""

    rows: tuple[StillResult, ...]


def measure(effort: Effort) -> Quiet:
    """Every way of computing."""
    rows = []
    for kind in list(KINDS)[: 1 if effort.quick else None]:
        length = REFERENCE + effort.times(ROUNDS, quick=60)
        found = effort.each(
            f"quiet, {kind}", partial(watched, kind=kind, length=length), range(effort.times(STREAMS, quick=1))
        )
        rows.append(
            StillResult(
                kind=kind,
                years=sum(one.judged for one in found) / HOURS_PER_YEAR,
                alarms=sum(one.alarms for one in found),
                worlds_with_alarm=sum(one.alarms > 0 for one in found),
                worlds=len(found),
            )
        )
    return Quiet(tuple(rows))


def watched(seed: int, kind: Numerics, length: int) -> Stream:
    """Alarms of one seeded stream; after each, judging starts anew, as the daemon's would."""
    promise = Promise(1.0, HOURS_PER_YEAR)
    found = replay(list(rounds(seed, kind, length)), promise)
    return Stream(len(found.alarms), found.rounds - found.reference_rounds if found.reference_rounds else 0)


def rounds(seed: int, kind: Numerics, length: int) -> Iterator[Round]:
    """Hourly rounds of the unchanged model, log-probabilities and all."""
    rng = np.random.default_rng([seed, crc32(kind.encode())])
    ways = _ways()
    of_day = rng.integers(len(ways), size=length // 24 + 1)
    for number in range(length):
        recording = ladder.load(ladder.BASE) if kind == "mixed" else ways[of_day[number // 24]]
        [answers] = EIGHT.draw(recording, rng, 1)
        yield as_round(answers, f"{number:06d}", at=START + timedelta(hours=number))


@cache
def _ways() -> tuple[Recording, ...]:
    """The unchanged model, computed in one way only."""
    base = ladder.load(ladder.BASE)
    return tuple(
        replace(base, weights=tuple(float(way == i) for i in range(len(base.weights))))
        for way in range(len(base.weights))
    )


def lines(found: Quiet) -> list[str]:
    """How, and the table."""
    return [
        f"{EIGHT} border probes × replies every hour, with log-probabilities, so that all channels have readings. The "
        "daemon's own rule for the reference, which counts days if the rounds of one day are correlated. Promise: "
        "one false alarm a year. Intervals are Garwood's, 95 %.",
        "",
        "| unchanged stream | streams | years | false alarms | a year (95 % interval) | streams with any |",
        "|---|---|---|---|---|---|",
        *(_line(row) for row in found.rows),
    ]


def _line(row: StillResult) -> str:
    low, high = row.interval
    says = {str(kind): says for kind, says in KINDS.items()}[row.kind]
    return (
        f"| {says} | {row.worlds} | {row.years:.2f} | {row.alarms} | {row.rate:.2f} ({low:.2f}–{high:.2f}) "
        f"| {row.worlds_with_alarm} of {row.worlds} |"
    )


def headlines(found: Quiet) -> list[str]:
    """Alarms over both."""
    alarms, years = sum(row.alarms for row in found.rows), sum(row.years for row in found.rows)
    return [
        f"The real model, unchanged: {count(alarms, 'false alarm')} in {years:.1f} endpoint-years of hourly rounds; "
        f"promised {years:.1f}."
    ]


PART = Part(
    "quiet",
    "False alarms on the real model, unchanged",
    Quiet,
    measure,
    lines,
    headlines,
    measures=JUDGE + ALARM + DAYS + LASTING,
)
