"""How one probe was answered in its reference, and how it is now, channel by channel: to look at. Decides nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from prober.judging.channels import CHANNELS
from prober.judging.memory import Memory
from prober.model.evidence import Observation


@dataclass(frozen=True, slots=True)
class Distribution:
    """One channel of one probe: its categories, then and now."""

    channel: str
    unit: str
    """Of the readings."""
    labels: tuple[str, ...]
    """The categories: names, values, or ranges such as `12..31`. Hostile."""
    then: tuple[float, ...]
    """Share of each in the reference, as the judge believes it."""
    now: tuple[float, ...]
    """Share of each in the newest replies."""
    read: int
    """How many of the newest replies the channel could read."""

    @property
    def moved(self) -> float:
        """Share of the replies that are in another category than then: total variation, 0 to 1."""
        return sum(abs(one - other) for one, other in zip(self.then, self.now, strict=True)) / 2


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
