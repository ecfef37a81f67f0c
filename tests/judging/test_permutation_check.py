"""The permutation check before an alarm, and what the judge makes of it."""

from __future__ import annotations

from datetime import timedelta
from math import comb

import numpy as np
import pytest

from prober.judging import alarm_checks, permutation_check, reference
from prober.judging.alarm_checks import REJECTED
from prober.judging.judge import RECHECKED_AT, reset_evidence
from prober.judging.memory import decode, encode
from prober.judging.permutation_check import LEVEL, RAREST, rejects_no_change
from prober.judging.promise import Promise
from prober.model.evidence import Round
from prober.model.reference import ReferenceRule
from tests.bounds import most
from tests.judging.observed import REFERENCE, judged, observed, spoken
from tests.judging.test_judge import world

SWAP = {"choice": "no"}
SOON = Promise(reference=ReferenceRule(hours=0))


def still(rng: np.random.Generator, rounds: int = 30, machines: int = 1) -> np.ndarray:
    """Rounds of 5 features; with several machines each is far from the others, and one is drawn for each round."""
    means = rng.normal(0, 3, (machines, 5))
    return means[rng.integers(machines, size=rounds)] + rng.normal(0, 1, (rounds, 5))


def shared(number: int, at: int) -> Round:
    """From round `at` on one reply of three is another, which takes some rounds to see."""
    rng = np.random.default_rng(number)
    return observed(number, {"a": [spoken(rng, **(SWAP if i == 0 and number >= at else {})) for i in range(3)]})


@pytest.mark.slow
@pytest.mark.parametrize("machines", [1, 3])
@pytest.mark.parametrize("rounds", [14, 40])
def test_still_rounds_are_found_changed_no_more_often_than_said(machines: int, rounds: int) -> None:
    """However alike the replies of one machine are. One odd round at the end may be a change: it is counted apart."""
    rng = np.random.default_rng(machines)
    found = sum(rejects_no_change(still(rng, rounds, machines)) for _ in range(200))
    assert found <= most(200, LEVEL + RAREST / rounds + RAREST / comb(rounds, 2))


@pytest.mark.slow
@pytest.mark.parametrize("newest", [1, 2, 3, 10])
def test_rounds_that_changed_are_found(newest: int) -> None:
    rounds = still(np.random.default_rng(newest), 13 + newest)
    rounds[-newest:] += 8
    assert rejects_no_change(rounds)


@pytest.mark.parametrize("odd", [0, 5, 12])
def test_a_single_odd_round_is_found_only_where_it_is_the_newest(odd: int) -> None:
    rounds = still(np.random.default_rng(odd), 13)
    rounds[odd] += 8
    assert rejects_no_change(rounds) is (odd == 12)


def test_machines_that_take_turns_are_no_change() -> None:
    rounds = np.tile(np.repeat([[0.0, 0.0], [9.0, -9.0]], 2, axis=0), (10, 1))
    assert not rejects_no_change(rounds + np.random.default_rng(0).normal(0, 1, rounds.shape))


@pytest.mark.parametrize("rounds", [0, 1])
def test_too_few_rounds_cannot_be_permuted(rounds: int) -> None:
    assert rejects_no_change(np.zeros((rounds, 3)))


def test_rounds_that_are_all_the_same_are_no_change() -> None:
    assert not rejects_no_change(np.zeros((20, 3)))


def test_thousands_of_rounds_can_be_checked() -> None:
    rounds = np.random.default_rng(1).normal(0, 1, (1500, 1))
    rounds[750:] += 1
    assert rejects_no_change(rounds)


@pytest.mark.parametrize("seed", range(4))
def test_fast_and_plain_agree(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rounds = rng.normal(0, 1, (9, 3))
    centred, reordered = rounds - rounds.mean(axis=0), rng.permutation(9)
    plain = []
    for newest in range(8, 0, -1):
        total = sum(centred[i] for i in reordered[-newest:])
        plain.append(float(total @ total) / (newest * (9 - newest) / 9))
    np.testing.assert_allclose(permutation_check.by_onset(centred, reordered), plain)


@pytest.mark.slow
def test_rejected_evidence_is_no_alarm_and_is_checked_again_when_it_has_doubled(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(alarm_checks, "passes_permutation_check", lambda _, rounds: asked.append(len(rounds)))
    memory, judgements = judged((shared(number, REFERENCE + 2) for number in range(REFERENCE + 40)), SOON)
    passed = [j for j in judgements if j.e_value >= j.threshold]
    assert len(passed) >= 3
    assert {(j.state, j.kind, j.missing) for j in passed} == {("suspected", None, REJECTED)}
    highest, expected = 0.0, []
    for number, said in enumerate(judgements, start=1):
        if said.e_value >= max(said.threshold, RECHECKED_AT * highest):
            highest, expected = said.e_value, [*expected, number]
    assert asked == expected
    assert 1 < len(asked) < len(passed)
    assert memory.rejected_log_e is not None
    assert decode(encode(memory)).rejected_log_e == memory.rejected_log_e


@pytest.mark.slow
def test_an_alarm_is_checked_once(monkeypatch) -> None:
    asked = []
    monkeypatch.setattr(permutation_check, "rejects_no_change", lambda surplus, *_: asked.append(len(surplus)) or True)
    memory, judgements = judged(world(REFERENCE + 8, change=SWAP, at=REFERENCE + 2), SOON)
    first = [j.state for j in judgements].index("alarm")
    assert asked == [first + 1]
    assert {j.state for j in judgements[first:]} == {"alarm"}
    assert memory.alarmed and decode(encode(memory)).alarmed
    assert not reset_evidence(memory, next(world(1)).label).alarmed


@pytest.mark.slow
def test_what_is_judged_by_the_day_is_checked_by_whole_days(monkeypatch) -> None:
    asked = []
    for module in (reference, alarm_checks):
        monkeypatch.setattr(module, "is_clustered", lambda *_: True)
    monkeypatch.setattr(permutation_check, "rejects_no_change", lambda surplus, *_: asked.append(len(surplus)) or True)
    days = REFERENCE + 8
    hours = world(24 * days, change=SWAP, at=24 * (days - 7), every=timedelta(hours=1), series=("a",), samples=1)
    _, judgements = judged(hours, Promise(1.0, 8766, ReferenceRule(hours=0)), until_alarm=True)
    assert judgements[-1].state == "alarm"
    assert asked == [len(judgements) // 24]
