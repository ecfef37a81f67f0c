"""What a comparison says: one `Difference` a channel, and the verdict over all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["same", "changed", "insufficient_evidence"]
Exchanged = Literal["prompts", "rounds", "rounds of a probe", "replies"]
"""What the test shuffles between the logs, so what the promise covers: see `exchange`."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One channel of the candidate against the same channel of the reference."""

    channel: str
    evidence: float
    """Of this channel alone, in nats: see `permutation`."""
    p_value: float
    """Of this channel alone, never below 1 / (number of shuffles + 1)."""
    changed: bool
    """Whether it counts when all channels are looked at together, whichever of the others changed.

    Where only all of them together do, it is the one with the most evidence.
    """
    effect: float
    """Candidate minus reference where readings are numbers; else a distance: 0 to 1 for names, 0 to 2 for vectors."""
    interval: tuple[float, float] | None
    """Where the effect lies with confidence 1 - alpha, for this channel alone.

    None for a distance, which is never below zero even where nothing changed, and where too little was seen.
    """
    unit: str
    """Of `effect` and `interval`."""
    words: str
    """The effect as a person says it; names in it may be hostile text."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A channel that was not compared, and why."""

    channel: str
    reason: str


@dataclass(frozen=True, slots=True)
class Compared:
    """Two logs held against each other."""

    verdict: Outcome
    evidence: float
    """Of all channels together, in nats. It ranks comparisons of equally many rounds and replies."""
    alpha: float
    """Chance that anything at all is called changed where nothing did; over all channels together."""
    paired: bool
    """Whether the logs share probes; otherwise they are two groups of prompts of one kind."""
    exchanged: Exchanged
    probes: int
    """Probes compared: those answered in both logs, or all of both where none is shared."""
    replies: tuple[int, int]
    """Answers compared, of the reference and of the candidate."""
    failed: tuple[int, int]
    """Asks without an answer, left out."""
    unmatched: int
    """Probes answered in one log only, left out; 0 where none is shared."""
    channels: tuple[Difference, ...]
    """Those that changed first, then by p-value."""
    left_out: tuple[LeftOut, ...]
    missing: str = ""
    """How much is missing; empty unless the verdict is `insufficient_evidence`."""
