"""Simulated endpoints that know the truth: seeded rounds of fingerprints, still or changed, independent or clustered.

They make fingerprints, not texts, so that thousands of endpoint-years pass through the judge itself in minutes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import numpy as np

from prober.evidence import Fingerprint, Observation, Round
from prober.reply import Reply

START = datetime(2026, 1, 1, tzinfo=UTC)
_SHAPES = np.array(["plain", "list", "fence", "json", "heading"])


@dataclass(frozen=True)
class ProbeTruth:
    """What one probe's replies are drawn from."""

    choice: np.ndarray
    """Shape (choices,): probabilities."""
    length: float
    """Mean ln characters."""
    spread: float
    """Its standard deviation between replies."""
    shape: np.ndarray
    """Shape (5,): probabilities of the formats."""
    refusal: float
    failure: float
    """Probability that a check fails."""
    topic: np.ndarray
    """Shape (8,): direction of the embedding."""


@dataclass(frozen=True)
class World:
    """One endpoint: its probes, how many replies a round, and how its days differ."""

    probes: tuple[ProbeTruth, ...]
    samples: int
    strength: float | None
    """Dirichlet strength of the scatter between rounds; None where replies are independent."""
    wobble: float
    """Standard deviation between rounds of the length of all probes together, in standard deviations of each."""
    fingerprints: int = 2
    """System fingerprints that alternate, which is no change."""


def still(rng: np.random.Generator, clustered: bool) -> World:
    """A random endpoint that never changes."""
    return World(
        probes=tuple(_probe(rng) for _ in range(int(rng.integers(3, 9)))),
        samples=int(rng.integers(1, 5)),
        strength=float(rng.choice([5.0, 20.0, 100.0])) if clustered else None,
        wobble=float(rng.choice([0.2, 0.6])) if clustered else 0.0,
        fingerprints=int(rng.integers(1, 6)),
    )


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


def rounds(rng: np.random.Generator, world: World, count: int, first: int = 0) -> Iterator[Round]:
    """`count` daily rounds, numbered from `first`."""
    for number in range(first, first + count):
        at = START + timedelta(days=number)
        wobble = rng.normal(0, world.wobble) if world.wobble else 0.0
        observations = tuple(
            Observation(f"s{p}", f"probe-{p}", k, _REPLY, print_)
            for p, truth in enumerate(world.probes)
            for k, print_ in enumerate(_replies(rng, world, truth, wobble))
        )
        yield Round(f"{number:06d}", "simulated", at, observations)


def _replies(rng: np.random.Generator, world: World, truth: ProbeTruth, wobble: float) -> Iterator[Fingerprint]:
    n = world.samples
    choice, shape = _today(rng, truth.choice, world.strength), _today(rng, truth.shape, world.strength)
    refusal, failure = (
        _today(rng, np.array([1 - share, share]), world.strength)[1] for share in (truth.refusal, truth.failure)
    )
    choices, shapes = rng.choice(len(choice), n, p=choice), rng.choice(len(shape), n, p=shape)
    characters = np.round(np.exp(rng.normal(truth.length + wobble * truth.spread, truth.spread, n)))
    refused, failed = rng.random(n) < refusal, rng.random(n) < failure
    identity = rng.integers(world.fingerprints, size=n)
    vectors = truth.topic + rng.normal(0, 0.3, (n, len(truth.topic)))
    for k in range(n):
        yield Fingerprint(
            categories={
                "identity.model": "simulated-1",
                "identity.system_fingerprint": f"fp_{identity[k]}",
                "text.choice": f"choice {choices[k]}",
                "structure.shape": str(_SHAPES[shapes[k]]),
                "refusal.refused": "yes" if refused[k] else "no",
                "expectation.all": "fail" if failed[k] else "pass",
            },
            numbers={"text.characters": float(characters[k])},
            vectors={"embedding.simulated": tuple(map(float, vectors[k]))},
        )


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


def _today(rng: np.random.Generator, shares: np.ndarray, strength: float | None) -> np.ndarray:
    """The distribution of one round: the truth itself, or a draw about it."""
    return shares if strength is None else rng.dirichlet(np.maximum(strength * shares, 1e-9))


def _mix(old: np.ndarray, new: np.ndarray, share: float) -> np.ndarray:
    width = max(len(old), len(new))
    pad = [np.pad(x, (0, width - len(x))) for x in (old, new)]
    return (1 - share) * pad[0] + share * pad[1]


_REPLY = Reply(at=START, text="")
