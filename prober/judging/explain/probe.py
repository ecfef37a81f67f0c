"""One probe, to look at: what an ask of it tells, how it is answered now and in the reference, and its replies laid
into a plane. All of it is read from what the judge knows, without simulation, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final, Literal

import numpy as np

from prober.judging.channels import CHANNELS
from prober.judging.memory import ChannelMemory, Memory
from prober.judging.statistic.readings import Floats
from prober.model.evidence import Observation

MOVED: Final = 0.1
"""The standard change: a tenth of the replies."""
NEGLIGIBLE: Final = 1e-4
"""Nats an ask below which a channel shows nothing."""
PATIENCE: Final = 30.0
"""Days that a probe alone may take to show the standard change."""
ENDPOINT_WIDE: Final = frozenset({"identity", "serving", "tokens"})
"""Channels that say who answered: any probe shows it, so it is no merit of one."""

Worth = Literal["silent", "rigid", "faint", "telling"]
ADVICE: Final[Mapping[tuple[Worth, bool], str]] = {
    ("silent", False): "carries no information: drop it",
    ("silent", True): "carries no information but its checks: keep it for these only",
    ("rigid", False): "only sees changes that break its one answer: drop it, or find prompts on the edge with "
    "`prober discover`",
    ("rigid", True): "only sees changes that break its one answer or its checks",
    ("faint", False): "tells little an ask: raise samples, or find better prompts with `prober discover`",
    ("faint", True): "tells little an ask beside its checks: raise samples",
    ("telling", False): "",
    ("telling", True): "",
}


@dataclass(frozen=True, slots=True)
class ChannelInformation:
    """One channel of one probe."""

    channel: str
    outcomes: float
    """Effective number of outcomes, exp(entropy): 1 where it is always the same, 2 where two are equally common."""
    moved_nats: float
    """Expected log-likelihood ratio of one ask once a tenth of the replies became one of the outcomes known; mean over
    the outcomes."""
    new_nats: float
    """The same where a tenth became something never seen; 0 where the channel has no place for it."""


@dataclass(frozen=True, slots=True)
class ProbeInformation:
    """What one probe tells."""

    series: str
    probe: str
    asks: float
    """Answers a round of its own, mean."""
    checked: bool
    """Whether it expects something, and so guards a contract whatever else it tells."""
    channels: tuple[ChannelInformation, ...]
    """The most informative of the standard change first."""
    days_alone: float | None
    """That the best detector would need for the standard change from this probe's best channel alone: ln A / KL rounds
    (Lorden 1971). None where it would take for ever."""
    worth: Worth
    """`silent`: nothing shows. `rigid`: only a break of its one answer. `faint`: takes longer than `PATIENCE`."""


@dataclass(frozen=True, slots=True)
class Distribution:
    """One channel of one probe: its categories, then and now."""

    channel: str
    unit: str
    """Of the readings."""
    labels: tuple[str, ...]
    """The categories: names, values, or ranges such as `12..31`. Hostile."""
    then: tuple[float, ...]
    """Share of each in the reference, as the judge has learnt it."""
    now: tuple[float, ...]
    """Share of each in the newest replies."""
    read: int
    """How many of the newest replies the channel could read."""

    @property
    def moved(self) -> float:
        """Share of the replies that are in another category than then: total variation, 0 to 1."""
        return sum(abs(one - other) for one, other in zip(self.then, self.now, strict=True)) / 2


@dataclass(frozen=True, slots=True)
class Dot:
    """Where one vector lies."""

    x: float
    y: float


def of_probe(
    memory: Memory, series: str, seen: Sequence[Observation], rounds: int, rounds_a_day: float, threshold: float
) -> ProbeInformation:
    """`seen` are the answers of the reference to it, in so many rounds; `rounds_a_day` are those that ask it."""
    asks = len(seen) / rounds
    channels = [
        _channel(name, held, held.rows.index(series), seen)
        for name, held in memory.channels.items()
        if name not in ENDPOINT_WIDE and series in held.rows
    ]
    channels.sort(key=lambda one: (-one.moved_nats, -one.new_nats, one.channel))
    moved = max((one.moved_nats for one in channels), default=0.0)
    new = max((one.new_nats for one in channels), default=0.0)
    alone = max(log(threshold) / (moved * asks), 1.0) / rounds_a_day if moved > NEGLIGIBLE else None
    if moved <= NEGLIGIBLE:
        worth: Worth = "rigid" if new > NEGLIGIBLE else "silent"
    else:
        worth = "faint" if alone is None or alone > PATIENCE else "telling"
    return ProbeInformation(
        series=series,
        probe=seen[0].probe,
        asks=asks,
        checked=any(o.fingerprint is not None and "expectation.all" in o.fingerprint.categories for o in seen),
        channels=tuple(channels),
        days_alone=alone,
        worth=worth,
    )


def advice(one: ProbeInformation) -> str:
    """What to do about a probe, in plain words; empty where it is well as it is."""
    return ADVICE[one.worth, one.checked]


def distributions(memory: Memory, series: str, recent: Sequence[Observation]) -> tuple[Distribution, ...]:
    """Every channel that reads this series for itself, those that moved most first. `recent` are of this series."""
    found = []
    for name, held in memory.channels.items():
        channel = CHANNELS.get(name)
        if channel is None or series not in held.rows:
            continue
        row = held.rows.index(series)
        scale = held.scales[row]
        counts = [0] * len(scale.labels)
        for one in recent:
            reading = None if one.fingerprint is None else channel.read(one.fingerprint)
            place = None if reading is None else scale.place(reading)
            if place is not None:
                counts[place[0]] += 1
        if total := sum(counts):
            then = tuple(map(float, held.reference[row, : len(scale.labels)]))
            now = tuple(count / total for count in counts)
            found.append(Distribution(name, channel.unit, scale.labels, then, now, total))
    return tuple(sorted(found, key=lambda one: (-one.moved, one.channel)))


def lay(vectors: Sequence[Sequence[float]]) -> tuple[tuple[Dot, ...], float]:
    """A dot for each vector, and the share of their variance that the plane shows; all must be of one length.

    The same vectors give the same plane: each axis points to where its largest component is positive.
    """
    if not vectors:
        return (), 0.0
    points = np.asarray(vectors, dtype=np.float64)
    points = points - points.mean(axis=0)
    _, sizes, axes = np.linalg.svd(points, full_matrices=False)
    whole = float((sizes**2).sum())
    if whole <= 1e-18:
        return tuple(Dot(0.0, 0.0) for _ in vectors), 1.0
    plane = axes[:2]
    plane = plane * np.sign(plane[np.arange(len(plane)), np.abs(plane).argmax(axis=1)])[:, None]
    laid = points @ plane.T
    if laid.shape[1] == 1:
        laid = np.column_stack([laid, np.zeros(len(laid))])
    return tuple(Dot(float(x), float(y)) for x, y in laid), float((sizes[:2] ** 2).sum()) / whole


def _channel(name: str, held: ChannelMemory, row: int, seen: Sequence[Observation]) -> ChannelInformation:
    scale = held.scales[row]
    shares = held.reference[row, : len(scale.labels)]
    known = np.array([k for k in range(len(shares)) if k != scale.novel])
    readings = {CHANNELS[name].read(o.fingerprint) for o in seen if o.fingerprint is not None}
    if len(readings - {None}) < 2:
        outcomes, moved = 1.0, 0.0
    else:
        among = shares[known] / shares[known].sum()
        outcomes = exp(-float((among * np.log(np.maximum(among, 1e-300))).sum()))
        moved = float(np.mean([nats_of(shares, int(k)) for k in known]))
    return ChannelInformation(name, outcomes, moved, 0.0 if scale.novel is None else nats_of(shares, scale.novel))


def nats_of(shares: Floats, gains: int) -> float:
    """KL((1-MOVED)·p + MOVED·e_k ‖ p), where category k = `gains`."""
    changed = (1 - MOVED) * shares
    changed[gains] += MOVED
    return float((changed * np.log(np.maximum(changed, 1e-300) / np.maximum(shares, 1e-300))).sum())
