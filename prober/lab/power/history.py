"""What futures are drawn from: the rounds of the reference, and a judge that has just learnt them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from prober.judging.judge import advance
from prober.judging.memory import Memory
from prober.judging.promise import Promise
from prober.model.declaration import ReferenceRule
from prober.model.errors import NotEnough
from prober.model.evidence import Observation, Round


@dataclass(frozen=True, slots=True)
class Past:
    """The reference of one endpoint."""

    rounds: tuple[Round, ...]
    """In label order, with the answered observations of the series that are asked now."""
    kinds: tuple[tuple[int, ...], ...]
    """One a round: the indices of all rounds that ask the same series. Probe sets take turns on an endpoint, and a
    simulated round may only stand in for one of its own set."""
    memory: Memory
    """Of a judge that has learnt these rounds and judged none yet."""

    @property
    def observations(self) -> tuple[Observation, ...]:
        return tuple(observation for round_ in self.rounds for observation in round_.observations)

    def by_series(self) -> dict[str, list[Observation]]:
        """Series → its answered observations."""
        found: dict[str, list[Observation]] = {}
        for observation in self.observations:
            found.setdefault(observation.series, []).append(observation)
        return found


def past_of(rounds: Sequence[Round], series: Collection[str]) -> Past:
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
    return Past(
        rounds=tuple(answered),
        kinds=tuple(tuple(i for i, other in enumerate(sets) if other == one) for one in sets),
        memory=_learnt(answered),
    )


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
