"""What stands beside the evidence and is none: the other endpoints of an event, and latency. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from dashboard.words import count, inline, listed, number
from prober.notice import Part
from prober.store.views import RoundView

ROUNDS = 10
"""Rounds whose latency is looked at, on each side of a change."""


def company(parts: Sequence[Part]) -> str:
    """Who moved at the same time, as markdown; nothing where nobody did."""
    own = [f"{inline(part.endpoint)} (incident {part.incident_id})" for part in parts if part.incident_id is not None]
    counted = [inline(part.endpoint) for part in parts if part.incident_id is None]
    told = [f"At the same provider moved at the same time: {listed(own, 8)}."] if own else []
    if counted:
        told.append(f"Believed sooner because evidence had grown there as well: {listed(counted, 8)}.")
    return " ".join(told)


def newest(rounds: Sequence[RoundView], endpoint_hash: str) -> tuple[int, ...]:
    """The ids of an endpoint's newest completed rounds."""
    return tuple(one.id for one in _completed(rounds, endpoint_hash)[-ROUNDS:])


def around(rounds: Sequence[RoundView], endpoint_hash: str, onset: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The ids of the last rounds before `onset`, and of the first from it on."""
    labelled = _completed(rounds, endpoint_hash)
    before = [one.id for one in labelled if one.label < onset][-ROUNDS:]
    return tuple(before), tuple(one.id for one in labelled if one.label >= onset)[:ROUNDS]


def latency(seconds: Sequence[float], rounds: int) -> str:
    """How long answers took of late; nothing where no reply says."""
    if not seconds:
        return ""
    return f"Latency, which is never judged: {_half(seconds)} in the last {count(rounds, 'round')}."


def latency_moved(before: Sequence[float], since: Sequence[float]) -> str:
    """How long answers took before a change and since; nothing unless both are known."""
    if not before or not since:
        return ""
    return f"Latency, which is never judged: {_half(before)} before the change, within {_s(since)} since."


def _completed(rounds: Sequence[RoundView], endpoint_hash: str) -> list[RoundView]:
    """Oldest first."""
    mine = (one for one in rounds if one.endpoint_hash == endpoint_hash and one.state == "completed")
    return sorted(mine, key=lambda one: one.label)


def _half(seconds: Sequence[float]) -> str:
    return f"half of the answers came within {_s(seconds)}"


def _s(seconds: Sequence[float]) -> str:
    return f"{number(median(seconds))} s"
