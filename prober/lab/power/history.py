"""The reference as power reads it: the rounds that futures are drawn from, and what one ask of each probe tells."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from prober.judging.explain.probe import ProbeInformation, of_probe
from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.model.errors import NotEnough
from prober.model.evidence import Observation, Round
from prober.model.reference import ReferenceRule


@dataclass(frozen=True, slots=True)
class ReferenceHistory:
    """The reference of one endpoint."""

    rounds: tuple[Round, ...]
    """In label order, with the answered observations of the series that are asked now."""
    kinds: tuple[tuple[int, ...], ...]
    """One a round: the indices of all rounds that ask the same series. Probe sets take turns on an endpoint, and a
    simulated round may only stand in for one of its own set."""
    memory: Memory
    """Memory of a judge that has learnt these rounds and judged none yet."""

    @property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(observation for round_ in self.rounds for observation in round_.observations)

    def by_series(self) -> dict[str, list[Observation]]:
        """Series → its answered observations."""
        found: dict[str, list[Observation]] = {}
        for observation in self.observations:
            found.setdefault(observation.series, []).append(observation)
        return found


def history_of(rounds: Sequence[Round], series: Collection[str]) -> ReferenceHistory:
    """From the rounds of a complete reference and the series that are asked now.

    Raises NotEnough where the rounds hold no answer of these series.
    """
    asked = [
        replace(round_, observations=tuple(o for o in round_.observations if o.series in series)) for round_ in rounds
    ]
    asked = [round_ for round_ in asked if any(o.fingerprint is not None for o in round_.observations)]
    if not asked:
        raise NotEnough("the reference holds no answer of the probes that are declared now; `prober run` gathers one")
    sets = [frozenset(o.series for o in round_.observations) for round_ in asked]
    answered = [
        replace(round_, observations=tuple(o for o in round_.observations if o.fingerprint is not None))
        for round_ in asked
    ]
    return ReferenceHistory(
        rounds=tuple(answered),
        kinds=tuple(tuple(i for i, other in enumerate(sets) if other == one) for one in sets),
        memory=_learnt(answered),
    )


def information(history: ReferenceHistory, promise: Promise) -> tuple[ProbeInformation, ...]:
    """Every probe of the reference, the least informative last."""
    found = [_probe(history, series, seen, promise) for series, seen in history.by_series().items()]
    return tuple(sorted(found, key=lambda one: (-(_best_nats(one) * one.asks), one.probe)))


def _learnt(rounds: Sequence[Round]) -> Memory:
    """All rounds are reference, however few: that they suffice was decided when they were gathered."""
    promise = Promise(reference=ReferenceRule.model_construct(rounds=1, hours=0.0))
    memory = Memory()
    for round_ in reversed(rounds):  # each call learns every series of its round; most are known after the first
        if {o.series for o in round_.observations} - set(memory.series):
            memory, _ = advance(memory, round_, lambda series: _with(rounds, series), promise)
    return memory


def _with(rounds: Sequence[Round], series: Collection[str]) -> list[Round]:
    kept = (replace(r, observations=tuple(o for o in r.observations if o.series in series)) for r in rounds)
    return [round_ for round_ in kept if round_.observations]


def _probe(history: ReferenceHistory, series: str, seen: Sequence[Observation], promise: Promise) -> ProbeInformation:
    rounds = sum(any(o.series == series for o in r.observations) for r in history.rounds)
    rounds_a_day = promise.rounds_per_year / 365.25 * rounds / len(history.rounds)
    return of_probe(history.memory, series, seen, rounds, rounds_a_day, promise.threshold)


def _best_nats(one: ProbeInformation) -> float:
    return one.channels[0].moved_nats if one.channels else 0.0
