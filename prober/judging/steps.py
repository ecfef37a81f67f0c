"""One round, or one day, as a step of every channel's statistic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prober.judging.channels import CHANNELS
from prober.judging.day_clustering import day_of
from prober.judging.explain.summary import round_value
from prober.judging.memory import RECENT, Memory
from prober.judging.reference import outcomes
from prober.judging.statistic import edetector
from prober.judging.statistic.oddness import of_round, surprise
from prober.judging.statistic.readings import Table
from prober.model.evidence import Observation, Round


def step(memory: Memory, observations: Sequence[Observation], round_: Round) -> Memory:
    """Take in the replies of one round; step every channel with what is pending, once the round or its day is over."""
    today = day_of(round_)
    if memory.by_day and today != memory.today:
        memory = replace(_flushed(memory, memory.since), today=today, since=round_.label)
    taken = {
        name: replace(held, pending=(*held.pending, *outcomes(CHANNELS[name], held, observations)))
        for name, held in memory.channels.items()
    }
    memory = replace(memory, channels=taken)
    return memory if memory.by_day else _flushed(memory, round_.label)


def _flushed(memory: Memory, label: str) -> Memory:
    pending = {name: held for name, held in memory.channels.items() if held.pending}
    tables = [
        Table.of([(row, category) for row, category, _ in held.pending], len(held.rows)) for held in pending.values()
    ]
    if not pending:
        return replace(memory, is_odd=False)
    if memory.oddness is not None:
        surprises = [surprise(held.reference, table) for held, table in zip(pending.values(), tables, strict=True)]
        bar, is_odd = memory.oddness.after(float(of_round(surprises)))
        memory = replace(memory, oddness=bar, is_odd=is_odd)
    stepped = edetector.steps([held.statistic for held in pending.values()], tables, label)
    taken = {
        name: replace(
            held, statistic=statistic, pending=(), recent=(*held.recent, (label, round_value(held)))[-RECENT:]
        )
        for (name, held), statistic in zip(pending.items(), stepped, strict=True)
    }
    return replace(memory, channels={**memory.channels, **taken})
