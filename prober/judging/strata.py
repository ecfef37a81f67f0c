r"""Did a group of probes move between two stretches of rounds? Paired by probe, whatever its content was.

The judge compares series, so an edited prompt begins anew and is compared with nothing. Here a probe is known by its
name. The round is the unit, as everywhere: with \(x_{rp}\) the mean of a feature over the replies to probe p in round
r, in units of its deviation over all rounds, the statistic is
\(\sum_p \lVert \bar x_p^{since} - \bar x_p^{before} \rVert^2\). Of a feature that gives names, \(x_{rp}\) is the vector
of the shares of the commonest names. If nothing changed, the order of the rounds is exchangeable, so a permutation test
is exact; its p-value is multiplied by the number of features that vary at all (Bonferroni; whether one varies does not
depend on the order, so the test remains exact).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS, log_characters, longer, passed, percent, refused
from prober.model.evidence import Fingerprint, Round

LEVEL: Final = 0.02
"""p-value, over all features, at which a group counts as moved."""
STILL: Final = 0.1
"""p-value from which on a group counts as still, where there are `FEW` rounds at least; between the two it is open."""
FEW: Final = 3
STEP: Final = 0.3
"""How far the share of passed checks must step for single replies to count: before three rounds have come, no order of
rounds is rare enough."""
STEP_LEVEL: Final = 1e-4
NAMES: Final = 8
"""Commonest names of a probe that have a share of their own."""
DRAWN: Final = 4_000
"""Orders of the rounds that are drawn where there are more."""

Value = float | str
Table = Sequence[Mapping[str, float]]
"""One a round: probe → mean of a feature over its replies."""
Columns = Sequence[Mapping[tuple[str, str], float]]
"""One a round: (probe, name) → share of the name in its replies; (probe, empty) → mean of a number."""
FEATURES: Final[Mapping[str, Callable[[Fingerprint], Value | None]]] = {
    "expectation": passed,
    "refusal": refused,
    "length": log_characters,
    "choice": lambda one: one.categories.get("text.choice"),
    "format": lambda one: one.categories.get("structure.shape"),
}
"""Channel → what it reads. A table holds of names whether it is the commonest name of the probe."""


@dataclass(frozen=True, slots=True)
class Movement:
    """How a group of probes moved."""

    p_value: float
    words: str
    """What is said of the feature that moved most."""
    rounds: tuple[int, int]
    """Before, and since."""

    @property
    def moved(self) -> bool | None:
        """None where that is open."""
        if self.p_value <= LEVEL:
            return True
        return False if self.p_value >= STILL and self.rounds[1] >= FEW else None


def movement(
    before: Sequence[Round],
    since: Sequence[Round],
    probes: Collection[str],
    against: Collection[str] = (),
    features: Collection[str] = tuple(FEATURES),
) -> Movement | None:
    """How `probes` moved; beyond how the probes `against` moved in the same rounds, where those are given. None where
    one of the stretches has no reply to them."""
    found: list[tuple[float, str]] = []
    counts, varying = (0, 0), 0
    rounds = [*before, *since]
    for feature in features:
        own = _table(feature, rounds, probes)
        columns = _beyond(own, _table(feature, rounds, against)) if against else _columns(feature, rounds, probes)
        has = [bool(of) for of in columns]
        first, second = sum(has[: len(before)]), sum(has[len(before) :])
        if first and second:
            counts = max(counts, (first, second))
            kept = [of for of in columns if of]
            varying += _varies(kept)
            found.append((_permuted(kept, first), _words(feature, own[: len(before)], own[len(before) :])))
    if not found:
        return None
    p_value, words = min(found, key=lambda one: one[0])
    p_value = min(1.0, p_value * max(1, varying))
    if not against and "expectation" in features and _steps(before, since, probes):
        own = _table("expectation", rounds, probes)
        p_value, words = STEP_LEVEL, _words("expectation", own[: len(before)], own[len(before) :])
    return Movement(p_value, words, counts)


def _values(feature: str, rounds: Sequence[Round], probes: Collection[str]) -> list[dict[str, list[Value]]]:
    """One a round: probe → the feature of each of its replies."""
    read = FEATURES[feature]
    found: list[dict[str, list[Value]]] = []
    for round_ in rounds:
        values: dict[str, list[Value]] = {}
        for one in round_.observations:
            if one.fingerprint is not None and one.probe in probes and (value := read(one.fingerprint)) is not None:
                values.setdefault(one.probe, []).append(value)
        found.append(values)
    return found


def _commonest(values: Sequence[Mapping[str, Sequence[Value]]], many: int) -> dict[str, list[Value]]:
    """Probe → its commonest names, the commonest first."""
    return {
        probe: [name for name, _ in Counter(one for of in values for one in of.get(probe, ())).most_common(many)]
        for probe in {probe for of in values for probe in of}
    }


def _table(feature: str, rounds: Sequence[Round], probes: Collection[str]) -> list[Mapping[str, float]]:
    values = _values(feature, rounds, probes)
    usual = _commonest(values, 1)
    return [
        {
            probe: float(np.mean([one if isinstance(one, float) else one == usual[probe][0] for one in found]))
            for probe, found in of.items()
        }
        for of in values
    ]


def _columns(feature: str, rounds: Sequence[Round], probes: Collection[str]) -> list[Mapping[tuple[str, str], float]]:
    values = _values(feature, rounds, probes)
    names = _commonest(values, NAMES)
    rows: list[Mapping[tuple[str, str], float]] = []
    for of in values:
        row: dict[tuple[str, str], float] = {}
        for probe, found in of.items():
            if isinstance(found[0], float):
                row[probe, ""] = float(np.mean(np.array(found, dtype=np.float64)))
            else:
                row |= {(probe, str(name)): found.count(name) / len(found) for name in names[probe]}
        rows.append(row)
    return rows


def _beyond(table: Table, other: Table) -> list[Mapping[tuple[str, str], float]]:
    """One number a round: the mean over the one group minus that over the other."""
    return [
        {("", ""): float(np.mean(list(mine.values())) - np.mean(list(theirs.values())))} if mine and theirs else {}
        for mine, theirs in zip(table, other, strict=True)
    ]


def _varies(table: Columns) -> bool:
    first: dict[tuple[str, str], float] = {}
    return any(first.setdefault(column, value) != value for of in table for column, value in of.items())


def _permuted(table: Columns, first: int) -> float:
    """p-value of the first rounds against the others: exact where the orders are few, else of `DRAWN` orders."""
    columns = sorted({column for of in table for column in of})
    values = np.array([[of.get(column, np.nan) for column in columns] for of in table])
    centred = values - np.nanmean(values, axis=0)
    # The names of a probe share one deviation: a rare name weighs no more than a common one.
    variance: dict[str, float] = {}
    for (probe, _), of in zip(columns, np.nanmean(centred**2, axis=0), strict=True):
        variance[probe] = variance.get(probe, 0.0) + float(of)
    spread = np.sqrt([variance[probe] for probe, _ in columns])
    centred = np.nan_to_num(centred / np.where(spread > 0, spread, 1.0))
    n, k = len(table), len(table) - first
    if comb(n, k) <= DRAWN:
        chosen = np.array(list(combinations(range(n), k)))
    else:
        # Always the same orders, so that the same rounds always give the same answer.
        orders = np.random.default_rng(0).permuted(np.tile(np.arange(n), (DRAWN, 1)), axis=1)
        chosen = np.vstack([np.arange(first, n), orders[:, :k]])
    statistic = (centred[chosen].sum(axis=1) ** 2).sum(axis=1)
    here = (centred[first:].sum(axis=0) ** 2).sum()
    return float(np.mean(statistic >= here - 1e-9))


def _steps(before: Sequence[Round], since: Sequence[Round], probes: Collection[str]) -> bool:
    """Whether the share of passed checks stepped so far that single replies show it (Fisher's exact test)."""
    from scipy.stats import fisher_exact  # slow to import

    old, new = (
        [
            value
            for round_ in part
            for one in round_.observations
            if one.probe in probes and one.fingerprint is not None and (value := passed(one.fingerprint)) is not None
        ]
        for part in (before, since)
    )
    if not old or not new or abs(np.mean(old) - np.mean(new)) < STEP:
        return False
    counts = np.array([[sum(part), len(part) - sum(part)] for part in (old, new)])
    return bool(fisher_exact(counts).pvalue <= STEP_LEVEL)


def _words(feature: str, old: Table, new: Table) -> str:
    """Of the probe that moved most."""
    means: list[dict[str, float]] = []
    for part in (old, new):
        values: dict[str, list[float]] = {}
        for of in part:
            for probe, value in of.items():
                values.setdefault(probe, []).append(value)
        means.append({probe: float(np.mean(of)) for probe, of in values.items()})
    first, second = means
    both = sorted(first.keys() & second.keys())
    if not both:
        return ""
    probe = max(both, key=lambda one: abs(second[one] - first[one]))
    if feature == "length":
        return f"{probe}: {longer(float(np.exp(second[probe] - first[probe])), 1.0)}"
    if said := CHANNELS[feature].words(second[probe], first[probe]):
        return f"{probe}: {said}"
    usual = {"choice": "the usual answer", "format": "the usual format"}[feature]
    return f"{probe}: {usual} in {percent(second[probe])} of replies (was {percent(first[probe])})"
