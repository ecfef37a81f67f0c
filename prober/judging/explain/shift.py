"""What moved within a table of categories: which rows, which of their categories, and how a person says it. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np

from prober.judging.channels import percent
from prober.judging.statistic.scales import Scale
from prober.judging.statistic.table import Floats, Ints

LABEL: Final = 60
"""Characters of an answer that are shown."""
WORTH_SAYING: Final = 0.05
"""Change of share from which on a second answer is worth saying."""


def gains(before: Floats, since: Floats) -> Floats:
    """The evidence each row brings: ln likelihood ratio of what was seen since against the mean before.

    `before` are shares and `since` counts, both (rows, categories). The mean since is shrunk towards the one before by
    one reply's worth.
    """
    after = (since + before) / (since.sum(axis=1, keepdims=True) + 1)
    gain: Floats = (since * np.log(np.where(since > 0, after / np.maximum(before, 1e-12), 1.0))).sum(axis=1)
    return gain


def strongest(before: Floats, since: Floats) -> list[int]:
    """Rows that speak for a change, those with the most evidence first."""
    gain = gains(before, since)
    return [int(row) for row in np.argsort(-gain, kind="stable") if gain[row] > 0]


def movers(before: Floats, after: Floats) -> Ints:
    """Categories of one row, those whose share changed most first."""
    order: Ints = np.argsort(-np.abs(after - before), kind="stable")
    return order


def named(scale: Scale, before: Floats, after: Floats) -> str:
    """The answers whose shares changed most, such as `“Blue” 31 % instead of 88 %, “Red” 60 % instead of 3 %`."""
    first, *others = movers(before, after)[:2]
    told = [first, *(other for other in others if abs(after[other] - before[other]) >= WORTH_SAYING)]
    return ", ".join(
        f"{_answer(scale, int(category))} {percent(float(after[category]))} instead of "
        f"{percent(float(before[category]))}"
        for category in told
    )


def _answer(scale: Scale, category: int) -> str:
    if category == scale.novel:
        return "answers never seen before"
    if scale.names and category == len(scale.names):
        return "rare answers"
    label = scale.labels[category]
    return f"“{label if len(label) <= LABEL else label[: LABEL - 1] + '…'}”"
