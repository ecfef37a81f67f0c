r"""Provisional judgement: while the reference is gathered, whether the newest rounds differ from those before them.

There is no model of the endpoint yet, so two stretches of rounds are compared as two samples. For an onset after m
rounds, a channel's evidence is a ratio of Dirichlet-multinomial probabilities with Jeffreys' prior of ½ over the
categories seen twice, and one more,

    L_m = sum over series of  ln DM(x before) + ln DM(x since) - ln DM(x before + x since),

averaged over channels. It is what it says only if replies are independent. Where every round goes to a replica of its
own, a round is no more than one draw, of two kinds at the least, and no split of m and k rounds is worth more than
B(m, k), the same ratio for m rounds of one kind followed by k of the other. With belief w in such an endpoint,

    e_m = 1 / ((1 - w) / exp(L_m) + w / B(m, k)),      E = sum over m of e_m / (m (m + 1))

is a test martingale under that belief: it passes 1 / alpha with probability alpha at most, however often one looks
(Ville). What names the model or counts tokens is left to the facts: names that alternate would be breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma
from statistics import fmean
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS, Channel, percent, quoted_answer
from prober.judging.promise import Promise
from prober.judging.statistic.readings import Floats, Recurring
from prober.model.evidence import Round, Verdict

ALPHA: Final = 0.02
"""Chance of a false break while one reference is gathered, at one false alarm a year or more; in proportion below."""
REPLICAS: Final = 0.05
"""w: belief in an endpoint whose rounds go to replicas that answer differently."""
LEAST: Final = 2
"""Rounds on either side of a break."""
RECURS: Final = 2
"""Replies with a name or number that is a category; what came less often says nothing of an order."""
NAMES: Final = 6
"""Categories of a series at most, the commonest; all else is one more."""
MOST: Final = 24
"""Rounds that are compared at most: the first hours or days."""


@dataclass(frozen=True, slots=True)
class Break:
    """A change found before there is a reference."""

    before: int
    """Rounds before it."""
    since: int
    onset: str
    """Label of the first round since it."""
    share_of_threshold: float
    """Evidence, where 1 is the promise's limit."""
    verdicts: tuple[Verdict, ...]
    """Strongest first; their e-values are shares of the threshold too."""


def is_look(rounds: int) -> bool:
    """Whether so many rounds are compared."""
    return 2 * LEAST <= rounds <= MOST


def _is_compared(channel: Channel) -> bool:
    """Lengths are not: few of them come twice, and bins chosen after the fact are breaks too often."""
    return channel.kind != "identity_change" and channel.difference == ""


def find(rounds: Sequence[Round], promise: Promise) -> Break | None:
    """The break among the rounds gathered so far; None where there is none that the promise allows to report."""
    n = len(rounds)
    if n < 2 * LEAST:
        return None
    channels = {
        name: table
        for name, channel in CHANNELS.items()
        if _is_compared(channel) and (table := _Table.of(channel, rounds)) is not None
    }
    if not channels:
        return None
    before = np.arange(1.0, n)
    log_e = np.stack([table.log_ratio for table in channels.values()])
    log_mean = np.logaddexp.reduce(log_e, axis=0) - np.log(len(log_e))
    log_cap = _one_draw_a_round(before, n)
    log_split = -np.logaddexp(np.log1p(-REPLICAS) - log_mean, np.log(REPLICAS) - log_cap)
    log_split[np.minimum(before, n - before) < LEAST] = -np.inf
    alpha = ALPHA * min(promise.false_alarms_per_year, 1.0)
    log_share = float(np.logaddexp.reduce(log_split - np.log(before * (before + 1))) + np.log(alpha))
    if log_share < 0:
        return None
    m = 1 + int(np.argmax(np.where(np.isneginf(log_split), -np.inf, log_mean)))
    verdicts = [
        table.verdict(CHANNELS[name], m, rounds, exp(min(float(log_share + own[m - 1] - log_mean[m - 1]), 600.0)))
        for (name, table), own in zip(channels.items(), log_e, strict=True)
        if own[m - 1] > 0
    ]
    verdicts.sort(key=lambda verdict: -verdict.e_value)
    return Break(m, n - m, rounds[m].label, exp(min(log_share, 700.0)), tuple(verdicts))


@dataclass(frozen=True, slots=True)
class _Table:
    """What one channel reads in the rounds."""

    counts: Mapping[str, Floats]
    """Series → shape (rounds, categories)."""
    names: Mapping[str, tuple[str, ...]]
    """Series → what its categories are; empty where they are bins of numbers."""
    means: Floats
    """Shape (rounds,): mean number of each round, NaN without."""
    probes: Mapping[str, str]

    @staticmethod
    def of(channel: Channel, rounds: Sequence[Round]) -> _Table | None:
        """None where the channel reads neither names nor numbers."""
        read: dict[str, list[tuple[int, str | float]]] = {}
        probes: dict[str, str] = {}
        for i, round_ in enumerate(rounds):
            for one in round_.observations:
                reading = None if one.fingerprint is None else channel.read(one.fingerprint)
                if isinstance(reading, (str, float, int)) and not isinstance(reading, Recurring):
                    series = one.series
                    read.setdefault(series, []).append((i, reading))
                    probes[series] = one.probe
        if all(len({reading for _, reading in readings}) == 1 for readings in read.values()):
            return None
        counts, names = {}, {}
        numbers: list[list[float]] = [[] for _ in rounds]
        for series, readings in read.items():
            place, names[series] = _categories([reading for _, reading in readings])
            counts[series] = np.zeros((len(rounds), max(place.values()) + 1))
            for i, reading in readings:
                counts[series][i, place[reading]] += 1
                if not isinstance(reading, str):
                    numbers[i].append(float(reading))
        means = np.array([fmean(of) if of else np.nan for of in numbers])
        return _Table(counts, names, means, probes)

    @property
    def log_ratio(self) -> Floats:
        """L of every onset, shape (rounds - 1,)."""
        total: Floats = np.sum([_log_ratio(counts) for counts in self.counts.values()], axis=0)
        return total

    def verdict(self, channel: Channel, m: int, rounds: Sequence[Round], e_value: float) -> Verdict:
        """What it says of the onset after m rounds."""
        ranked = sorted(self.counts, key=lambda series: -_log_ratio(self.counts[series])[m - 1])
        of_both = [part[~np.isnan(part)] for part in (self.means[:m], self.means[m:])]
        if not all(part.size for part in of_both):
            words, value, reference = self._named(channel.name, ranked[0], m)
        else:
            old, new = (float(part.mean()) for part in of_both)
            value, reference = channel.show(new, old), channel.show(old, old)
            words = channel.words(value, reference)
        return Verdict(
            channel=channel.name,
            e_value=e_value,
            value=value,
            reference_value=reference,
            unit=channel.unit,
            effect=value - reference,
            words=words,
            onset=rounds[m].label,
            series=tuple(ranked)[:5],
            log_e=float(np.log(e_value)),
            onset_between=(rounds[m].label, rounds[m].label),
        )

    def _named(self, channel: str, series: str, m: int) -> tuple[str, float, float]:
        """In words, and as shares of the replies since and before: the answer whose share moved most."""
        counts = self.counts[series]
        old, new = (part.sum(axis=0) / max(part.sum(), 1) for part in (counts[:m], counts[m:]))
        names = (*self.names[series], "other answers")
        most = int(np.argmax(np.abs(new - old)))
        shown = quoted_answer(channel, names[min(most, len(names) - 1)])
        value, reference = float(new[most]), float(old[most])
        words = f"{self.probes[series]}: {shown} {percent(value)} (was {percent(reference)})"
        return words, value, reference


def _categories(readings: Sequence[str | float]) -> tuple[dict[str | float, int], tuple[str, ...]]:
    """Reading → its category, and what the categories are called: chosen by all rounds alike, whatever their order."""
    counts = Counter(readings)
    ranked = sorted(counts, key=lambda reading: (-counts[reading], str(reading)))
    kept = [reading for reading in ranked[:NAMES] if counts[reading] >= RECURS]
    return {reading: min(i, len(kept)) for i, reading in enumerate(ranked)}, tuple(map(str, kept))


def _log_ratio(counts: Floats) -> Floats:
    """ln DM(before) + ln DM(since) - ln DM(all), of every onset, shape (rounds - 1,)."""
    before = np.cumsum(counts, axis=0)
    total = before[-1]
    ratio: Floats = _log_dm(before[:-1]) + _log_dm(total - before[:-1]) - _log_dm(total)
    return ratio


def _log_dm(counts: Floats) -> Floats:
    """ln probability of replies in their order, under Jeffreys' prior; (…, categories) → (…)."""
    width = 0.5 * counts.shape[-1]
    own: Floats = (_log_gamma(counts + 0.5) - lgamma(0.5)).sum(axis=-1)
    return own - _log_gamma(counts.sum(axis=-1) + width) + lgamma(width)


def _log_gamma(x: Floats) -> Floats:
    """Of a few numbers: scipy's would take every verb longer to start."""
    return np.array([lgamma(one) for one in x.ravel().tolist()], dtype=np.float64).reshape(x.shape)


def _one_draw_a_round(before: Floats, n: int) -> Floats:
    """ln B(m, n - m) for each m."""
    left = np.stack([before, np.zeros_like(before)], axis=1).astype(np.float64)
    right = np.stack([np.zeros_like(before), n - before], axis=1).astype(np.float64)
    return _log_dm(left) + _log_dm(right) - _log_dm(left + right)
