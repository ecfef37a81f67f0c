r"""Does the team's own traffic cost more than planned, or run in a loop? Apart from what the prober spends.

Spending is judged by the rule of the prober's own (`runaway`): a whole hour of samples, or a whole day of a provider's
report, is a round of one ask. The plan is the busiest hour, or the amount, of the first eight whole days: traffic has
the rhythm of a day, and no hour of an ordinary day is expected to take more than its busiest one. What is known of an
hour that is not over is judged with the whole plan of the hour, so that it can only understate the evidence.

Where each call is a sample with probability $p$, the bill is estimated by $\sum c / p$ (Horvitz & Thompson 1952) with
variance $\sum c^2 (1 - p) / p^2$.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Final

from prober.judging.runaway import Spending, Took, after
from prober.model.bill import Loop

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
Z: Final = 1.96
"""Standard errors to either side of a 95 % interval."""
MOST_AMOUNT: Final = 10**15
"""A larger amount of an hour or a day counts as this."""


def estimate(total: float, squares: float, share: float) -> tuple[float, float, float]:
    """(estimate, low, high): what all calls cost, of which a `share` is sampled at random; 95 %. `total` and `squares`
    are of the samples. Never less than the samples themselves cost."""
    whole, half = total / share, Z * sqrt(squares * (1 - share)) / share
    return whole, max(total, whole - half), whole + half


def settled(
    known: Spending,
    at: datetime,
    amounts: Mapping[datetime, float],
    until: datetime,
    length: timedelta,
    most: float,
    least: float,
) -> tuple[Spending, datetime]:
    """With every whole hour, or day, of [at, until); and up to when that is. `at`: a midnight, UTC, until the plan is
    learnt, of days on which something was spent. `amounts`: by when each began. `most`: up to how many times the plan
    is tolerated. `least`: what is planned at least."""
    while True:
        span = length if known.is_learnt else DAY
        if at + span > until:
            return known, at
        taken = max(amounts.get(at + i * length, 0.0) for i in range(span // length))
        if known.is_learnt:
            known = _after(known, at, taken, most)
        elif taken > 0:
            known = _after(known, at, max(taken, least), most)
        at += span


def so_far(known: Spending, at: datetime, amounts: Mapping[datetime, float], most: float) -> Spending:
    """With what is known of the hours, or days, from `at` on, which are not over, or not whole."""
    for began in sorted(one for one in amounts if one >= at):
        if known.is_learnt:
            known = _after(known, began, amounts[began], most)
    return known


def _after(known: Spending, began: datetime, taken: float, most: float) -> Spending:
    label = began.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
    return after(known, Took(label, 1.0, 1, 1, [round(min(max(taken, 0.0), MOST_AMOUNT))]), most)


def loop_words(
    steps: Loop | None, repeated: Loop | None, alone: Loop | None, of: int, max_steps: int | None,
    max_repeats: int | None,
) -> tuple[str, datetime] | None:  # fmt: skip
    """In half a line, with when it began; None where nothing runs in a loop. As `store.bill.loops` gives them: `of` is
    how many samples have no trace."""
    if max_repeats is not None and repeated is not None and repeated.number > max_repeats:
        said = f"the same input {repeated.number:,} times in one trace within an hour, more than {max_repeats:,}"
        return said, repeated.first_at
    if max_repeats is not None and alone is not None and alone.number > max_repeats and 2 * alone.number >= of:
        said = f"the same input {alone.number:,} times of {of:,} within an hour, more than {max_repeats:,}"
        return said, alone.first_at
    if max_steps is not None and steps is not None and steps.number > max_steps:
        return f"{steps.number:,} steps in one trace within an hour, more than {max_steps:,}", steps.first_at
    return None
