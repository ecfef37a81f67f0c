"""What detectors say: one Verdict a channel, one Judgement a round."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Literal

State = Literal["insufficient_evidence", "quiet", "suspected", "alarm"]
Kind = Literal["identity_change", "behaviour_change", "contract_break"]
"""From the least serious to the most."""
Between = tuple[str, str]
"""Labels of the first and the last round of a stretch, both within it."""


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
    log_e: float = -inf
    """ln `e_value`, which does not stop at the largest double; −∞ is no evidence at all."""
    onset_between: Between | None = None
    """Where the onset is with 90 % belief, given that there is one; None while the channel has not `moved`."""


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
    """While evidence is insufficient: how much is missing. While it is enough and not believed: why not."""
    onset_between: Between | None = None
    """Where the onset is with 90 % belief; that of the channel `onset` is taken from."""

    @property
    def moved(self) -> tuple[Verdict, ...]:
        """The channels whose own evidence passes a tenth of the threshold, strongest first."""
        return moved(self.verdicts, self.threshold)


def moved(verdicts: Sequence[Verdict], threshold: float) -> tuple[Verdict, ...]:
    """Those whose own evidence passes a tenth of the threshold, in their order."""
    return tuple(verdict for verdict in verdicts if verdict.e_value >= threshold / 10)
