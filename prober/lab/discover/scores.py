"""What a probe is worth: evidence about an unknown small change, per token. Pure.

A small change of a model shifts the log-odds of every answer a little, in a direction nobody knows beforehand. With
independent shifts of variance s², one reply of a probe with answer probabilities p then carries, on average,

    E[KL(p' || p)] = s²/2 · (1 - Σ p²)          nats, to second order in s

about the change: the impurity of its answers. But not knowing the direction has a price. Over d free answers the
statistic of a still world has standard deviation √(2d), and the change has to stand out of that. So the power of n
replies goes with n (1 - Σ p²) / √d, and of a fixed number of tokens with

    score = (1 - Σ p²) / (√d · tokens an ask)

which is largest for two to three balanced answers, and small where rare answers add to d and little else. That prompts
on the border between two answers tell most is from arXiv 2602.11083 (B3IT), which keeps the most balanced of those that
gave two answers in three asks; the price of dimension is ours.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

CREDIBLE = 8
"""Asks at which half a score is believed. Of many probes looked at briefly, the best look better than they are."""
SAME_KIND = 0.9
"""What the next probe is worth for every one of its kind that is chosen already: alike probes move together."""


def impurity(counts: Sequence[int]) -> float:
    """1 - Σ p², unbiased (Simpson): the chance that two further replies differ.

    `counts`: replies per answer. 0 for fewer than two replies.
    """
    n = sum(counts)
    return 1.0 - sum(c * (c - 1) for c in counts) / (n * (n - 1)) if n > 1 else 0.0


def unseen(counts: Sequence[int]) -> float:
    """How many answers were never seen yet, estimated from those seen once and twice (Chao 1984, bias-corrected)."""
    once, twice = counts.count(1), counts.count(2)
    return once * (once - 1) / (2 * (twice + 1))


def score(counts: Sequence[int], tokens_per_ask: float) -> float:
    """Detection power per token, in arbitrary units; 0 for a probe that always answers the same.

    Shrunk towards 0 by n / (n + CREDIBLE), so that few asks do not outshine many.
    """
    n, free = sum(counts), sum(c > 0 for c in counts) + unseen(counts) - 1
    return impurity(counts) / (sqrt(free) * tokens_per_ask) * n / (n + CREDIBLE) if free > 0 else 0.0


def choose(kinds: Sequence[str], scores: Sequence[float], wanted: int) -> list[int]:
    """Which of the scored probes to keep, best first: at most `wanted` indices, mixed in kind, none of score 0."""
    chosen: list[int] = []
    taken: dict[str, int] = {}
    left = {index for index, value in enumerate(scores) if value > 0}
    while left and len(chosen) < wanted:
        best = max(left, key=lambda index: (scores[index] * SAME_KIND ** taken.get(kinds[index], 0), -index))
        left.remove(best)
        chosen.append(best)
        taken[kinds[best]] = taken.get(kinds[best], 0) + 1
    return chosen
