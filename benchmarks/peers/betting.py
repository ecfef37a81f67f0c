r"""Plug-in betting on categorical replies.

The null is frozen: each reply of a probe falls independently into one of its K cells, the reference's outputs and
"any other", with probability

    p(k) = (c(k) + 1) / (n + K)

from the reference's counts. The bet is on what later replies showed so far (Krichevsky & Trofimov 1981),

    q(k) = (s(k) + 1/2) / (t + K/2)

and the wealth of a round is multiplied by q/p for each reply; the product over probes and rounds is the e-process of
Waudby-Smith & Ramdas (2024). Watching a stream, wealth below 1 is topped up to 1 before each round, and an alarm
is wealth above A (e-CUSUM; Shin, Ramdas & Rinaldo 2024). Were the null true, alarms would be at least A rounds apart.
"""

from __future__ import annotations

from math import exp, log

import numpy as np
from scipy.special import gammaln

from benchmarks.peers.interface import ROUNDS_PER_YEAR, Floats, Peer, Rounds, first_alarm
from benchmarks.peers.outcomes import Outcomes


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """ln of the largest wealth reached, with topping up."""
    return float(ln_wealth(ln_bets(reference, candidate)).max(initial=0.0))


def p_value(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """1 / the largest wealth reached without topping up (Ville's inequality); valid only where the null is."""
    return exp(-float(np.cumsum(ln_bets(reference, candidate)).max(initial=0.0)))


def track(reference: Rounds, later: Rounds) -> Floats:
    """ln wealth after every later round over ln A, with A the rounds of a year."""
    return ln_wealth(ln_bets(reference, later)) / log(ROUNDS_PER_YEAR)


def ln_bets(reference: Rounds, later: Rounds) -> Floats:
    """ln of what each later round multiplies wealth by, shape (later rounds,)."""
    outcomes = Outcomes.of(reference)
    seen = outcomes.count(reference).sum(axis=0)
    ln_p = np.log((seen + 1) / outcomes.spread(outcomes.per_probe(seen) + outcomes.sizes))
    new = outcomes.count(later)
    so_far = np.concatenate([np.zeros((1, outcomes.width)), np.cumsum(new, axis=0)])
    # The product of q over replies in any order, from the first reply up to each round.
    cells = gammaln(so_far + 0.5).sum(axis=1)
    totals = gammaln(outcomes.per_probe(so_far) + outcomes.sizes / 2).sum(axis=1)
    bets: Floats = np.diff(cells - totals) - new @ ln_p
    return bets


def ln_wealth(bets: Floats) -> Floats:
    """Topped up to 1 before each round, shape of `bets`."""
    wealth, path = 0.0, np.zeros(len(bets))
    for i, bet in enumerate(bets.tolist()):
        wealth = path[i] = max(wealth, 0.0) + bet
    return path


PEER = Peer(
    name="betting",
    access="text",
    source="Waudby-Smith & Ramdas 2024 (arXiv 2010.09686); Shin, Ramdas & Rinaldo 2024 (arXiv 2203.03532)",
    score=score,
    p_value=p_value,
    track=track,
    monitor=first_alarm(track),
)
