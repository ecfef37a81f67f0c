"""The fast shuffles against the slow twin, and against every arrangement there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from prober.comparison.exchange import exchange
from prober.comparison.panel import panel
from prober.comparison.permutation import holm, p_value, p_values
from prober.evidence import Fingerprint
from tests.comparison import twin
from tests.comparison.worlds import CHANNELS, fingerprint, gathered, noise

SHAPES = {
    "flips": {"probes": 13},
    "replies": {"probes": 5, "samples": (3, 6)},
    "rounds of a probe": {"probes": 4, "rounds": (2, 3)},
    "rounds": {"probes": 4, "rounds": (5, 6)},
    "prompts": {"probes": 12, "paired": False},
}


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
@pytest.mark.parametrize("shape", SHAPES)
def test_it_agrees_with_the_slow_twin(shape, channel):
    for seed in range(3):
        rng = np.random.default_rng(seed)

        def draw(probe, side, round_, rng=rng, seed=seed):
            return Fingerprint() if rng.random() < 0.1 * seed else noise(rng, probe, moved=0.5 * side)

        world = gathered(draw, **SHAPES[shape])
        units = exchange(world, least_p=0.01)
        assert units.kind == ("replies" if shape == "flips" else shape)
        labels = np.concatenate(list(units.shuffles(60, rng)))
        fast = p_values([panel(channel, world.answers, units)], units.stratum, [labels])
        readings = [channel.read(answer.fingerprint) for answer in world.answers]
        assert units.unit_of_answer.tolist() == list(range(len(readings)))
        assert fast[0] == pytest.approx(twin.p_value(readings, units, labels.tolist()))


@pytest.mark.parametrize("channel", CHANNELS.values(), ids=lambda channel: channel.name)
def test_shuffles_come_to_the_exact_p_value(channel):
    rng = np.random.default_rng(5)
    world = gathered(lambda probe, side, _: noise(rng, probe, moved=0.6 * side), probes=8)
    units = exchange(world, least_p=0.01)
    readings = [channel.read(answer.fingerprint) for answer in world.answers]
    every = twin.every_labelling(units)
    assert every[0] == units.labels.tolist()
    assert len(every) == 2**8
    exact = twin.p_value(readings, units, every)
    [p] = p_values([panel(channel, world.answers, units)], units.stratum, units.shuffles(1999, rng))
    assert abs(p - exact) < 4 * np.sqrt(exact * (1 - exact) / 2000) + 1 / 2000


def test_pieces_of_shuffles_give_what_the_whole_gives():
    rng = np.random.default_rng(2)
    world = gathered(lambda probe, side, _: noise(rng, probe), probes=8, samples=(2, 2))
    units = exchange(world, least_p=0.01)
    read = [panel(channel, world.answers, units) for channel in CHANNELS.values()]
    labels = np.concatenate(list(units.shuffles(99, rng)))
    assert p_values(read, units.stratum, [labels]) == p_values(read, units.stratum, np.split(labels, 10))


def test_a_p_value_counts_ties_and_itself():
    assert p_value(np.array([[1.0, 1.0, 1.0, 1.0]])) == 1.0
    assert p_value(np.array([[9.0, 1.0, 2.0, 3.0]])) == 0.25
    assert p_value(np.array([[9.0, 9.0 + 1e-12, 2.0, 3.0]])) == 0.5
    assert p_value(np.array([[0.0, 0.0]])) == 1.0


def test_a_p_value_pays_for_taking_the_better_of_two_statistics():
    assert p_value(np.array([[9.0, 1.0, 2.0, 3.0], [1.0, 9.0, 2.0, 3.0]])) == 0.5
    assert p_value(np.array([[9.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]])) == 0.25
    assert p_value(np.array([[9.0, 1.0, 2.0, 3.0], [3.0, 9.0, 2.0, 1.0]])) == 0.25


def test_holm():
    assert holm([0.01, 0.02, 0.03], 0.05) == [True, True, True]
    assert holm([0.03, 0.01, 0.03], 0.05) == [False, True, False]
    assert holm([0.02, 0.9, 0.02], 0.05) == [False, False, False]
    assert holm([], 0.05) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_p_values_are_uniform_where_nothing_changed(shape):
    """Each quantile of p is reached no more often than it says, and not much less: neither liberal nor asleep."""
    worlds, found = 100, []
    rng = np.random.default_rng(11)

    def level(probe):
        """Prompts of two logs are drawn from one kind; the probes of two logs are the same."""
        return rng.integers(5) if shape == "prompts" else probe

    for _ in range(worlds):
        world = gathered(lambda probe, side, _: noise(rng, int(level(probe))), **SHAPES[shape])
        units = exchange(world, least_p=0.01)
        found.append(
            p_values([panel(CHANNELS["number"], world.answers, units)], units.stratum, units.shuffles(99, rng))
        )
    for share in (0.05, 0.1, 0.3, 0.5):
        below = int(np.sum(np.array(found) <= share + 1e-9))
        low, high = binom.ppf([1e-4, 1 - 1e-4], worlds, share)
        assert low <= below <= high, share


def test_one_reply_a_side_no_choice_differs_by_itself():
    """Every probe answers otherwise, but no name became commoner: temperature, or a change that nobody can tell."""
    names = ["a", "b"]
    world = gathered(lambda probe, side, _: fingerprint(0, names[(probe + side) % 2]), probes=40)
    units = exchange(world, least_p=0.01)
    [p] = p_values(
        [panel(CHANNELS["name"], world.answers, units)], units.stratum, units.shuffles(999, np.random.default_rng(0))
    )
    assert p == 1.0


def test_with_more_replies_a_change_without_direction_is_seen():
    """Half the probes go from a to b, half from b to a: the shares of names stay as they were."""
    rng = np.random.default_rng(3)

    def draw(probe, side, _):
        likely, other = ("a", "b") if (probe + side) % 2 else ("b", "a")
        return fingerprint(0, likely if rng.random() < 0.75 else other)

    world = gathered(draw, probes=16, samples=(8, 8))
    units = exchange(world, least_p=0.01)
    [p] = p_values([panel(CHANNELS["name"], world.answers, units)], units.stratum, units.shuffles(999, rng))
    assert p < 0.01
