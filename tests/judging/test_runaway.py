"""Spending more than planned: the promise where the plan is kept to its limit, and how soon it is found where not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from prober.judging import runaway
from prober.judging.runaway import CALM, LEARNT_FROM, Spending, Took, after, closed, decode, encode
from tests.bounds import most

PLAN, ASKS, TOLERATED = 100, 4, 1.5
LEARNT = Spending(asks=ASKS, tokens=(float(PLAN * ASKS),) * LEARNT_FROM, reasoning=(float(PLAN * ASKS),) * LEARNT_FROM)
"""Its plan is known exactly."""
World = Callable[[np.random.Generator], Took]


def took(planned: float, tokens: list[int], reasoning: list[int] | None = None) -> Took:
    return Took("r", planned, len(tokens), ASKS, tokens, reasoning or [0] * len(tokens))


def world(rate: float = 1.0, times: float = 1.0, reasons: float = 0.0, is_regular: bool = False) -> World:
    """Rounds at so many times the planned rate, and asks of so many times the planned tokens, all independent."""

    def next_round(rng: np.random.Generator) -> Took:
        planned = 1 / rate if is_regular else float(rng.exponential(1 / rate))
        reasoning = rng.exponential(reasons * PLAN, ASKS).astype(int).tolist()
        return took(planned, rng.exponential(times * PLAN, ASKS).astype(int).tolist(), reasoning)

    return next_round


@pytest.mark.slow
@pytest.mark.parametrize(
    "still",
    [world(), world(rate=TOLERATED), world(times=TOLERATED), world(times=TOLERATED, is_regular=True),
     world(reasons=TOLERATED, times=TOLERATED), world(rate=1.25, times=1.2)],
)  # fmt: skip
def test_false_alarms_are_as_rare_as_promised_where_all_that_is_tolerated_is_spent(still: World) -> None:
    rng, threshold, rounds, alarms, known = np.random.default_rng(1), 100.0, 4_000, 0, LEARNT
    for _ in range(rounds):
        known = after(known, still(rng), TOLERATED)
        if known.e_value >= threshold:
            alarms, known = alarms + 1, closed(known)
    assert alarms <= most(rounds, 1 / threshold)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spends", "reading", "within"),
    [(world(rate=10), "rounds", 25), (world(rate=1000), "rounds", 8), (world(times=10, is_regular=True), "tokens", 6),
     (world(times=30, is_regular=True), "tokens", 4), (world(reasons=20, is_regular=True), "reasoning", 6),
     (world(times=3, rate=3), "", 40)],
)  # fmt: skip
def test_it_is_found_soon_and_said_what_it_is(spends: World, reading: str, within: int) -> None:
    rng, threshold = np.random.default_rng(2), runaway.threshold(365.25 * 24)
    for _ in range(10):
        known, rounds = LEARNT, 0
        while known.e_value < threshold:
            known, rounds = after(known, spends(rng), TOLERATED), rounds + 1
            assert rounds <= within
        assert known.leading == reading or not reading


@pytest.mark.slow
@pytest.mark.parametrize(("is_learnt", "fewest", "most_alarms"), [(True, 0, 3), (False, 10, 100)])
def test_rounds_that_are_dear_together_by_chance_are_rarely_a_runaway(
    monkeypatch: pytest.MonkeyPatch, is_learnt: bool, fewest: int, most_alarms: int
) -> None:
    """A common factor of 0.7 (standard deviation of its logarithm) on every round of 20 asks, for a year: about one
    alarm is promised. The same without the room that the spread of the first rounds makes: then it takes many for a
    runaway, so this world is hard enough to show whether the spread is learnt."""
    if not is_learnt:
        monkeypatch.setattr(runaway, "MOST_ROOM", 1.0)
    rng, alarms, known = np.random.default_rng(2), 0, Spending()
    for number in range(24 * 365):
        if number % (24 * 90) == 0:
            known = Spending()  # other eight rounds say what is planned
        factor = float(np.exp(rng.normal(-0.245, 0.7)))
        tokens = rng.exponential(factor * PLAN, 20).astype(int).tolist()
        known = after(known, Took("r", 1.0, 20, 20, tokens, [0] * 20), TOLERATED)
        if known.is_learnt and known.e_value >= runaway.threshold(365.25 * 24):
            alarms, known = alarms + 1, closed(known)
    assert fewest <= alarms <= most_alarms


def test_nothing_is_judged_before_the_plan_is_learnt_nor_where_tokens_are_not_counted() -> None:
    known = Spending()
    for _ in range(LEARNT_FROM):
        known = after(known, took(0.001, [9_000] * ASKS), TOLERATED)
    assert known.is_learnt
    assert known.e_value == 0
    for _ in range(30):
        known = after(known, Took("r", 1.0, ASKS, ASKS, None), TOLERATED)
    assert known.e_value < runaway.BEGAN
    assert decode(encode(known)) == known


@pytest.mark.slow
def test_two_extra_rounds_a_week_are_no_runaway() -> None:
    known, highest = LEARNT, 0.0
    for hour in range(24 * 30):
        for planned in [1.0, *([0.02, 0.02] if hour % 168 == 5 else [])]:
            known = after(known, took(planned, [PLAN] * ASKS), TOLERATED)
        highest = max(highest, known.e_value)
    assert highest < runaway.threshold(365.25 * 24) / 10


def test_what_is_ahead_is_caught_up_by_the_plan_and_calm_needs_rounds_of_the_planned_size() -> None:
    known = after(LEARNT, took(1.0, [10 * PLAN] * ASKS), TOLERATED)
    assert (round(known.ahead, 6), known.calm) == (10, 0)
    assert after(known, took(8.0, [10 * PLAN] * ASKS), TOLERATED).calm == 0, "the pause alone is no end of it"
    for _ in range(CALM):
        known = after(known, took(1.0, [PLAN] * ASKS), TOLERATED)
    assert (round(known.ahead, 6), known.calm) == (10, CALM)
    assert after(replace(known), took(9.5, [PLAN] * ASKS), TOLERATED).ahead == pytest.approx(1.5)
