"""The ladder: real small changes of a real small model, recorded once, for judging who finds them and how soon.

`load` gives what was recorded of a rung, `mixed` the same with only a share of the traffic changed. `draw` draws
rounds of one-token replies exactly as the model would answer, as many as wanted; `information` says how much such a
round tells about the change, which is the limit for every detector. `python -m benchmarks.ladder` records it all anew.
"""

from __future__ import annotations

from benchmarks.ladder.answers import Answers, as_round, draw, information, recorded
from benchmarks.ladder.probes import TEXT as _TEXT
from benchmarks.ladder.probes import kept as _kept
from benchmarks.ladder.recording import Distribution, Ending, Recording, load, mixed
from benchmarks.ladder.rungs import ALL as _ALL
from benchmarks.ladder.rungs import BASE

__all__ = [
    "BASE",
    "BORDER",
    "RICH",
    "RUNGS",
    "TEXT",
    "Answers",
    "Distribution",
    "Ending",
    "Recording",
    "as_round",
    "draw",
    "information",
    "load",
    "mixed",
    "recorded",
]

RUNGS: tuple[str, ...] = tuple(name for name in _ALL if name != BASE)
"""Every change that was recorded."""

BORDER: tuple[str, ...] = _kept()["border"]
"""One-token probes whose two likeliest answers are balanced, the most balanced first."""

RICH: tuple[str, ...] = _kept()["rich"]
"""One-token probes with many likely answers, the richest first."""

TEXT: tuple[str, ...] = tuple(_TEXT)
"""Probes whose whole reply was recorded."""
