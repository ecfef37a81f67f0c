"""Before there is a reference: a full swap on the first day is called, and what came since is the reference."""

from __future__ import annotations

from datetime import timedelta
from itertools import permutations

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from prober.judging.provisional import log_ratios
from prober.lab.replay import replay
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply
from tests.judging.observed import START

OLD = {"colour": ["Blue", "Red", "Teal"], "json": ["{1}", "{2}"]}
NEW = {"colour": ["Green", "Grey", "Gold"], "json": ["[1]", "[2]"]}
PROMISE = Promise(1.0, 1461.0)


def rounds_of(seed: int, count: int, changed: int) -> list[Round]:
    """Every six hours: three colours and one JSON, in a new way from a round on."""
    rng = np.random.default_rng(seed)
    rounds = []
    for number in range(count):
        answers = NEW if number >= changed else OLD
        said = [("colour", k) for k in range(3)] + [("json", 0)]
        seen = tuple(
            Observation(
                probe, probe, k, Reply(at=START, text=""),
                Fingerprint(categories={"text.choice": str(rng.choice(answers[probe]))}),
            )
            for probe, k in said
        )  # fmt: skip
        at = START + number * timedelta(hours=6)
        rounds.append(Round(at.isoformat(), "e", at, seen))
    return rounds


def test_a_full_swap_after_three_rounds_is_called_within_three_and_not_before() -> None:
    called = []
    for seed in range(10):
        rounds = rounds_of(seed, 9, changed=3)
        alarms = replay(rounds, PROMISE).alarms
        called.append([round_.label for round_ in rounds].index(alarms[0].round) - 2)
        assert alarms[0].onset in {round_.label for round_ in rounds[2:5]}
    assert sorted(called)[8] <= 3
    assert min(called) >= 1


def test_evidence_is_1_on_average_over_all_orders_of_the_same_replies() -> None:
    found = []
    for order in permutations([0, 0, 0, 1, 1, 2]):
        counts = np.zeros((3, 3), dtype=np.int64)
        np.add.at(counts, (np.arange(6) // 2, list(order)), 1)
        found.append(np.exp(log_ratios(counts)[0]))
    assert np.mean(found, axis=0) == pytest.approx([1.0, 1.0])
    assert np.std(found, axis=0).min() > 0.5  # and not always


def test_a_rare_reply_among_many_is_no_evidence() -> None:
    counts = np.tile([10, 0], (12, 1))
    counts[-2] = [9, 1]
    given_totals, of_replies = log_ratios(counts)[:, 9]
    assert given_totals > 1 > 0 > of_replies


@pytest.mark.slow
def test_what_came_since_the_break_is_the_reference_and_nothing_is_called_twice() -> None:
    rounds = rounds_of(0, 50, changed=3)
    memory, alarms = Memory(), 0
    for i, round_ in enumerate(rounds):
        memory, judgement = advance(memory, round_, lambda series, i=i: rounds[: i + 1], PROMISE)
        memory = decode(encode(memory))
        alarms += judgement.state == "alarm"
    assert alarms == 1
    assert memory.reference_rounds[0] == rounds[3].label
    assert judgement.state == "quiet"


@pytest.mark.slow
def test_few_still_endpoints_have_a_break() -> None:
    found = sum(bool(replay(rounds_of(seed, 28, changed=99), PROMISE).alarms) for seed in range(60))
    assert found <= 7  # 5 % promised: more than 7 of 60 in one case of a hundred
