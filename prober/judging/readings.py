"""What a channel may read from one fingerprint: a name, a number, a vector, or the likeliest first tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

RECURS: Final = 0.5
"""Share of `Recurring` names that must come in another round too; else they tell nothing."""


class Recurring(str):
    """A name that says something only where it comes again, such as the digest of a whole text."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class TopTokens:
    """The likeliest first tokens of one reply."""

    pairs: tuple[tuple[str, float], ...]
    """(token, natural-log probability); at least one, no token twice."""


Reading = str | float | tuple[float, ...] | TopTokens


def recurring(groups: Sequence[Sequence[Hashable]]) -> float:
    """Share of the readings that come in another group too; groups are rounds, or whatever may differ as a whole."""
    groups_with = Counter(reading for readings in groups for reading in set(readings))
    total = sum(map(len, groups))
    return sum(groups_with[reading] > 1 for readings in groups for reading in readings) / total if total else 0.0
