"""The first rounds of an endpoint, before there is a reference: false breaks, and how soon a full swap is found.

Endpoints are scripted worlds asked the starter sets of `probes/`, the two simplest probes whose answers all change at
once, and the simulated kinds of `worlds` in which replies of one round or one day are alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Final
from zlib import crc32

import numpy as np

from benchmarks import numbers, worlds
from benchmarks.part import Effort, Part
from benchmarks.soon import COLOUR, INVOICE, START, Behaviour, ask
from prober.asking.scripted import World
from prober.fingerprint.fingerprint import fingerprint
from prober.judging import provisional
from prober.judging.promise import HOURS_PER_YEAR, Promise
from prober.loading.declarations import load
from prober.model.declaration import Probe
from prober.model.evidence import Observation, Round

PROBES: Final = Path(__file__).parent.parent / "probes"
SCRIPTED: Final = (("choice", 6.0), ("choice, format", 1.0), ("verbosity", 24.0), ("identity", 6.0), ("accuracy", 12.0))
"""Starter sets, and hours between rounds."""
DISJOINT: Final = "two probes, no answer kept"
SIMULATED: Final = (
    ("replicas", 24.0),
    ("staying", 24.0),
    ("clustered", 24.0),
    ("independent-hourly", 1.0),
    ("wander-0.9-hourly", 1.0),
)
"""Kinds of `worlds.KINDS`, and hours between rounds."""
STILL: Final = 200
"""Endpoints of each row that never change."""
SWAPPED: Final = 60
BEFORE: Final = 3
"""Rounds before the swap."""
WITHIN: Final = (2, 3, 4, 5, 8)
"""Changed rounds."""
OLD: Final = Behaviour({"Blue": 1, "Red": 1, "Teal": 1}, {"{1}": 1, "{2}": 1})
NEW: Final = Behaviour({"Green": 1, "Grey": 1, "Gold": 1}, {"[1]": 1, "[2]": 1})


@dataclass(frozen=True)
class Row:
    """One kind of endpoint."""

    kind: str
    every_h: float
    false_breaks: int
    still: int
    found: tuple[int, ...]
    """Within so many changed rounds as `WITHIN` says, of `swapped`."""
    swapped: int


@dataclass(frozen=True)
class First:
    """The table."""

    rows: tuple[Row, ...]


def measure(effort: Effort) -> First:
    """Every kind."""
    still, swapped = effort.times(STILL), effort.times(SWAPPED)
    rows = []
    for kind, every_h in ((DISJOINT, 6.0), *SCRIPTED, *SIMULATED):
        breaks = effort.each(f"first: {kind}", partial(first_break, kind, every_h, None), range(still))
        seeds = range(0 if kind in worlds.KINDS else swapped)
        calls = effort.each(f"first: {kind}, swapped", partial(first_break, kind, every_h, BEFORE), seeds)
        found = tuple(sum(call is not None and call <= BEFORE + within for call in calls) for within in WITHIN)
        rows.append(Row(kind, every_h, sum(one is not None for one in breaks), still, found, len(calls)))
    return First(tuple(rows))


def first_break(kind: str, every_h: float, changed: int | None, seed: int) -> int | None:
    """The round, counted from 1, in which a break is called in the first rounds of an endpoint that is swapped after
    `changed` rounds or never; None where it is not."""
    rounds = list(islice(_rounds(kind, every_h, changed, seed), provisional.MOST))
    promise = Promise(1.0, HOURS_PER_YEAR / every_h)
    looks = (n for n in range(1, len(rounds) + 1) if provisional.is_look(n))
    return next((n for n in looks if provisional.find(rounds[:n], promise) is not None), None)


def _rounds(kind: str, every_h: float, changed: int | None, seed: int) -> Iterator[Round]:
    rng = np.random.default_rng([seed, crc32(kind.encode())])
    if kind in worlds.KINDS:
        yield from worlds.rounds(rng, worlds.KINDS[kind].draw(rng), provisional.MOST)
        return
    every = timedelta(hours=every_h)
    world = World("swap", seed, "model", None if changed is None else START + changed * every)
    for number in range(provisional.MOST):
        at = START + number * every
        if kind == DISJOINT:
            yield ask(rng, OLD if changed is None or number < changed else NEW, at)
            continue
        seen = []
        for probe in _probes(kind):
            for sample in range(probe.samples):
                reply = world.reply(probe, sample, at)
                seen.append(Observation(probe.id, probe.content_hash, sample, reply, fingerprint(reply, probe)))
        yield Round(at.isoformat(), "scripted", at, tuple(seen))


@lru_cache
def _probes(sets: str) -> tuple[Probe, ...]:
    return tuple(probe for one in load(PROBES).sets if one.name in sets.split(", ") for probe in one.probes)


def lines(found: First) -> list[str]:
    """How, and the table."""
    return [
        f"The first {provisional.MOST} rounds of endpoints that never change, and of endpoints that are swapped after "
        f"{BEFORE} rounds; seeded, judged by [the comparison of the newest rounds with those before "
        f"them](statistic.md#before-there-is-a-reference). At most {provisional.ALPHA:.0%} false breaks in each round "
        "are promised where replies are independent. The last five kinds are [simulated](promise.md#what-is-measured): "
        "there, replies of a round or a day are alike. Names of starter sets are of scripted models, "
        f'of which the other one has other habits, but may give the same answers; in "{DISJOINT}" '
        f"({COLOUR.samples} samples of `{COLOUR.id}`, {INVOICE.samples} of `{INVOICE.id}`) no answer is left.",
        "",
        f"| asked | every | false breaks | {' | '.join(f'within {n}' for n in WITHIN)} changed rounds |",
        f"|---|---|---|{'---|' * len(WITHIN)}",
        *(
            f"| {row.kind} | {row.every_h:g} h | {row.false_breaks} of {row.still} | "
            + " | ".join(f"{n} of {row.swapped}" if row.swapped else "–" for n in row.found)
            + " |"
            for row in found.rows
        ),
    ]


def headlines(found: First) -> list[str]:
    """Of scripted endpoints."""
    rows: Sequence[Row] = [row for row in found.rows if row.swapped]
    third = WITHIN.index(3)
    return [
        f"On the first day, {rows[0].found[third]} of {rows[0].swapped} full swaps are called within three rounds; "
        f"with starter sets {sum(row.found[third] for row in rows[1:])} of {sum(row.swapped for row in rows[1:])}. "
        f"False breaks: {sum(row.false_breaks for row in rows)} of {sum(row.still for row in rows)} endpoints."
    ]


PART: Final = Part("first", "Before there is a reference", First, measure, lines, headlines, (numbers.first,))
