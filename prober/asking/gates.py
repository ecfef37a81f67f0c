"""Gates: what admits an ask or refuses it, with a reason. A gate is one object; a list of them is asked in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from prober.asking.interface import Answer, Ask


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an ask may not be made now."""

    reason: str
    """A word, and what it means here: `budget_exhausted: 25 of 25 asks of the day are spent`."""


class Gate(Protocol):
    """Reserves what an ask may cost before it is made, and learns what it did cost."""

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        """How many of these asks, from the first on, may be made now; and why not the next. They count from here on."""
        ...

    def settle(self, answers: Sequence[Answer]) -> None:
        """What came of asks that were admitted: what they cost takes the place of what was reserved."""
        ...

    def release(self, asks: Sequence[Ask]) -> None:
        """These were admitted and were not made."""
        ...


def admit(gates: Sequence[Gate], asks: Sequence[Ask]) -> tuple[int, Refused | None]:
    """As `Gate.admit`, by all gates: an ask is made where none of them refuses it."""
    count, refused = len(asks), None
    for number, gate in enumerate(gates):
        fewer, reason = gate.admit(asks[:count])
        if fewer < count:
            for earlier in gates[:number]:
                earlier.release(asks[fewer:count])
            count, refused = fewer, reason
    return count, refused
