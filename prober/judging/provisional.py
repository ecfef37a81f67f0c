r"""Provisional judgement: while the reference is gathered, whether the newest rounds differ from those before them.

There is no model of the endpoint yet, so two stretches of rounds are compared as two samples. Each series of a channel
gives a table of counts: rounds by categories, the categories being the readings that came twice, and one more. Say
n of its N replies, b of the T in each category, came before an onset. If nothing changed, they are drawn at random from
all N (Fisher's exact test). The alternative is that each category falls mostly on one side: its count follows the
discrete arcsine law A of 0 ... T, given that the counts add up to n. So

    e = product over categories of A_T(b) / P(sum of all A = n) * C(N, n) / product over categories of C(T, b)

is a ratio of two distributions of the same counts, and its mean is 1 in whatever order unchanged replies come. It
leaves out what the totals say: where nearly all replies are of one category, two distributions are less likely than
one. So e is at most the ratio of the probabilities of the replies themselves under Jeffreys' prior,

    DM(b) DM(T - b) / DM(T),    DM the Dirichlet-multinomial probability with 1/2 for each category:

the totals may be evidence against a change, and are never evidence for one. A channel's e_m, for an onset after m
rounds, is the smaller of the two products over its series; the channels' are averaged.

That holds if replies are independent. Where every round goes to a replica of its own, a round is one draw, and no
onset after m of n rounds is worth more than C(n, m), the number of ways to choose them. With belief w in such endpoints

    E = sum over m of  2 / (m (m + 1)) / ((1 - w) / e_m + w / C(n, m)),      m >= 2,

and E >= 1 / alpha happens with probability alpha at most (Markov) in a round under either. What names the model or
counts tokens is left to the facts: names that alternate would be breaks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, lgamma
from statistics import fmean
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from prober.judging.channels import CHANNELS, Channel, percent, quoted_answer
from prober.judging.promise import Promise
from prober.judging.statistic.readings import Floats, Ints, Recurring
from prober.model.evidence import Round, Verdict

ALPHA: Final = 0.05
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
REPLIES: Final = 3
"""Replies of a series and round that count, the first ones: replies of one round are alike, so a hundred of them are no
hundred draws."""


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
    before = np.arange(1, n)
    log_e = np.stack([table.log_e for table in channels.values()])
    log_mean = np.logaddexp.reduce(log_e, axis=0) - np.log(len(log_e))
    log_split = -np.logaddexp(np.log1p(-REPLICAS) - log_mean, np.log(REPLICAS) - _log_choose(n, before))
    log_split[np.minimum(before, n - before) < LEAST] = -np.inf
    weight = LEAST / (before * (before + 1))  # they add up to 1 from LEAST on
    alpha = ALPHA * min(promise.false_alarms_per_year, 1.0)
    log_share = float(np.logaddexp.reduce(log_split + np.log(weight)) + np.log(alpha))
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

    counts: Mapping[str, Ints]
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
                if one.fingerprint is None or one.sample >= REPLIES:
                    continue
                reading = channel.read(one.fingerprint)
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
            counts[series] = np.zeros((len(rounds), max(place.values()) + 1), dtype=np.int64)
            for i, reading in readings:
                counts[series][i, place[reading]] += 1
                if not isinstance(reading, str):
                    numbers[i].append(float(reading))
        means = np.array([fmean(of) if of else np.nan for of in numbers])
        return _Table(counts, names, means, probes)

    @property
    def log_e(self) -> Floats:
        """ln e of every onset, shape (rounds - 1,)."""
        least: Floats = np.sum([log_ratios(counts) for counts in self.counts.values()], axis=0).min(axis=0)
        return least

    def verdict(self, channel: Channel, m: int, rounds: Sequence[Round], e_value: float) -> Verdict:
        """What it says of the onset after m rounds."""
        ranked = sorted(self.counts, key=lambda series: -log_ratios(self.counts[series])[0, m - 1])
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


def log_ratios(counts: Ints) -> Floats:
    """ln of both ratios of every onset, shape (2, rounds - 1): of the counts given their totals, and of the replies;
    `counts` has the shape (rounds, categories)."""
    before = np.cumsum(counts, axis=0)
    before, total = before[:-1], before[-1]
    replies = before.sum(axis=1)
    exact = _log_choose(int(total.sum()), replies)
    of_sum = np.ones(1)
    for b, of_category in zip(before.T, total.tolist(), strict=True):
        law = _arcsine(of_category)
        exact += np.log(law[b]) - _log_choose(of_category, b)
        of_sum = np.convolve(of_sum, law)
    exact -= np.log(of_sum[replies])
    return np.stack([exact, _log_dm(before) + _log_dm(total - before) - _log_dm(total)])


def _log_dm(counts: Ints) -> Floats:
    """ln probability of replies in their order, under Jeffreys' prior; (…, categories) → (…)."""
    width = 0.5 * counts.shape[-1]
    own: Floats = (_log_gamma(counts + 0.5) - lgamma(0.5)).sum(axis=-1)
    return own - _log_gamma(counts.sum(axis=-1) + width) + lgamma(width)


def _log_gamma(x: npt.NDArray[Any]) -> Floats:
    """Of a few numbers: scipy's would take every verb longer to start."""
    return np.array([lgamma(one) for one in x.ravel().tolist()], dtype=np.float64).reshape(x.shape)


def _arcsine(n: int) -> Floats:
    """The discrete arcsine law of 0 … n, shape (n + 1,): how likely a fair walk is above zero for 2k of its 2n steps.

    Feller, *An Introduction to Probability Theory*, vol. 1, III.4.
    """
    k = np.arange(1, n + 1)
    half = np.concatenate([[1.0], np.cumprod((2 * k - 1) / (2 * k))])
    law: Floats = half * half[::-1]
    return law


def _log_choose(n: int, k: Ints) -> Floats:
    """ln C(n, k) of each k."""
    return lgamma(n + 1) - _log_gamma(k + 1) - _log_gamma(n - k + 1)
