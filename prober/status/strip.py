"""The last days of every endpoint at a glance: of each day, the worst that was so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal, TypeAlias

from prober.store.engine import Transaction
from prober.store.pages import last_days
from prober.store.pages.last_days import DayView, SpanView
from prober.text import count

DayState: TypeAlias = Literal["unknown", "quiet", "silent", "not asked", "facts", "suspected", "changed", "unreachable"]
DAY_STATES: Final[tuple[DayState, ...]] = (
    "unknown",  # before its first round, or a day on which none was due
    "quiet",
    "silent",  # rounds that usually come did not come
    "not asked",  # a budget was used up, a key was missing, or a cache answered in place of the model
    "facts",  # the provider said something else of itself
    "suspected",
    "changed",
    "unreachable",
)
"""From the best to the worst."""
DAYS: Final = 30


def stored_strips(tx: Transaction, today: date) -> Mapping[str, tuple[DayState, ...]]:
    """`strips` of everything in the store."""
    since = today - timedelta(days=DAYS - 1)
    spans = last_days.spans(tx, datetime.combine(since, time(), UTC))
    return strips(last_days.days_of_each(tx, since), spans, today)


def strips(
    days: Iterable[DayView], spans: Iterable[SpanView], today: date, length: int = DAYS
) -> Mapping[str, tuple[DayState, ...]]:
    """Name of an endpoint → a state for each of the last days, oldest first, the last of them `today`; UTC."""
    first = today - timedelta(days=length - 1)
    asked: dict[str, dict[date, DayView]] = {}
    for one in days:
        if first <= one.day <= today:
            asked.setdefault(one.endpoint, {})[one.day] = one
    found = {name: _asked(of, first, length) for name, of in asked.items()}
    # First what explains the failed asks of a day.
    for span in sorted(spans, key=lambda one: one.state != "not asked"):
        states = found.setdefault(span.endpoint, ["unknown"] * length)
        begin = max(0, (span.since.astimezone(UTC).date() - first).days)
        end = length if span.until is None else (span.until.astimezone(UTC).date() - first).days + 1
        for n in range(begin, min(end, length)):
            states[n] = _worse(states[n], span.state)
    return {name: tuple(states) for name, states in found.items()}


def _asked(days: Mapping[date, DayView], first: date, length: int) -> list[DayState]:
    """By its rounds alone. Where it is asked on most days, a day without a round is silence; else none was due."""
    every = [days.get(first + timedelta(days=n)) for n in range(length)]
    begun = next((n for n, one in enumerate(every) if one is not None), length)
    usual = sum(one is not None and one.rounds > 0 for one in every) * 2 > length - begun
    return [_of_day(one, usual and begun <= n < length - 1) for n, one in enumerate(every)]


def _of_day(one: DayView | None, is_due: bool) -> DayState:
    if one is not None and one.rounds:
        return "unreachable" if one.failed == one.asks else "quiet"
    return "silent" if is_due or (one is not None and one.missed) else "unknown"


def until_now(states: Sequence[DayState], now: str) -> tuple[DayState, ...]:
    """A strip whose last day is no better than how the endpoint stands `now`: a suspicion has no incident yet."""
    if not states or now not in DAY_STATES:
        return tuple(states)
    return (*states[:-1], _worse(states[-1], now))


def _worse(day: DayState, other: DayState) -> DayState:
    """Failed asks alone make a day `unreachable`; that the model was not asked explains them."""
    if (day, other) == ("unreachable", "not asked"):
        return other
    return max(day, other, key=DAY_STATES.index)


def counted(states: Sequence[DayState]) -> str:
    """In words, the worst first: `2 days changed, 1 day suspected`; `quiet` where nothing is worse."""
    if not any(state != "unknown" for state in states):
        return "never asked"
    counts = [(states.count(state), state) for state in reversed(DAY_STATES[2:]) if state in states]
    words = {"facts": "with facts", "silent": "without a round"}
    return ", ".join(f"{count(n, 'day')} {words.get(state, state)}" for n, state in counts) or "quiet"
