"""What one ask of a probe tells."""

from __future__ import annotations

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest

from prober.judging.explain.probe import ADVICE, MOVED, advice, nats_of
from prober.judging.promise import Promise
from prober.lab.power import information
from tests.lab.power.world import COIN, FIXED, PROSE, history

PROMISE = Promise(rounds_per_year=8766)


def found(promise=PROMISE, **options):
    return {one.series: one for one in information(history(**options), promise)}


def channel(one, name):
    return next(each for each in one.channels if each.channel == name)


def test_nats_are_the_divergence_written_out():
    p = [0.5, 0.3, 0.2]
    q = [(1 - MOVED) * x + (MOVED if k == 1 else 0) for k, x in enumerate(p)]
    assert nats_of(np.array(p), 1) == pytest.approx(sum(b * log(b / a) for a, b in zip(p, q, strict=True)))


def test_a_rarer_outcome_says_more_and_a_certain_one_nothing():
    p = np.array([0.6, 0.3, 0.1])
    assert nats_of(p, 0) < nats_of(p, 1) < nats_of(p, 2)
    assert nats_of(np.array([1.0, 0.0]), 0) == pytest.approx(0.0)


@pytest.mark.slow
def test_outcomes_are_counted_as_they_weigh():
    coin = channel(found(rounds=24)[COIN], "choice")
    entropy = -(0.7 * log(0.7) + 0.3 * log(0.3))
    assert coin.outcomes == pytest.approx(exp(entropy), abs=0.25)  # and a little for what is rare
    assert channel(found()[FIXED], "choice").outcomes == 1.0


def test_a_probe_of_one_answer_sees_only_what_breaks_it():
    fixed = found()[FIXED]
    assert fixed.worth == "rigid"
    assert all(one.moved_nats == 0 for one in fixed.channels)
    assert channel(fixed, "choice").new_nats > 0.01
    assert fixed.days_alone is None
    assert "only sees changes that break its one answer" in advice(fixed)
    assert "prober discover" in advice(fixed)


def test_the_most_informative_come_first_and_the_least_last():
    order = [one.series for one in information(history(), PROMISE)]
    assert order[-1] == FIXED
    for one in information(history(), PROMISE):
        nats = [each.moved_nats for each in one.channels]
        assert nats == sorted(nats, reverse=True)


def test_who_answered_speaks_for_no_probe():
    assert not any(each.channel == "identity" for one in found().values() for each in one.channels)


def test_time_alone_is_the_limit_over_what_a_round_tells():
    coin = found()[COIN]
    rounds = log(PROMISE.threshold) / (coin.channels[0].moved_nats * coin.asks)
    assert coin.days_alone == pytest.approx(rounds / 24)
    assert coin.asks == 4
    weekly = found(replace(PROMISE, rounds_per_year=52))[COIN]
    assert weekly.days_alone > coin.days_alone
    assert (weekly.worth, coin.worth) == ("faint", "telling")
    assert "raise samples" in advice(weekly)
    assert advice(coin) == ""


@pytest.mark.slow
def test_more_asks_a_round_need_less_time():
    few, many = (found(samples=samples)[COIN] for samples in (2, 8))
    assert many.days_alone < few.days_alone


def test_what_is_checked_is_never_to_be_dropped():
    assert found()[PROSE].checked
    assert not found()[COIN].checked
    for (_, checked), words in ADVICE.items():
        assert not (checked and "drop" in words)


def test_a_probe_in_which_nothing_shows_should_be_dropped():
    whole = history()
    mute = replace(whole, memory=replace(whole.memory, channels={}))
    (one, *_) = information(mute, PROMISE)
    assert (one.worth, one.channels, one.days_alone) == ("silent", (), None)
    assert "no information" in advice(one)
