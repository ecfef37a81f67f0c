"""Replies of a type never seen before are found when they are few; the same share from the start is no change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks import worlds
from prober.fingerprint.text import repeats_itself
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.lab.replay import replay

WEEK = 168


def alarms(odd_from: int, share: float) -> list[int]:
    """Rounds that alarm, of a week of reference, a day, and a week: ten probes, three replies an hour each."""
    rng = np.random.default_rng([1, 99])
    world = worlds.still(rng, clustered=False)
    probes = tuple(worlds.still(rng, clustered=False).probes[0] for _ in range(10))
    world = replace(world, probes=probes, samples=3, every_h=1.0, odd=share, odd_from=odd_from)
    rounds = list(worlds.rounds(rng, world, 2 * WEEK + 24))
    return [int(alarm.round) for alarm in replay(rounds, Promise(1.0, HOURS_PER_YEAR)).alarms]


@pytest.mark.slow
def test_one_odd_reply_in_a_hundred_is_found_within_a_week() -> None:
    assert len([round_ for round_ in alarms(WEEK + 24, 0.01) if round_ >= WEEK + 24]) == 1
    assert alarms(0, 0.01) == []


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("I am sorry. " * 60, True),
        ("A proper beginning, and then " + "the end of the end of " * 80, True),
        (" ".join(f"item {i} costs {i * 37 % 101} euros and {i * 53 % 97} cents," for i in range(100)), False),
        ("ha ha ha", False),
        ("", False),
    ],
)
def test_a_loop_is_distinguished_from_a_table(text: str, loops: bool) -> None:
    assert repeats_itself(text) is loops
