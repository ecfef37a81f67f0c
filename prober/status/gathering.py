"""What comes when: the end of a reference that is gathered, what watches until then, and the next round. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from math import ceil
from typing import Final

from prober.judging.provisional import is_look
from prober.model.reference import ReferenceRule
from prober.store.views import EndpointView, GatheredView, RoundView
from prober.text import count

NO_WORDS: Final = "no reply has had any text so far, so nothing can be seen in it; `prober once` shows why"
PROTECTIONS: Final = {
    "facts": "facts (model name, fingerprint, token counts, empty replies)",
    "checks": "the checks that probes declare",
    "provisional_judgement": "provisional judgement (the newest rounds against those before them)",
    "reachability": "whether asks are answered",
    "freshness": "whether rounds come",
}
"""What watches an endpoint before it has a reference, and what that is."""


def protected_by(endpoint: EndpointView) -> tuple[str, ...]:
    """Names of `PROTECTIONS` that are in force. Rounds are compared only while a set has few, and only if the next
    one makes enough of them."""
    is_compared = any(is_look(one.rounds + 1) for one in endpoint.gathered)
    return tuple(name for name in PROTECTIONS if is_compared or name != "provisional_judgement")


def judged_from(endpoint: EndpointView, rounds: Sequence[RoundView], now: datetime) -> datetime | None:
    """When every probe set has the rounds and hours that its reference needs.

    None where no set has begun, its pace is not known yet, or it has all that and needs more: whole days, where the
    rounds of one day are correlated.
    """
    if endpoint.reference is None or not endpoint.gathered:
        return None
    ready = [_complete_at(one, endpoint.reference, rounds) for one in endpoint.gathered]
    known = [at for at in ready if at is not None]
    return max(known) if len(known) == len(ready) and max(known) > now else None


def _complete_at(gathered: GatheredView, rule: ReferenceRule, rounds: Sequence[RoundView]) -> datetime | None:
    """When a set is due for the round that completes its reference."""
    gap = middle_gap(rounds, gathered.probe_set)
    if not gap:
        return None
    newest = next(one.due_at for one in rounds if one.probe_set == gathered.probe_set)
    lacking_s = (gathered.first_at + timedelta(hours=rule.hours) - newest).total_seconds()
    return newest + gap * max(rule.rounds - gathered.rounds, ceil(lacking_s / gap.total_seconds()))


def middle_gap(rounds: Sequence[RoundView], probe_set: str) -> timedelta | None:
    """Between the newest scheduled rounds of a set; None before three of them. `rounds`: newest first.

    A moment that came twice, because the clock was set back, has two rounds, a microsecond apart; it counts once.
    """
    due = [one.due_at for one in rounds if one.probe_set == probe_set and not one.confirms][:21]
    gaps = sorted(gap for later, earlier in pairwise(due) if (gap := later - earlier) > timedelta(milliseconds=1))
    return gaps[len(gaps) // 2] if len(gaps) >= 2 else None


def next_scheduled(rounds: Sequence[RoundView]) -> datetime | None:
    """When the next scheduled round of any set is due, at its usual pace. `rounds`: newest first."""
    newest = {one.probe_set: one.due_at for one in reversed(rounds) if not one.confirms}
    return min((at + gap for name, at in newest.items() if (gap := middle_gap(rounds, name))), default=None)


def without_words(endpoint: EndpointView, state: str) -> str:
    """What is to be said of an endpoint none of whose replies ever had a text: it is asked, and nothing is watched."""
    is_answering = (
        endpoint.rounds > 0
        and endpoint.asks > endpoint.failed_asks
        and state in ("gathering", "quiet", "suspected", "stale")
    )
    return f"; {NO_WORDS}" if is_answering and endpoint.characters == 0 else ""


def lasting(span: timedelta) -> str:
    """`45 s`, `12 min`, `3 h 12 min`, `2 days 3 h`."""
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours, days = seconds // 60 % 60, seconds // 3600 % 24, seconds // 86400
    if days:
        return count(days, "day") + (f" {hours} h" if hours else "")
    if hours:
        return f"{hours} h" + (f" {minutes} min" if minutes else "")
    return f"{minutes} min"
