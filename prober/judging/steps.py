"""One round, or one day, as a step of every channel's statistic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import chain

from prober.judging.channels import CHANNELS
from prober.judging.day_clustering import day_of
from prober.judging.explain.summary import round_value
from prober.judging.memory import RECENT, ChannelMemory, Memory
from prober.judging.reference import outcomes
from prober.judging.statistic import edetector
from prober.judging.statistic.oddness import of_round, surprise
from prober.judging.statistic.readings import Table
from prober.model.evidence import Observation, Round


def step(memory: Memory, observations: Sequence[Observation], round_: Round) -> Memory:
    """Take in the replies of one round; step every channel with what is pending, once the round or its day is over."""
    return step_each([memory], [observations], round_)[0]


def step_each(memories: Sequence[Memory], observations: Sequence[Sequence[Observation]], round_: Round) -> list[Memory]:
    """As `step`, of several memories that saw rounds of the same labels, each with its own replies: in far less time
    than one by one."""
    first, today = memories[0], day_of(round_)
    if first.by_day and today != first.today:
        flushed = _flushed(memories, first.since)
        memories = [replace(memory, today=today, since=round_.label) for memory in flushed]
    memories = [_taken_in(memory, own) for memory, own in zip(memories, observations, strict=True)]
    return memories if first.by_day else _flushed(memories, round_.label)


def _taken_in(memory: Memory, observations: Sequence[Observation]) -> Memory:
    taken = {
        name: replace(held, pending=(*held.pending, *outcomes(CHANNELS[name], held, observations)))
        for name, held in memory.channels.items()
    }
    return replace(memory, channels=taken)


def _flushed(memories: Sequence[Memory], label: str) -> list[Memory]:
    pending = [{name: held for name, held in memory.channels.items() if held.pending} for memory in memories]
    tables = [[_table(held) for held in own.values()] for own in pending]
    stepped = iter(
        edetector.steps([held.statistic for own in pending for held in own.values()], list(chain(*tables)), label)
    )
    found = []
    for memory, own, its_tables in zip(memories, pending, tables, strict=True):
        taken = {
            name: replace(
                held, statistic=next(stepped), pending=(), recent=(*held.recent, (label, round_value(held)))[-RECENT:]
            )
            for name, held in own.items()
        }
        found.append(replace(_oddness_seen(memory, own, its_tables), channels={**memory.channels, **taken}))
    return found


def _table(held: ChannelMemory) -> Table:
    return Table.of([(row, category) for row, category, _ in held.pending], len(held.rows))


def _oddness_seen(memory: Memory, pending: Mapping[str, ChannelMemory], tables: Sequence[Table]) -> Memory:
    if not pending:
        return replace(memory, is_odd=False)
    if memory.oddness is None:
        return memory
    surprises = [surprise(held.reference, table) for held, table in zip(pending.values(), tables, strict=True)]
    bar, is_odd = memory.oddness.after(float(of_round(surprises)))
    return replace(memory, oddness=bar, is_odd=is_odd)
