"""One probe, to look at: what an ask of it tells, how it is answered now and in the reference, and its replies laid
into a plane. All of it is read from what the judge knows, without simulation, and decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, expm1, inf, log
from typing import Final, Literal

import numpy as np

from prober.judging.channels import CHANNELS, Channel, answer_words
from prober.judging.memory import ChannelMemory, Memory
from prober.judging.statistic.readings import Floats
from prober.judging.statistic.scales import MUTE, Scale
from prober.model.evidence import Observation

MOVED: Final = 0.1
"""The standard change: a tenth of the replies."""
NEGLIGIBLE: Final = 1e-4
"""Nats an ask below which a channel shows nothing."""
PATIENCE: Final = 30.0
"""Days that a probe alone may take to show the standard change."""
ENDPOINT_WIDE: Final = frozenset({"identity", "serving", "tokens"})
"""Channels that say who answered: any probe shows it, so it is no merit of one."""

_LOGARITHMS: Final[Mapping[str, str]] = {"length": "characters", "reasoning": "reasoning tokens"}
"""Channels that read ln(1 + n) → what n counts."""
_CATEGORIES: Final[Mapping[str, str]] = {
    "(new)": "something new",
    "(other)": "any other",
    "(anything)": "any answer",
    "refusal 0": "answers",
    "refusal 1": "refuses",
    "expectation 0": "fails a check",
    "expectation 1": "passes all checks",
}
"""Label, or channel and label → as people say it."""

Worth = Literal["silent", "rigid", "faint", "telling"]
ADVICE: Final[Mapping[tuple[Worth, bool], str]] = {
    ("silent", False): "carries no information: drop it",
    ("silent", True): "carries no information but its checks: keep it for these only",
    ("rigid", False): "only sees changes that break its one answer: drop it, or find prompts on the edge with "
    "`prober discover`",
    ("rigid", True): "only sees changes that break its one answer or its checks",
    ("faint", False): "shows little with each ask: raise samples, or find better prompts with `prober discover`",
    ("faint", True): "shows little with each ask beside its checks: raise samples",
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
    """Unit of the readings."""
    labels: tuple[str, ...]
    """The categories as people say them. Hostile."""
    then: tuple[float, ...]
    """Share of each in the replies of the reference that were looked at."""
    now: tuple[float, ...]
    """Share of each in the newest replies."""
    read_then: int
    """How many of the replies of the reference the channel could read."""
    read: int
    """How many of the newest replies."""

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


def distributions(
    memory: Memory, series: str, then: Sequence[Observation], recent: Sequence[Observation]
) -> tuple[Distribution, ...]:
    """Every channel that reads this series for itself, those that moved most first, counted in the replies of the
    reference and in the newest. Both are of this series."""
    found = []
    for name, held in memory.channels.items():
        channel = CHANNELS.get(name)
        if channel is None or series not in held.rows:
            continue
        scale = held.scales[held.rows.index(series)]
        sides = [_counts(channel, scale, side) for side in (then, recent)]
        if all(map(sum, sides)):
            before, now = (tuple(count / sum(side) for count in side) for side in sides)
            labels = tuple(category(name, label) for label in scale.labels)
            found.append(Distribution(name, channel.unit, labels, before, now, *map(sum, sides)))
    return tuple(sorted(found, key=lambda one: (-one.moved, one.channel)))


def unread(memory: Memory, series: str) -> tuple[str, ...]:
    """Channels that are judged at this endpoint, but not for this probe: its replies say too little in them."""
    return tuple(
        name
        for name, held in memory.channels.items()
        if name in CHANNELS
        and not CHANNELS[name].is_endpoint_wide
        and (series not in held.rows or held.scales[held.rows.index(series)].score == MUTE.score)
    )


def category(channel: str, label: str) -> str:
    """A category of a scale as people say it: `up to 75 characters`, `refuses`, `something new`. A label that is an
    answer stays as it is."""
    if said := _CATEGORIES.get(label) or _CATEGORIES.get(f"{channel} {label}"):
        return said
    unit = _LOGARITHMS.get(channel, "")
    low, _, high = label.partition("..")
    try:
        bounds = [float(one) for one in (low, high) if one]
    except ValueError:
        return answer_words(channel, label)
    said_ = [_number(expm1(one) if unit else one) for one in bounds]
    unit = f" {unit}" if unit else ""
    if len(bounds) == 1:
        return f"{said_[0]}{unit}"
    if bounds[0] == -inf:
        return f"up to {said_[1]}{unit}"
    return f"over {said_[0]}{unit}" if bounds[1] == inf else f"{said_[0]} to {said_[1]}{unit}"


def _counts(channel: Channel, scale: Scale, replies: Sequence[Observation]) -> list[int]:
    counts = [0] * len(scale.labels)
    for one in replies:
        reading = None if one.fingerprint is None else channel.read(one.fingerprint)
        place = None if reading is None else scale.place(reading)
        if place is not None:
            counts[place[0]] += 1
    return counts


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:.2g}"


def lay(vectors: Sequence[Sequence[float]]) -> tuple[tuple[Dot, ...], float]:
    """A dot for each vector, and the share of their variance that the plane shows; all must be of one length.

    The same vectors give the same plane: each axis points to where its largest component is positive.
    """
    if not vectors:
        return (), 0.0
    points = np.asarray(vectors, dtype=np.float64)
    points = points - points.mean(axis=0)
    # Of the replies or of the components, whichever are fewer: a quarter of the time of a singular value decomposition,
    # and more replies than components take time by their number only.
    is_tall = len(points) > points.shape[1] > 1
    squares, sides = np.linalg.eigh(points.T @ points if is_tall else points @ points.T)
    whole = float(squares.sum())
    if whole <= 1e-18:
        return tuple(Dot(0.0, 0.0) for _ in vectors), 1.0
    largest = np.where(squares > whole * 1e-14, squares, 0.0)[:-3:-1]
    sides = sides[:, :-3:-1]
    laid = np.where(largest > 0, points @ sides, 0.0) if is_tall else sides * np.sqrt(largest)
    axes = sides if is_tall else points.T @ laid
    laid = laid * np.where(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    return tuple(Dot(float(x), float(y)) for x, y in laid), float(largest.sum()) / whole


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
