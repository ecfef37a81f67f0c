"""How a candidate compares with what is in force, over pairs of replies."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prober.judging.candidates import compare_pairs
from prober.model.comparison import Pair
from prober.model.declaration import Check, Probe
from prober.model.reply import Reply

PROBES = {"shop/ticket": Probe(id="ticket", prompt="As JSON, please.", expect=(Check(type="is-json"),))}
AT = datetime(2026, 3, 2, tzinfo=UTC)
GOOD, LONG, BAD = '{"topic": "card"}', '{"topic": "card, charged twice"}', "Sure! The card."


def pairs(candidate: str, rounds: int = 6) -> list[Pair]:
    sides = [Reply(at=AT, text=text, input_tokens=20, output_tokens=len(text) // 4) for text in (GOOD, candidate)]
    return [Pair(f"{n:04d}", "shop/ticket", sample, sides[0], sides[1]) for n in range(rounds) for sample in range(5)]


@pytest.mark.parametrize(
    ("candidate", "verdict", "words"),
    [
        (GOOD, "not_worse", "passes its checks as before, as long, as many tokens"),
        (LONG, "not_worse", "passes its checks as before, 83 % longer, 17 % more tokens"),
        (GOOD + 1_000 * " ", "not_worse", "passes its checks as before, 57 times as long, 11 times as many tokens"),
        (BAD, "worse", "passes its checks less often: 0 % instead of 100 %"),
    ],
)
def test_the_words_say_checks_length_and_cost(candidate: str, verdict: str, words: str) -> None:
    said = compare_pairs(pairs(candidate), PROBES, 0.2, (lambda reply: None, lambda reply: None), 1.0)
    assert said.verdict == verdict
    assert said.words.startswith(words)


def test_failed_asks_are_named_and_are_no_evidence() -> None:
    down = [Pair(one.round, one.probe, one.sample, one.reference, Reply(at=AT, error="timeout")) for one in pairs(GOOD)]
    said = compare_pairs(down, PROBES, 0.2, (lambda reply: None, lambda reply: None), 1.0)
    assert said.verdict == "undecided"
    assert said.words == "no pair of replies yet, 30 of 30 asks failed, the last with timeout"
