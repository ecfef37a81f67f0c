"""The judge of one endpoint: a fold over its rounds. `advance` is all that production, replay and benchmarks call.

Every series first gathers its reference; from then on each round is one step of every channel, and the channels'
e-detectors are averaged with weights that the reference fixes, which keeps their promise under any dependence.
Where the rounds of one day resemble one another, a step is a day (see `days`). Evidence that passes the threshold is an
alarm if the order of the rounds speaks for it (see `order`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from math import log
from typing import Final
from zlib import crc32

import numpy as np

from prober.judging import permutation_check
from prober.judging.channels import CHANNELS, Channel
from prober.judging.day_clustering import AGAIN, day_of, often, resemble, whole_days
from prober.judging.explain.summary import judgement, together
from prober.judging.memory import RECENT, ChannelMemory, Memory
from prober.judging.promise import Promise
from prober.judging.statistic import edetector, null, scales
from prober.judging.statistic.onset import between
from prober.judging.statistic.scales import Reading
from prober.judging.statistic.table import Floats, Table
from prober.model.evidence import Judgement, Observation, Round

AGAIN_FROM: Final = 2.0
"""Times the evidence that was not believed from which on it is looked at again."""

UNORDERED: Final = "enough evidence, but the same rounds in another order would often give as much"

History = Callable[[Collection[str]], Sequence[Round]]
"""Series → the completed rounds of this epoch that hold any of them, in order, the newest included."""


def advance(memory: Memory, round_: Round, history: History, promise: Promise) -> tuple[Memory, Judgement]:
    """Judge one completed round, and take in the reference of every series that this round completes."""
    answered = [o for o in round_.observations if o.fingerprint is not None]
    ready = memory.series
    memory = _step(memory, [o for o in answered if o.series in ready], round_)
    memory, missing = _gather(memory, {o.series for o in answered} - set(ready), history, promise)
    if not ready:
        return memory, _insufficient(round_, missing, promise)
    said = judgement(memory, round_.label, promise, missing)
    if said.state != "alarm":
        return _at_rest(memory), said
    if memory.alarmed:
        return memory, said
    if memory.doubted is not None and together(memory) < memory.doubted + log(AGAIN_FROM):
        return memory, _suspected(said)
    return _look(memory, said, history(memory.series), promise)


def _look(memory: Memory, said: Judgement, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, Judgement]:
    """Before an alarm, what the rounds that led to it say: whether days are the evidence, and what their order says."""
    anew = None if memory.by_day else _by_day_after_all(memory, rounds, promise)
    if anew is not None:
        memory, missing = anew
        if not memory.series:
            return memory, _insufficient(rounds[-1], missing, promise)
        said = judgement(memory, said.round, promise, missing)
        if said.state != "alarm":
            return memory, said
    if in_order(memory, rounds):
        return replace(memory, alarmed=True, doubted=None), said
    return replace(memory, doubted=together(memory)), _suspected(said)


def _at_rest(memory: Memory) -> Memory:
    return replace(memory, alarmed=False, doubted=None) if memory.alarmed or memory.doubted is not None else memory


def _suspected(said: Judgement) -> Judgement:
    return replace(said, state="suspected", kind=None, missing=UNORDERED)


def _insufficient(round_: Round, missing: str, promise: Promise) -> Judgement:
    return Judgement(round_.label, "insufficient_evidence", 0.0, promise.threshold, missing=missing)


def reset_evidence(memory: Memory, first: Round) -> Memory:
    """The same knowledge of what is usual, before any evidence of a change; `first` is the round that comes next."""
    channels = {
        name: replace(held, statistic=edetector.begin(held.statistic.null), pending=(), recent=())
        for name, held in memory.channels.items()
    }
    today, since = (day_of(first), first.label) if memory.by_day else ("", "")
    return replace(_at_rest(memory), channels=channels, today=today, since=since)


def _gather(memory: Memory, waiting: Collection[str], history: History, promise: Promise) -> tuple[Memory, str]:
    """Learn every waiting series whose reference is now large enough; else say how much the nearest one lacks."""
    if not waiting:
        return memory, "" if memory.series else "no reply yet"
    rounds = history(waiting)
    complete, lacking = [], {}
    for series in sorted(waiting):
        seen = [r for r in rounds if any(o.series == series and o.fingerprint is not None for o in r.observations)]
        lack = promise.missing(len(seen), [r.at for r in seen if r.at is not None])
        if lack:
            lacking[series] = (len(seen), lack)
        else:
            complete.append(series)
    if complete:
        memory, lack = _learn_by_unit(memory, complete, rounds, promise)
        if lack:
            lacking.update(dict.fromkeys(complete, (len(rounds), lack)))
    if not lacking:
        return memory, ""
    _, lack = max(lacking.values())
    return memory, f"the reference of {len(lacking)} probe{'s' * (len(lacking) > 1)} needs {lack}"


def _by_day_after_all(memory: Memory, rounds: Sequence[Round], promise: Promise) -> tuple[Memory, str] | None:
    """Before an alarm: all rounds judged anew by days, if those before the onset resemble one another by now.

    A reference of a few days tells little of how days differ. The question is put to all channels, and to the one that
    raises the alarm, of the rounds before the onset's interval, lest what has changed be taken for what days do.
    """
    name = _strongest(memory)
    strongest = memory.channels[name]
    began = between(strongest.statistic, [label for label, _ in strongest.recent])
    still = [round_ for round_ in rounds if began is not None and round_.label < began[0]]
    if not still or not often(still):
        return None
    surplus = {channel: _surplus(channel, held, still) for channel, held in memory.channels.items()}
    if not any(resemble(of, still, AGAIN) for of in (surplus.values(), [surplus[name]])):
        return None
    anew, missing = Memory(by_day=True), ""
    for i, round_ in enumerate(rounds):
        anew = _step(anew, [o for o in round_.observations if o.series in anew.series], round_)
        waiting = set(memory.series) - set(anew.series)
        if waiting and day_of(rounds[min(i + 1, len(rounds) - 1)]) != day_of(round_):
            anew, missing = _gather(anew, waiting, _known(rounds[: i + 2]), promise)
    return anew, missing


def in_order(memory: Memory, rounds: Sequence[Round]) -> bool:
    """Whether the order of the rounds, or days, speaks for a change in the channel that raises the alarm."""
    name = _strongest(memory)
    return permutation_check.speaks(
        _surplus(name, memory.channels[name], whole_days(rounds) if memory.by_day else rounds)
    )


def _strongest(memory: Memory) -> str:
    """The channel with the most evidence."""
    return max(memory.channels, key=lambda name: memory.channels[name].statistic.log_e)


def _known(rounds: Sequence[Round]) -> History:
    return lambda series: rounds


def _learn_by_unit(
    memory: Memory, series: Sequence[str], rounds: Sequence[Round], promise: Promise
) -> tuple[Memory, str]:
    """Learn by rounds, or by days where the rounds of one day resemble one another; or say what that still lacks."""
    if not memory.by_day:
        learnt = _learn(memory, series, rounds)
        if (
            memory.series
            or not often(rounds)
            or not resemble([_surplus(name, held, rounds) for name, held in learnt.channels.items()], rounds)
        ):
            return learnt, ""
        memory = replace(memory, by_day=True)
    days = whole_days(rounds)
    if len(days) < promise.reference.rounds:
        lack = f"{promise.reference.rounds - len(days)} more of {promise.reference.rounds} days"
        return memory, f"{lack}, because the rounds of one day resemble one another"
    if not memory.series:
        memory = replace(memory, today=day_of(rounds[-1]), since=rounds[-1].label)
    return _learn(memory, series, days), ""


def _surplus(name: str, held: ChannelMemory, rounds: Sequence[Round]) -> Floats:
    """What each round had more than expected of each category, in units of chance: (rounds, features)."""
    counts = np.zeros((len(rounds), *held.reference.shape))
    for i, round_ in enumerate(rounds):
        for row, category, _ in _outcomes(CHANNELS[name], held, round_.observations):
            counts[i, row, category] += 1
    expected = counts.sum(axis=2, keepdims=True) * held.reference
    surplus: Floats = (counts - expected) / np.sqrt(np.maximum(expected, 0.5))
    return surplus.reshape(len(rounds), held.reference.size)


def _learn(memory: Memory, series: Sequence[str], rounds: Sequence[Round]) -> Memory:
    channels = dict(memory.channels)
    told: set[tuple[str, tuple[int, ...]]] = set()
    for name, channel in CHANNELS.items():
        if channel.pooled and name in channels:
            continue
        learnt = _learn_channel(channel, series, rounds, told)
        if learnt is not None:
            channels[name] = _merge(channels[name], learnt) if name in channels else learnt
    labels = sorted({*memory.reference_rounds, *(r.label for r in rounds)})
    return replace(memory, channels=channels, series=(*memory.series, *series), reference_rounds=tuple(labels))


def _learn_channel(
    channel: Channel, series: Sequence[str], rounds: Sequence[Round], told: set[tuple[str, tuple[int, ...]]]
) -> ChannelMemory | None:
    readings: dict[str, list[list[Reading]]] = {}
    names: dict[str, str] = {}
    for i, round_ in enumerate(rounds):
        for observation, reading in _readings(channel, round_.observations):
            if observation.series in series:
                row = _row(channel, observation)
                readings.setdefault(row, [[] for _ in rounds])[i].append(reading)
                names[row] = "all probes" if channel.pooled else observation.probe
    rows = [row for row in sorted(readings) if not _told(row, readings[row], told)]
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
    still = null.learn(
        [table for table in tables if table.row.size],
        prior=_padded([scale.prior for scale in kept], width),
        score=_padded([scale.score for scale in kept], width),
        novel=np.array([[category == scale.novel for category in range(width)] for scale in kept]),
        names=np.array([_names(scale.labels, width) for scale in kept]),
    )
    return ChannelMemory(
        rows=tuple(rows),
        probes=tuple(names[row] for row in rows),
        scales=kept,
        statistic=edetector.begin(still),
        reference=still.mean,
    )


def _told(series: str, readings: Sequence[Sequence[Reading]], told: set[tuple[str, tuple[int, ...]]]) -> bool:
    """Whether another channel already reads the same from this series; remembers what this one reads.

    The same: wherever one tells two replies of the reference apart the other does, and each saw some reply again. A
    one-word answer is its own first word, text, letters and embedding; judged four times over, it would cost four
    times the evidence and tell nothing more.
    """
    flat = [reading for by_round in readings for reading in by_round]
    first: dict[Reading, int] = {}
    alike = tuple(first.setdefault(reading, i) for i, reading in enumerate(flat))
    if not 1 < len(first) <= len(flat) / 2:
        return False
    known = (series, alike) in told
    told.add((series, alike))
    return known


def _merge(old: ChannelMemory, new: ChannelMemory) -> ChannelMemory:
    statistic = edetector.extend(old.statistic, new.statistic.null)
    return ChannelMemory(
        rows=old.rows + new.rows,
        probes=old.probes + new.probes,
        scales=old.scales + new.scales,
        statistic=statistic,
        reference=null.stack(old.reference, new.reference),
        pending=old.pending,
        recent=old.recent,
    )


def _step(memory: Memory, observations: Sequence[Observation], round_: Round) -> Memory:
    """Take in the replies of one round; step every channel with what is pending, once the round or its day is over."""
    today = day_of(round_)
    if memory.by_day and today != memory.today:
        memory = replace(_flushed(memory, memory.since), today=today, since=round_.label)
    taken = {
        name: replace(held, pending=(*held.pending, *_outcomes(CHANNELS[name], held, observations)))
        for name, held in memory.channels.items()
    }
    memory = replace(memory, channels=taken)
    return memory if memory.by_day else _flushed(memory, round_.label)


def _flushed(memory: Memory, label: str) -> Memory:
    pending = {name: held for name, held in memory.channels.items() if held.pending}
    tables = [
        Table.of([(row, category) for row, category, _ in held.pending], len(held.rows)) for held in pending.values()
    ]
    stepped = edetector.steps([held.statistic for held in pending.values()], tables, label)
    told = {
        name: replace(held, statistic=statistic, pending=(), recent=(*held.recent, (label, _value(held)))[-RECENT:])
        for (name, held), statistic in zip(pending.items(), stepped, strict=True)
    }
    return replace(memory, channels={**memory.channels, **told})


def _outcomes(
    channel: Channel, held: ChannelMemory, observations: Sequence[Observation]
) -> list[tuple[int, int, float | None]]:
    """(row, category, number) of every reply the channel can read."""
    row_of = {series: row for row, series in enumerate(held.rows)}
    outcomes = []
    for observation in observations:
        row = row_of.get(_row(channel, observation))
        if row is None or observation.fingerprint is None:
            continue
        reading = channel.read(observation.fingerprint)
        place = None if reading is None else held.scales[row].place(reading)
        if place is not None:
            outcomes.append((row, *place))
    return outcomes


def _row(channel: Channel, observation: Observation) -> str:
    """Which row of the channel's statistic an observation belongs to."""
    return "" if channel.pooled else observation.series


def _readings(channel: Channel, observations: Sequence[Observation]) -> list[tuple[Observation, Reading]]:
    pairs = ((o, channel.read(o.fingerprint)) for o in observations if o.fingerprint is not None)
    return [(o, reading) for o, reading in pairs if reading is not None]


def _value(held: ChannelMemory) -> float:
    """Mean over series of: names, how common the answers were in the reference; numbers, the shift from its mean."""
    shifts: dict[int, list[float]] = {}
    for row, category, number in held.pending:
        shift = float(held.reference[row, category]) if number is None else number - held.scales[row].mean
        shifts.setdefault(row, []).append(shift)
    return sum(sum(values) / len(values) for values in shifts.values()) / len(shifts)


def _names(labels: Sequence[str], width: int) -> list[int]:
    """A number for every label, the same in every series and process."""
    return [*(crc32(label.encode(errors="surrogatepass")) for label in labels), *[0] * (width - len(labels))]


def _padded(rows: Sequence[Sequence[float]], width: int) -> Floats:
    return np.array([[*row, *[0.0] * (width - len(row))] for row in rows], dtype=np.float64)
