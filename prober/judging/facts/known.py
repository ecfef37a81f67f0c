"""The values one part of what a provider says has had so far, bounded, and whether another would be news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

KEPT: Final = 32
"""Values that are remembered of one part. Of more, those seen least go first."""
TURNS: Final = 4
"""Rounds that must have been seen for each of several values before a further value is news. Of six equally likely
values that come by whole rounds, one is then still unseen in one of fifty cases."""
RARE: Final = 20
"""A further value is news where at most one round in so many brought a value that was never seen again: the Good-Turing
estimate of the chance of a value never seen."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How often one value was seen."""

    rounds: int
    replies: int
    first: str
    """Labels of rounds."""
    last: str


@dataclass(frozen=True, slots=True)
class Known:
    """The values that one part has had. They are cleared when none of the earlier ones comes any more."""

    values: Mapping[str, Seen] = field(default_factory=dict)
    """Since it began."""
    rounds: int = 0
    """Since it began, with any value."""
    dropped: int = 0
    """Values that were forgotten."""
    past: Mapping[str, Seen] = field(default_factory=dict)
    """Values before they were cleared."""
    past_rounds: int = 0
    waiting: Mapping[str, str] = field(default_factory=dict)
    """Value that would be news, were it seen once more → label of the round that showed it."""

    def has(self, value: str) -> bool:
        return value in self.values or value in self.past

    @property
    def names(self) -> tuple[str, ...]:
        """All known values, the commonest of now first."""
        newest = sorted(self.values, key=lambda value: -self.values[value].replies)
        return (*newest, *(value for value in self.past if value not in self.values))

    @property
    def replies(self) -> int:
        return sum(seen.replies for seen in self.values.values())

    def is_settled(self, least: int) -> bool:
        """Whether a further value would be news: one value came in `least` rounds, or several come again and again."""
        distinct = len(self.values) + self.dropped
        if distinct == 1:
            return self.rounds >= least
        once = self.dropped + sum(seen.rounds == 1 for seen in self.values.values())
        return distinct > 1 and self.rounds >= TURNS * distinct and RARE * once <= self.rounds

    def taken(self, counts: Mapping[str, int], label: str) -> Known:
        """With the values of one more round, each with its number of replies."""
        values = dict(self.values)
        for value, replies in counts.items():
            before = values.get(value) or self.past.get(value) or Seen(0, 0, label, label)
            values[value] = Seen(before.rounds + 1, before.replies + replies, before.first, label)
        kept = _bounded(values)
        waiting = {value: first for value, first in self.waiting.items() if value not in counts}
        dropped = self.dropped + len(values) - len(kept)
        return replace(self, values=kept, rounds=self.rounds + 1, dropped=dropped, waiting=waiting)

    def begun(self, counts: Mapping[str, int], label: str) -> Known:
        """Cleared, then these values, none of which was known."""
        past = _bounded({**self.past, **self.values})
        return Known(past=past, past_rounds=self.rounds).taken(counts, label)

    def returned(self, counts: Mapping[str, int], label: str) -> Known:
        """Back at values before: they alternate, so all of them are values of now."""
        values = _bounded({**self.past, **self.values})
        back = Known(values, self.rounds + self.past_rounds, self.dropped, waiting=self.waiting)
        return back.taken(counts, label)


def _bounded(values: Mapping[str, Seen]) -> dict[str, Seen]:
    if len(values) <= KEPT:
        return dict(values)
    kept = sorted(values, key=lambda value: (values[value].rounds, values[value].last))[-KEPT:]
    return {value: values[value] for value in values if value in kept}
