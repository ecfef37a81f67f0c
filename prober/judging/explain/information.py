"""What one ask of a probe tells, channel by channel: read off what the judge believes in, without simulation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final, Literal

import numpy as np

from prober.judging.channels import CHANNELS
from prober.judging.memory import ChannelMemory, Memory
from prober.judging.statistic.table import Floats
from prober.model.evidence import Observation

MOVED: Final = 0.1
"""The standard change: a tenth of the replies."""
NEGLIGIBLE: Final = 1e-4
"""Nats an ask below which a channel tells nothing."""
PATIENCE: Final = 30.0
"""Days that a probe alone may take to show the standard change."""
ENDPOINT_WIDE: Final = frozenset({"identity", "serving", "tokens"})
"""Channels that say who answered: any probe shows it, so it speaks for none."""

Worth = Literal["silent", "rigid", "faint", "telling"]


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
    """The most telling first, as far as the standard change goes."""
    days_alone: float | None
    """That the best detector would need for the standard change from this probe's best channel alone: ln A / KL rounds
    (Lorden 1971). None where it would take for ever."""
    worth: Worth
    """`silent`: nothing shows. `rigid`: only a break of its one answer. `faint`: takes longer than `PATIENCE`."""


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
        moved = float(np.mean([_nats(shares, int(k)) for k in known]))
    return ChannelInformation(name, outcomes, moved, 0.0 if scale.novel is None else _nats(shares, scale.novel))


def _nats(shares: Floats, gains: int) -> float:
    """KL((1-MOVED)·p + MOVED·e_k ‖ p), where category k = `gains`."""
    changed = (1 - MOVED) * shares
    changed[gains] += MOVED
    return float((changed * np.log(np.maximum(changed, 1e-300) / np.maximum(shares, 1e-300))).sum())


def advice(one: ProbeInformation) -> str:
    """What to do about a probe, in plain words; empty where it is well as it is."""
    return ADVICE[one.worth, one.checked]


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
