r"""B3IT, border inputs (arXiv 2602.11083).

A border input is a prompt whose first output token varies. With P the shares of its outputs on either side,

    T = mean over border inputs of 1/2 sum over outputs of |P1 - P2|

The 20 border inputs with the most balanced two commonest outputs are watched. In production T of each day is held
against a trailing baseline: the 14 days that ended 4 days ago, at least 5 of them. A day deviates where T differs
from the baseline's mean by more than 0.2 and by more than 4 standard deviations; three such days in a row alarm.
The rounds of the reference, each held against the others, are history too, so that it is not blind at first.

The paper looks for border inputs among thousands of prompts; here they are those of the probes whose reference
varies. Of a longer reply its first word stands for the first token. The p-value permutes replies within a probe.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

import numpy as np

from benchmarks.peers.interface import SHUFFLES, Floats, Peer, Rounds, exceeded, first_alarm, shared_probes, texts
from benchmarks.peers.outcomes import Outcomes

MOST_INPUTS: Final = 20
WINDOW: Final = 14
EXCLUDED: Final = 4
"""Most recent rounds that are no part of the baseline."""
LEAST_BASELINE: Final = 5
DELTA: Final = 0.2
SIGMAS: Final = 4.0
IN_A_ROW: Final = 3

_FIRST = re.compile(r"\s*\S*")


def first_word(text: str) -> str:
    """With the space before it, which is part of a token."""
    found = _FIRST.match(text)
    return found.group() if found else ""


def border_inputs(reference: Rounds) -> list[str]:
    """Probes whose outputs vary in the reference, the most balanced first, at most 20."""
    balance = {}
    for probe in shared_probes(reference, reference):
        commonest = Counter(map(first_word, texts(reference, probe))).most_common(2)
        if len(commonest) == 2:
            balance[probe] = commonest[1][1] / commonest[0][1]
    return sorted(balance, key=lambda probe: (-balance[probe], probe))[:MOST_INPUTS]


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """T; 0 where the reference shows no border input."""
    outcomes = Outcomes.of(reference, probes=border_inputs(reference), read=first_word)
    sides = [outcomes.count(rounds).sum(axis=0) for rounds in (reference, candidate)]
    return float(_distance(outcomes, *sides))


def p_value(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """Of `score`; 1 where there is no border input."""
    outcomes = Outcomes.of([*reference, *candidate], probes=border_inputs(reference), read=first_word)
    if not outcomes.width:
        return 1.0
    old, new = (outcomes.count(rounds).sum(axis=0) for rounds in (reference, candidate))
    taken = outcomes.per_probe(new).astype(int)
    pools = np.split((old + new).astype(int), outcomes.starts[1:])
    shuffled = np.concatenate(
        [
            rng.multivariate_hypergeometric(pool, n, size=SHUFFLES, method="count")
            for pool, n in zip(pools, taken.tolist(), strict=True)
        ],
        axis=1,
    )
    return exceeded(float(_distance(outcomes, old, new)), _distance(outcomes, old + new - shuffled, shuffled))


def track(reference: Rounds, later: Rounds) -> Floats:
    """The least deviation of the last three rounds, over what an alarm needs; 0 while there is too little history."""
    outcomes = Outcomes.of(reference, probes=border_inputs(reference), read=first_word)
    old, new = outcomes.count(reference), outcomes.count(later)
    total = old.sum(axis=0)
    distances = np.concatenate([_distance(outcomes, total - old, old), _distance(outcomes, total, new)])
    deviations = np.zeros(len(distances))
    for i in range(LEAST_BASELINE + EXCLUDED, len(distances)):
        baseline = distances[max(0, i - EXCLUDED - WINDOW) : i - EXCLUDED]
        away, deviation = abs(distances[i] - baseline.mean()), baseline.std(ddof=1)
        deviations[i] = away / max(DELTA, SIGMAS * deviation)
    deviations[: len(reference)] = 0.0  # an alarm is a run of later rounds
    padded = np.concatenate([np.zeros(IN_A_ROW - 1), deviations])
    least: Floats = np.lib.stride_tricks.sliding_window_view(padded, IN_A_ROW).min(axis=1)
    return least[len(reference) :]


def _distance(outcomes: Outcomes, old: Floats, new: Floats) -> Floats:
    """Mean total variation over the probes with replies on both sides, 0 where there are none; shape without cells."""
    if not outcomes.width:
        return np.zeros(np.broadcast_shapes(old.shape, new.shape)[:-1])
    n, m = outcomes.per_probe(old), outcomes.per_probe(new)
    shares = [counts / outcomes.spread(np.maximum(size, 1)) for counts, size in ((old, n), (new, m))]
    variation = outcomes.per_probe(np.abs(shares[0] - shares[1])) / 2
    both = (n > 0) & (m > 0)
    mean: Floats = (variation * both).sum(axis=-1) / np.maximum(both.sum(axis=-1), 1)
    return mean


PEER = Peer(
    name="b3it",
    access="text",
    source="arXiv 2602.11083",
    score=score,
    p_value=p_value,
    track=track,
    monitor=first_alarm(track),
)
