"""What a channel is: what it reads from a fingerprint, and how it says what it saw."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from prober.detectors.readings import Reading
from prober.detectors.verdict import Kind
from prober.evidence import Fingerprint


@dataclass(frozen=True, slots=True)
class Channel:
    """One row of `DETECTORS`. Channels complement each other; each feeds the same statistic (`clustered`)."""

    name: str
    read: Callable[[Fingerprint], Reading | None]
    """Fingerprint → name, number, vector or first tokens; None where there is nothing to read."""
    unit: str
    """Of the value shown in its history."""
    words: Callable[[float, float], str]
    """(recent value, reference value) → the effect as a person says it; unused where readings are names."""
    show: Callable[[float, float], float] = lambda value, reference: value
    """(mean reading, mean reading of the reference) → the value shown, in `unit`."""
    atoms: tuple[float, ...] = ()
    """The only numbers it can read, where these are known."""
    difference: str = ""
    """Unit of the difference of two readings, where it is not `unit`."""
    pooled: bool = False
    """Whether all probes are one series: what they read is the endpoint's, so that it differs for all or for none."""
    kind: Kind = "behaviour_change"
    """The diagnosis when this channel moves."""


def percent(share: float) -> str:
    """A share as a person writes it: `0.3 %`, `11 %`."""
    value = 100 * share
    return f"{value:.1f} %" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f} %"


def ratio(value: float, reference: float) -> float:
    """Of what two logarithms stand for."""
    return math.exp(min(value - reference, 50.0))


def longer(recent: float, reference: float) -> str:
    """A ratio as a person says it: `34 % longer`."""
    times = recent / reference
    return f"{percent(abs(times - 1))} {'longer' if times >= 1 else 'shorter'}"
