r"""The fleet: evidence of endpoints of one provider that move at the same time is pooled (docs/mathematics/promise.md).

With \(R_i\) the e-detector of endpoint i and \(A_i\) its threshold, \(e_i = R_i / A_i\) alarms alone at 1. The e-BH
procedure (Wang & Ramdas, "False discovery rate control with e-values", 2022) over K endpoints at level K/A confirms the
k largest where each has \(e_i \ge 1/k\). It is run over endpoints whose onsets agree, which is what becomes one
incident: then the calls of an unchanged fleet stay within the sum of its promises, however they depend on each other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import isnan
from typing import Final

from prober.judging.explain.summary import kind_of
from prober.model.evidence import Between, Judgement

FLOOR: Final = 0.25
"""Share of its threshold that an endpoint must reach to count. Where all endpoints share their noise it bounds how much
more often each is named in an incident than the promise says of calls: four times."""
STALE: Final = 2.0
"""Periods after which the newest judgement of an endpoint no longer counts."""
APART: Final = timedelta(hours=2)
"""Onsets this far apart are one event, or two periods of the slower endpoint, if that is more."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """When a change began, as far as is known, and how finely that is known."""

    first: datetime
    last: datetime
    """The same as `first` where only one moment is known."""
    period: timedelta
    """Between scheduled rounds."""

    @staticmethod
    def of(onset: str, between: Between | None, period: timedelta) -> Stretch:
        """From labels, which must be times."""
        first, last = between or (onset, onset)
        return Stretch(datetime.fromisoformat(first), datetime.fromisoformat(last), period)


@dataclass(frozen=True, slots=True)
class EndpointEvidence:
    """The evidence of an endpoint after its newest judged round."""

    endpoint: str
    e_value: float
    """Its e-detector as a share of its threshold, R/A: 1 alarms alone."""
    onset: Stretch
    judged_at: datetime

    @staticmethod
    def of(endpoint: str, judgement: Judgement, judged_at: datetime, period: timedelta) -> EndpointEvidence:
        """From the judgement of its newest round, whose labels must be times."""
        share = judgement.e_value / judgement.threshold
        onset = Stretch.of(judgement.onset or judgement.round, judgement.onset_between, period)
        return EndpointEvidence(endpoint, 0.0 if isnan(share) else share, onset, judged_at)


def agree(one: Stretch, other: Stretch) -> bool:
    """Whether two onsets may be one event: they overlap, or are no further apart than two rounds or `APART`."""
    gap = max(one.first, other.first) - min(one.last, other.last)
    return gap <= max(APART, 2 * one.period, 2 * other.period)


def fresh(evidence: EndpointEvidence, now: datetime) -> bool:
    """Whether it was judged within its last two periods, and not later than now."""
    return timedelta(0) <= now - evidence.judged_at <= STALE * evidence.onset.period


def confirmed(peers_evidence: Sequence[EndpointEvidence]) -> tuple[EndpointEvidence, ...]:
    """e-BH: the k largest, for the largest k at which each of them is at least 1/k; strongest first."""
    ranked = sorted((s for s in peers_evidence if s.e_value >= FLOOR), key=lambda s: (-s.e_value, s.endpoint))
    most = max((k for k, s in enumerate(ranked, 1) if s.e_value * k >= 1), default=0)
    return tuple(ranked[:most])


def with_peers(
    judgement: Judgement,
    endpoint: str,
    period: Callable[[], timedelta],
    peers: Callable[[], Sequence[EndpointEvidence]],
    now: datetime,
) -> tuple[Judgement, tuple[str, ...]]:
    """The judgement, an alarm where the fleet makes it one; and the names of the endpoints whose evidence was pooled.

    `period` is the time between its scheduled rounds, and `peers` are the other endpoints of the same provider; both
    are asked for only where peers could matter. Peers that are stale, below `FLOOR`, or that began to move at another
    time do not count.
    """
    if judgement.state in ("alarm", "insufficient_evidence") or judgement.e_value < FLOOR * judgement.threshold:
        return judgement, ()
    own = EndpointEvidence.of(endpoint, judgement, now, period())
    agreeing = [peer for peer in peers() if fresh(peer, now) and agree(peer.onset, own.onset)]
    pooled = confirmed([own, *agreeing])
    if own not in pooled:
        return judgement, ()
    raised = replace(judgement, state="alarm", kind=kind_of(judgement.moved))
    return raised, tuple(sorted(one.endpoint for one in pooled if one is not own))
