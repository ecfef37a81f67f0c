"""Streams of hourly rounds from the ladder: a history without a change, and peers held to the promise ours keeps."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

from benchmarks import ladder
from benchmarks.design import EIGHT, Design, text_only
from benchmarks.ladder import Answers
from benchmarks.ours import Watch
from benchmarks.part import Effort
from benchmarks.peers import PEERS
from benchmarks.peers.interface import ROUNDS_PER_YEAR
from benchmarks.peers.scan import WINDOWS

Floats = npt.NDArray[np.float64]

REFERENCE: Final = 168
"""Rounds: a week."""
QUIET: Final = 336
"""Unchanged rounds judged after it."""
RUNNING: Final = max(WINDOWS)
"""The last of them that a peer watches, so that its windows are full; the others join its reference, which is as much
as ours has learnt from."""
TRACKED: Final = ("scan", "betting", "b3it")
"""Peers that watch streams of texts."""

STREAMS, LENGTH = 40, 600
"""Unchanged streams behind a peer's threshold, and their rounds."""
BLOCK: Final = 100
"""Rounds whose largest reading is one point of the tail."""
UPPER: Final = 0.2
"""Share of the points that the tail is fitted to."""


@dataclass(frozen=True)
class Watched:
    """Everything up to the moment of a change."""

    rounds: tuple[Answers, ...]
    """Reference and quiet ones."""
    watch: Watch
    """Ours, after all of them."""
    alarms: int
    """Of ours, in the quiet rounds; false ones, after each of which judging started anew."""
    ms_a_round: float
    """Median CPU time of judging one."""

    @staticmethod
    def of(rng: np.random.Generator, design: Design) -> Watched:
        """A seeded one, from texts alone."""
        rounds = text_only(design.draw(ladder.load(ladder.BASE), rng, REFERENCE + QUIET))
        watch, alarms, took = Watch.begin(rounds[:REFERENCE]), 0, []
        for number, answers in enumerate(rounds[REFERENCE:], start=REFERENCE + 1):
            began = time.process_time()
            watch = watch.see(answers)
            took.append(time.process_time() - began)
            if watch.alarmed:
                alarms, watch = alarms + 1, Watch.begin(rounds[number - REFERENCE : number])
        return Watched(tuple(rounds), watch, alarms, float(np.median(took)) * 1000)

    def delays(self, changed: Sequence[Answers], thresholds: Mapping[str, float]) -> dict[str, int | None]:
        """Method → the changed round, counted from 1, that raised the alarm; None where none did."""
        return {
            "ours": self.watch.delay(changed),
            **{peer: delay_of(peer, self.rounds, changed, at) for peer, at in thresholds.items()},
        }


def thresholds(effort: Effort) -> dict[str, float]:
    """Peer → what its running statistic must pass for at most one false alarm in a year of hourly rounds.

    Each peer watches unchanged streams of the unchanged model, with references like those of `Watched`. The largest
    readings of blocks of 100 rounds are pooled over streams, an exponential tail is fitted to their upper fifth, and
    the threshold is what it passes in a share 1 - exp(-100 / 8,766) of the blocks.
    """
    streams = effort.times(STREAMS, quick=1)
    largest = effort.each("thresholds", partial(_largest, length=effort.times(LENGTH, quick=200)), range(streams))
    return {peer: tail(np.concatenate([one[peer] for one in largest])) for peer in TRACKED}


def tail(largest: Floats, block: int = BLOCK, rounds_between: float = ROUNDS_PER_YEAR) -> float:
    """From the largest readings of blocks of unchanged rounds; at least the largest where they hardly differ."""
    exceeding = 1 - np.exp(-block / rounds_between)
    start = float(np.quantile(largest, 1 - UPPER))
    beyond = largest[largest > start] - start
    return start + (float(beyond.mean()) if len(beyond) else 0.0) * float(np.log(UPPER / exceeding))


def _largest(seed: int, length: int) -> dict[str, Floats]:
    rng = np.random.default_rng([seed, crc32(b"thresholds")])
    base = ladder.load(ladder.BASE)
    old, new = (text_only(EIGHT.draw(base, rng, n)) for n in (REFERENCE + QUIET, length))
    return {peer: track_of(peer, old, new).reshape(-1, BLOCK).max(axis=1) for peer in TRACKED}


def track_of(peer: str, history: Sequence[Answers], later: Sequence[Answers]) -> Floats:
    track = PEERS[peer].track
    if track is None:
        raise ValueError(f"{peer} does not watch streams")
    return track(history[:-RUNNING], [*history[-RUNNING:], *later])[RUNNING:]


def delay_of(peer: str, history: Sequence[Answers], changed: Sequence[Answers], threshold: float) -> int | None:
    alarms = np.flatnonzero(track_of(peer, history, changed) > threshold)
    return int(alarms[0]) + 1 if len(alarms) else None
