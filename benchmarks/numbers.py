"""What a statistic says of small seeded worlds: while these numbers stay the same, measured results stay valid."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from zlib import crc32

import numpy as np

from benchmarks import ladder, worlds
from benchmarks.design import EIGHT
from benchmarks.ours import compared
from prober.judging import provisional
from prober.judging.judge import advance
from prober.judging.lasting_noise import log_likelihoods
from prober.judging.memory import Memory
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.judging.reference import surplus
from prober.lab.replay import replay
from prober.model.evidence import Judgement, Round
from prober.model.reference import ReferenceRule

Numbers = Callable[[], Iterable[float]]


def running() -> Iterator[float]:
    """ln of the evidence of every channel after every round of two worlds that change."""
    for kind in ("clustered", "heavy"):
        for memory, _ in _judged(_changing(kind, 20, 8), Promise()):
            yield from (held.statistic.log_e for held in memory.channels.values())


def alarms() -> Iterator[float]:
    """Round and onset of the first alarm in three worlds that change once there is a reference."""
    for kind in ("independent", "weekend", "redrawn"):
        alarm = replay(_changing(kind, 24, 8), Promise(reference=ReferenceRule(rounds=12, hours=0.0))).alarms[0]
        yield from (float(alarm.round), float(alarm.onset), alarm.e_value)


def first() -> Iterator[float]:
    """What is found in the first rounds of two worlds that change."""
    for kind in ("independent", "heavy"):
        rounds = _changing(kind, 4, 8)
        for number in range(1, len(rounds) + 1):
            if (found := provisional.find(rounds[:number], Promise())) is not None:
                yield from (float(number), float(found.since), found.share_of_threshold)


def odd() -> Iterator[float]:
    """Which rounds of a world that changes are odd, and what a round must exceed to be."""
    for memory, judgement in _judged(_changing("heavy", 20, 4), Promise()):
        yield from (float(judgement.is_odd), memory.oddness.height if memory.oddness else 0.0)


def days() -> Iterator[float]:
    """Evidence in a world whose rounds of one day are correlated, and whether it is judged by days."""
    promise = Promise(1.0, HOURS_PER_YEAR, ReferenceRule(rounds=4, hours=72.0))
    for memory, judgement in _judged(_changing("night-hourly", 24 * 6, 25), promise):
        yield from (judgement.e_value, float(memory.by_day))


def lasting() -> Iterator[float]:
    """For how long noise lasts in a world that wanders, and the evidence of a judge that knows it."""
    rounds, promise = _still("wander-0.9", 60), Promise(reference=ReferenceRule(rounds=12, hours=0.0))
    before = rounds[:40]
    *_, (memory, _) = _judged(before, promise)
    noise = log_likelihoods({name: surplus(name, held, before) for name, held in memory.channels.items()}, before)
    for later, judgement in _judged(rounds, promise, Memory(noise=noise)):
        yield judgement.e_value
        yield from (held.statistic.null.correlation_time for held in later.channels.values())


def comparison() -> Iterator[float]:
    """Evidence, p-value and effect of every channel in a comparison of two logs of the ladder that differ."""
    rng = np.random.default_rng(0)
    base, other = (EIGHT.draw(ladder.load(rung), rng, 4) for rung in (ladder.BASE, "q4_0"))
    found = compared(base, other, alpha=0.05)
    yield found.evidence
    for one in found.channels:
        yield from (float(crc32(one.channel.encode())), one.evidence, one.p_value, one.effect)


@lru_cache
def digest(numbers: Numbers) -> str:
    """A short hash of the numbers, to six digits: other processors round the last ones otherwise."""
    return hashlib.sha256(" ".join(f"{number:.6g}" for number in numbers()).encode()).hexdigest()[:12]


def _changing(kind: str, quiet: int, changed: int) -> list[Round]:
    rng = np.random.default_rng([0, crc32(kind.encode())])
    world = worlds.KINDS[kind].draw(rng)
    before = list(worlds.rounds(rng, world, quiet))
    return [*before, *worlds.rounds(rng, worlds.swapped(rng, world), changed, first=quiet)]


def _still(kind: str, count: int) -> list[Round]:
    rng = np.random.default_rng([0, crc32(kind.encode())])
    return list(worlds.rounds(rng, worlds.KINDS[kind].draw(rng), count))


def _whole(rounds: Sequence[Round], series: Collection[str]) -> Sequence[Round]:
    return rounds


def _judged(
    rounds: Sequence[Round], promise: Promise, memory: Memory | None = None
) -> Iterator[tuple[Memory, Judgement]]:
    memory = memory or Memory()
    for number, round_ in enumerate(rounds, start=1):
        memory, judgement = advance(memory, round_, partial(_whole, rounds[:number]), promise)
        yield memory, judgement
