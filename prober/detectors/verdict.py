"""What detectors say: one Verdict a channel, one Judgement a round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["insufficient_evidence", "quiet", "suspected", "alarm"]
Kind = Literal["identity_change", "behaviour_change", "contract_break"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one channel says of one round."""

    channel: str
    e_value: float
    """The channel's e-detector: evidence for a change at some past round. Compare with `Judgement.threshold`."""
    value: float
    """The channel's reading of this round, in `unit`; NaN where the round has none."""
    reference_value: float
    """The same reading of the reference."""
    unit: str
    """Unit of `value`, such as `ratio to reference`, `share of replies`."""
    effect: float
    """`value` since the onset minus the reference's, in `unit`."""
    words: str
    """The effect as a person says it, such as `34 % longer` or `refuses 11 % instead of 2 %`."""
    onset: str | None
    """Label of the first round this channel thinks changed; None while it thinks none."""
    series: tuple[str, ...]
    """Series that moved most, strongest first; at most five."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all channels together say of one round of one endpoint."""

    round: str
    """The round's label."""
    state: State
    e_value: float
    """Weighted mean of the channels' e-detectors; in a still world its mean time to `threshold` keeps the promise."""
    threshold: float
    """Rounds between false alarms, as promised."""
    verdicts: tuple[Verdict, ...] = ()
    """One a channel, strongest first."""
    onset: str | None = None
    kind: Kind | None = None
    missing: str = ""
    """While evidence is insufficient: how much is missing."""
