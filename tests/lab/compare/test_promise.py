"""The promise in both worlds: still ones are rarely called changed, changed ones are, and the right channels are named."""

from __future__ import annotations

import numpy as np
import pytest

from prober.lab.compare import judge
from tests.bounds import most
from tests.lab.compare.worlds import CHANNELS, gathered, noise

pytestmark = pytest.mark.slow

ALPHA = 0.1


def share_changed(draw_world, worlds):
    rng = np.random.default_rng(21)
    return sum(judge(draw_world(rng), ALPHA, rng, CHANNELS).verdict == "changed" for _ in range(worlds))


@pytest.mark.parametrize(
    "shape",
    [
        {"probes": 30},
        {"probes": 6, "samples": (4, 4)},
        {"probes": 6, "samples": (2, 9)},
        {"probes": 24, "paired": False},
    ],
)
def test_still_worlds_of_single_rounds(shape):
    def world(rng):
        level = rng.integers(5, size=shape["probes"] * 2)
        paired = shape.get("paired", True)
        return gathered(lambda probe, side, _: noise(rng, int(level[probe + (not paired) * side * 24])), **shape)

    worlds = 40
    assert share_changed(world, worlds) <= most(worlds, ALPHA, 1e-4)


def test_still_worlds_whose_days_differ_keep_the_promise_when_rounds_are_many():
    """All probes of a round share a shock: only whole rounds are evidence."""

    def world(rng):
        shocks = rng.normal(size=(2, 8))
        return gathered(
            lambda probe, side, round_: noise(rng, probe, shock=shocks[int(side), round_]), probes=10, rounds=(8, 8)
        )

    worlds = 40
    assert share_changed(world, worlds) <= most(worlds, ALPHA, 1e-4)


def test_still_worlds_whose_probes_have_their_own_days_keep_the_promise_when_rounds_are_few():
    """Two rounds against two: each probe's rounds are what scatters."""

    def world(rng):
        shocks = rng.normal(size=(2, 2, 10))
        return gathered(
            lambda probe, side, round_: noise(rng, probe, shock=shocks[int(side), round_, probe]),
            probes=10,
            rounds=(2, 2),
            samples=(3, 3),
        )

    worlds = 40
    assert share_changed(world, worlds) <= most(worlds, ALPHA, 1e-4)


def test_replies_of_a_round_are_no_more_evidence_than_the_round():
    """The same shocked rounds, cut to one a side, are called changed: that is what the docstring of `exchange` owns up to."""

    def world(rng):
        shocks = rng.normal(size=2) * 2
        return gathered(lambda probe, side, _: noise(rng, probe, shock=shocks[int(side)]), probes=30)

    assert share_changed(world, 40) > 10


@pytest.mark.parametrize(
    "shape",
    [
        {"probes": 60},
        {"probes": 6, "samples": (12, 12)},
        {"probes": 10, "rounds": (8, 8)},
        {"probes": 10, "rounds": (3, 3), "samples": (2, 2)},
        {"probes": 60, "paired": False},
    ],
)
def test_changed_worlds_are_seen(shape):
    def world(rng):
        return gathered(lambda probe, side, _: noise(rng, probe, moved=1.5 * side), **shape)

    assert share_changed(world, 10) == 10


@pytest.mark.parametrize("channel", CHANNELS)
def test_the_channel_that_moved_is_the_one_that_is_named(channel):
    rng = np.random.default_rng(8)

    def draw(probe, side, _):
        still, moved = noise(rng, probe), noise(rng, probe, moved=2.0 * side)
        take = {
            "number": (still.categories, moved.numbers, still.vectors),
            "name": (moved.categories, still.numbers, still.vectors),
            "vector": (still.categories, still.numbers, moved.vectors),
        }[channel]
        return type(still)(*take)

    compared = judge(gathered(draw, probes=60), 0.01, rng, CHANNELS)
    assert [one.channel for one in compared.channels if one.changed] == [channel]
    assert compared.channels[0].channel == channel


def test_a_channel_that_did_not_move_is_hardly_ever_named_beside_one_that_did():
    rng, worlds, named = np.random.default_rng(23), 60, 0
    for _ in range(worlds):

        def draw(probe, side, _):
            still, moved = noise(rng, probe), noise(rng, probe, moved=4.0 * side)
            return type(still)(moved.categories, still.numbers, still.vectors)

        compared = judge(gathered(draw, probes=36, samples=(2, 2)), ALPHA, rng, CHANNELS)
        changed = {one.channel for one in compared.channels if one.changed}
        assert "name" in changed
        named += len(changed) > 1
    assert named <= most(worlds, ALPHA, 1e-4)
