"""What the replies themselves show of a change: how large, how much of the traffic, and which replies show it best.

Pure, and a function of stored rounds alone, so that production and replay say the same. Nothing here decides whether
there was a change: the channels that moved are given, strongest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median
from typing import Final

import numpy as np

from prober.judging.channels import CHANNELS, Channel
from prober.judging.explain.counts import is_clear, least_share
from prober.judging.explain.summary import WORTH_SAYING, named, strongest
from prober.judging.reference import Readings, read
from prober.judging.statistic import scales
from prober.judging.statistic.readings import Floats
from prober.judging.statistic.scales import Scale
from prober.model.evidence import Direction, Example, Findings, Observation, Place, Round, Shift, Verdict
from prober.text import count

EXAMPLES: Final = 3
"""Pairs of replies, each of another probe."""
ROUNDS: Final = 40
"""Rounds of the reference: enough to know a share, few enough for every round of an open incident."""
RECENT: Final = 24
"""Newest rounds since the onset, which show how it is today."""


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
    """One series in one channel, or one part of what is the endpoint's: all readings on its scale, before and since."""

    series: str
    probe: str
    """Or the part."""
    scale: Scale
    before: tuple[_Placed, ...]
    since: tuple[_Placed, ...]
    counts_before: Floats
    """Shape (rounds, categories)."""
    counts_since: Floats
    difference: float
    """Mean number since less the mean before; 0 for names."""
    new: tuple[str, ...]
    """Names since that were never seen before, the commonest first."""


def find(
    moved: Sequence[Verdict],
    reference: Sequence[Round],
    since: Sequence[Round],
    probes: int,
    known: Collection[str] = (),
) -> Findings:
    """Compare the rounds of the reference with those since the onset, in every channel, also in those without evidence.

    `moved` are the channels with evidence, strongest first; `known` names others that had moved before. A channel that
    reads the same as another from the reference has no statistic of its own, and may be the one that matters.
    `probes` is how many the endpoint is asked in all: the most informative was chosen among so many.
    """
    rows = [(verdict, _rows(CHANNELS[verdict.channel], verdict.series, reference, since)) for verdict in moved]
    tables = [(row.counts_before, row.counts_since) for _, of_channel in rows for row in of_channel]
    return Findings(
        shifts=_shifts({verdict.channel: of_channel for verdict, of_channel in rows}, known, reference, since),
        share=least_share(tables, probes * len(rows)),
        examples=_examples([row for _, of_channel in rows for row in of_channel]),
    )


def _shifts(
    moved: Mapping[str, tuple[_Row, ...]], known: Collection[str], reference: Sequence[Round], since: Sequence[Round]
) -> tuple[Shift, ...]:
    """Everything that moved, the gravest first."""
    everywhere = sorted({o.series for round_ in since for o in round_.observations})
    found = []
    for name, channel in CHANNELS.items():
        # Of a share every probe is looked at, not only those that the statistic names.
        rows = _rows(channel, everywhere, reference, since) if channel.better or not moved.get(name) else moved[name]
        clear = bool(rows) and is_clear([(row.counts_before, row.counts_since) for row in rows])
        if rows and (moved.get(name) or name in known or (clear and _is_worth_saying(channel, rows))):
            found.append(replace(_shift(channel, rows), is_clear=clear))
    better = [one for one in found if one.direction == "better" and one.is_clear]
    if better and not any(one.direction == "worse" for one in found):
        found = _without_what_follows(found, everywhere, reference, since)
    evidence = list(moved)
    order = {name: evidence.index(name) if name in evidence else len(evidence) for name in CHANNELS}
    return tuple(sorted(found, key=lambda one: (CHANNELS[one.channel].gravity, order[one.channel])))


def _is_worth_saying(channel: Channel, rows: Sequence[_Row]) -> bool:
    """Whether a mean moved as well, of what is said by its mean."""
    if channel.better or rows[0].scale.names:
        return True
    reference, recent = _means(channel, rows)
    return abs(recent - reference) >= WORTH_SAYING * abs(reference)


def _means(channel: Channel, rows: Sequence[_Row]) -> tuple[float, float]:
    """(of the reference, since the onset) as they are shown."""
    mean = float(np.mean([row.scale.mean for row in rows]))
    lately = mean + float(np.mean([row.difference for row in rows]))
    return channel.show(mean, mean), channel.show(lately, mean)


def _most_moved(rows: Sequence[_Row]) -> Sequence[_Row]:
    """Those that moved at least half as far as the one that moved most, in the same direction."""
    furthest = max((row.difference for row in rows), key=abs)
    return [row for row in rows if row.difference * furthest >= furthest**2 / 2]


def _without_what_follows(
    found: Sequence[Shift], series: Sequence[str], reference: Sequence[Round], since: Sequence[Round]
) -> list[Shift]:
    """Marks the channels that follow from an improvement: among the good replies alone, nothing moved in them."""
    before, after = ([_good(round_) for round_ in rounds] for rounds in (reference, since))
    marked = []
    for one in found:
        channel = CHANNELS[one.channel]
        rows = () if channel.better else _rows(channel, series, before, after)
        moved = is_clear([(row.counts_before, row.counts_since) for row in rows])
        marked.append(replace(one, follows=not channel.better and channel.kind == "behaviour_change" and not moved))
    return marked


def _good(round_: Round) -> Round:
    """The replies that answer, and pass their checks."""
    return replace(round_, observations=tuple(filter(_is_good, round_.observations)))


def _is_good(observation: Observation) -> bool:
    shares = [channel for channel in CHANNELS.values() if channel.better]
    values = [(one.better, one.read(observation.fingerprint)) for one in shares if observation.fingerprint is not None]
    return all(value is None or (value == 1.0) == (better == "higher") for better, value in values)


def _rows(
    channel: Channel, series: Sequence[str], reference: Sequence[Round], since: Sequence[Round]
) -> tuple[_Row, ...]:
    """The series that have readings on both sides, those with the most evidence first, the others in their order."""
    found = read(channel, [*reference, *since], series)
    names = sorted(found) if channel.is_endpoint_wide else [one for one in series if one in found]
    made = [row for one in names if (row := _row(channel, one, found[one], reference, since)) is not None]
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


def _row(
    channel: Channel, series: str, readings: Readings, reference: Sequence[Round], since: Sequence[Round]
) -> _Row | None:
    before, after = readings[: len(reference)], readings[len(reference) :]
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
    names = Counter(str(reading) for pairs in after for _, reading in pairs if scale.reads(reading))
    new = tuple(name for name, _ in names.most_common() if scale.names and name not in scale.names)
    return _Row(
        series=series,
        probe=series if channel.is_endpoint_wide else next(o.probe for pairs in readable for o, _ in pairs),
        scale=scale,
        before=tuple(chain.from_iterable(placed_before)),
        since=tuple(chain.from_iterable(placed_since)),
        counts_before=_counts(placed_before, len(scale.prior)),
        counts_since=_counts(placed_since, len(scale.prior)),
        difference=float(np.mean([number - scale.mean for number in numbers if number is not None] or [0.0])),
        new=new,
    )


def _counts(placed: Sequence[Sequence[_Placed]], categories: int) -> Floats:
    counts = [np.bincount([one.category for one in of_round], minlength=categories) for of_round in placed]
    return np.array(counts, dtype=np.float64).reshape(len(placed), categories)


def _shift(channel: Channel, rows: Sequence[_Row]) -> Shift:
    """Of names, the series with the most evidence; of numbers, all series that moved together."""
    first = rows[0]
    direction: Direction = ""
    if first.scale.names:
        before, after = (counts.sum(axis=0) / counts.sum() for counts in (first.counts_before, first.counts_since))
        counted: Sequence[_Row] = [first]
        words = f"{first.probe}: {named(channel.name, first.scale, before, after, first.new)}"
    else:
        counted = _most_moved(rows) if channel.better else rows
        reference, shown = _means(channel, counted)
        words, direction = channel.words(shown, reference), channel.direction(shown, reference)
        if len(counted) < len(rows):
            words += f" at {len(counted)} of {count(len(rows), 'probe')}"
    replies, reference_replies = sum(len(row.since) for row in counted), sum(len(row.before) for row in counted)
    return Shift(channel.name, words, replies, reference_replies, direction)


def _examples(rows: Sequence[_Row]) -> tuple[Example, ...]:
    """One a series: where its replies differ to the eye."""
    found: dict[str, Example] = {}
    for row in rows:
        if row.series not in found and len(found) < EXAMPLES and (example := _example(row)) is not None:
            found.setdefault(example.series, example)
    return tuple(found.values())


def _example(row: _Row) -> Example | None:
    change = row.counts_since.sum(axis=0) / row.counts_since.sum()
    change -= row.counts_before.sum(axis=0) / row.counts_before.sum()
    before, since = row.before, row.since
    if change.any():
        before = tuple(one for one in before if one.category == np.argmin(change))
        since = tuple(one for one in since if one.category == np.argmax(change))
    old = _typical(before)
    series = old.observation.series
    differing = [one for one in since if one.text != old.text and one.observation.series == series]
    return Example(series, old.place, _typical(differing).place) if differing else None


def _typical(replies: Sequence[_Placed]) -> _Placed:
    """The commonest answer; among equally common ones the one nearest to the median length, then the earliest."""
    counts = Counter(one.text for one in replies)
    middle = median(len(one.text) for one in replies)
    return max(replies, key=lambda one: (counts[one.text], -abs(len(one.text) - middle)))
