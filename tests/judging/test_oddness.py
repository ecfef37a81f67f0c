"""Odd rounds: more extreme than all of the reference, as often as promised, whatever the endpoint does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.judging.statistic.oddness import OddnessBar
from prober.lab.replay import reference_of
from prober.model.evidence import Fingerprint, Observation, Round
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
