"""The fast permutations against the slow twin, and against every arrangement there is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import chdtrc

from prober.lab.compare.exchange import exchange
from prober.lab.compare.panel import panel
from prober.lab.compare.permutation import LEAST, approximate_p, closed, evidence, joint, p_value, together
from prober.model.evidence import Fingerprint
from tests.bounds import fewest, most
from tests.lab.compare import twin
from tests.lab.compare.worlds import CHANNELS, fingerprint, gathered, noise

SHAPES = {
    "flips": {"probes": 13},
    "replies": {"probes": 5, "samples": (3, 6)},
    "rounds of a probe": {"probes": 4, "rounds": (2, 3)},
    "rounds": {"probes": 4, "rounds": (5, 6)},
    "prompts": {"probes": 12, "paired": False},
}


def p_of(channel, world, units, permutations, rng):
    return p_value(
        evidence([panel(channel, world.answers, units)], units.stratum, units.permutations(permutations, rng))[0]
    )


@pytest.mark.slow
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
        labels = np.concatenate(list(units.permutations(60, rng)))
        [fast] = evidence([panel(channel, world.answers, units)], units.stratum, [labels])
        readings = [channel.read(answer.fingerprint) for answer in world.answers]
        assert units.unit_of_answer.tolist() == list(range(len(readings)))
        assert fast == pytest.approx(twin.evidence(readings, units, labels.tolist()), rel=1e-4, abs=1e-6)


@pytest.mark.slow
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
    p = p_of(channel, world, units, 1999, rng)
    assert abs(p - exact) < 4 * np.sqrt(exact * (1 - exact) / 2000) + 1 / 2000


def test_pieces_of_shuffles_give_what_the_whole_gives():
    rng = np.random.default_rng(2)
    world = gathered(lambda probe, side, _: noise(rng, probe), probes=8, samples=(2, 2))
    units = exchange(world, least_p=0.01)
    read = [panel(channel, world.answers, units) for channel in CHANNELS.values()]
    labels = np.concatenate(list(units.permutations(99, rng)))
    whole, pieces = (evidence(read, units.stratum, parts) for parts in ([labels], np.split(labels, 10)))
    assert pieces == pytest.approx(whole)


def test_a_p_value_counts_ties_and_itself():
    assert p_value(np.array([1.0, 1.0, 1.0, 1.0])) == 1.0
    assert p_value(np.array([9.0, 1.0, 2.0, 3.0])) == 0.25
    assert p_value(together(np.array([[9.0, 9.0 + 1e-12, 2.0, 3.0]]))) == 0.5
    assert p_value(together(np.array([[0.0, 0.0]]))) == 1.0


def test_a_p_value_pays_for_taking_several_statistics():
    assert p_value(together(np.array([[9.0, 1.0, 2.0, 3.0], [1.0, 9.0, 2.0, 3.0]]))) == 0.5
    assert p_value(together(np.array([[9.0, 1.0, 2.0, 3.0], [5.0, 5.0, 5.0, 5.0]]))) == 0.25
    assert p_value(together(np.array([[9.0, 1.0, 2.0, 3.0], [3.0, 9.0, 2.0, 1.0]]))) == 0.25


@pytest.mark.slow
def test_approximate_p_values_are_nearly_those_of_a_square_of_normals():
    drawn = np.random.default_rng(7).normal(size=(3, 20_000)) ** 2
    for statistic, freedom in ((drawn[0], 1), (drawn.sum(axis=0), 3)):
        assert approximate_p(statistic) == pytest.approx(chdtrc(freedom, statistic), abs=0.02)
    far = np.append(np.random.default_rng(8).normal(100, 1, size=100_000), 1000.0)
    assert approximate_p(far).min() == LEAST


def test_evidence_is_the_mean_of_minus_ln_p():
    statistics = np.random.default_rng(9).exponential(size=(3, 50))
    ps = np.array([approximate_p(row / row.max()) for row in statistics])
    assert together(statistics) == pytest.approx(-np.mean(np.log(ps), axis=0), rel=1e-6)
    mute = np.concatenate([statistics, np.full((1, 50), 3.0)])
    assert together(mute) == pytest.approx(together(statistics)), "one that never differs takes nothing away"


def test_evidence_of_several_channels_is_their_mean_of_order_two():
    found = np.random.default_rng(10).exponential(size=(3, 50))
    assert joint(found) == pytest.approx(twin.joint(found.tolist()))
    assert joint(found[:1]) == pytest.approx(found[0]), "of one channel it is its own"
    assert joint(np.array([[3.0], [4.0]])) == pytest.approx(np.sqrt(12.5))


def test_a_panel_counts_where_every_set_with_it_does():
    quiet, loud = np.zeros(100), np.zeros(100)
    quiet[1:51], loud[0], loud[60:62] = 1.0, 20.0, 30.0
    assert closed(np.array([loud])) == [0.03]
    assert closed(np.array([loud, quiet])) == [0.03, 1.0]
    either = np.array([loud, np.roll(loud, 1)])
    assert p_value(either[0]) == 0.03 and closed(either)[0] == p_value(joint(either)) == 0.05
    assert closed(np.zeros((0, 1))) == []


@pytest.mark.slow
@pytest.mark.parametrize("channel", ["number", "name"])
@pytest.mark.parametrize("shape", SHAPES)
def test_p_values_are_uniform_where_nothing_changed(shape, channel):
    """Each quantile of p is reached no more often than it says, and not much less: neither liberal nor asleep."""
    worlds, found = 100, []
    rng = np.random.default_rng(11)

    def level(probe):
        """Prompts of two logs are drawn from one kind; the probes of two logs are the same."""
        return rng.integers(5) if shape == "prompts" else probe

    for _ in range(worlds):
        world = gathered(lambda probe, side, _: noise(rng, int(level(probe))), **SHAPES[shape])
        units = exchange(world, least_p=0.01)
        found.append(p_of(CHANNELS[channel], world, units, 99, rng))
    for share in (0.05, 0.1, 0.3, 0.5):
        below = int(np.sum(np.array(found) <= share + 1e-9))
        assert fewest(worlds, share, 1e-4) <= below <= most(worlds, share, 1e-4), share


def test_one_reply_a_side_no_choice_differs_by_itself():
    """Every probe answers otherwise, but no name became commoner: temperature, or a change that nobody can tell."""
    names = ["a", "b"]
    world = gathered(lambda probe, side, _: fingerprint(0, names[(probe + side) % 2]), probes=40)
    units = exchange(world, least_p=0.01)
    assert p_of(CHANNELS["name"], world, units, 999, np.random.default_rng(0)) == 1.0


def test_with_more_replies_a_change_without_direction_is_seen():
    """Half the probes go from a to b, half from b to a: the shares of names stay as they were."""
    rng = np.random.default_rng(3)

    def draw(probe, side, _):
        likely, other = ("a", "b") if (probe + side) % 2 else ("b", "a")
        return fingerprint(0, likely if rng.random() < 0.75 else other)

    world = gathered(draw, probes=16, samples=(8, 8))
    units = exchange(world, least_p=0.01)
    assert p_of(CHANNELS["name"], world, units, 999, rng) < 0.01


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((0.4, 0.4, 0.2), (0.52, 0.28, 0.2)),
        ((0.4, 0.4, 0.2), (0.5, 0.5, 0.0)),
        ((0.5, 0.5, 0.0), (0.47, 0.47, 0.06)),
    ],
    ids=["shared by all probes", "sharper", "rare new names"],
)
def test_small_changes_of_names_are_seen(before, after):
    """The third share is spread over names that come hardly twice."""
    rng = np.random.default_rng(13)

    def draw(probe, side, _):
        name = rng.choice(["a", "b", ""], p=after if side else before)
        return fingerprint(0, name or f"{rng.integers(200)}")

    world = gathered(draw, probes=8, rounds=(24, 16), samples=(3, 3))
    units = exchange(world, least_p=0.001)
    assert units.kind == "rounds"
    assert p_of(CHANNELS["name"], world, units, 999, rng) < 0.01
