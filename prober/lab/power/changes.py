"""`CHANGES`: kinds of change that are tried, and how each alters a reply of the reference.

Every kind is prepared once a future, which draws its direction, and then met reply by reply with two numbers that do
not depend on the size. So a larger change of the same future has everything a smaller one has, and more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import Final, TypeAlias, TypeVar

import numpy as np

from prober.fingerprint.fingerprint import fingerprint
from prober.judging.channels import CHANNELS, percent
from prober.judging.statistic.readings import Floats
from prober.lab.power.history import ReferenceHistory
from prober.model.declaration import Probe
from prober.model.evidence import Fingerprint, Observation
from prober.model.reply import Reply

Alter: TypeAlias = Callable[[Observation, float, float, float], Observation]
"""(observation, size, whether, which) → what the changed endpoint answers; the last two are uniform in 0..1."""
Prepare: TypeAlias = Callable[[ReferenceHistory, np.random.Generator], Alter]
"""Draws what a change of this kind looks like in one future."""

_Feature = TypeVar("_Feature")

REFUSAL: Final = "I'm sorry, but I can't help with that."
BRIEF: Final = 3
"""Words up to which an answer stays as long as it is when the endpoint grows wordier."""
_NOWHERE: Final = "(an answer never seen)"
_LENGTHS: Final = ("text.characters", "text.words", "text.sentences", "text.tokens", "usage.output_tokens")
_SHARES: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class Change:
    """One row of `CHANGES`."""

    name: str
    words: str
    """What happens, for people."""
    sizes: tuple[float, ...]
    """Ascending."""
    prepare: Prepare
    show: Callable[[float], str] = percent
    """A size, for people."""


def elsewhere(history: ReferenceHistory, rng: np.random.Generator) -> Alter:
    """A share of the traffic is answered by a stand-in: for each probe it prefers answers of its own.

    Its preference is drawn from Jeffreys' prior over the answers seen and one never seen. A stand-in that gives a seen
    answer gives it as it was given: with that reply's length, format and meaning.
    """
    donors = {series: list(_by_answer(seen).values()) for series, seen in history.by_series().items()}
    shares = {series: np.cumsum(rng.dirichlet(np.full(len(one) + 1, 0.5))) for series, one in donors.items()}

    def alter(observation: Observation, size: float, whether: float, which: float) -> Observation:
        if whether >= size:
            return observation
        return _given(observation, donors[observation.series], shares[observation.series], which)

    return alter


def shifted(history: ReferenceHistory, rng: np.random.Generator) -> Alter:
    """The shares of the answers seen move by a total variation of `size`, in a random direction, or as far as it goes.

    As few replies as possible change: those whose answer became rarer give way to those that became commoner.
    """
    donors = {series: list(_by_answer(seen).values()) for series, seen in history.by_series().items()}
    place = {id(o): k for one in donors.values() for k, given in enumerate(one) for o in given}
    shares = {series: np.array([len(given) for given in one], dtype=np.float64) for series, one in donors.items()}
    steps = {series: _direction(counts / counts.sum(), rng) for series, counts in shares.items()}

    def alter(observation: Observation, size: float, whether: float, which: float) -> Observation:
        counts, (step, reach) = shares[observation.series], steps[observation.series]
        moved = min(size, reach) * step
        answer = place[id(observation)]
        if whether * counts[answer] / counts.sum() >= -moved[answer]:
            return observation
        gains = np.maximum(step, 0.0)
        return _given(observation, donors[observation.series], np.cumsum(gains) / gains.sum(), which)

    return alter


def longer(history: ReferenceHistory, rng: np.random.Generator) -> Alter:
    """Answers of more than a few words grow by `size`; nothing else about them changes."""

    def alter(observation: Observation, size: float, whether: float, which: float) -> Observation:
        seen = observation.fingerprint
        if seen is None or seen.numbers.get("text.words", 0) <= BRIEF:
            return observation
        grown = {name: float(round(seen.numbers[name] * (1 + size))) for name in _LENGTHS if name in seen.numbers}
        return _seen_as(observation, numbers=grown)

    return alter


def refusing(history: ReferenceHistory, rng: np.random.Generator, probes: Mapping[str, Probe] | None = None) -> Alter:
    """So many points more of the replies are refusals, in one short sentence."""
    known = probes or {}
    declined = {series: _share(seen, _declines) for series, seen in history.by_series().items()}

    @cache
    def refusal(series: str) -> Fingerprint:
        first = next(o for o in history.observations if o.series == series)
        probe = known.get(series) or Probe.model_construct(id="unknown", prompt="")
        return fingerprint(_refusal_to(first), probe)

    def alter(observation: Observation, size: float, whether: float, which: float) -> Observation:
        rate = declined[observation.series]
        if _declines(observation) or whether * (1 - rate) >= size:
            return observation
        return replace(observation, fingerprint=_worded_as(observation.fingerprint, refusal(observation.series)))

    return alter


def failing(history: ReferenceHistory, rng: np.random.Generator) -> Alter:
    """So many points more of the replies fail the checks of their probe; nothing else about them changes."""
    failed = {series: _share(seen, _fails) for series, seen in history.by_series().items()}

    def alter(observation: Observation, size: float, whether: float, which: float) -> Observation:
        seen = observation.fingerprint
        if seen is None or seen.categories.get("expectation.all") != "pass":
            return observation
        if whether * (1 - failed[observation.series]) >= size:
            return observation
        return _seen_as(observation, categories={"expectation.all": "fail"})

    return alter


def changes(probes: Mapping[str, Probe]) -> tuple[Change, ...]:
    """`CHANGES` for endpoints whose probes are known: series → probe. A refusal is held against what each expects."""
    return tuple(
        replace(one, prepare=partial(refusing, probes=probes)) if one.name == "refusing" else one for one in CHANGES
    )


CHANGES: Final[Sequence[Change]] = (
    Change("elsewhere", "this share of the traffic is answered by something else", _SHARES, elsewhere),
    Change(
        "shifted",
        "the shares of known answers move by this total variation",
        (0.05, 0.1, 0.2, 0.4, 0.8),
        shifted,
        "{:g}".format,
    ),
    Change("longer", "answers of more than three words grow by this much", (0.05, 0.1, 0.2, 0.5, 1.0), longer),
    Change("refusing", "this many points more are refused", _SHARES, refusing),
    Change("failing", "this many points more fail their checks", _SHARES, failing),
)


def _by_answer(observations: Sequence[Observation]) -> dict[str | None, list[Observation]]:
    """What was chosen → the observations that chose it."""
    found: dict[str | None, list[Observation]] = {}
    for one in observations:
        answer = CHANNELS["choice"].read(one.fingerprint) if one.fingerprint is not None else None
        found.setdefault(None if answer is None else str(answer), []).append(one)
    return found


def _given(
    observation: Observation, donors: Sequence[Sequence[Observation]], up_to: Floats, which: float
) -> Observation:
    """The answer that `which` falls on, where `up_to` are cumulative shares; beyond all donors, one never seen."""
    k = int(np.searchsorted(up_to, which, side="right"))
    if k >= len(donors):
        return _seen_as(observation, categories={"text.choice": _NOWHERE, "text.exact": _NOWHERE})
    below = float(up_to[k - 1]) if k else 0.0
    inside = (which - below) / max(float(up_to[k]) - below, 1e-300)
    donor = donors[k][min(int(inside * len(donors[k])), len(donors[k]) - 1)]
    return replace(observation, reply=donor.reply, fingerprint=_worded_as(observation.fingerprint, donor.fingerprint))


def _direction(shares: Floats, rng: np.random.Generator) -> tuple[Floats, float]:
    """A random change of the shares of total variation 1, and how much of it they can bear before one reaches 0."""
    towards = rng.dirichlet(np.full(len(shares), 0.5))
    step = towards - shares
    size = float(np.abs(step).sum()) / 2
    if len(shares) < 2 or size < 1e-9:
        return np.zeros_like(shares), 0.0
    step /= size
    return step, float(np.min(shares[step < 0] / -step[step < 0]))


def _seen_as(observation: Observation, categories: Mapping[str, str] | None = None,
             numbers: Mapping[str, float] | None = None) -> Observation:  # fmt: skip
    seen = observation.fingerprint or Fingerprint()
    changed = replace(
        seen, categories={**seen.categories, **(categories or {})}, numbers={**seen.numbers, **(numbers or {})}
    )
    return replace(observation, fingerprint=changed)


def _refusal_to(observation: Observation) -> Reply:
    plain = replace(observation.reply, text=REFUSAL, refusal=None, finish_reason="stop", tool_calls=())
    return replace(plain, output_tokens=None, reasoning_tokens=None, top_logprobs=())


def _worded_as(own: Fingerprint | None, said: Fingerprint | None) -> Fingerprint:
    """Another answer under the same name: who says it answered stays the reply's own."""
    own, said = own or Fingerprint(), said or Fingerprint()
    return Fingerprint(
        categories=_identity(own.categories, True) | _identity(said.categories, False),
        numbers=_identity(own.numbers, True) | _identity(said.numbers, False),
        vectors=said.vectors,
    )


def _identity(features: Mapping[str, _Feature], wanted: bool) -> dict[str, _Feature]:
    return {name: value for name, value in features.items() if name.startswith("identity.") is wanted}


def _declines(observation: Observation) -> bool:
    return (observation.fingerprint or Fingerprint()).categories.get("refusal.refused") == "yes"


def _fails(observation: Observation) -> bool:
    return (observation.fingerprint or Fingerprint()).categories.get("expectation.all") == "fail"


def _share(observations: Sequence[Observation], such: Callable[[Observation], bool]) -> float:
    return sum(map(such, observations)) / len(observations)
