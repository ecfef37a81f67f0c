"""What a probe is worth: the formulas against their meaning."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from prober.lab.discover.scan import choose, impurity, score, unseen


@pytest.mark.parametrize("counts", [(2, 1), (1, 1, 1), (5, 3, 2), (7,), (10, 10), (4, 0, 4)])
def test_impurity_is_the_share_of_pairs_that_differ(counts: tuple[int, ...]) -> None:
    replies = [answer for answer, count in enumerate(counts) for _ in range(count)]
    pairs = list(permutations(replies, 2))
    assert impurity(counts) == pytest.approx(sum(a != b for a, b in pairs) / len(pairs))


@pytest.mark.parametrize("counts", [(), (1,), (0, 1)])
def test_one_reply_says_nothing_of_variety(counts: tuple[int, ...]) -> None:
    assert impurity(counts) == 0
    assert score(list(counts), 10) == 0


@pytest.mark.slow
@pytest.mark.parametrize("p", [(0.5, 0.5), (0.9, 0.1), (0.4, 0.3, 0.2, 0.1), (0.98, 0.01, 0.01)])
def test_information_about_a_small_change_is_half_its_variance_times_the_impurity(p: tuple[float, ...]) -> None:
    s, rng, shares = 0.05, np.random.default_rng(1), np.array(p)
    moved = shares * np.exp(s * rng.standard_normal((200_000, len(p))))
    moved /= moved.sum(axis=1, keepdims=True)
    kl = (moved * np.log(moved / shares)).sum(axis=1).mean()
    assert kl == pytest.approx(s * s / 2 * (1 - (shares**2).sum()), rel=0.03)


def test_unseen_answers_are_estimated_from_those_seen_once() -> None:
    rng = np.random.default_rng(2)
    shares = np.full(40, 1 / 40)
    estimates = []
    for _ in range(300):
        counts = [c for c in rng.multinomial(40, shares).tolist() if c]
        estimates.append(len(counts) + unseen(counts))
    assert 34 < np.mean(estimates) < 46
    assert unseen([20, 20]) == 0


def test_balanced_answers_are_worth_most_and_tails_least() -> None:
    ranked = [(24, 24), (16, 16, 16), (8,) * 6, (40, 8), (44, 4), (46, 1, 1)]
    scores = [score(list(counts), 30) for counts in ranked]
    assert scores == sorted(scores, reverse=True)
    tail = [20, 20, *[1] * 8]
    assert score(tail, 30) < score([24, 24], 30) / 2
    assert score([48], 30) == 0


@pytest.mark.slow
def test_the_score_ranks_probes_by_the_power_they_give() -> None:
    """Asked for the same tokens, the probe with the higher score sees the same kind of change more often."""
    rng = np.random.default_rng(3)

    def power(shares: list[float], asks: int) -> float:
        p = np.array(shares)
        still = rng.multinomial(asks, p, 4000)
        threshold = np.quantile((((still - asks * p) ** 2) / (asks * p)).sum(axis=1), 0.99)
        moved = p * np.exp(0.35 * rng.standard_normal((4000, len(p))))
        seen = np.array([rng.multinomial(asks, q / q.sum()) for q in moved])
        return float(((((seen - asks * p) ** 2) / (asks * p)).sum(axis=1) > threshold).mean())

    def value(shares: list[float], tokens: float) -> float:
        return score([round(10_000 * share) for share in shares], tokens)

    worlds = [([0.5, 0.5], 30.0), ([0.5, 0.5], 60.0), ([0.96, 0.04], 30.0), ([0.9] + [0.01] * 10, 30.0)]
    measured = [power(shares, round(12_000 / tokens)) for shares, tokens in worlds]
    scored = [value(shares, tokens) for shares, tokens in worlds]
    assert np.argsort(measured)[-1] == np.argsort(scored)[-1] == 0
    assert measured[1] > measured[3] and scored[1] > scored[3]
    assert measured[0] > 1.5 * measured[3]


def test_a_short_look_weighs_less() -> None:
    assert score([4, 4], 30) < score([10, 10], 30) < score([24, 24], 30)


def test_a_token_less_is_worth_as_much_as_an_ask_more() -> None:
    assert score([5, 5], 20) == pytest.approx(2 * score([5, 5], 40))


def test_the_best_are_chosen_mixed_in_kind() -> None:
    kinds = ["pair", "pair", "pair", "letter", "number"]
    scores = [1.0, 0.99, 0.98, 0.85, 0.0]
    assert choose(kinds, scores, 3) == [0, 1, 3]
    assert choose(kinds, scores, 9) == [0, 1, 3, 2]
    assert choose(kinds, scores, 1) == [0]
    assert choose([], [], 3) == []
