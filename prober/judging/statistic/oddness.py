r"""Oddness: whether a round is more extreme than every round of the reference.

One round cannot be an alarm, but it can be a reason to ask again at once. With \(\mu\) the shares of the reference,
\(H\) their entropy and \(V\) the variance of \(-\ln \mu\), a channel's surprise at a round with replies x is

    z = (sum_x -ln mu(x) - H) / sqrt(sum_x V)

and the oddness of a round is ln(1 + sum exp z) over its channels: a soft maximum, so that one channel that is like
never before is not lost among the scatter of the others. Rounds of the reference are held against the others, never
against themselves. So a round of an unchanged endpoint is odder than all n of them about once in n + 1.

That the share stays what it is promised to be, whatever the endpoint does, is not left to luck: the bar rises with
every odd round and falls a little with every other one (Gibbs & Candès, "Adaptive conformal inference under
distribution shift", 2021), so that among N rounds at most about N / (n + 1) are odd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from prober.judging.statistic.readings import Floats, Table


@dataclass(frozen=True, slots=True)
class OddnessBar:
    """What a round must exceed to be odd."""

    height: float
    step: float
    """By how much an odd round raises it: half the standard deviation of the reference's oddness."""

    share: float
    """Share of the rounds of an unchanged endpoint that may be odd."""

    @staticmethod
    def of(reference: Floats, share: float) -> OddnessBar:
        """From the oddness of every round of the reference."""
        return OddnessBar(float(reference.max()), max(float(reference.std()) / 2, 0.05), share)

    def at_least(self, other: OddnessBar | None) -> OddnessBar:
        """As high as either, where some series were learnt later than others."""
        if other is None:
            return self
        return replace(self, height=max(self.height, other.height), step=max(self.step, other.step))

    def after(self, oddness: float) -> tuple[OddnessBar, bool]:
        """The bar after one more round, and whether this round is odd."""
        is_odd = oddness > self.height
        return replace(self, height=self.height + self.step * (is_odd - self.share)), is_odd


def surprise(mean: Floats, table: Table) -> float:
    """z of one channel's round; `mean`, shape (rows, categories), has the shares of the reference."""
    logs = -np.log(np.maximum(mean, 1e-12))
    entropy = (mean * logs).sum(axis=1)
    variance = np.maximum((mean * logs**2).sum(axis=1) - entropy**2, 1e-3)
    total = float((logs[table.row, table.category] - entropy[table.row]).sum())
    return total / float(np.sqrt(variance[table.row].sum()))


def of_round(surprises: Sequence[Floats] | Sequence[float]) -> Floats:
    """Oddness, from the z of every channel; the shape of one channel's, 0 where there is none."""
    z = np.array(surprises, dtype=np.float64)
    oddness: Floats = np.logaddexp.reduce(np.concatenate([np.zeros((1, *z.shape[1:])), z]), axis=0)
    return oddness


def of_reference(prior: Floats, tables: Sequence[Table]) -> Floats:
    """z of every round of the reference against the others, shape (rounds,); 0 where it has no reply."""
    counts = [table.counts(prior.shape[1]) for table in tables]
    base = prior + sum(counts)
    found = np.zeros(len(tables))
    for i, table in enumerate(tables):
        if table.row.size:
            others = base - counts[i]
            found[i] = surprise(others / others.sum(axis=1, keepdims=True), table)
    return found
