"""Facts: what a provider itself says, or what is deterministic, and is another than before.

They are in force from the first reply. Each part stands alone and remembers its values. A value that was never seen is
news where the part is settled: where one value came so far, or several that alternate and all came again. A part whose
values never repeat says nothing. News is confirmed by asking again at once; where that cannot be done, by the next
reply that shows it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import comb
from typing import Final

from cattrs import Converter

from prober.judging.facts.known import Known, Seen
from prober.judging.facts.readings import Reading, Readings, kind_of
from prober.model.evidence import NONE, Fact, FactKind

VARIES: Final = "(another value in every reply)"
LEAST: Final[Mapping[FactKind, int]] = {"fingerprint": 2, "serving": 2}
"""Rounds in which a part must have had one value only before another is news: 1 where nothing is said. Fingerprints and
routes may alternate by rounds."""
CHANCE: Final = 200
"""A check is said to hold no more where chance would do so at most once in so many, given how often it has held."""
PARTS_KEPT: Final = 2048
SILENT_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class FactMemory:
    """What is known of one endpoint in one epoch. Bounded."""

    parts: Mapping[str, Known] = field(default_factory=dict)
    """Part, and series where it depends on the probe → its values."""
    rounds: int = 0
    silent: Mapping[str, str] = field(default_factory=dict)
    """Page on which the endpoint said nothing of itself → until when it is not asked again, ISO 8601 UTC."""

    def pages_left_out(self, now: datetime) -> tuple[str, ...]:
        return tuple(page for page, until in self.silent.items() if datetime.fromisoformat(until) > now)

    def with_silent(self, pages: Iterable[str], now: datetime) -> FactMemory:
        """With pages that said nothing. One that said something before is asked again in every round: a server that is
        started anew may be another one."""
        has_answered = {key.split(".")[1] for key in self.parts if key.startswith("metadata.")}
        until = (now + SILENT_FOR).isoformat()
        left_out = self.pages_left_out(now)
        kept = {page: self.silent[page] for page in left_out}
        return replace(self, silent=kept | {page: until for page in pages if page not in has_answered})


@dataclass(frozen=True, slots=True)
class Again:
    """What to ask once more, so that what may be news is confirmed or not."""

    series: tuple[str, ...] = ()
    """One ask each."""
    metadata: bool = False


def ask_again(memory: FactMemory, readings: Readings) -> Again:
    """What would confirm the news of a round: one ask for each kind of it, and none where nothing is new."""
    groups = _groups(memory, readings)
    series = dict.fromkeys(group[0].series for group in groups if group[0].series)
    some = next((reading.series for reading in readings.of.values() if reading.series), "")
    if not series and some and any(group[0].in_replies for group in groups):
        series = {some: None}
    return Again(tuple(series), any(not group[0].in_replies for group in groups))


def advance(
    memory: FactMemory, readings: Readings, again: Readings | None = None
) -> tuple[FactMemory, tuple[Fact, ...]]:
    """Take in one round. `again` is what came of asking again, nothing where that was not possible; None in a log,
    whose replies can only confirm one another."""
    if not readings.answered:
        return memory, ()
    readings = _with_silent(memory, readings)
    parts = dict(memory.parts)
    facts: list[Fact] = []
    reported: set[str] = set()
    for group in _groups(memory, readings):
        is_confirmed = any(_is_confirmed(_known(memory, one), one, again) for one in group)
        is_confirmed |= again is None and sum(_new(_known(memory, one), one).total() for one in group) > 1
        if is_confirmed:
            facts.append(_fact(memory, readings, group))
        for one in group:
            reported.add(one.key)
            known = _known(memory, one)
            parts[one.key] = _after(known, one, readings.round, is_confirmed, again)
    for key, reading in readings.of.items():
        if key not in reported:
            parts[key] = _taken(_known(memory, reading), reading.counts, readings.round)
    if len(parts) > PARTS_KEPT:
        newest = sorted(parts, key=lambda key: max((seen.last for seen in parts[key].values.values()), default=""))
        parts = {key: parts[key] for key in newest[-PARTS_KEPT:]}
    return replace(memory, parts=parts, rounds=memory.rounds + 1), tuple(facts)


def learn(rounds: Iterable[Readings]) -> FactMemory:
    """What rounds of the past teach, of which nobody is notified any more."""
    memory = FactMemory()
    for readings in rounds:
        memory, _ = advance(memory, readings)
    return memory


def is_over(fact: Fact, readings: Readings) -> bool:
    """Whether a round shows only values that were known before the fact."""
    shown = [
        reading
        for reading in readings.of.values()
        if (reading.kind, reading.part) == (fact.kind, fact.part) and (not fact.probes or reading.probe in fact.probes)
    ]
    return fact.is_whole and bool(shown) and all(value in fact.known for one in shown for value in one.counts)


_USUAL: Final[Mapping[FactKind, str]] = {"empty": "not empty", "check": "holds"}
"""Kinds of which only one change is news, and only in all replies to a probe: from this value to the other one."""


def _known(memory: FactMemory, reading: Reading) -> Known:
    """A part that was never sent had the value that says so in every round; what depends on a probe begins with it."""
    held = memory.parts.get(reading.key)
    if held is not None:
        return held
    if reading.kind == "requested_model":
        return Known()
    # Servers begin to be asked of themselves: what they say first is no news.
    if reading.series or not reading.in_replies or not memory.rounds:
        return Known()
    return Known({NONE: Seen(memory.rounds, memory.rounds, "", "")}, memory.rounds)


def _with_silent(memory: FactMemory, readings: Readings) -> Readings:
    """With the parts that are no longer sent."""
    gone = {
        key: Reading(kind_of(key), key, counts={NONE: readings.answered})
        for key in memory.parts
        if key not in readings.of and "\x1f" not in key and not key.startswith("metadata.")
    }
    gone.pop("requested_model", None)
    return replace(readings, of={**readings.of, **gone})


def _groups(memory: FactMemory, readings: Readings) -> list[list[Reading]]:
    """Parts with news; those that depend on the probe together, as one piece of news."""
    groups: dict[tuple[FactKind, str], list[Reading]] = {}
    for reading in _with_silent(memory, readings).of.values():
        if _is_news(_known(memory, reading), reading, readings.requested):
            groups.setdefault((reading.kind, reading.part), []).append(reading)
    return list(groups.values())


def _is_news(known: Known, reading: Reading, requested: str) -> bool:
    if reading.kind == "requested_model":
        others = [value for value in reading.counts if value != requested and not known.has(value)]
        return bool(others) and (known.rounds == 0 or (known.has(requested) and known.is_settled(1)))
    usual = _USUAL.get(reading.kind)
    if usual is not None:
        replies = sum(reading.counts.values())
        always = set(known.values) == {usual} and not known.dropped
        return always and usual not in reading.counts and comb(known.replies + replies + 2, replies + 1) >= CHANCE
    least = LEAST.get(reading.kind, 1) + (1 if known.past else 0)
    return any(not known.has(value) for value in reading.counts) and known.is_settled(least)


def _new(known: Known, reading: Reading) -> Counter[str]:
    return Counter({value: replies for value, replies in reading.counts.items() if not known.has(value)})


def _is_confirmed(known: Known, reading: Reading, again: Readings | None) -> bool:
    """By an earlier round, or by asking again. Where no known value is left, any other new value confirms it."""
    new = _new(known, reading)
    is_whole = new.total() == sum(reading.counts.values())
    if any(value in known.waiting for value in new) or (is_whole and known.waiting):
        return True
    once_more = again.of.get(reading.key) if again is not None else None
    if once_more is None:
        return False
    return any(value in new or (is_whole and not known.has(value)) for value in once_more.counts)


def _after(known: Known, reading: Reading, label: str, is_confirmed: bool, again: Readings | None) -> Known:
    new = _new(known, reading)
    if not is_confirmed:
        if reading.kind in _USUAL and again is not None and reading.key in again.of:
            return known.taken(reading.counts, label)  # asked again, it is as usual: it fails now and then
        usual = {value: replies for value, replies in reading.counts.items() if known.has(value)}
        known = known.taken(usual, label) if usual else known
        return replace(known, waiting={**known.waiting, **dict.fromkeys(list(new)[:4], label)})
    if new.total() == sum(reading.counts.values()):
        return known.begun(reading.counts, label)
    return known.taken(reading.counts, label)


def _taken(known: Known, counts: Mapping[str, int], label: str) -> Known:
    if known.past and all(value in known.past and value not in known.values for value in counts):
        return known.returned(counts, label)
    return known.taken(counts, label)


def _fact(memory: FactMemory, readings: Readings, group: Sequence[Reading]) -> Fact:
    first = group[0]
    known = _known(memory, first)
    new = _new(known, first)
    value, often = new.most_common(1)[0]
    varies = often == 1 and len(new) > 1 and not first.series
    was = readings.requested if first.kind == "requested_model" else next(iter(known.names), NONE)
    seen = sum(_new(_known(memory, one), one).total() for one in group)
    return Fact(
        round=min([readings.round, *(label for name, label in known.waiting.items() if name in new)]),
        kind=first.kind,
        part=first.part,
        was=was,
        now=VARIES if varies else value,
        seen=seen if first.in_replies else 0,
        of=sum(sum(one.counts.values()) for one in group) if first.in_replies else 0,
        probes=tuple(dict.fromkeys(one.probe for one in group if one.probe)),
        known=tuple(dict.fromkeys([was, *(name for one in group for name in _known(memory, one).names)]))[:16],
    )


def encode(memory: FactMemory) -> str:
    """Compact JSON."""
    return json.dumps(_CODEC.unstructure(memory), separators=(",", ":"), ensure_ascii=True)


def decode(text: str) -> FactMemory:
    """The memory that `encode` was given."""
    return _CODEC.structure(json.loads(text), FactMemory)


_CODEC: Final = Converter()
