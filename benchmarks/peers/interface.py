"""What every peer offers, so that all are run on the same replies in the same way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from benchmarks.ladder import Answers

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]
Rounds: TypeAlias = Sequence["Answers"]
"""Answers of whole rounds, oldest first."""
Judged: TypeAlias = Callable[[Rounds, Rounds, np.random.Generator], float]
"""Reference rounds, candidate rounds, randomness → one number."""
Track: TypeAlias = Callable[[Rounds, Rounds], Floats]
"""Reference rounds, later rounds in order → shape (later rounds,): known once that round is in; above 1 is an alarm."""
Monitor: TypeAlias = Callable[[Rounds, Rounds], "int | None"]
"""Reference rounds, later rounds in order → index of the later round that raised the first alarm."""

SHUFFLES: Final = 1000
"""Permutations behind a p-value, as the papers take them."""
ROUNDS_PER_YEAR: Final = 8766
"""Hourly rounds: what is asked between false alarms of methods that take a threshold, so one alarm a year."""


@dataclass(frozen=True)
class Peer:
    """One method, as its paper describes it."""

    name: str
    access: Literal["text", "logprobs"]
    """What it must be able to read of a reply."""
    source: str
    """Where it is described."""
    score: Judged
    """Larger = more changed; ties are allowed. Numbers of two peers do not compare."""
    p_value: Judged | None = None
    """Where the method has one."""
    track: Track | None = None
    """Its running statistic over its own threshold, where it is made for streams."""
    monitor: Monitor | None = None
    """Its production rule, where it has one."""


def first_alarm(track: Track) -> Monitor:
    """The rule that alarms where `track` first passes 1."""

    def monitor(reference: Rounds, later: Rounds) -> int | None:
        alarms = np.flatnonzero(track(reference, later) > 1)
        return int(alarms[0]) if len(alarms) else None

    return monitor


def exceeded(seen: float, shuffled: Floats) -> float:
    """The permutation p-value, with the +1 that keeps it valid (Phipson & Smyth 2010); most papers leave that out.

    Values that differ by rounding alone are equal.
    """
    slack = 1e-9 * max(abs(seen), float(np.abs(shuffled).max(initial=0)))
    return float((1 + np.count_nonzero(shuffled >= seen - slack)) / (1 + len(shuffled)))


def texts(rounds: Rounds, probe: str) -> list[str]:
    """All replies of one probe, oldest first."""
    return [text for answers in rounds for text in answers.texts.get(probe, ())]


def shared_probes(reference: Rounds, candidate: Rounds) -> list[str]:
    """Probes with a reply on both sides, sorted."""
    sides = [
        {p for answers in side for p, replies in answers.texts.items() if replies} for side in (reference, candidate)
    ]
    return sorted(sides[0] & sides[1])
