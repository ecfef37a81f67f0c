"""Log-probabilities held against what was said: liars are found, honest providers of every habit are not."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from prober.lab.discover.logprobs import FAR, Block, claim_of, disagreement, logprob_findings
from prober.model.declaration import Probe
from prober.model.reply import Reply
from tests.lab.discover.worlds import START, WORDS, Faked, Model, borders, endpoint, everyday, listing, rng_of


def blocks(provider: object, prompts: int = 40, samples: int = 5, heat: float = 1.0) -> list[Block]:
    bot = endpoint(temperature=heat)
    return [
        Block(f"p{i}", [provider.ask(bot, Probe(id="p", prompt=f"Question {i}?"), k, START) for k in range(samples)])
        for i in range(prompts)
    ]


def kinds(seen: list[Block], heat: float | None = 1.0, wanted: bool = True) -> list[str]:
    return [finding.kind for finding in logprob_findings(seen, heat, wanted)]


@pytest.mark.parametrize("samples", [1, 3, 12])
@pytest.mark.parametrize("listed", [2, 6])
@pytest.mark.parametrize(("heat", "cutoff"), [(1.0, 0.0), (1.0, 0.05), (0.7, 0.0), (0.7, 0.1), (1.5, 0.0), (0.0, 0.0)])
@pytest.mark.slow
def test_an_honest_model_is_not_accused(samples: int, listed: int, heat: float, cutoff: float) -> None:
    for seed in range(2):
        seen = blocks(Model(listed=listed, cutoff=cutoff, seed=seed), 30, samples, heat)
        assert kinds(seen, heat) == []


def test_a_provider_that_lists_after_its_temperature_is_honest_too() -> None:
    def tempered(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
        raw = {word: p ** (1 / 0.5) for word, p in everyday(prompt).items()}
        return listing({word: p / sum(raw.values()) for word, p in raw.items()})

    assert kinds(blocks(Faked(Model(), tempered), 80, 5, 0.5), 0.5) == []


def test_a_deterministic_model_that_is_sure_of_itself_is_honest() -> None:
    assert kinds(blocks(Model(borders(0.1), listed=4))) == []


def of_another(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
    return listing(everyday(f"another {prompt}"))


def always_sure(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
    odds: Mapping[str, float] = {"Tea": 0.999, **dict.fromkeys(WORDS[1:], 0.0002)}
    noise = 1e-6 * rng_of(prompt, reply.text).random()
    return tuple((word, math.log(p) - noise) for word, p in odds.items())


def frozen(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
    return listing(everyday("one prompt"))


def too_much(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
    return tuple((word, math.log(0.4) - 0.01 * i) for i, word in enumerate(WORDS))


def of_other_tokens(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
    return tuple((f"<|{word}|>", value) for word, value in listing(everyday(prompt)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fake", "kind"),
    [
        (of_another, "logprobs_disagree"),
        (always_sure, "logprobs_disagree"),
        (frozen, "logprobs_frozen"),
        (too_much, "logprobs_impossible"),
        (lambda reply, prompt: ((WORDS[0], 3.0),), "logprobs_impossible"),
        (of_other_tokens, "logprobs_unrelated"),
        (lambda reply, prompt: (), "logprobs_missing"),
    ],
)
def test_every_fake_is_found(fake, kind: str) -> None:
    assert kind in kinds(blocks(Faked(Model(), fake)))


def test_figures_kept_for_a_few_prompts_are_no_proof() -> None:
    def now_and_then(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
        return listing(everyday(prompt)) if prompt > "Question 12?" else ((WORDS[0], -0.5), (WORDS[1], -2.0))

    assert "logprobs_frozen" not in kinds(blocks(Faked(Model(), now_and_then)))


def test_the_chosen_token_alone_is_no_listing() -> None:
    def chosen(reply: Reply, prompt: str) -> tuple[tuple[str, float], ...]:
        return ((reply.text or "", math.log(everyday(prompt)[reply.text or ""])),)

    assert kinds(blocks(Faked(Model(), chosen))) == []


def test_hidden_reasoning_comes_before_the_text() -> None:
    hidden = Faked(Model(reasoning=9), of_other_tokens)
    assert kinds(blocks(hidden)) == []


def test_little_evidence_accuses_nobody() -> None:
    assert kinds(blocks(Faked(Model(), of_another), prompts=3)) == []
    assert kinds(blocks(Faked(Model(), of_another), prompts=5, samples=2)) == []
    assert kinds([], wanted=True) == []
    assert kinds(blocks(Model()), wanted=False) == []


def test_pieces_of_one_word_count_as_the_shortest() -> None:
    reply = Reply(at=START, text="Tea", top_logprobs=((" Te", math.log(0.5)), ("Tea", math.log(0.2)), ("Oak", -1.5)))
    claim = claim_of(reply)
    assert claim["Te"] == pytest.approx(0.7)
    assert set(claim) == {"Te", "Oak"}


def test_a_likely_blank_cannot_be_held_against_a_text() -> None:
    reply = Reply(at=START, text="Tea", top_logprobs=(("\n", math.log(0.6)), ("Tea", math.log(0.4))))
    assert claim_of(reply) == {}
    rare = replace(reply, top_logprobs=(("Tea", math.log(0.9)), ("\n", math.log(0.01))))
    assert claim_of(rare) == pytest.approx({"Tea": 0.9})


@pytest.mark.parametrize(("n", "shares"), [(1, (0.5, 0.5)), (3, (0.6, 0.4)), (3, (0.5, 0.3, 0.2)), (5, (0.9, 0.1))])
def test_pearsons_moments_are_exact(n: int, shares: tuple[float, ...]) -> None:
    """The mean and variance that `disagreement` divides by, against every possible outcome."""
    k, values, weights = len(shares), [], []
    for outcome in product(range(k), repeat=n):
        counts = [outcome.count(i) for i in range(k)]
        values.append(sum((c - n * q) ** 2 / (n * q) for c, q in zip(counts, shares, strict=True)))
        weights.append(math.prod(shares[i] for i in outcome))
    mean = np.average(values, weights=weights)
    assert mean == pytest.approx(k - 1)
    variance = np.average((np.array(values) - mean) ** 2, weights=weights)
    assert variance == pytest.approx(2 * (k - 1) + (sum(1 / q for q in shares) - k * k - 2 * k + 2) / n)


@pytest.mark.slow
def test_the_null_is_where_it_is_said_to_be() -> None:
    """Of honest streams none is far; most lie within two standard deviations."""
    distances = []
    for seed in range(20):
        seen = blocks(Model(listed=6, seed=seed), 30, 5)
        distances.append(disagreement([(claim_of(block.replies[0]), block) for block in seen], 1.0))
    assert max(distances) < FAR / 1.5
    assert np.mean(np.array(distances) < 2) > 0.7


@pytest.mark.slow
@pytest.mark.parametrize("text", ["", "\x00", "\ud800", "x" * 100_000, "```json"])
def test_hostile_replies_are_data(text: str) -> None:
    hostile = Faked(Model(), lambda reply, prompt: ((text, -0.5), ("\ud800", -1.0), ("", -9.0)))
    seen = [Block(b.prompt, [replace(reply, text=text) for reply in b.replies]) for b in blocks(hostile)]
    assert set(kinds(seen)) <= {"logprobs_frozen", "logprobs_unrelated", "logprobs_disagree"}


def test_certain_and_impossible_figures_are_common_to_many() -> None:
    sure = Faked(Model(borders(0.0)), lambda reply, prompt: (("Tea", 0.0), ("Oak", -9999.0)))
    assert kinds(blocks(sure)) == []
