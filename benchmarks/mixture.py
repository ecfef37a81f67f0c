"""A share of the traffic is routed elsewhere: which shares are caught within a week of hourly rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from zlib import crc32

import numpy as np

from benchmarks import ladder, stream
from benchmarks.design import EIGHT, text_only
from benchmarks.part import ALARM, JUDGE, Effort, Part
from benchmarks.stream import QUIET, REFERENCE, Watched

SHARES: Final = (0.01, 0.05, 0.10, 0.16, 0.25, 0.50, 1.0)
ELSEWHERE: Final = ("template", "q4_0")
PEERS: Final = ("scan", "b3it")
WEEK: Final = 168
"""Rounds."""
REPETITIONS: Final = 10

Case = tuple[str, float]
"""Rung, share."""


@dataclass(frozen=True)
class Row:
    """One method on one share."""

    elsewhere: str
    share: float
    nats: float
    """A round."""
    method: str
    delays: tuple[int | None, ...]
    """Rounds, a repetition each; None where it was not caught within a week."""

    @property
    def caught(self) -> int:
        return len(self.delays) - self.delays.count(None)

    @property
    def median(self) -> float | None:
        """Rounds; None where half of them or more were not caught."""
        middle = float(np.median([np.inf if delay is None else delay for delay in self.delays]))
        return None if np.isinf(middle) else middle


@dataclass(frozen=True)
class Mixtures:
    """The table."""

    rows: tuple[Row, ...]


def measure(effort: Effort) -> Mixtures:
    """Every share of either."""
    held = stream.thresholds(effort)
    thresholds = {peer: held[peer] for peer in PEERS}
    cases = [(rung, share) for rung in ELSEWHERE for share in (SHARES[-1:] if effort.quick else SHARES)]
    once = partial(repeat, cases=cases, thresholds=thresholds)
    found = effort.each("mixture", once, range(effort.times(REPETITIONS, quick=1)))
    return Mixtures(
        tuple(
            Row(
                elsewhere=rung,
                share=share,
                nats=EIGHT.information(ladder.mixed(rung, share)),
                method=method,
                delays=tuple(one[rung, share][method] for one in found),
            )
            for rung, share in cases
            for method in ("ours", *PEERS)
        )
    )


def repeat(seed: int, cases: Sequence[Case], thresholds: dict[str, float]) -> dict[Case, dict[str, int | None]]:
    """One history, and from it every share."""
    rng = np.random.default_rng([seed, crc32(b"mixture")])
    history = Watched.of(rng, EIGHT)
    return {case: history.delays(text_only(EIGHT.draw(ladder.mixed(*case), rng, WEEK)), thresholds) for case in cases}


def lines(found: Mixtures) -> list[str]:
    """How, and the table."""
    rows = {(row.elsewhere, row.share, row.method): row for row in found.rows}
    methods = tuple(dict.fromkeys(row.method for row in found.rows))
    repetitions = len(found.rows[0].delays)
    return [
        f"From one round on every reply comes with this chance from elsewhere, each by itself. {EIGHT} border probes × "
        f"replies, hourly, text alone; {REFERENCE} rounds of reference and {QUIET} quiet ones before. Caught: alarm "
        f"within {WEEK} rounds, of {repetitions} seeded repetitions, with the median delay in rounds over all of them "
        "(– where half or more were not caught). Thresholds as for the delays: one false alarm a year.",
        "",
        f"| elsewhere | share | nats a round | {' | '.join(f'{method}: caught | median' for method in methods)} |",
        f"|---|---|---|{'---|---|' * len(methods)}",
        *(
            f"| {elsewhere} | {share:.0%} | {rows[elsewhere, share, 'ours'].nats:.2f} | "
            f"{' | '.join(_cells(rows[elsewhere, share, method]) for method in methods)} |"
            for elsewhere, share in dict.fromkeys((row.elsewhere, row.share) for row in found.rows)
        ),
    ]


def _cells(row: Row) -> str:
    return f"{row.caught} of {len(row.delays)} | {'–' if row.median is None else f'{row.median:.0f}'}"


def headlines(found: Mixtures) -> list[str]:
    """The incident of a sixth of the traffic."""
    caught = [
        f"{row.elsewhere} {row.caught} of {len(row.delays)}"
        + ("" if row.median is None else f", median {row.median:.0f} rounds")
        for row in found.rows
        if row.method == "ours" and row.share == 0.16
    ]
    return (
        [f"16 % of the traffic routed elsewhere, caught within a week of hourly rounds: {'; '.join(caught)}."]
        if caught
        else []
    )


PART = Part("mixture", "A share of the traffic routed elsewhere", Mixtures, measure, lines, headlines, JUDGE + ALARM)
