"""Whether the rounds of one day are correlated, and what the judge makes of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from benchmarks import worlds
from prober.judging import alarm_checks, reference
from prober.judging.day_clustering import (
    LEVEL,
    LEVEL_SOON,
    SOON_S,
    can_be_clustered,
    is_clustered,
    repeats,
    together,
    whole_days,
)
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.model.evidence import Round
from prober.model.reference import ReferenceRule
from tests.bounds import most
from tests.judging.observed import START, observed, spoken

HOURLY = Promise(1.0, HOURS_PER_YEAR, ReferenceRule(hours=72.0))


def hours(count: int) -> list[Round]:
    return [Round(f"{i:06d}", "e", START + timedelta(hours=i), ()) for i in range(count)]


def by_the_hour(seed: int, clustered: bool) -> tuple[np.random.Generator, worlds.World]:
    rng = np.random.default_rng(seed)
    world = worlds.still(rng, clustered)
    return rng, replace(world, every_h=1.0, probes=world.probes[:3], samples=1)


def watched(rounds: list[Round]) -> tuple[Memory, str, int]:
    """Memory, state and number of the first round that alarms, or that makes days the evidence; else of the last."""
    memory, state, number = Memory(), "", 0
    for number in range(len(rounds)):
        memory, said = advance(memory, rounds[number], lambda series, end=number + 1: rounds[:end], HOURLY)
        state = said.state
        if state == "alarm" or memory.by_day:
            break
    return memory, state, number


@pytest.mark.slow
def test_where_rounds_are_draws_of_their_own_days_are_found_to_matter_no_more_often_than_said() -> None:
    rng = np.random.default_rng(1)
    found = sum(is_clustered([rng.normal(0, 1, (72, 6)), rng.normal(0, 1, (72, 2))], hours(72)) for _ in range(300))
    assert found <= most(300, LEVEL)


@pytest.mark.slow
@pytest.mark.parametrize("scatter", [0.5, 2.0])
def test_three_days_that_differ_are_noticed(scatter: float) -> None:
    rng = np.random.default_rng(2)
    own = np.repeat(rng.normal(0, scatter, (3, 6)), 24, axis=0)
    assert is_clustered([own + rng.normal(0, 1, (72, 6))], hours(72))


def test_of_nothing_nothing_is_said() -> None:
    assert not is_clustered([], hours(8))
    assert not is_clustered([np.zeros((8, 3))], hours(8))


@pytest.mark.parametrize("count", [25, 48, 49, 72])
def test_whole_days_hold_every_round_of_the_days_that_are_over_and_no_other(count: int) -> None:
    seen = [observed(i, {"a": [spoken(np.random.default_rng(i))]}, timedelta(hours=1)) for i in range(count)]
    days = whole_days(seen)
    over = (count - 1) // 24
    assert [(day.label, day.at) for day in days] == [(seen[24 * i].label, seen[24 * i].at) for i in range(over)]
    assert [o for day in days for o in day.observations] == [o for r in seen[: 24 * over] for o in r.observations]


def test_rounds_without_a_time_are_days_of_their_own() -> None:
    rounds = [Round(f"{i:06d}", "e", None, ()) for i in range(5)]
    assert whole_days(rounds) == rounds[:-1]


@pytest.mark.parametrize(("count", "asked"), [(24, False), (25, True), (48, True)])
def test_a_single_day_has_no_other_to_differ_from(count: int, asked: bool) -> None:
    """A quick reference, all of one day, would wait for days on a chance correlation of its neighbours."""
    assert START.hour == 0
    assert can_be_clustered(hours(count)) is asked


@pytest.mark.parametrize(
    ("every", "asked"),
    [(1 / 6, True), (1, True), (2, True), (3, True), (4, True), (6, True), (8, True), (12, True), (24, False)],
)
@pytest.mark.parametrize("begins", [0, 5])
def test_a_week_of_rounds_has_several_a_day_at_every_cadence_but_daily(every: float, asked: bool, begins: int) -> None:
    """Whatever the hour it begins at, and with confirmation rounds in between: a 6-hourly week touches eight days."""
    week = [START + timedelta(hours=begins + every * i) for i in range(round(168 / every) + 1)]
    extra = [at + timedelta(minutes=1) for at in week[::4]] if every >= 1 else []
    rounds = [Round(f"{i:06d}", "e", at, ()) for i, at in enumerate(sorted([*week, *extra]))]
    assert can_be_clustered(rounds) is asked


@pytest.mark.slow
def test_days_that_differ_mildly_are_asked_for_again_before_an_alarm(monkeypatch) -> None:
    """Three days were too few to notice; by the first alarm there are six."""
    rng, world = by_the_hour(29, clustered=True)
    rounds = list(worlds.rounds(rng, world, 24 * 9))
    memory, state, number = watched(rounds)
    assert (memory.by_day, state) == (True, "insufficient_evidence")
    monkeypatch.setattr(alarm_checks, "judged_by_day", lambda *_: None)
    monkeypatch.setattr(alarm_checks, "price_of_lasting_noise", lambda *_: 1.0)
    monkeypatch.setattr(alarm_checks, "with_noise", lambda memory, *_: (memory, False))
    memory, state, alarmed = watched(rounds)
    assert (memory.by_day, state) == (False, "alarm")
    assert alarmed == number


@pytest.mark.slow
def test_judged_by_days_after_all_is_judged_by_days_from_the_start(monkeypatch) -> None:
    """What is learnt late is what would have been learnt at once, had the first days shown it."""
    rng, world = by_the_hour(29, clustered=True)
    rounds = list(worlds.rounds(rng, world, 24 * 16))
    late = Memory()
    for i, round_ in enumerate(rounds):
        late, _ = advance(late, round_, lambda series, end=i + 1: rounds[:end], HOURLY)
    monkeypatch.setattr(reference, "is_clustered", lambda *_: True)
    early = Memory()
    for i, round_ in enumerate(rounds):
        early, _ = advance(early, round_, lambda series, end=i + 1: rounds[:end], HOURLY)
    assert late.by_day and early.by_day and late.series
    assert late.reference_rounds == early.reference_rounds
    assert (late.today, late.channels.keys()) == (early.today, early.channels.keys())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_change_of_rounds_that_are_draws_of_their_own_is_an_alarm_all_the_same(seed: int) -> None:
    rng, world = by_the_hour(seed, clustered=False)
    still = list(worlds.rounds(rng, world, 24 * 6))
    changed = list(worlds.rounds(rng, worlds.swapped(rng, world), 24, first=24 * 6))
    memory, state, number = watched([*still, *changed])
    assert (memory.by_day, state) == (False, "alarm")
    assert number >= 24 * 6


def asked_twice(seed: int, scatter: float) -> tuple[list[Round], list[np.ndarray]]:
    """28 rounds, one every six hours, four of them asked again a minute later; what a minute shares, and the rest."""
    rng = np.random.default_rng(seed)
    hour = [6.0 * i for i in range(28)] + [42.0 * i + 1 / 60 for i in range(4)]
    moment = [*range(28), 0, 7, 14, 21]
    order = np.argsort(hour)
    own = rng.normal(0, scatter, (28, 6))[moment] + rng.normal(0, 1, (32, 6))
    return [Round(f"{i:06d}", "e", START + timedelta(hours=hour[j]), ()) for i, j in enumerate(order)], [own[order]]


@pytest.mark.slow
def test_minutes_that_repeat_one_another_are_found_and_others_no_more_often_than_said() -> None:
    found = [repeats(own, rounds, SOON_S[0]) for rounds, own in (asked_twice(seed, 2.0) for seed in range(20))]
    assert sum(found) >= 18
    false = [repeats(own, rounds, SOON_S[0]) for rounds, own in (asked_twice(seed, 0.0) for seed in range(40))]
    assert sum(false) <= most(40, LEVEL_SOON)
    rounds, _ = asked_twice(0, 0.0)
    assert len(together(rounds, SOON_S[0])) == 28 and together(rounds, 0.0) == rounds
