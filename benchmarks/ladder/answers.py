"""Rounds of one-token replies, drawn as the recorded model would have answered, and the information in a round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from benchmarks.ladder.probes import TEXT, candidates
from benchmarks.ladder.recording import REST, Distribution, Ending, Recording, TopLogprobs
from prober.fingerprint.fingerprint import fingerprint
from prober.model.declaration import Probe
from prober.model.evidence import Fingerprint, Observation, Round
from prober.model.reply import Reply

_AT = datetime(2026, 1, 1, tzinfo=UTC)
_PROBES: Mapping[str, Probe] = {probe.id: probe for probe in (*candidates(), *TEXT.values())}
_HASHES: Mapping[str, str] = {probe: declared.content_hash for probe, declared in _PROBES.items()}


@dataclass(frozen=True, slots=True)
class Answers:
    """One round."""

    texts: Mapping[str, tuple[str, ...]]
    """Probe → one text a reply."""
    top_logprobs: Mapping[str, tuple[TopLogprobs, ...]]
    """Probe → what is reported with each reply, in the same order."""
    endings: Mapping[str, tuple[Ending, ...]] = field(default_factory=dict)
    """Probe → how each reply ended, in the same order; only of recorded texts."""


@dataclass(frozen=True, slots=True)
class _Dice:
    """Every way of every probe, one after the other on a line: way number w covers the line from w to w + 1."""

    weights: NDArray[np.float64]
    """Shape (ways,): cumulative."""
    line: NDArray[np.float64]
    """Cumulative probabilities, each way raised by its number."""
    ends: NDArray[np.int64]
    """Shape (ways of all probes,): the last place of each on the line."""
    tokens: tuple[str, ...]
    """Which token ends at that place of the line."""


def draw(recording: Recording, rng: np.random.Generator, probes: Sequence[str], replies: int) -> Answers:
    """A round of `replies` one-token replies to each probe, each computed in a random way. Raises KeyError."""
    dice = _dice(recording, tuple(probes))
    shape = (len(probes), replies)
    ways = dice.weights.searchsorted(rng.random(shape), side="right")
    places = np.arange(len(probes))[:, None] * len(dice.weights) + ways
    found = dice.line.searchsorted(places + rng.random(shape), side="right")
    fallen = np.minimum(found, dice.ends[places]).tolist()  # a sum may be rounded up into the next way
    reported = [recording.reported[probe] for probe in probes]
    return Answers(
        texts={probe: tuple(dice.tokens[i] for i in row) for probe, row in zip(probes, fallen, strict=True)},
        top_logprobs={
            probe: tuple(tops[way] for way in row)
            for probe, tops, row in zip(probes, reported, ways.tolist(), strict=True)
        },
    )


def recorded(recording: Recording, number: int) -> Answers:
    """A recorded round of text replies."""
    texts, endings = recording.texts[number], recording.endings[number]
    return Answers(
        texts={probe: (text,) for probe, text in texts.items()},
        top_logprobs=dict.fromkeys(texts, ((),)),
        endings={probe: (ending,) for probe, ending in endings.items()},
    )


def as_round(answers: Answers, label: str, endpoint: str = "smollm2", at: datetime | None = None) -> Round:
    """The round as the judge sees it, through the real fingerprint."""
    observations: list[Observation] = []
    for probe, texts in answers.texts.items():
        series, name = f"{endpoint}.{_HASHES[probe]}", f"ladder/{probe}"
        endings = answers.endings.get(probe, (None,) * len(texts))
        for sample, (text, top, end) in enumerate(zip(texts, answers.top_logprobs[probe], endings, strict=True)):
            observations.append(Observation(series, name, sample, *_seen(probe, text, top, end)))
    return Round(label, endpoint, at, tuple(observations))


def information(base: Recording, changed: Recording, probes: Sequence[str], replies: int) -> float:
    """KL(changed ‖ base), in nats, of a round of `replies` independent one-token replies to each probe.

    Between the averages over the ways, on the tokens that all ways of both list, the others being one; so it is at
    most the divergence of the whole distributions.
    """
    total = 0.0
    for probe in probes:
        ways = [*changed.first[probe], *base.first[probe]]
        common = sorted(set.intersection(*(set(way.tokens) for way in ways)) - {REST})
        p = _average(changed.first[probe], changed.weights, common)
        q = _average(base.first[probe], base.weights, common)
        met = p > 0
        total += float(np.sum(p[met] * np.log(p[met] / q[met])))
    return max(total, 0.0) * replies


def _average(ways: Sequence[Distribution], weights: Sequence[float], common: Sequence[str]) -> NDArray[np.float64]:
    """Shape (common + 1,): the weighted mean, the last entry for every other token."""
    mean = np.zeros(len(common) + 1)
    for way, weight in zip(ways, weights, strict=True):
        place = {token: i for i, token in enumerate(way.tokens)}
        kept = way.p[[place[token] for token in common]]
        mean += weight * np.append(kept, max(1 - kept.sum(), 0.0))
    return mean


@lru_cache(maxsize=64)
def _dice(recording: Recording, probes: tuple[str, ...]) -> _Dice:
    ways = [way for probe in probes for way in recording.first[probe]]
    weights = np.cumsum(recording.weights)
    weights[-1] = 1.0
    line = np.concatenate([number + np.minimum(np.cumsum(way.p), 1.0) for number, way in enumerate(ways)])
    ends = np.cumsum([len(way.p) for way in ways]) - 1
    return _Dice(weights, line, ends, tuple(token for way in ways for token in way.tokens))


@lru_cache(maxsize=1 << 17)
def _seen(probe: str, text: str, top: TopLogprobs, ending: Ending | None) -> tuple[Reply, Fingerprint]:
    """Equal replies are met again and again, so each is read once."""
    reply = Reply(
        at=_AT,
        text=text,
        top_logprobs=top,
        finish_reason=None if ending is None else ending.finish_reason,
        output_tokens=None if ending is None else ending.output_tokens,
    )
    return reply, fingerprint(reply, _PROBES[probe])
