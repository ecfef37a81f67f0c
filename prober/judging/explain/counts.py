"""What counts of replies before and since an onset say by themselves: whether they differ, and in how many replies.

Tables have (reference, since) a probe, each (rounds, categories) of counts. Rounds are the unit: replies of one round
may be alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Final

import numpy as np

from prober.judging.explain.summary import WORTH_SAYING
from prober.judging.statistic.readings import Floats
from prober.model.evidence import Share

CLEAR: Final = 1e-4
"""p-value below which counts alone say that a channel moved, given that something did."""


def is_clear(rows: Sequence[tuple[Floats, Floats]]) -> bool:
    """Whether the replies since the onset are distributed otherwise than those of the reference.

    The G-test of all probes together, divided by how much more the rounds scatter than independent replies would.
    Half a reply more in every category of the reference, for what was never seen there.
    """
    g, freedom, largest = 0.0, 0, 0.0
    for reference, since in rows:
        before, after = reference.sum(axis=0), since.sum(axis=0)
        kinds = (before + after) > 0
        if not before.sum() or not after.sum() or kinds.sum() < 2:
            continue
        before, after = before[kinds] + 0.5, after[kinds]
        share = (before + after) / (before.sum() + after.sum())
        for observed in (before, after):
            expected = share * observed.sum()
            g += 2 * float((observed * np.log(np.where(observed > 0, observed / expected, 1.0))).sum())
        freedom += int(kinds.sum()) - 1
        largest = max(largest, float(np.abs(after / after.sum() - before / before.sum()).max()))
    if not freedom or largest < WORTH_SAYING:
        return False
    from scipy.special import chdtrc  # not at the top: every verb would wait for it

    return float(chdtrc(freedom, g / _scatter(rows))) < CLEAR


def _scatter(rows: Sequence[tuple[Floats, Floats]]) -> float:
    """How much more than independent replies the rounds of one side scatter; at least 1."""
    squares, freedom = 0.0, 0.0
    for counts in (side for row in rows for side in row):
        here = counts[counts.sum(axis=1) > 0]
        total = here.sum(axis=0)
        here, total = here[:, total > 0], total[total > 0]
        if len(here) < 2 or len(total) < 2:
            continue
        expected = here.sum(axis=1, keepdims=True) * (total / total.sum())
        squares += float(((here - expected) ** 2 / expected).sum())
        freedom += (len(here) - 1) * (len(total) - 1)
    return max(squares / freedom, 1.0) if freedom else 1.0


CONFIDENCE: Final = 0.95
"""Confidence of the interval, over all probes together."""
CLEARLY_BELOW: Final = 0.9
"""A share whose interval reaches this says nothing: it may be all of the traffic."""
WHOLE: Final = 4.0
"""How many times more than replies of their own the rounds must scatter to be called all or nothing."""


def least_share(rows: Sequence[tuple[Floats, Floats]], probes: int) -> Share | None:
    r"""How much of the traffic changed, at least: the largest of the probes' lower bounds. None where none is clear, or
    where it may be everything.

    Where a share \(q\) of the replies comes from something else, the new distribution of a probe is
    \(p_{new} = (1-q) p_{ref} + q \cdot other\), so that for every set \(A\) of categories

        p_new(A) - p_ref(A) = q (other(A) - p_ref(A)) <= q,    and the best A gives the total variation.

    Hence \(q\) is at least the total variation, in every probe. Which categories grew is learnt from the *other* rounds
    since the onset, never from the round they are counted in, so that the estimate is not flattered by its own noise.
    Rounds are the unit: the interval is that of their mean, and never narrower than one for independent replies.

    `rows` has (reference, since) a probe, each (rounds, categories) of counts; `probes` is how many there were to
    choose from.
    """
    found = [one for reference, since in rows if (one := _of_probe(reference, since, probes)) is not None]
    best = max(found, key=lambda share: share.low, default=None)
    return best if best is not None and best.low > 0 and best.high < CLEARLY_BELOW else None


def _of_probe(reference: Floats, since: Floats, probes: int) -> Share | None:
    reference, since = reference[reference.sum(axis=1) > 0], since[since.sum(axis=1) > 0]
    if len(reference) < 2 or len(since) < 2:
        return None
    before = reference.sum(axis=0) / reference.sum()
    total = since.sum(axis=0)
    rest = total - since
    grew = rest / rest.sum(axis=1, keepdims=True) > before
    hits = (since * grew).sum(axis=1)
    expected = (grew * before).sum(axis=1)
    replies = since.sum(axis=1)
    at_least = float((hits - replies * expected).sum() / replies.sum())
    usual = total / total.sum() > before
    spread = sqrt(_variance(hits, replies) + _variance((reference * usual).sum(axis=1), reference.sum(axis=1)))
    from scipy.special import stdtrit  # not at the top: every verb would wait for it

    # Both sides, and every probe that might have been chosen; few rounds say little of how much rounds scatter.
    margin = float(stdtrit(len(since) - 1, 1 - (1 - CONFIDENCE) / 2 / max(probes, 1))) * spread
    return Share(at_least, max(at_least - margin, 0.0), min(at_least + margin, 1.0), *_whole_rounds(hits, replies))


def _variance(hits: Floats, replies: Floats) -> float:
    """Of the share of hits among all replies, rounds being the unit; at least that of independent replies.

    Half a hit more and half a miss more, so that nothing is certain after a few replies.
    """
    total = float(replies.sum())
    share = (float(hits.sum()) + 0.5) / (total + 1)
    independent = share * (1 - share) / total
    n = len(hits)
    by_round = n / (n - 1) * float(((hits - replies * hits.sum() / total) ** 2).sum()) / total**2
    return max(independent, by_round)


def _whole_rounds(hits: Floats, replies: Floats) -> tuple[int, int]:
    """(rounds that changed, rounds) where the rounds fall into two groups; (0, 0) where they do not."""
    if len(hits) < 6 or replies.min() < 3:
        return 0, 0
    share = hits / replies
    mean = float(hits.sum() / replies.sum())
    by_chance = float((mean * (1 - mean) / replies).mean())
    if by_chance == 0 or float(np.var(share, ddof=1)) < WHOLE * by_chance:
        return 0, 0
    return int((share > (share.min() + share.max()) / 2).sum()), len(hits)


def share_p_value(before: Floats, since: Floats) -> float:
    """Of the same share on both sides: (days, 2) each, how many replies are so and how many are not.

    Days vary, replies of one day are alike: the variance of a ratio over clusters (Cochran 1977, *Sampling Techniques*,
    section 6.5), at least that of independent replies, and Welch's t. At least two days a side.
    """
    from scipy.special import stdtr  # not at the top: every verb would wait for it

    shares, variances = [], []
    for side in (before, since):
        sizes, total = side.sum(axis=1), side.sum()
        share, likely = side[:, 0].sum() / total, (side[:, 0].sum() + 0.5) / (total + 1)
        scatter = ((side[:, 0] - share * sizes) ** 2).sum() * len(side) / (len(side) - 1) / total**2
        shares.append(share)
        variances.append(max(float(scatter), float(likely * (1 - likely) / total)))
    freedom = sum(variances) ** 2 / sum(
        one**2 / (len(side) - 1) for one, side in zip(variances, (before, since), strict=True)
    )
    return float(2 * stdtr(freedom, -abs(shares[1] - shares[0]) / sqrt(sum(variances))))
