r"""Did live traffic shift? What users ask and what is answered, each by itself, in windows of time.

A window is one round of the judge, with the feature as its only probe: prompts go through the channels as if they were
replies, replies as they are. Each side has its own promise. Scores are numbers of the team's own; of these, and of
either side where a triage asks about a moment, windows before and since are compared: the order of windows is
exchangeable where nothing shifted, so a permutation test is exact; its p-value is multiplied by the number of readings
(Bonferroni).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import numpy.typing as npt

from prober.judging.channels import embedded, log_characters, longer, passed, percent, refused
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply
from prober.model.sample import Side, StoredSample

WINDOW: Final = timedelta(hours=6)
FEWEST: Final = 20
"""Samples that a window needs; one with fewer is left out."""
MOST: Final = 120
"""Samples of a window that are judged, drawn at random."""
PROMISE: Final = Promise(false_alarms_per_year=1.0, rounds_per_year=HOURS_PER_YEAR / (WINDOW / timedelta(hours=1)))
"""The promise of each side of a feature."""
LEVEL: Final = 0.01
"""p-value, over all readings, at which windows since a moment count as shifted."""
DRAWN: Final = 2_000
NAMES: Final = 8
"""Commonest names that have a share of their own."""

Window = Sequence[StoredSample]
Rows = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Shift:
    """How windows since a moment differ from those before."""

    p_value: float
    words: str
    """What is said of the reading that shifted most."""
    rose: bool
    """Whether that reading, where it is one number, is higher since."""

    @property
    def is_clear(self) -> bool:
        return self.p_value <= LEVEL


def window_of(at: datetime) -> datetime:
    """When the window began that holds a moment."""
    return datetime.fromtimestamp(at.timestamp() // WINDOW.total_seconds() * WINDOW.total_seconds(), UTC)


def round_of(begin: datetime, samples: Window, side: Side) -> Round:
    """One side of a window as the judge takes it."""
    label = begin.isoformat(timespec="microseconds").replace("+00:00", "Z")
    seen = tuple(
        Observation(side, side, i, Reply(at=one.at, text=""), print_)
        for i, one in enumerate(samples)
        if (print_ := read(one, side)) is not None
    )
    return Round(label, side, begin, seen)


def read(sample: StoredSample, side: Side) -> Fingerprint | None:
    return sample.inputs if side == "inputs" else sample.outputs


def words_of(said: str, side: Side) -> str:
    """What the judge says of rounds and replies, said of windows and of one side of a feature."""
    said = said.removeprefix(f"{side}: ").replace("reference of 1 probe", "reference")
    said = re.sub(r"\bround(s?)\b(?![^“]*”)", r"window\1", said)  # not within an answer that is quoted
    if side == "inputs":  # a question does not end for a reason
        said = re.sub(
            r"\b(answers never seen|rare answers)\b", lambda found: found[0].replace("answers", "questions"), said
        )
        said = said.replace(", no finish reason,", ",")
    return said


def compare(before: Sequence[Window], since: Sequence[Window], side: Side) -> Shift | None:
    """How inputs or outputs differ; None where either has no window with something to read."""
    found = []
    for name, of in _READINGS.items():
        rows, first = _rows(before, since, lambda one, of=of: _value(one, side, of))  # type: ignore[misc]
        if rows is not None:
            found.append((_permuted(rows, first), name, rows[:first].mean(axis=0), rows[first:].mean(axis=0)))
    if not found:
        return None
    p_value, name, old, new = min(found, key=lambda one: one[0])
    return Shift(min(1.0, p_value * len(found)), _WORDS[name](float(new[0]), float(old[0])), bool(new[0] > old[0]))


def compare_score(before: Sequence[Window], since: Sequence[Window], name: str) -> Shift | None:
    """How a score differs; None where either has no window with it."""
    rows, first = _rows(before, since, lambda one: one.scores.get(name))
    if rows is None:
        return None
    old, new = float(rows[:first].mean()), float(rows[first:].mean())
    return Shift(_permuted(rows, first), f"{name}: {new:.3g} (was {old:.3g})", new > old)


def _value(sample: StoredSample, side: Side, of: Callable[[Fingerprint], object]) -> object:
    print_ = read(sample, side)
    return None if print_ is None else of(print_)


def _rows(
    before: Sequence[Window], since: Sequence[Window], of: Callable[[StoredSample], object]
) -> tuple[Rows | None, int]:
    """(windows, columns): the mean reading of each window that has one, and how many of them are from before."""
    parts = [
        [[value for one in window if (value := of(one)) is not None] for window in part] for part in (before, since)
    ]
    kept = [[values for values in part if values] for part in parts]
    if not all(kept):
        return None, 0
    windows = [values for part in kept for values in part]
    if isinstance(windows[0][0], str):
        names = [name for name, _ in Counter(value for of_ in windows for value in of_).most_common(NAMES)]
        rows = [[values.count(name) / len(values) for name in names] for values in windows]
    else:
        rows = [np.atleast_1d(np.mean(np.array(values, dtype=np.float64), axis=0)).tolist() for values in windows]
    return np.array(rows, dtype=np.float64), len(kept[0])


def _permuted(rows: Rows, first: int) -> float:
    """p-value of the squared distance of the means, over drawn orders of the windows, always the same ones."""
    n, since = len(rows), len(rows) - first
    centred = rows - rows.mean(axis=0)
    orders = np.argsort(np.random.default_rng(0).random((DRAWN, n)), axis=1) < since
    orders = np.vstack([np.arange(n) >= first, orders]).astype(np.float64)
    statistic = ((orders @ centred) ** 2).sum(axis=1)
    return float(np.mean(statistic >= statistic[0] * (1 - 1e-9)))


_READINGS: Final[dict[str, Callable[[Fingerprint], object]]] = {
    "length": log_characters,
    "type": lambda one: one.categories.get("text.reply_type"),
    "format": lambda one: one.categories.get("structure.shape"),
    "embedding": embedded,
    "refusal": refused,
    "expectation": passed,
}
_WORDS: Final[dict[str, Callable[[float, float], str]]] = {
    "length": lambda new, old: longer(float(np.exp(new - old)), 1.0),
    "type": lambda new, old: "another mix of languages, lengths or ends",
    "format": lambda new, old: "another mix of formats",
    "embedding": lambda new, old: "about something else",
    "refusal": lambda new, old: f"refuses {percent(new)} (was {percent(old)})",
    "expectation": lambda new, old: f"checks pass {percent(new)} (was {percent(old)})",
}
