"""The judge of one endpoint: a fold over its rounds. `advance` is all that production, replay and benchmarks call.

Every series first gathers its reference; from then on each round is one step of every channel, and the channels'
e-detectors are averaged with equal, fixed weights, which keeps their promise under any dependence.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np

from prober.detectors import DETECTORS, Channel, edetector, null, scales
from prober.detectors.memory import RECENT, ChannelMemory, Memory
from prober.detectors.promise import Promise
from prober.detectors.scales import Reading
from prober.detectors.table import Floats, Table
from prober.detectors.telling import judgement
from prober.detectors.verdict import Judgement
from prober.evidence import Observation, Round

History = Callable[[Collection[str]], Sequence[Round]]
"""Series → the completed rounds of this epoch that hold any of them, in order, the newest included."""


def advance(memory: Memory, round_: Round, history: History, promise: Promise) -> tuple[Memory, Judgement]:
    """Judge one completed round, and take in the reference of every series that this round completes."""
    answered = [o for o in round_.observations if o.fingerprint is not None]
    ready = memory.series
    memory = _step(memory, [o for o in answered if o.series in memory.series], round_.label)
    memory, missing = _gather(memory, {o.series for o in answered} - set(ready), history, promise)
    if not ready:
        return memory, Judgement(round_.label, "insufficient_evidence", 0.0, promise.threshold, missing=missing)
    return memory, judgement(memory, round_.label, promise, missing)


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
        memory = _learn(memory, complete, rounds)
    if not lacking:
        return memory, ""
    _, lack = max(lacking.values())
    return memory, f"the reference of {len(lacking)} probe{'s' * (len(lacking) > 1)} needs {lack}"


def _learn(memory: Memory, series: Sequence[str], rounds: Sequence[Round]) -> Memory:
    channels = dict(memory.channels)
    for name, channel in DETECTORS.items():
        learnt = _learn_channel(channel, series, rounds)
        if learnt is not None:
            channels[name] = _merge(channels[name], learnt) if name in channels else learnt
    labels = sorted({*memory.reference_rounds, *(r.label for r in rounds)})
    return Memory(channels=channels, series=(*memory.series, *series), reference_rounds=tuple(labels))


def _learn_channel(channel: Channel, series: Sequence[str], rounds: Sequence[Round]) -> ChannelMemory | None:
    readings: dict[str, list[list[Reading]]] = {s: [[] for _ in rounds] for s in series}
    names: dict[str, str] = {}
    for i, round_ in enumerate(rounds):
        for observation, reading in _readings(channel, round_.observations):
            if observation.series in readings:
                readings[observation.series][i].append(reading)
                names[observation.series] = observation.probe
    rows = tuple(s for s in series if any(readings[s]))
    if not rows:
        return None
    learnt, categories = zip(*(scales.learn(readings[s], channel.atoms) for s in rows), strict=True)
    width = max(len(scale.prior) for scale in learnt)
    tables = [
        Table.of([(row, category) for row, by_round in enumerate(categories) for category in by_round[i]], len(rows))
        for i in range(len(rounds))
    ]
    still = null.learn(
        [table for table in tables if table.row.size],
        prior=_padded([scale.prior for scale in learnt], width),
        score=_padded([scale.score for scale in learnt], width),
        novel=np.array([[category == scale.novel for category in range(width)] for scale in learnt]),
    )
    return ChannelMemory(
        rows=rows,
        probes=tuple(names[s] for s in rows),
        scales=learnt,
        statistic=edetector.begin(still),
        reference=still.mean,
    )


def _merge(old: ChannelMemory, new: ChannelMemory) -> ChannelMemory:
    statistic = edetector.extend(old.statistic, new.statistic.null)
    return ChannelMemory(
        rows=old.rows + new.rows,
        probes=old.probes + new.probes,
        scales=old.scales + new.scales,
        statistic=statistic,
        reference=null.stack(old.reference, new.reference),
        recent=old.recent,
    )


def _step(memory: Memory, observations: Sequence[Observation], label: str) -> Memory:
    channels = {}
    for name, held in memory.channels.items():
        row_of = {series: row for row, series in enumerate(held.rows)}
        outcomes, numbers = [], []
        for observation, reading in _readings(DETECTORS[name], observations):
            row = row_of.get(observation.series)
            if row is not None and held.scales[row].reads(reading):
                numbers.append(held.scales[row].number(reading))
                outcomes.append((row, held.scales[row].index(reading, numbers[-1])))
        if not outcomes:
            channels[name] = held
            continue
        table = Table.of(outcomes, len(held.rows))
        channels[name] = replace(
            held,
            statistic=edetector.step(held.statistic, table, label),
            recent=(*held.recent, (label, _value(held, outcomes, numbers)))[-RECENT:],
        )
    return replace(memory, channels=channels)


def _readings(channel: Channel, observations: Sequence[Observation]) -> list[tuple[Observation, Reading]]:
    pairs = ((o, channel.read(o.fingerprint)) for o in observations if o.fingerprint is not None)
    return [(o, reading) for o, reading in pairs if reading is not None]


def _value(held: ChannelMemory, outcomes: Sequence[tuple[int, int]], numbers: Sequence[float | None]) -> float:
    """Mean over series of: names, how common the answers were in the reference; numbers, the shift from its mean."""
    shifts: dict[int, list[float]] = {}
    for (row, category), number in zip(outcomes, numbers, strict=True):
        share = held.reference[row, category]
        shifts.setdefault(row, []).append(float(share) if number is None else number - held.scales[row].mean)
    return float(np.mean([np.mean(values) for values in shifts.values()]))


def _padded(rows: Sequence[Sequence[float]], width: int) -> Floats:
    return np.array([[*row, *[0.0] * (width - len(row))] for row in rows], dtype=np.float64)
