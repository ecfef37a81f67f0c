"""Rounds to come, and the judge that reads them."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from math import log
from types import SimpleNamespace

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.promise import Promise
from prober.lab.power import CHANGES, search
from prober.lab.power.search import JUDGED, Trial, future, informative_channels, trial
from tests.lab.power.world import COIN, PROBES, choices, history

PROMISE = Promise()
SHARE = 0.25
BY_NAME = {one.name: one for one in CHANGES}


def rounds(count, size=0.0, seed=0, name="shifted", of=None):
    return list(islice(future(of or history(), BY_NAME[name], size, np.random.default_rng(seed)), count))


def test_whole_rounds_are_drawn():
    known = {tuple(map(id, one.observations)) for one in history().rounds}
    assert {tuple(map(id, one.observations)) for one in rounds(50)} <= known


def test_the_same_seed_is_the_same_future():
    assert rounds(5, 0.4) == rounds(5, 0.4)
    assert rounds(5, 0.4) != rounds(5, 0.4, seed=1)


def test_rounds_are_numbered_passes_permutation_check_and_never_end():
    labels = [one.label for one in rounds(300)]
    assert labels == sorted(set(labels))


@pytest.mark.slow
def test_the_truth_is_about_as_far_from_the_reference_as_another_reference_is():
    reference = choices(history().observations)["heads"]
    truths = [choices([o for r in rounds(100, seed=s) for o in r.observations])["heads"] for s in range(30)]
    per_round = [choices(one.observations).get("heads", 0.0) for one in history().rounds]
    assert np.mean(truths) == pytest.approx(reference, abs=0.05)
    assert np.std(truths) == pytest.approx(np.std(per_round) / np.sqrt(len(per_round)), rel=0.5)


def test_larger_changes_of_a_future_have_the_same_rounds_beneath():
    small, large = rounds(10, 0.1), rounds(10, 0.4)
    for one, other in zip(small, large, strict=True):
        assert [o.series for o in one.observations] == [o.series for o in other.observations]


@pytest.mark.parametrize("passes_from", [0, 7])
def test_a_trial_goes_on_where_it_stopped_and_goes_no_further(passes_from, monkeypatch):
    def fifth(memories, observations, round_):
        e_value = PROMISE.threshold / SHARE * (1.001 if round_.label >= "000004" else SHARE)
        found = SimpleNamespace(channels={"choice": SimpleNamespace(statistic=SimpleNamespace(log_e=log(e_value)))})
        return [found for _ in memories]

    monkeypatch.setattr(search, "step_each", fifth)
    monkeypatch.setattr(
        search, "passes_permutation_check", lambda _, seen: len(seen) - len(history().rounds) >= passes_from
    )
    drawn, caught = iter(rounds(10)), max(5, passes_from)
    asked = Trial(history().rounds, drawn, history().memory, {"choice": SHARE}, PROMISE)
    assert [asked.caught_within(n) for n in (1, caught - 1, caught, caught + 1)] == [False, False, True, True]
    assert not asked.caught_within(caught - 1)  # whatever was asked before
    assert len(list(drawn)) == 10 - caught


@pytest.mark.slow
def test_futures_judged_together_are_caught_as_they_are_alone():
    args = (history(), ("choice", "length", "refusal"), BY_NAME["refusing"], PROMISE, 0, 0.2)
    together = [trial(*args, number) for number in range(6)]
    Trial.go_on(together[:2], 3)  # some are further than others
    Trial.go_on(together, 40)
    alone = [trial(*args, number) for number in range(6)]
    for one in alone:
        one.caught_within(40)
    assert [(one.alarm, one.judged) for one in together] == [(one.alarm, one.judged) for one in alone]
    assert any(one.alarm for one in alone)


def test_judging_few_channels_never_finds_more_evidence():
    """Each counts by its share among all, so that a trial is caught no sooner than by the judge of all of them."""
    memory, shares = history().memory, search.shares_of(history())
    assert sum(shares.values()) == pytest.approx(1.0)
    some = replace(memory, channels={name: memory.channels[name] for name in ("choice", "length")})
    for one in rounds(12, 0.3, name="elsewhere"):
        memory, whole = advance(memory, one, lambda _: (), PROMISE)
        some, judgement = advance(some, one, lambda _: (), PROMISE)
        part = sum(shares[verdict.channel] * verdict.e_value for verdict in judgement.verdicts)
        assert part <= whole.e_value * (1 + 1e-9)
    assert part > 0


@pytest.mark.parametrize(
    ("name", "channels"), [("failing", ("expectation",)), ("longer", ("length",)), ("shifted", ("choice",))]
)
def test_a_change_is_judged_by_the_channels_in_which_it_shows(name, channels):
    assert informative_channels(history(), BY_NAME[name], PROMISE, 0) == channels


@pytest.mark.slow
def test_of_many_channels_the_most_informative_are_judged():
    found = informative_channels(history(), BY_NAME["refusing"], PROMISE, 0)
    assert len(found) == JUDGED
    assert found == informative_channels(history(), BY_NAME["refusing"], PROMISE, 0)
    assert "identity" not in found


@pytest.mark.slow
def test_a_change_that_nothing_shows_has_no_channel():
    unchecked = history(series=(COIN,))
    assert informative_channels(unchecked, BY_NAME["failing"], PROMISE, 0) == ()
    assert informative_channels(unchecked, BY_NAME["longer"], PROMISE, 0) == ()


@pytest.mark.slow
def test_a_gross_change_is_caught_and_none_is_not():
    args = (history(), ("choice", "length", "refusal"), BY_NAME["refusing"], PROMISE, 0)
    assert all(trial(*args, 1.0, number).caught_within(7) for number in range(3))
    assert not any(trial(*args, 0.0, number).caught_within(7) for number in range(3))


def test_every_probe_of_the_world_is_in_a_future():
    assert {o.series for o in rounds(1)[0].observations} == set(PROBES)
