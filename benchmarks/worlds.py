"""Simulated endpoints that know the truth: seeded rounds of fingerprints, unchanged in many ways, or changed.

They make fingerprints, not texts, so that thousands of endpoint-years pass through the judge itself. Everything of one
run is drawn at once, and equal replies share one fingerprint. A further kind of unchanged world is a row of `KINDS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

import numpy as np

from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply

START: Final = datetime(2026, 1, 1, tzinfo=UTC)
LONGEST: Final = 2e6
"""Characters a reply is cut at, as production cuts it."""
_SHAPES = np.array(["plain", "list", "fence", "json", "heading"])
_LANGUAGES: Final = ("English", "English", "Spanish", "English")
"""Of choices 0, 1, 2, 3, 4 …, in turn."""
_VECTORS = 64
"""Different embeddings one probe's replies have; replies draw among them."""
_REPLY = Reply(at=START, text="")


@dataclass(frozen=True)
class ProbeTruth:
    """What one probe's replies are drawn from."""

    choice: np.ndarray
    """Shape (choices,): probabilities."""
    length: float
    """Mean ln characters."""
    spread: float
    """Its standard deviation between replies; of heavy tails, their scale."""
    shape: np.ndarray
    """Shape (5,): probabilities of the formats."""
    refusal: float
    failure: float
    """Probability that a check fails."""
    topic: np.ndarray
    """Shape (8,): direction of the embedding."""
    tail: Literal["normal", "student", "mixture"] = "normal"
    """Of ln characters: Student's t with 2 degrees of freedom, or one reply in twenty spread five times as wide."""


Behaviour = tuple[ProbeTruth, ...]
"""How all probes are answered."""
Turns = Literal["alone", "replicas", "weekend", "night", "stays"]
"""Which behaviour answers: the only one; one drawn for each day; by the day of the week; by the hour of the day; each
for a while of random length (`World.stay_h`)."""


@dataclass(frozen=True)
class World:
    """One endpoint: its probes, how many replies a round, and how its days differ."""

    probes: Behaviour
    samples: int
    strength: float | None
    """Dirichlet strength of the scatter between days; None where replies are independent."""
    wobble: float
    """Standard deviation between days of the length of all probes together, in standard deviations of each."""
    fingerprints: int = 2
    """System fingerprints that alternate, which is no change."""
    others: tuple[Behaviour, ...] = ()
    """Further behaviours that take turns with the first, each with system fingerprints of its own."""
    turns: Turns = "alone"
    stay_h: tuple[float, ...] = ()
    """Mean hours for which each behaviour stays, where turns are `stays`."""
    redrawn: float | None = None
    """Every day each probe has one answer, drawn anew, and all lengths jump together by so much (ln); None: no such."""
    cached: bool = False
    """Every day each probe has one reply, drawn anew from its distribution."""
    wander: float = 0.0
    """Standard deviation of what wanders with time: the logits of all shares, and lengths in their own spread."""
    memory: float = 0.0
    """Correlation with the day before of what wanders; 1 is a wave of one year."""
    every_h: float = 24.0
    """Hours between rounds."""
    odd: float = 0.0
    """Share of the replies that loop until they are cut off, which no other reply does; from round `odd_from`."""
    odd_from: int = 0


def still(rng: np.random.Generator, clustered: bool) -> World:
    """A random endpoint that never changes; where clustered, every day is a draw of its own."""
    return World(
        probes=tuple(_probe(rng) for _ in range(int(rng.integers(3, 9)))),
        samples=int(rng.integers(1, 5)),
        strength=float(rng.choice([5.0, 20.0, 100.0])) if clustered else None,
        wobble=float(rng.choice([0.2, 0.6])) if clustered else 0.0,
        fingerprints=int(rng.integers(1, 6)),
    )


def replicas(rng: np.random.Generator) -> World:
    """Two to five machines that answer differently; all of a day's rounds go to one of them."""
    return _taking_turns(rng, "replicas", int(rng.choice([2, 3, 5])))


def heavy(rng: np.random.Generator) -> World:
    """Lengths with heavy tails, and answers among 200 by Zipf's law, so that new ones keep turning up."""

    def tailed(probe: ProbeTruth) -> ProbeTruth:
        zipf = np.arange(1, 201, dtype=np.float64) ** -rng.uniform(1.0, 1.6)
        tail: Literal["student", "mixture"] = "student" if rng.random() < 0.5 else "mixture"
        return replace(probe, choice=zipf / zipf.sum(), spread=float(rng.choice([0.1, 0.3])), tail=tail)

    world = still(rng, clustered=False)
    return replace(world, probes=tuple(map(tailed, world.probes)))


def redrawn(rng: np.random.Generator) -> World:
    """Deterministic answers that are all redrawn together every day, and lengths that jump with them."""
    return replace(still(rng, clustered=False), redrawn=float(rng.choice([0.02, 0.1, 0.4])))


def staying(rng: np.random.Generator) -> World:
    """Two machines that answer differently, each for two days on average."""
    return replace(_taking_turns(rng, "stays", 2), stay_h=(48.0, 48.0))


def bursts(rng: np.random.Generator) -> World:
    """Every three days on average, four replies in five are refusals for some six hours."""
    world = still(rng, clustered=False)
    refusing = tuple(replace(probe, refusal=0.8) for probe in world.probes)
    return replace(world, others=(refusing,), turns="stays", stay_h=(72.0, 6.0))


def wandering(rng: np.random.Generator, memory: float) -> World:
    """Shares and lengths wander, so that a day is like the one before it."""
    return replace(still(rng, clustered=False), wander=float(rng.choice([0.2, 0.6])), memory=memory)


def swapped(rng: np.random.Generator, world: World) -> World:
    """The same probes answered by another model: choices, lengths and topics are drawn anew."""
    return replace(world, probes=tuple(_probe(rng) for _ in world.probes))


def mixed(rng: np.random.Generator, world: World, share: float) -> World:
    """A share of the traffic is answered by another model."""
    other = swapped(rng, world)
    probes = tuple(
        replace(
            old,
            choice=_mix(old.choice, new.choice, share),
            shape=(1 - share) * old.shape + share * new.shape,
            refusal=(1 - share) * old.refusal + share * new.refusal,
            failure=(1 - share) * old.failure + share * new.failure,
        )
        for old, new in zip(world.probes, other.probes, strict=True)
    )
    return replace(world, probes=probes)


@dataclass(frozen=True)
class Kind:
    """One kind of unchanged world."""

    says: str
    """What is still about it, for the report."""
    draw: Callable[[np.random.Generator], World]
    days: int
    """How long each endpoint is judged after its reference."""


WORLDS: Final[Mapping[str, tuple[str, Callable[[np.random.Generator], World]]]] = {
    "independent": ("replies are independent draws", lambda rng: still(rng, clustered=False)),
    "clustered": ("every day is a draw of its own", lambda rng: still(rng, clustered=True)),
    "replicas": ("2–5 replicas that answer differently, one a day", replicas),
    "staying": ("2 replicas that answer differently, each for two days on average", staying),
    "wander-0.6": ("shares and lengths wander; correlation 0.6 from day to day", lambda rng: wandering(rng, 0.6)),
    "wander-0.9": ("shares and lengths wander; correlation 0.9 from day to day", lambda rng: wandering(rng, 0.9)),
    "season": ("shares and lengths drift in a wave of one year, which is a change", lambda rng: wandering(rng, 1.0)),
    "bursts": ("refusals in bursts of six hours, every three days", bursts),
    "cached": ("one reply a probe and day", lambda rng: replace(still(rng, clustered=False), cached=True)),
    "heavy": ("lengths with heavy tails, rare answers by Zipf's law", heavy),
    "weekend": ("answers differ at weekends", lambda rng: _taking_turns(rng, "weekend", 2)),
    "night": ("answers differ by night", lambda rng: _taking_turns(rng, "night", 2)),
    "redrawn": ("one answer a probe, all redrawn together every day", redrawn),
}
"""Name → what is still about it, and the world."""
CADENCES: Final[Mapping[str, tuple[float, int]]] = {
    "": (24.0, 365),
    "-6-hourly": (6.0, 365),
    "-hourly": (1.0, 120),
    "-10-minutely": (1 / 6, 40),
}
"""End of a kind's name → hours between rounds, and days for which an endpoint is judged after its reference."""


def _every(hours: float, draw: Callable[[np.random.Generator], World]) -> Callable[[np.random.Generator], World]:
    return lambda rng: replace(draw(rng), every_h=hours)


KINDS: Final[Mapping[str, Kind]] = {
    name + end: Kind(says, _every(hours, draw), days)
    for name, (says, draw) in WORLDS.items()
    for end, (hours, days) in CADENCES.items()
}
"""Every kind of unchanged world at every cadence."""


def rounds(rng: np.random.Generator, world: World, count: int, first: int = 0) -> Iterator[Round]:
    """`count` rounds, numbered from `first`, one every `world.every_h` hours."""
    number = np.arange(first, first + count)
    turn, day = _turns(rng, world, number), (number * world.every_h // 24).astype(np.int64)
    day -= day.min(initial=0)
    # Drawn once for each day and behaviour, whichever answers: a round picks its own.
    wobble = rng.normal(0, 1, int(day.max(initial=0)) + 1)
    if world.wander:  # a round is then what a day is elsewhere
        day, wobble = np.arange(count), _wandering(rng, world, number, 1)[:, 0]
    drawn = [
        [_Drawn.of(rng, world, truth, number, day, wobble, behaviour) for truth in probes]
        for behaviour, probes in enumerate((world.probes, *world.others))
    ]
    for i in range(count):
        observations = tuple(
            Observation(f"s{p}", f"probe-{p}", k, _REPLY, print_)
            for p, replies in enumerate(drawn[turn[i]])
            for k, print_ in enumerate(replies.prints(i))
        )
        at = START + timedelta(hours=float(number[i] * world.every_h))
        yield Round(f"{number[i]:06d}", "simulated", at, observations)


@dataclass(frozen=True)
class _Drawn:
    """All replies of one probe in one behaviour."""

    draws: np.ndarray
    """Shape (rounds, samples, 8): choice, shape, refused, failed, identity, vector, characters, odd."""
    topic: np.ndarray
    """Shape (vectors, 8)."""
    behaviour: int
    made: dict[tuple[int, ...], Fingerprint]
    """Draw → its fingerprint: equal replies share one."""

    @staticmethod
    def of(
        rng: np.random.Generator,
        world: World,
        truth: ProbeTruth,
        number: np.ndarray,
        day: np.ndarray,
        wobble: np.ndarray,
        behaviour: int,
    ) -> _Drawn:
        size = (len(day), world.samples)
        alike = world.redrawn is not None or world.cached
        parts = [
            _categories(rng, _by_day(rng, world, shares, number, len(wobble)), day, size, alike)
            for shares in (truth.choice, truth.shape, _coin(truth.refusal), _coin(truth.failure))
        ]
        drift = (truth.spread * (world.wobble or world.wander) if world.redrawn is None else world.redrawn) * wobble
        spread = 0.0 if world.redrawn is not None else truth.spread
        own = _tail(rng, truth.tail, (len(wobble), 1))[day] if world.cached else _tail(rng, truth.tail, size)
        log_length = truth.length + drift[day][:, None] + spread * own
        characters = np.broadcast_to(np.round(np.exp(np.minimum(log_length, np.log(LONGEST)))), size)
        identity, vector = rng.integers(world.fingerprints, size=size), rng.integers(_VECTORS, size=size)
        if world.cached:
            vector = np.broadcast_to(rng.integers(_VECTORS, size=(len(wobble), 1))[day], size)
        odd = (rng.random(size) < world.odd) & (number >= world.odd_from)[:, None] if world.odd else np.zeros(size)
        return _Drawn(
            draws=np.stack([*parts, identity, vector, characters, odd], axis=2).astype(np.int64),
            topic=truth.topic + rng.normal(0, 0.3, (_VECTORS, len(truth.topic))),
            behaviour=behaviour,
            made={},
        )

    def prints(self, round_: int) -> Iterator[Fingerprint]:
        for drawn in map(tuple, self.draws[round_].tolist()):
            if drawn not in self.made:
                self.made[drawn] = self._print(*drawn)
            yield self.made[drawn]

    def _print(
        self, choice: int, shape: int, refused: int, failed: int, identity: int, vector: int, characters: int, odd: int
    ) -> Fingerprint:
        ended = ", length, repeats itself" if odd else ", stop"
        return Fingerprint(
            categories={
                "identity.model": "simulated-1",
                "identity.system_fingerprint": f"fp_{self.behaviour}_{identity}",
                "text.choice": f"choice {choice}",
                "text.reply_type": f"Latin, {characters.bit_length() // 3}{ended}",
                **({"language.name": _LANGUAGES[choice % len(_LANGUAGES)]} if characters >= 16 else {}),
                "structure.shape": str(_SHAPES[shape]),
                "refusal.refused": "yes" if refused else "no",
                "expectation.all": "fail" if failed else "pass",
            },
            numbers={"text.characters": float(characters)},
            vectors={"embedding.simulated": tuple(map(float, self.topic[vector]))},
        )


def _turns(rng: np.random.Generator, world: World, number: np.ndarray) -> np.ndarray:
    """Which behaviour answers each round."""
    hours = number * world.every_h
    day = (hours // 24).astype(np.int64)
    if world.turns == "replicas":
        weights = rng.uniform(0.5, 1.0, 1 + len(world.others))
        by_day: np.ndarray = rng.choice(len(weights), int(day.max(initial=0)) + 1, p=weights / weights.sum())
        return by_day[day]
    if world.turns == "stays":
        step = world.every_h if len(number) < 2 else float(hours[1] - hours[0])
        leave = 1 - np.exp(-step / np.array(world.stay_h))
        turn, uniform = np.zeros(len(number), dtype=np.int64), rng.random(len(number))
        for i in range(1, len(number)):
            turn[i] = (turn[i - 1] + (uniform[i] < leave[turn[i - 1]])) % len(leave)
        return turn
    if world.turns == "weekend":
        return ((START.weekday() + day) % 7 >= 5).astype(np.int64)
    if world.turns == "night":
        return ((hours % 24 < 8) | (hours % 24 >= 20)).astype(np.int64)
    return np.zeros(len(number), dtype=np.int64)


def _taking_turns(rng: np.random.Generator, turns: Turns, count: int) -> World:
    """So many behaviours that are variants of one: shares, lengths, refusals and topics differ, mildly or much."""
    world = still(rng, clustered=False)
    strength, shift = float(rng.choice([5.0, 20.0, 100.0])), float(rng.choice([0.05, 0.2]))

    def variant(probe: ProbeTruth) -> ProbeTruth:
        return replace(
            probe,
            choice=_daily(rng, probe.choice, strength, 1)[0],
            shape=_daily(rng, probe.shape, strength, 1)[0],
            refusal=float(_daily(rng, _coin(probe.refusal), strength, 1)[0, 1]),
            failure=float(_daily(rng, _coin(probe.failure), strength, 1)[0, 1]),
            length=probe.length + rng.normal(0, shift),
            topic=probe.topic + rng.normal(0, shift, len(probe.topic)),
        )

    others = tuple(tuple(map(variant, world.probes)) for _ in range(count - 1))
    return replace(world, others=others, turns=turns)


def _probe(rng: np.random.Generator) -> ProbeTruth:
    return ProbeTruth(
        choice=rng.dirichlet(np.full(rng.choice([1, 2, 4, 10, 40]), rng.choice([0.1, 0.3, 1.0, 3.0]))),
        length=rng.uniform(1, 7),
        spread=rng.choice([0.0, 0.1, 0.4]),
        shape=rng.dirichlet(np.full(len(_SHAPES), 0.2)),
        refusal=rng.choice([0.0, 0.01, 0.1, 0.5]),
        failure=rng.choice([0.0, 0.02, 0.2]),
        topic=rng.normal(0, 1, 8),
    )


def _by_day(rng: np.random.Generator, world: World, shares: np.ndarray, number: np.ndarray, days: int) -> np.ndarray:
    """Shape (days, categories): the distribution of each day, or of each round where these wander."""
    if not world.wander:
        return _daily(rng, shares, world.strength, days)
    moved = shares * np.exp(world.wander * _wandering(rng, world, number, len(shares)))
    wandered: np.ndarray = moved / moved.sum(axis=1, keepdims=True)
    return wandered


def _wandering(rng: np.random.Generator, world: World, number: np.ndarray, columns: int) -> np.ndarray:
    """Shape (rounds, columns): of variance one over a long time."""
    days = number * world.every_h / 24
    if world.memory == 1:
        wave: np.ndarray = np.sqrt(2) * np.sin(2 * np.pi * (days[:, None] / 365 + rng.random(columns)))
        return wave
    keep = world.memory ** (world.every_h / 24)
    steps = rng.normal(0, 1, (len(number), columns))
    for i in range(1, len(number)):
        steps[i] = keep * steps[i - 1] + np.sqrt(1 - keep**2) * steps[i]
    return steps


def _daily(rng: np.random.Generator, shares: np.ndarray, strength: float | None, days: int) -> np.ndarray:
    """Shape (days, categories): the distribution of each day, the truth itself or a draw about it."""
    if strength is None:
        return np.broadcast_to(shares, (days, len(shares)))
    return rng.dirichlet(np.maximum(strength * shares, 1e-9), days)


def _categories(
    rng: np.random.Generator, daily: np.ndarray, day: np.ndarray, size: tuple[int, int], alike: bool
) -> np.ndarray:
    """Shape `size`: one category a reply; where `alike`, one a day."""
    uniform = rng.random(len(daily))[day][:, None] if alike else rng.random(size)
    below = np.cumsum(daily, axis=1)[:, :-1][day]
    drawn: np.ndarray = (uniform[..., None] >= below[:, None, :]).sum(axis=2)
    return np.broadcast_to(drawn, size)


def _tail(rng: np.random.Generator, tail: str, size: tuple[int, int]) -> np.ndarray:
    if tail == "student":
        return rng.standard_t(2.0, size)
    wide = np.where(rng.random(size) < 0.05, 5.0, 1.0) if tail == "mixture" else 1.0
    return wide * rng.normal(0, 1, size)


def _coin(share: float) -> np.ndarray:
    return np.array([1 - share, share])


def _mix(old: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
    width = max(len(old), len(new))
    pad = [np.pad(x, (0, width - len(x))) for x in (old, new)]
    mixture: np.ndarray = (1 - share) * pad[0] + share * pad[1]
    return mixture
