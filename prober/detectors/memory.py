"""What the judge remembers of one endpoint between two rounds. Constant in size, whatever the history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from prober.detectors import edetector
from prober.detectors.scales import Scale
from prober.detectors.table import Floats

RECENT: Final = 64
"""Rounds whose values are remembered, to say how large an effect is."""


@dataclass(frozen=True, slots=True)
class ChannelMemory:
    """What one channel remembers of one endpoint."""

    rows: tuple[str, ...]
    """Series, in the order of the statistic's rows; one row without a name where the channel pools them."""
    probes: tuple[str, ...]
    """Their names."""
    scales: tuple[Scale, ...]
    statistic: edetector.State
    reference: Floats
    """Shape (rows, categories): mean of the reference, for showing."""
    pending: tuple[tuple[int, int, float | None], ...] = ()
    """(row, category, number) of the replies that no step of the statistic has taken yet."""
    recent: tuple[tuple[str, float], ...] = ()
    """(round, mean reading relative to the reference) of the newest rounds."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the judge remembers of one endpoint in one epoch. Constant in size."""

    channels: Mapping[str, ChannelMemory] = field(default_factory=dict)
    series: tuple[str, ...] = ()
    """Series whose reference is complete."""
    reference_rounds: tuple[str, ...] = ()
    """Labels of the rounds in any reference, in order."""
    by_day: bool = False
    """Whether the rounds of one day are one step of the statistic."""
    today: str = ""
    """The day whose replies are pending, where it steps by days."""
    since: str = ""
    """Label of its first round."""
    alarmed: bool = False
    """Whether the newest judgement is an alarm."""
    doubted: float | None = None
    """ln of the evidence that passed the threshold when the order of the rounds last spoke against an alarm; None where
    the newest evidence has not passed it, or was believed."""
