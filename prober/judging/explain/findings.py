"""What the replies themselves show of a change: how large, how much of the traffic, and which replies show it best.

Pure, and a function of stored rounds alone, so that production and replay say the same. Nothing here decides whether
there was a change: the channels that moved are given, strongest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import sqrt
from statistics import median
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS, Channel
from prober.judging.explain.summary import named, strongest
from prober.judging.statistic import scales
from prober.judging.statistic.readings import Floats, Reading
from prober.judging.statistic.scales import Scale
from prober.model.evidence import Example, Findings, Observation, Place, Round, Share, Shift, Verdict

EXAMPLES: Final = 3
"""Pairs of replies, each of another probe."""
ROUNDS: Final = 40
"""Rounds compared on each side: enough to know a share, few enough for the moment of an alarm."""


@dataclass(frozen=True, slots=True)
class _Placed:
    """One reply in its category."""

    category: int
    round: str
    observation: Observation

    @property
    def text(self) -> str:
        return self.observation.reply.said

    @property
    def place(self) -> Place:
        return Place(self.round, self.observation.sample)


@dataclass(frozen=True, slots=True)
class _Row:
    """One series in one channel: every reading on its scale, before and since."""

    series: str
    probe: str
    scale: Scale
    before: tuple[_Placed, ...]
    since: tuple[_Placed, ...]
    counts_before: Floats
    """Shape (rounds, categories)."""
    counts_since: Floats
    difference: float
    """Mean number since less the mean before; 0 for names."""


def find(moved: Sequence[Verdict], reference: Sequence[Round], since: Sequence[Round], probes: int) -> Findings:
    """Compare the rounds of the reference with those since the onset, for the channels and series that moved.

    `probes` is how many the endpoint is asked in all: the most informative was chosen among so many.
    """
    rows = [(verdict, _rows(CHANNELS[verdict.channel], verdict.series, reference, since)) for verdict in moved]
    tables = [(row.counts_before, row.counts_since) for _, of_channel in rows for row in of_channel]
    return Findings(
        shifts=tuple(_shift(CHANNELS[verdict.channel], of_channel) for verdict, of_channel in rows if of_channel),
        share=least_share(tables, probes * len(rows)),
        examples=_examples([row for _, of_channel in rows for row in of_channel]),
    )


def _rows(
    channel: Channel, series: Sequence[str], reference: Sequence[Round], since: Sequence[Round]
) -> tuple[_Row, ...]:
    """The series that have readings on both sides, those with the most evidence first, the others in their order."""
    made = [row for one in series if (row := _row(channel, one, reference, since)) is not None]
    if not made:
        return ()
    width = max(row.counts_before.shape[1] for row in made)
    before, after = (
        np.array([np.pad(x.sum(axis=0), (0, width - x.shape[1])) for x in counts])
        for counts in ([row.counts_before for row in made], [row.counts_since for row in made])
    )
    before = (before + 0.5) / (before + 0.5).sum(axis=1, keepdims=True)
    first = strongest(before, after)
    return tuple(made[place] for place in dict.fromkeys((*first, *range(len(made)))))


def _row(channel: Channel, series: str, reference: Sequence[Round], since: Sequence[Round]) -> _Row | None:
    before, after = _readings(channel, series, reference), _readings(channel, series, since)
    if not any(before):
        return None
    scale, indices = scales.learn([[reading for _, reading in pairs] for pairs in before], channel.atoms)
    readable = [[(o, place) for o, reading in pairs if (place := scale.place(reading)) is not None] for pairs in after]
    if not any(readable):
        return None
    placed_before = [
        [
            _Placed(category, round_.label, o)
            for category, (o, _) in zip(categories, pairs, strict=True)
            if category is not None
        ]
        for round_, categories, pairs in zip(reference, indices, before, strict=True)
    ]
    placed_since = [
        [_Placed(category, round_.label, o) for o, (category, _) in pairs]
        for round_, pairs in zip(since, readable, strict=True)
    ]
    numbers = [number for pairs in readable for _, (_, number) in pairs]
    return _Row(
        series=series,
        probe=next(o.probe for pairs in readable for o, _ in pairs),
        scale=scale,
        before=tuple(chain.from_iterable(placed_before)),
        since=tuple(chain.from_iterable(placed_since)),
        counts_before=_counts(placed_before, len(scale.prior)),
        counts_since=_counts(placed_since, len(scale.prior)),
        difference=float(np.mean([number - scale.mean for number in numbers if number is not None] or [0.0])),
    )


def _readings(channel: Channel, series: str, rounds: Sequence[Round]) -> list[list[tuple[Observation, Reading]]]:
    return [
        [
            (o, reading)
            for o in round_.observations
            if o.series == series and o.fingerprint is not None and (reading := channel.read(o.fingerprint)) is not None
        ]
        for round_ in rounds
    ]


def _counts(placed: Sequence[Sequence[_Placed]], categories: int) -> Floats:
    counts = [np.bincount([one.category for one in of_round], minlength=categories) for of_round in placed]
    return np.array(counts, dtype=np.float64).reshape(len(placed), categories)


def _shift(channel: Channel, rows: Sequence[_Row]) -> Shift:
    """Of names, the series with the most evidence; of numbers, all series that moved together."""
    first = rows[0]
    if first.scale.names:
        before, after = (counts.sum(axis=0) / counts.sum() for counts in (first.counts_before, first.counts_since))
        counted: Sequence[_Row] = [first]
        words = f"{first.probe}: {named(first.scale, before, after)}"
    else:
        counted = rows
        mean = float(np.mean([row.scale.mean for row in rows]))
        lately = mean + float(np.mean([row.difference for row in rows]))
        words = channel.words(channel.show(lately, mean), channel.show(mean, mean))
    return Shift(channel.name, words, sum(len(row.since) for row in counted), sum(len(row.before) for row in counted))


def _examples(rows: Sequence[_Row]) -> tuple[Example, ...]:
    """One a series: where its replies differ to the eye."""
    found: dict[str, Example] = {}
    for row in rows:
        if row.series not in found and len(found) < EXAMPLES and (example := _example(row)) is not None:
            found[row.series] = example
    return tuple(found.values())


def _example(row: _Row) -> Example | None:
    change = row.counts_since.sum(axis=0) / row.counts_since.sum()
    change -= row.counts_before.sum(axis=0) / row.counts_before.sum()
    before, since = row.before, row.since
    if change.any():
        before = tuple(one for one in before if one.category == np.argmin(change))
        since = tuple(one for one in since if one.category == np.argmax(change))
    old = _typical(before)
    differing = [one for one in since if one.text != old.text]
    return Example(row.series, old.place, _typical(differing).place) if differing else None


def _typical(replies: Sequence[_Placed]) -> _Placed:
    """The commonest answer; among equally common ones the one nearest to the median length, then the earliest."""
    counts = Counter(one.text for one in replies)
    middle = median(len(one.text) for one in replies)
    return max(replies, key=lambda one: (counts[one.text], -abs(len(one.text) - middle)))


CONFIDENCE: Final = 0.95
"""Of the interval, over all probes together."""
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
