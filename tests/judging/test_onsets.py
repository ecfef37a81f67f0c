"""When a change began: the interval against a plain transcription, and against worlds whose onset is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prober.judging.statistic.edetector import begin
from prober.judging.statistic.onsets import Onsets, between
from prober.judging.statistic.readings import Table
from tests.judging.observed import judged, observed, spoken
from tests.judging.tables import LABELS, equal_rounds, step


def state_of(born, log_ratio, rounds, width=2):
    """A state with these candidates, each with one alternative that has won this much."""
    n = len(born)
    empty = begin(equal_rounds([[6, 2]]))
    onsets = Onsets(
        labels=tuple(LABELS[number] for number in born),
        born=np.array(born, dtype=np.int64),
        mass=np.ones(n),
        log_capital=np.array(log_ratio, dtype=float)[:, None],
        mean=np.zeros((n, 1, width)),
        support=np.ones((n, 1)),
        seen=np.zeros((n, 1, width)),
    )
    return replace(empty, onsets=onsets, rounds=rounds)


def began(state, recent):
    return between(state.onsets, state.rounds, recent)


def plainly(born, log_ratio, rounds):
    """Every round has the weight of its own share of a candidate; cut 5 % at each end; widen to the neighbours."""
    before, after = [born[0] - 1, *born[:-1]], [*born[1:], rounds]
    weights = [(b - a) / 2 * np.exp(r) for a, b, r in zip(before, after, log_ratio, strict=True)]
    total, low, high = sum(weights), 0, len(born) - 1
    while sum(weights[: low + 1]) <= 0.05 * total:
        low += 1
    while sum(weights[:high]) >= 0.95 * total:
        high -= 1
    return before[low] + 1, after[high] - 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_the_interval_is_that_of_the_formula(seed: int) -> None:
    rng = np.random.default_rng(seed)
    born = sorted(int(number) for number in rng.choice(60, size=8, replace=False))
    log_ratio = rng.normal(2, 3, size=8)
    log_ratio[rng.integers(8)] = 6.0
    first, last = plainly(born, log_ratio, 62)
    assert began(state_of(born, log_ratio, 62), LABELS[:62]) == (LABELS[first], LABELS[last])


def test_no_candidate_likelier_than_none_is_no_onset() -> None:
    assert began(state_of([3, 5], [-1.0, -0.1], 9), LABELS[:9]) is None
    assert began(begin(equal_rounds([[6, 2]])), []) is None


def test_a_change_that_is_plain_to_see_began_in_one_round() -> None:
    assert began(state_of([4, 5, 6, 7], [1.0, 2.0, 40.0, 20.0], 8), LABELS[:8]) == ("0006", "0006")


def test_rounds_between_kept_candidates_cannot_be_distinguished() -> None:
    assert began(state_of([0, 10, 30, 31], [0.0, 0.0, 40.0, 0.0], 32), LABELS[:32]) == ("0011", "0030")


def test_rounds_that_are_forgotten_are_named_by_the_nearest_candidate() -> None:
    """Only the newest labels are remembered; candidates know their own."""
    state = state_of([0, 10, 30, 90], [0.0, 0.0, 40.0, 0.0], 100)
    assert began(state, LABELS[50:100]) == ("0030", "0089")
    assert began(state, LABELS[95:100]) == ("0030", "0030")


@pytest.mark.slow
def test_nine_of_ten_intervals_hold_the_onset() -> None:
    """A shift from 60 to 90 in a hundred, of ten replies a round: days of doubt about the day."""
    held, widths, runs = 0, [], 20
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        change = int(rng.integers(2, 12))
        state = begin(equal_rounds([[12, 8]], rounds=12))
        for number in range(60):
            categories = (rng.random(10) >= (0.9 if number >= change else 0.6)).astype(int)
            state = step(state, Table.of([(0, int(c)) for c in categories], 1), LABELS[number])
            if number > change and state.log_e > np.log(365):
                break
        interval = began(state, LABELS[max(0, state.rounds - 64) : state.rounds])
        assert interval is not None
        held += interval[0] <= LABELS[change] <= interval[1]
        widths.append(int(interval[1]) - int(interval[0]))
    assert held / runs >= 0.8, "nine of ten, less what 20 runs may miss by chance"
    assert 0 < np.mean(widths) < 12


@pytest.mark.slow
def test_verdict_and_judgement_say_it() -> None:
    def rounds():
        for number in range(24):
            rng = np.random.default_rng(number)
            changes = {"text.choice": "no"} if number >= 14 else {}
            yield observed(number, {"a": [spoken(rng, **changes) for _ in range(3)]})

    _, judgements = judged(rounds(), until_alarm=True)
    last = judgements[-1]
    assert last.state == "alarm" and last.onset is not None and last.onset_between is not None
    assert last.onset_between[0] <= last.onset <= last.onset_between[1]
    assert last.onset_between[0] <= "0014" <= last.onset_between[1]
    assert last.verdicts[0].onset_between == last.onset_between
    assert last.moved == tuple(v for v in last.verdicts if v.e_value >= last.threshold / 10) != ()
    assert np.exp(last.verdicts[0].log_e) == pytest.approx(last.verdicts[0].e_value)
    assert judgements[10].onset_between is None
