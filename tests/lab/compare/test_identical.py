"""Equal bytes are the same, at any alpha and whatever floating point makes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prober.lab.compare import compare, judge
from prober.lab.compare.exchange import gather
from prober.loading.reply_log import LoggedReply
from tests.bounds import most
from tests.lab.compare.worlds import logged

pytestmark = pytest.mark.slow

WORDS = [
    "the",
    "model",
    "says",
    "that",
    "red",
    "blue",
    "42",
    "is",
    "3.14",
    "`x`",
    '{"a":',
    "1}",
    "sorry",
    "I",
    "cannot",
    "café",
    "日本",
    "yes",
    "no",
    "**",
    "-",
    "#",
    "one",
    "two",
]


def text(rng: np.random.Generator, most: int) -> str:
    return " ".join(rng.choice(WORDS, size=int(rng.integers(1, most + 1))))


def random_log(rng: np.random.Generator) -> list[LoggedReply]:
    """One to sixteen probes, rounds and samples, with a fixed answer for each probe, a few, or another every time."""
    probes, rounds, samples = int(rng.integers(1, 17)), int(rng.choice([1, 1, 2, 5, 9])), int(rng.choice([1, 2, 3, 7]))
    answers, most = int(rng.choice([1, 1, 2, 5, 1000])), int(rng.choice([1, 10, 60]))
    found = []
    for probe in range(probes):
        pool = [text(rng, most) for _ in range(min(answers, 40))]
        for round_ in range(rounds):
            for _ in range(samples):
                is_failed = rng.random() < 0.02
                said = text(rng, most) if answers == 1000 else str(rng.choice(pool))
                one = logged(probe, None if is_failed else said, f"{round_:03}", error="boom" if is_failed else None)
                reply = replace(one.reply, output_tokens=len(said), finish_reason="stop", model=f"m-{round_ % 2}")
                found.append(replace(one, prompt=f"prompt {probe}", reply=reply))
    return found


def test_byte_identical_logs_are_the_same_at_any_alpha() -> None:
    """What goes wrong in one log of twenty is found with a probability of 95 %."""
    called = []
    for seed in range(60):
        one = random_log(np.random.default_rng(seed))
        both = gather(one, list(reversed(one)))
        alpha = (0.05, 0.9)[seed % 2]
        found = judge(both, alpha, np.random.default_rng(seed))
        if found.verdict == "changed" or any(channel.p_value < 1 for channel in found.channels):
            called.append((seed, alpha, [(c.channel, c.p_value) for c in found.channels if c.p_value < 1]))
    assert called == []


def test_answers_that_never_differ_are_no_evidence() -> None:
    """Temperature zero: every answer of a probe is the same, and means of equal vectors differ by rounding."""
    one = [
        logged(probe, "the model says that red is blue " * (probe + 1), f"{round_}", prompt=f"{probe}")
        for probe in range(12)
        for round_ in range(7)
    ]
    found = compare(one, one[:-3], alpha=0.05)
    assert found.verdict == "same"
    assert {channel.p_value for channel in found.channels} == {1.0}
    assert {channel.evidence for channel in found.channels} == {0.0}


def test_pairs_of_one_model_are_called_changed_no_more_often_than_alpha() -> None:
    """Of 80 pairs five may be: a rate of 13 % is found with a probability of 95 %."""
    pairs, alpha = 80, 0.01
    called = 0
    for seed in range(pairs):
        rng = np.random.default_rng([7, seed])
        probes, samples = int(rng.integers(4, 13)), int(rng.choice([2, 4]))
        pools = [[text(rng, 8) for _ in range(int(rng.choice([1, 2, 4])))] for _ in range(probes)]

        def log(rng=rng, pools=pools, samples=samples) -> list[LoggedReply]:
            return [
                logged(probe, str(rng.choice(pool)), "1", prompt=f"{probe}")
                for probe, pool in enumerate(pools)
                for _ in range(samples)
            ]

        called += compare(log(), log(), alpha, rng).verdict == "changed"
    assert called <= most(pairs, alpha)
