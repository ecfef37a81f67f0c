"""What stands beside the evidence and is none: the other endpoints of an event, and latency. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from dashboard.formatting import count, inline, listed, number
from prober.model.notice import Part
from prober.store.pages.page_views import RoundLine

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


def latency(lines: Sequence[RoundLine]) -> str:
    """How long answers took of late; nothing where no reply says."""
    seconds = _halves(lines[-ROUNDS:])
    if not seconds:
        return ""
    return f"Latency, which is never judged: {_usual(seconds)} in the last {count(len(seconds), 'round')}."


def latency_moved(lines: Sequence[RoundLine], onset: str) -> str:
    """How long answers took before a change and since; nothing unless both are known."""
    before = _halves([one for one in lines if one.round < onset][-ROUNDS:])
    since = _halves([one for one in lines if one.round >= onset][:ROUNDS])
    if not before or not since:
        return ""
    return f"Latency, which is never judged: {_usual(before)} before the change, within {_s(since)} since."


def _halves(lines: Sequence[RoundLine]) -> list[float]:
    return [one.latency_half_s for one in lines if one.latency_half_s is not None]


def _usual(seconds: Sequence[float]) -> str:
    return f"in the usual round half of the answers came within {_s(seconds)}"


def _s(seconds: Sequence[float]) -> str:
    return f"{number(median(seconds))} s"
