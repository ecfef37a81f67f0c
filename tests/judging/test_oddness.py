"""Odd rounds: more extreme than all of the reference, as often as promised, whatever the endpoint does."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from statistics import median

import numpy as np
import pytest

from benchmarks import soon
from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.judging.statistic.oddness import OddnessBar, of_round
from prober.lab.replay import reference_of
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reference import Confirm
from prober.model.reply import Reply
from tests.judging.observed import START

PROMISE = Promise(reference=reference_of(24))


def round_of(number: int, answers: list[str]) -> Round:
    prints = [Fingerprint(categories={"text.choice": answer}) for answer in answers]
    seen = (Observation("s", "p", i, Reply(at=START, text=""), one) for i, one in enumerate(prints))
    return Round(f"{number:04d}", "e", None, tuple(seen))


def judged(rng: np.random.Generator, later: list[list[str]]) -> tuple[Memory, list[bool]]:
    """After a reference of two answers that are equally likely, whether each later round is odd."""
    rounds = [round_of(i, list(rng.choice(["a", "b"], 3))) for i in range(24)]
    rounds += [round_of(24 + i, answers) for i, answers in enumerate(later)]
    memory, odd = Memory(), []
    for i, round_ in enumerate(rounds):
        memory, judgement = advance(memory, round_, lambda series, i=i: rounds[: i + 1], PROMISE)
        odd.append(judgement.is_odd)
    assert not any(odd[:24])
    return memory, odd[24:]


def test_a_round_like_no_other_is_odd_at_once_and_the_memory_keeps_it():
    memory, odd = judged(np.random.default_rng(0), [["a", "b", "a"], ["c", "c", "d"]])
    assert odd == [False, True]
    assert decode(encode(memory)).oddness == memory.oddness


def test_a_memory_that_knows_no_oddness_goes_on():
    memory, _ = judged(np.random.default_rng(0), [["a", "b", "a"]])
    old = replace(memory, oddness=None)
    after, judgement = advance(old, round_of(30, ["c", "c", "d"]), lambda series: [], PROMISE)
    assert (after.oddness, judgement.is_odd) == (None, False)


@pytest.mark.parametrize(
    ("channels", "moved", "by"),
    [(1, 1, 5.0), (8, 1, 5.0), (8, 3, 4.0), (20, 1, 6.0), (20, 20, 4.0)],
    ids=["alone", "one-of-8", "three-of-8", "one-of-20", "all-of-20"],
)
def test_what_moves_one_channel_is_not_lost_among_the_others(channels, moved, by):
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(100):
        bar = OddnessBar.of(of_round(rng.normal(size=(channels, 28))), 1 / 29)
        changed = rng.normal(size=channels) + by * (np.arange(channels) < moved)
        found += bar.after(float(of_round(changed)))[1]
    assert found >= 90  # the sum over channels finds 42 of one in 8, 22 of one in 20


@pytest.mark.slow
@pytest.mark.parametrize("names", [2, 3, 5, 6])
def test_names_that_alternate_by_round_and_are_all_replaced_are_called_within_minutes(names, monkeypatch):
    before, after = (
        replace(soon.STILL, fingerprints=tuple(f"{prefix}_{i}" for i in range(names))) for prefix in ("old", "new")
    )
    monkeypatch.setitem(soon.CHANGES, "all replaced", (before, after))
    found = [soon.delay(seed, "all replaced", 6.0, Confirm()) for seed in range(5)]
    assert median(inf if minutes is None else minutes for minutes, _ in found) <= 10
    assert not any(early for _, early in found)


@pytest.mark.parametrize("drift", [0.0, 0.01, 1.0])
def test_no_more_rounds_are_odd_than_their_share_even_of_an_endpoint_that_drifts(drift):
    rng = np.random.default_rng(1)
    bar, odd = OddnessBar.of(rng.normal(size=24), share := PROMISE.odd_share), 0
    for i in range(5000):
        bar, is_odd = bar.after(float(rng.normal() + min(drift * i, 30)))
        odd += is_odd
    assert odd <= 5000 * share + 120  # what it takes the bar to rise with the endpoint, and to wander
    assert odd >= 5000 * share / 4


@pytest.mark.slow
def test_a_memory_of_fewer_strategies_goes_on():
    memory, _ = judged(np.random.default_rng(0), [["a", "b", "a"], ["b", "b", "a"]])
    held = memory.channels["choice"]
    fewer = replace(held.statistic.onsets, log_capital=held.statistic.onsets.log_capital[:, :8])
    old = replace(memory, channels={"choice": replace(held, statistic=replace(held.statistic, onsets=fewer))})
    loaded = decode(encode(old))
    for i in range(9):
        loaded, judgement = advance(loaded, round_of(30 + i, ["a", "c", "c"]), lambda series: [], PROMISE)
    assert judgement.state == "alarm"
