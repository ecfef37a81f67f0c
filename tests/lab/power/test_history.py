"""What futures are drawn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.lab.power import history_of
from prober.model.errors import NotEnough
from tests.lab.power.world import COIN, FIXED, PROBES, PROSE, history, observe, reference, round_of


@pytest.mark.slow
def test_the_judge_has_learnt_what_it_would_have_learnt_round_by_round():
    rounds = reference(12)
    memory = Memory()
    for i, one in enumerate(rounds):
        seen = [replace(r, at=None) for r in rounds[: i + 1]]
        memory, _ = advance(memory, one, lambda _, seen=seen: seen, Promise())
    ours = history_of(rounds, set(PROBES)).memory
    assert ours.series == memory.series
    assert ours.reference_rounds == memory.reference_rounds
    assert ours.channels.keys() == memory.channels.keys()
    for name, held in ours.channels.items():
        np.testing.assert_allclose(held.reference, memory.channels[name].reference)


def test_series_that_are_asked_no_more_are_left_out():
    found = history_of(reference(8), {COIN})
    assert found.memory.series == (COIN,)
    assert {o.series for o in found.observations} == {COIN}


@pytest.mark.slow
def test_asks_that_failed_are_no_part_of_it():
    first, *rest = reference(8)
    first = replace(first, observations=(*first.observations, observe(FIXED, 9, None)))
    found = history_of([first, *rest], set(PROBES))
    assert all(o.fingerprint is not None for o in found.observations)
    assert len(found.rounds) == 8


def test_a_round_stands_in_for_rounds_of_its_own_probe_set_only():
    rng = np.random.default_rng(0)
    rounds = [round_of(n, rng, series=(COIN, FIXED) if n % 2 else (PROSE,)) for n in range(8)]
    found = history_of(rounds, set(PROBES))
    assert found.kinds == ((0, 2, 4, 6), (1, 3, 5, 7)) * 4
    assert set(found.memory.series) == set(PROBES)


@pytest.mark.parametrize("series", [set(), {"s.other"}])
def test_without_an_answer_nothing_can_be_said(series):
    with pytest.raises(NotEnough, match="prober run"):
        history_of(reference(8), series)


@pytest.mark.slow
def test_observations_by_series():
    assert {name: len(seen) for name, seen in history(8).by_series().items()} == {COIN: 32, FIXED: 32, PROSE: 32}
