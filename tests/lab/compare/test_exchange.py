"""What may change places, how often it does, and how small a p-value can get."""

from __future__ import annotations

from math import comb, log

import numpy as np
import pytest

from prober.lab.compare.exchange import exchange, needed
from tests.lab.compare.worlds import fingerprint, gathered

STILL = fingerprint(0, "a")


def still(*_):
    return STILL


@pytest.mark.parametrize(
    ("shape", "kind", "least"),
    [
        ({"probes": 3}, "replies", 2 / 2**3),
        ({"probes": 3, "samples": (2, 3)}, "replies", 1 / comb(5, 2) ** 3),
        ({"probes": 2, "rounds": (1, 9)}, "rounds of a probe", 1 / 10**2),
        ({"probes": 2, "rounds": (3, 3), "samples": (2, 2)}, "rounds of a probe", 2 / comb(6, 3) ** 2),
        ({"probes": 2, "rounds": (6, 6)}, "rounds", 2 / comb(12, 6)),
        ({"probes": 5, "paired": False}, "prompts", 2 / comb(10, 5)),
    ],
)
def test_the_most_cautious_exchange_that_can_reach_alpha(shape, kind, least):
    units = exchange(gathered(still, **shape), least_p=0.01)
    assert units.kind == kind
    assert units.log_least_p == pytest.approx(log(least))


def test_a_single_thing_can_prove_nothing():
    assert exchange(gathered(still, probes=1), least_p=0.01).log_least_p == 0.0


@pytest.mark.parametrize("shape", [{"probes": 3}, {"probes": 3, "samples": (1, 2)}, {"probes": 2, "paired": False}])
def test_every_arrangement_is_equally_likely(shape):
    units = exchange(gathered(still, **shape), least_p=0.01)
    rows = np.concatenate(list(units.permutations(6000, np.random.default_rng(4))))
    assert (rows[0] == units.labels).all()
    seen, counts = np.unique(rows[1:], axis=0, return_counts=True)
    groups = np.bincount(units.group)
    ones = np.bincount(units.group, weights=units.candidate).astype(int)
    arrangements = int(np.prod([comb(n, k) for n, k in zip(groups, ones, strict=True)]))
    assert len(seen) == arrangements
    expected = 6000 / arrangements
    assert np.abs(counts - expected).max() < 4.5 * np.sqrt(expected)


def test_sides_keep_their_sizes_within_every_probe():
    units = exchange(gathered(still, probes=4, samples=(2, 5)), least_p=0.01)
    rows = np.concatenate(list(units.permutations(50, np.random.default_rng(4))))
    for probe in range(4):
        assert (rows[:, units.stratum == probe].sum(axis=1) == 5).all()


def test_whole_rounds_move_together():
    units = exchange(gathered(still, probes=3, rounds=(6, 7), samples=(2, 1)), least_p=0.01)
    assert units.kind == "rounds"
    rows = np.concatenate(list(units.permutations(50, np.random.default_rng(4))))
    for thing in range(13):
        of_round = rows[:, units.thing == thing]
        assert (of_round == of_round[:, :1]).all()
    assert (rows[:, units.stratum == 0].sum(axis=1) == 7).all()


def test_rounds_change_places_only_with_rounds_that_asked_the_same():
    """Two sets of probes, each with rounds of its own: a round of one is no stand-in for a round of the other."""
    world = gathered(still, probes=4, rounds=(12, 12))
    keys = sorted({answer.key for answer in world.answers})

    def set_of(key):
        return keys.index(key) // 2

    kept = tuple(answer for answer in world.answers if int(answer.round) % 2 == set_of(answer.key))
    kinds = {
        (side, round_): frozenset(key for key in keys if set_of(key) == int(round_) % 2) for side, round_ in world.kinds
    }
    world = type(world)(kept, True, kinds, True, (0, 0), 0)
    units = exchange(world, least_p=0.01)
    assert units.kind == "rounds"
    assert units.log_least_p == pytest.approx(log(2 / comb(12, 6) ** 2))
    rows = np.concatenate(list(units.permutations(50, np.random.default_rng(4))))
    for probe in range(4):
        assert (rows[:, units.stratum == probe].sum(axis=1) == 6).all()


def test_what_is_needed_is_enough_and_one_less_is_not():
    least_p = 0.01 / 6
    for paired, word in ((True, "11 shared probes"), (False, "7 prompts on each side")):
        count = int(word.split()[0])
        assert word in needed(gathered(still, probes=1, paired=paired), least_p)
        assert exchange(gathered(still, probes=count, paired=paired), least_p).log_least_p <= log(least_p)
        assert exchange(gathered(still, probes=count - 1, paired=paired), least_p).log_least_p > log(least_p)
