"""After a false alarm: all rounds so far are the reference, and they show for how long noise lasts."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from zlib import crc32

import numpy as np
import pytest

from benchmarks import worlds
from prober.judging.judge import advance
from prober.judging.lasting_noise import MOST, spread
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.lab.replay import replay
from prober.model.evidence import Round
from tests.judging.observed import history

KIND, SEED, DAYS = "wander-0.9", 2, 365
"""Daily answers that are like those of the day before; nothing changes, and one reference alone raises three alarms."""


@cache
def wandering() -> tuple[worlds.World, list[Round]]:
    rng = np.random.default_rng([SEED, crc32(KIND.encode())])
    world = worlds.KINDS[KIND].draw(rng)
    return world, list(worlds.rounds(rng, world, 13 + DAYS))


def dismissed() -> tuple[Memory, int]:
    """What is remembered after the first false alarm, and the round that raised it."""
    memory, seen = Memory(), []
    for round_ in wandering()[1]:
        seen.append(round_)
        memory, judged = advance(memory, round_, history(seen), Promise())
        if judged.state == "alarm":
            return memory.after_false_alarm(), len(seen)
    raise AssertionError("nothing was reported")


@pytest.mark.slow
def test_the_reference_holds_the_rounds_before_and_since_and_noise_is_learnt() -> None:
    memory, count = dismissed()
    assert not memory.series and decode(encode(memory)).learns_noise
    seen = wandering()[1][: count + 1]
    memory, judged = advance(memory, seen[-1], history(seen), Promise())
    assert judged.state == "insufficient_evidence" and memory.reference_rounds == tuple(one.label for one in seen)
    times = [held.statistic.null.correlation_time for held in memory.channels.values()]
    assert max(times) > 2 and not memory.learns_noise
    assert "learns_noise" not in encode(memory), "it is said only where it counts"


@pytest.mark.slow
def test_fewer_alarms_follow_where_people_dismiss_them_and_a_swap_is_still_found() -> None:
    world, rounds = wandering()
    accepted, said_false = (replay(rounds, Promise(), are_dismissed).alarms for are_dismissed in (False, True))
    assert len(said_false) < len(accepted) == 3
    rng = np.random.default_rng(7)
    swapped = worlds.swapped(rng, world)
    later = list(worlds.rounds(rng, swapped, 60, first=len(rounds)))
    found = replay([*rounds, *later], Promise(), are_dismissed=True).alarms
    assert any(one.round >= later[0].label for one in found)


def test_an_endpoint_without_a_reference_goes_on_gathering_it() -> None:
    gathering = replace(Memory(), begins="000003")
    assert gathering.after_false_alarm() == gathering


def test_long_stretches_are_read_at_equal_distances_with_the_newest_round() -> None:
    for rounds in (0, 1, MOST, MOST + 1, 10 * MOST + 3):
        some = spread(rounds)
        assert len(some) <= MOST and len(set(np.diff(some))) <= 1
        assert rounds == 0 or (some[-1] == rounds - 1 and some[0] < max(rounds / MOST, 1))
