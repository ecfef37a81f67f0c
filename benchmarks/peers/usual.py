"""The usual recipe of small monitoring tools: fixed thresholds on three readings of a round, any of which alarms.

- length: Kolmogorov-Smirnov against the reference, p below .05
- refusals: their share moved by more than .1
- embedding: the cosine distance between the centroids of the round and of the reference is beyond the 99th percentile
  of what the reference's own rounds show
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from math import log
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from benchmarks.peers.interface import Floats, Peer, Rounds, first_alarm, shared_probes, texts
from benchmarks.peers.length_only import ks
from prober.fingerprint import embedding
from prober.fingerprint.refusal import refused_by
from prober.model.declaration import Probe
from prober.model.reply import Reply

Vector: TypeAlias = npt.NDArray[np.float32]

P: Final = 0.05
REFUSALS: Final = 0.1
PERCENTILE: Final = 99
LEAST_DISTANCE: Final = 1e-6
"""Of centroids: closer ones are the same text, and a reference that never varies has no percentile above 0."""

_PROBE = Probe(id="any", prompt="any")
_AT = datetime(2026, 1, 1, tzinfo=UTC)


def score(reference: Rounds, candidate: Rounds, rng: np.random.Generator) -> float:
    """The farthest of the three over its threshold, all candidate rounds as one; above 1 is an alarm."""
    return _against(reference)(candidate)


def track(reference: Rounds, later: Rounds) -> Floats:
    """The same for every later round by itself."""
    times_threshold = _against(reference)
    return np.array([times_threshold([answers]) for answers in later])


@lru_cache(maxsize=20_000)
def read(text: str) -> tuple[bool, Vector | None]:
    """Whether it refuses, and its embedding of length 1, None where it has none."""
    reply = Reply(at=_AT, text=text)
    vector = embedding.extract(reply, _PROBE).vectors.get(embedding.WORDLLAMA.name)
    return refused_by(reply) != "none", None if vector is None else np.array(vector, dtype=np.float32)


def _against(reference: Rounds) -> Callable[[Rounds], float]:
    """What holds rounds against this reference: the largest of reading over threshold."""
    probes = shared_probes(reference, reference)
    old = _texts(reference, probes)
    lengths, refusals, centre = [len(text) for text in old], _refusals(old), _centroid(old)
    own = [_distance(_centroid(_texts([answers], probes)), centre) for answers in reference]
    beyond = max(float(np.percentile(own, PERCENTILE)) if own else 0.0, LEAST_DISTANCE)

    def times_threshold(candidate: Rounds) -> float:
        new = _texts(candidate, probes)
        if not old or not new:
            return 0.0
        p = max(ks(lengths, [len(text) for text in new])[1], 1e-300)
        return max(
            log(p) / log(P),
            abs(_refusals(new) - refusals) / REFUSALS,
            _distance(_centroid(new), centre) / beyond,
        )

    return times_threshold


def _texts(rounds: Rounds, probes: list[str]) -> list[str]:
    return [text for probe in probes for text in texts(rounds, probe)]


def _refusals(replies: list[str]) -> float:
    return float(np.mean([read(text)[0] for text in replies])) if replies else 0.0


def _centroid(replies: list[str]) -> Vector | None:
    vectors = [vector for text in replies if (vector := read(text)[1]) is not None]
    return np.mean(vectors, axis=0, dtype=np.float32) if vectors else None


def _distance(a: Vector | None, b: Vector | None) -> float:
    """Cosine; 0 where a side has no direction."""
    if a is None or b is None:
        return 0.0
    norm = float(np.linalg.norm(a) * np.linalg.norm(b))
    return 1 - float(a @ b) / norm if norm else 0.0


PEER = Peer(
    name="usual",
    access="text",
    source="fixed thresholds as small open-source drift monitors ship them",
    score=score,
    track=track,
    monitor=first_alarm(track),
)
