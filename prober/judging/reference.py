"""The reference of an endpoint: which series have one, what each channel learns from it, and what still lacks.

A series is learnt once its reference is complete. Where the rounds of one day are correlated (see `day_clustering`), a
day of the reference counts as one round.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Final, TypeAlias
from zlib import crc32

import numpy as np

from prober.judging.channels import CHANNELS, Channel
from prober.judging.day_clustering import (
    SOON_S,
    can_be_clustered,
    day_of,
    is_clustered,
    repeats,
    together,
    whole_days,
)
from prober.judging.lasting_noise import correlation_time, log_likelihoods, spread
from prober.judging.memory import ChannelMemory, Memory
from prober.judging.promise import Promise, still_needed
from prober.judging.statistic import edetector, learning, scales
from prober.judging.statistic.oddness import OddnessBar, of_reference, of_round
from prober.judging.statistic.readings import Floats, Reading, Recurring, Table, stacked
from prober.model.evidence import NONE, Observation, Round
from prober.text import count

History = Callable[[Collection[str]], Sequence[Round]]
"""Series → the completed rounds of this epoch that hold any of them, in order, the newest included."""


Times: TypeAlias = Sequence[datetime | None]
"""When the rounds were asked that hold a fingerprint of a series; None where that is not known."""


def gather(
    memory: Memory,
    waiting: Collection[str],
    history: History,
    promise: Promise,
    times: Callable[[Collection[str]], Mapping[str, Times]] | None = None,
) -> tuple[Memory, str]:
    """Learn every waiting series whose reference is now large enough; else say how much the nearest one lacks."""
    if not waiting:
        return memory, "" if memory.series else "the newest round has no reply"
    seen_at = times_in(history(waiting), waiting) if times is None else times(waiting)
    complete, lacking = [], {}
    for series in sorted(waiting):
        seen = seen_at[series]
        lack = promise.missing(len(seen), [at for at in seen if at is not None])
        if lack:
            lacking[series] = (len(seen), lack)
        else:
            complete.append(series)
    if complete:
        rounds = history(waiting)
        learnt, lack = _learn_by_unit(memory, complete, rounds, promise)
        if memory.learns_noise and learnt.series:
            memory = replace(memory, noise_here=_noise(learnt, rounds), learns_noise=False)
            learnt, lack = _learn_by_unit(memory, complete, rounds, promise)
        memory = learnt
        if lack:
            lacking.update(dict.fromkeys(complete, (len(rounds), lack)))
    if not lacking:
        return memory, ""
    _, lack = max(lacking.values())
    return memory, f"the reference of {count(len(lacking), 'probe')} needs {lack}"


def _noise(learnt: Memory, rounds: Sequence[Round]) -> Mapping[str, Floats]:
    """Channel → what the rounds of a reference show of noise that lasts. It is read only after a false alarm, when they
    are many: the week of an ordinary reference shows little."""
    some = spread(len(rounds))
    of_some = {name: surplus(name, held, rounds)[some] for name, held in learnt.channels.items()}
    return log_likelihoods(of_some, [rounds[i] for i in some])


def times_in(rounds: Sequence[Round], series: Collection[str]) -> Mapping[str, Times]:
    """Series → when the rounds were asked that hold a fingerprint of it, in order."""
    here = [{o.series for o in round_.observations if o.fingerprint is not None} for round_ in rounds]
    return {name: [r.at for r, held in zip(rounds, here, strict=True) if name in held] for name in series}


def _learn_by_unit(
    memory: Memory, series: Sequence[str], rounds: Sequence[Round], promise: Promise
) -> tuple[Memory, str]:
    """Learn by rounds, or by days where the rounds of one day are correlated; or say what that still lacks."""
    rounds = together(rounds, memory.repeats_s)
    if not memory.by_day:
        learnt = _learn(memory, series, rounds, promise)
        for soon_s in () if memory.series else SOON_S:
            is_asked = memory.repeats_s < soon_s <= promise.every_s / 2
            if is_asked and repeats(_all(learnt, rounds), rounds, soon_s):
                rounds, memory = together(rounds, soon_s), replace(memory, repeats_s=soon_s)
                learnt = _learn(memory, series, rounds, promise)
        if memory.repeats_s and len(rounds) < promise.reference.rounds:
            lack = still_needed(len(rounds), promise.reference.rounds, "round")
            return memory, f"{lack}, because those asked again repeat others"
        if memory.series or not can_be_clustered(rounds) or not is_clustered(_all(learnt, rounds), rounds):
            return learnt, ""
        memory = replace(memory, by_day=True)
    days = whole_days(rounds)
    if len(days) < promise.reference.rounds:
        lack = still_needed(len(days), promise.reference.rounds, "day")
        return memory, f"{lack}, because the rounds of one day are correlated"
    if not memory.series:
        memory = replace(memory, today=day_of(rounds[-1]), since=rounds[-1].label)
    return _learn(memory, series, days, promise), ""


def _learn(memory: Memory, series: Sequence[str], rounds: Sequence[Round], promise: Promise) -> Memory:
    channels = dict(memory.channels)
    seen: set[tuple[str, tuple[int, ...]]] = set()
    surprises: list[Floats] = []
    for name, channel in CHANNELS.items():
        if channel.is_endpoint_wide and name in channels:
            continue
        time = correlation_time(memory.noise_of(name), promise.every_s, memory.by_day)
        found = _learn_channel(channel, series, rounds, seen, time)
        if found is not None:
            learnt, surprise = found
            channels[name] = _merge(channels[name], learnt) if name in channels else learnt
            surprises.append(surprise)
    bar = None if memory.by_day else OddnessBar.of(of_round(surprises), promise.odd_share).at_least(memory.oddness)
    labels = sorted({*memory.reference_rounds, *(r.label for r in rounds)})
    return replace(
        memory,
        channels=channels,
        series=(*memory.series, *series),
        reference_rounds=tuple(labels),
        oddness=bar,
    )


def _learn_channel(
    channel: Channel,
    series: Sequence[str],
    rounds: Sequence[Round],
    seen: set[tuple[str, tuple[int, ...]]],
    time: float,
) -> tuple[ChannelMemory, Floats] | None:
    """The channel, and how odd it finds each round; None where it can read nothing of these series."""
    found = read(channel, rounds, series)
    readings = {row: [[reading for _, reading in pairs] for pairs in by_round] for row, by_round in found.items()}
    of_endpoint = channel.is_endpoint_wide
    rows = [row for row in sorted(readings) if not _is_duplicate("" if of_endpoint else row, readings[row], seen)]
    learnt = {row: scales.learn(readings[row], channel.atoms) for row in rows}
    rows = [row for row in rows if learnt[row][0] is not scales.MUTE]
    if not rows:
        return None
    kept, categories = zip(*(learnt[row] for row in rows), strict=True)
    width = max(len(scale.prior) for scale in kept)
    tables = [
        Table.of(
            [(row, held) for row, by_round in enumerate(categories) for held in by_round[i] if held is not None],
            len(rows),
        )
        for i in range(len(rounds))
    ]
    prior = _padded([scale.prior for scale in kept], width)
    still = learning.learn(
        [table for table in tables if table.row.size],
        prior=prior,
        score=_padded([scale.score for scale in kept], width),
        novel=np.array([[category == scale.novel for category in range(width)] for scale in kept]),
        names=np.array([_names(scale.labels, width) for scale in kept]),
        correlation_time=time,
    )
    learnt_channel = ChannelMemory(
        rows=tuple(rows),
        probes=tuple(row if of_endpoint else next(o.probe for pairs in found[row] for o, _ in pairs) for row in rows),
        scales=kept,
        statistic=edetector.begin(still),
        reference=still.mean,
    )
    return learnt_channel, of_reference(prior, tables)


def _is_duplicate(series: str, readings: Sequence[Sequence[Reading]], seen: set[tuple[str, tuple[int, ...]]]) -> bool:
    """Whether another channel already reads the same from this series; remembers what this one reads.

    The same: wherever two replies of the reference differ in one they differ in the other, and each saw some reply
    again. A one-word answer is its own first word, text, letters and embedding; judged four times over, it would cost
    four times the evidence and show nothing more.
    """
    flat = [reading for by_round in readings for reading in by_round]
    first: dict[Reading, int] = {}
    alike = tuple(first.setdefault(reading, i) for i, reading in enumerate(flat))
    if not 1 < len(first) <= len(flat) / 2:
        return False
    known = (series, alike) in seen
    seen.add((series, alike))
    return known


def _merge(old: ChannelMemory, new: ChannelMemory) -> ChannelMemory:
    statistic = edetector.extend(old.statistic, new.statistic.null)
    return ChannelMemory(
        rows=old.rows + new.rows,
        probes=old.probes + new.probes,
        scales=old.scales + new.scales,
        statistic=statistic,
        reference=stacked([old.reference, new.reference]),
        pending=old.pending,
        recent=old.recent,
    )


def _all(memory: Memory, rounds: Sequence[Round]) -> list[Floats]:
    return [surplus(name, held, rounds) for name, held in memory.channels.items()]


def surplus(name: str, held: ChannelMemory, rounds: Sequence[Round], onset: int = 0) -> Floats:
    """What each round had more than expected of each category, in units of chance: (rounds, features).

    Expected is the share the category has in these rounds; with an onset, in those before it and in those from it on,
    each by themselves. So a reading that never varies is never surprising, however many replies a round has.
    """
    counts = np.zeros((len(rounds), *held.reference.shape))
    outcomes_of = _reader(CHANNELS[name], held)
    for i, round_ in enumerate(rounds):
        for one in round_.observations:
            for row, category, _ in outcomes_of(one):
                counts[i, row, category] += 1
    replies = counts.sum(axis=2, keepdims=True)
    more = np.concatenate([_about_own_share(part) for part in (counts[:onset], counts[onset:])])
    in_units_of_chance: Floats = more / np.sqrt(np.maximum(replies * held.reference, 0.5))
    return in_units_of_chance.reshape(len(rounds), held.reference.size)


def _about_own_share(counts: Floats) -> Floats:
    replies = counts.sum(axis=2, keepdims=True)
    share = counts.sum(axis=0) / np.maximum(replies.sum(axis=0), 1.0)
    found: Floats = counts - replies * share
    return found


def outcomes(
    channel: Channel, held: ChannelMemory, observations: Sequence[Observation]
) -> list[tuple[int, int, float | None]]:
    """(row, category, number) of every reply the channel can read."""
    outcomes_of = _reader(channel, held)
    return [outcome for one in observations for outcome in outcomes_of(one)]


def _reader(channel: Channel, held: ChannelMemory) -> Callable[[Observation], list[tuple[int, int, float | None]]]:
    """What gives the outcomes of one reply after another. Readings recur, so the place of each is looked up once."""
    row_of = {series: row for row, series in enumerate(held.rows)}
    is_endpoint_wide = channel.is_endpoint_wide
    silent: Mapping[str, Reading] = {}
    if is_endpoint_wide:
        silent = {series: Recurring(NONE) for series, row in row_of.items() if NONE in held.scales[row].names}
    places: dict[tuple[int, Reading], tuple[int, float | None] | None] = {}

    def outcomes_of(one: Observation) -> list[tuple[int, int, float | None]]:
        if one.fingerprint is None or not (is_endpoint_wide or one.series in row_of):
            return []
        readings: Mapping[str, Reading | None] = channel.by_series(one.series, one.fingerprint)
        if silent:
            readings = {**silent, **readings}
        if is_endpoint_wide and "" in row_of:  # learnt when all parts were one name
            readings = {**readings, "": channel.read(one.fingerprint)}
        found = []
        for series, reading in readings.items():
            row = row_of.get(series)
            if row is None or reading is None:
                continue
            if (row, reading) not in places:
                places[row, reading] = held.scales[row].place(reading)
            place = places[row, reading]
            if place is not None:
                found.append((row, *place))
        return found

    return outcomes_of


Readings: TypeAlias = list[list[tuple[Observation, Reading]]]
"""For every round, the replies that could be read, and what was."""


def read(channel: Channel, rounds: Sequence[Round], series: Collection[str]) -> Mapping[str, Readings]:
    """Series of the channel's statistic → its readings of the replies to the probes of `series`."""
    found: dict[str, Readings] = {}
    for i, round_ in enumerate(rounds):
        for one in round_.observations:
            if one.fingerprint is not None and one.series in series:
                for row, reading in channel.by_series(one.series, one.fingerprint).items():
                    found.setdefault(row, [[] for _ in rounds])[i].append((one, reading))
    if not channel.is_endpoint_wide:
        return found
    answered = [[o for o in r.observations if o.fingerprint is not None and o.series in series] for r in rounds]
    return {part: _with_silence(by_round, answered) for part, by_round in found.items()}


COMES_AND_GOES: Final = 3
"""How often a part must begin or cease to be sent for silence to be one of its values."""


def _with_silence(readings: Readings, answered: Sequence[Sequence[Observation]]) -> Readings:
    """The readings of a part, and of the replies without it where it comes and goes."""
    said = {id(one): reading for pairs in readings for one, reading in pairs}
    is_sent = [id(one) in said for of_round in answered for one in of_round]
    if sum(before != since for before, since in pairwise(is_sent)) < COMES_AND_GOES:
        return readings
    return [[(one, said.get(id(one), Recurring(NONE))) for one in of_round] for of_round in answered]


def _names(labels: Sequence[str], width: int) -> list[int]:
    """A number for every label, the same in every series and process."""
    return [*(crc32(label.encode(errors="surrogatepass")) for label in labels), *[0] * (width - len(labels))]


def _padded(rows: Sequence[Sequence[float]], width: int) -> Floats:
    return np.array([[*row, *[0.0] * (width - len(row))] for row in rows], dtype=np.float64)
