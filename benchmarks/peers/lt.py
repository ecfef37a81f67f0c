r"""LT, log-probability tracking (arXiv 2512.03816).

Each reply shows the top log-probabilities of its first token. Over the tokens seen on either side,

    T = mean over tokens of |a1 - a2|,    a = mean over replies of ln p(token)

where a token that is missing from a reply's list takes the least value of that list. Several probes: the mean of
their T. The p-value permutes replies between the sides, within a probe.

In the field two adjacent windows of 24 replies slide along the stream; a change is a T above mean + 12 standard
deviations of the 100 statistics that ended two windows ago. A round here may hold several replies a probe, so that a
window is 24 replies and not 24 rounds, and the rule begins with 10 statistics instead of all 100: both in its favour.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Final, TypeAlias

import numpy as np

from benchmarks.peers.interface import SHUFFLES, Floats, Peer, Rounds, exceeded, first_alarm

Row: TypeAlias = Sequence[tuple[str, float]]
"""One reply's list: token and ln p."""

WINDOW: Final = 24
"""Replies of a probe in each of the two windows."""
BASELINE: Final = 100
"""Statistics in the running window at most."""
LEAST_BASELINE: Final = 10
SIGMAS: Final = 12.0


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """Mean of T over the probes; 0 where there are no log-probabilities to compare."""
    pairs = _pairs(reference, candidate)
    return float(np.mean([np.abs(weights @ table).mean() for table, weights in pairs])) if pairs else 0.0


def p_value(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """Of `score`, by shuffling replies within each probe; 1 where there is nothing to compare."""
    pairs = _pairs(reference, candidate)
    if not pairs:
        return 1.0
    shuffled = np.zeros(SHUFFLES)
    for table, weights in pairs:
        sides = rng.permuted(np.tile(weights, (SHUFFLES, 1)), axis=1)
        shuffled += np.abs(sides @ table).mean(axis=1) / len(pairs)
    return exceeded(score(reference, candidate, rng), shuffled)


def track(reference: Rounds, later: Rounds) -> Floats:
    """Standard deviations above the running window, over 12; 0 while there is too little history."""
    statistics, span = _sliding([*reference, *later])
    sigmas = np.zeros(len(statistics))
    for i in range(len(statistics)):
        baseline = statistics[max(0, i - 2 * span - BASELINE) : max(0, i - 2 * span)]
        baseline = baseline[~np.isnan(baseline)]
        if len(baseline) >= LEAST_BASELINE and not np.isnan(statistics[i]):
            above, deviation = statistics[i] - baseline.mean(), baseline.std()
            sigmas[i] = above / deviation if deviation > 0 else (np.inf if above > 0 else 0.0)
    return sigmas[len(reference) :] / SIGMAS


def _pairs(reference: Rounds, candidate: Rounds) -> list[tuple[Floats, Floats]]:
    """For each probe both sides can read: its table, and weights that take the difference of the sides' means."""
    pairs = []
    for probe in sorted({p for answers in reference for p in answers.top_logprobs}):
        sides = [_rows(rounds, probe) for rounds in (reference, candidate)]
        n, m = map(len, sides)
        if n and m:
            weights = np.repeat([-1 / n, 1 / m], [n, m])
            pairs.append((_table([*sides[0], *sides[1]]), weights))
    return pairs


def _rows(rounds: Rounds, probe: str) -> list[Row]:
    return [row for answers in rounds for row in answers.top_logprobs.get(probe, ()) if row]


def _table(rows: Sequence[Row]) -> Floats:
    """Shape (replies, tokens seen in any of them)."""
    tokens: dict[str, int] = {}
    columns = [[tokens.setdefault(token, len(tokens)) for token, _ in row] for row in rows]
    table = np.empty((len(rows), len(tokens)))
    for i, row in enumerate(rows):
        values = [value for _, value in row]
        table[i] = min(values)
        table[i, columns[i]] = values
    return table


def _sliding(rounds: Rounds) -> tuple[Floats, int]:
    """Shape (rounds,): T between the two windows that end with each round, NaN where none can be; a window's rounds."""
    probes = sorted({p for answers in rounds for p, rows in answers.top_logprobs.items() if any(rows)})
    rows = [[_rows([answers], probe) for answers in rounds] for probe in probes]
    replies = np.array([[len(of_round) for of_round in of_probe] for of_probe in rows])
    usual = float(np.median(replies)) if probes else 1.0
    span = ceil(WINDOW / max(1.0, usual))
    statistics = np.full((len(probes), len(rounds)), np.nan)
    for of_probe, n, statistic in zip(rows, replies, statistics, strict=True):
        table = _table([row for of_round in of_probe for row in of_round])
        ends = np.concatenate([[0], np.cumsum(n)])
        sums = np.concatenate([np.zeros((1, table.shape[1])), np.cumsum(table, axis=0)])[ends]
        t = np.arange(2 * span, len(rounds) + 1)
        older, newer = ends[t - span] - ends[t - 2 * span], ends[t] - ends[t - span]
        both = (older > 0) & (newer > 0)
        t, older, newer = t[both], older[both, None], newer[both, None]
        difference = (sums[t] - sums[t - span]) / newer - (sums[t - span] - sums[t - 2 * span]) / older
        statistic[t - 1] = np.round(np.abs(difference).mean(axis=1), 9)  # sums of equal numbers differ by rounding
    seen = ~np.isnan(statistics)
    known = seen.any(axis=0)
    means = np.full(len(rounds), np.nan)
    means[known] = np.where(seen, statistics, 0.0).sum(axis=0)[known] / seen.sum(axis=0)[known]
    return means, span


PEER = Peer(
    name="lt",
    access="logprobs",
    source="arXiv 2512.03816",
    score=score,
    p_value=p_value,
    track=track,
    monitor=first_alarm(track),
)
