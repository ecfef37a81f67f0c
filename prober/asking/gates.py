"""Gates: what admits an ask or refuses it, with a reason. A gate is one object; a list of them is asked in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from prober.asking.failures import FREE
from prober.asking.interface import Answer, Ask
from prober.model.budget import Spent
from prober.model.reply import Reply
from prober.prices import Tariff
from prober.text import count
from prober.tokens import TokenEstimate


@dataclass(frozen=True, slots=True)
class Refused:
    """Why an ask may not be made now."""

    reason: str
    """A word, and what it means here: `budget_exhausted: 25 of 25 asks of the last 24 hours are spent`."""
    retry_s: float | None = None
    """After how long it may be admitted; None where waiting does not help."""


def says_unreached(reason: str) -> bool:
    """Whether asks were refused because the endpoint answers nothing, so that further asks would fail too."""
    return reason.startswith("breaker_open")


Purpose: TypeAlias = Literal["beside", "low", "normal", "high", "confirmation"]
"""What asks are for: `beside` rounds (canaries, shadows, gates and other verbs), rounds of a set of this priority, or
rounds that confirm a suspicion."""
MAY_BE_AHEAD: Final[dict[Purpose, float]] = {"beside": 0, "low": 1, "normal": 2, "high": 4, "confirmation": 8}
"""By how many planned rounds a set that spends too much may be ahead of its plan, for such asks to be made still. One
ask that confirms a fact is always made."""


@dataclass(frozen=True, slots=True)
class Overspending:
    """A probe set of an endpoint for which a cost incident is open."""

    incident: int
    probe_set: str
    priority: Purpose
    ahead: float
    """Planned rounds that it has spent before their time."""


def held_back(purpose: Purpose, probe_set: str, overspending: Sequence[Overspending]) -> Refused | None:
    """Why asks of a set for this purpose are not made now; None where they are. What spends is held to its plan, and
    what is asked of the same endpoint with a lower priority gives way meanwhile."""
    for one in overspending:
        is_first = purpose == "beside" or (
            MAY_BE_AHEAD[purpose] < MAY_BE_AHEAD[one.priority] and one.ahead >= MAY_BE_AHEAD[one.priority]
        )
        if is_first or (one.probe_set == probe_set and one.ahead >= MAY_BE_AHEAD[purpose]):
            return Refused(
                f"held_back: {one.probe_set} has spent the tokens of "
                f"{count(round(one.ahead, 1), 'planned round')} too early "
                f"(incident {one.incident})"
            )
    return None


class Gate(Protocol):
    """Reserves what an ask may cost before it is made, and learns what it did cost."""

    @property
    def is_ahead(self) -> bool:
        """Whether asks may be admitted long before they are made; else only as many as are made at once."""
        ...

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


class ClosedGate:
    """Refuses every ask, for one reason."""

    is_ahead = True

    def __init__(self, refused: Refused) -> None:
        self._refused = refused

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        return 0, self._refused if asks else None

    def settle(self, answers: Sequence[Answer]) -> None: ...

    def release(self, asks: Sequence[Ask]) -> None: ...


@dataclass(frozen=True, slots=True)
class Booking:
    """What a ledger says to asks that are to be made."""

    count: int
    """How many of them it holds, from the first on."""
    reason: str
    """Why it does not hold the next one."""
    page: str
    """Where they are booked, such as the moment."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An ask that was booked, and what it cost in the end."""

    answer: Answer
    page: str
    booked: Spent
    cost: Spent


class Ledger(Protocol):
    """What is spent of a budget, kept where it outlives the process."""

    def book(self, costs: Sequence[Spent]) -> Booking:
        """Asks that may cost so much each, as many as the budget holds."""
        ...

    def settle(self, entries: Sequence[Entry]) -> None:
        """What these asks cost takes the place of what was booked for them."""
        ...

    def cancel(self, page: str, cost: Spent) -> None:
        """An ask that was booked there, at this cost, was not made."""
        ...


class BudgetGate:
    """Admits an ask where the budget holds the most it may cost. It counts from then on, whatever becomes of it."""

    def __init__(self, ledger: Ledger, estimate: TokenEstimate, tariff: Tariff | None = None) -> None:
        """`tariff` is None where no budget is in dollars."""
        self._ledger, self._estimate, self._tariff = ledger, estimate, tariff
        self._booked: dict[tuple[str, int], tuple[str, Spent]] = {}
        """(series, sample) → page, and the most it may cost."""

    is_ahead = False

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        if not asks:
            return 0, None
        most = [priced(*self._estimate.of(ask.probe), self._tariff) for ask in asks]
        booking = self._ledger.book(most)
        for ask, cost in zip(asks[: booking.count], most, strict=False):
            self._booked[ask.series, ask.sample] = booking.page, cost
        return booking.count, Refused(booking.reason) if booking.count < len(asks) else None

    def settle(self, answers: Sequence[Answer]) -> None:
        entries: list[Entry] = []
        for answer in answers:
            ask, reply = answer
            page, booked = self._booked.pop((ask.series, ask.sample))
            entries.append(Entry(answer, page, booked, cost_of(reply, booked, self._tariff)))
            self._estimate.learn(ask.probe, reply)
        self._ledger.settle(entries)

    def release(self, asks: Sequence[Ask]) -> None:
        for ask in asks:
            self._ledger.cancel(*self._booked.pop((ask.series, ask.sample)))


def cost_of(reply: Reply, booked: Spent, tariff: Tariff | None = None) -> Spent:
    """What an ask has cost: as the provider counts tokens; where it does not say, as much as was booked."""
    if reply.tokens is not None:
        return priced(reply.input_tokens or 0, reply.all_output_tokens or 0, tariff)
    return Spent(1, 0) if reply.error in FREE else booked


def priced(input_tokens: int, output_tokens: int, tariff: Tariff | None) -> Spent:
    """One ask that takes so many tokens."""
    return Spent(1, input_tokens + output_tokens, tariff.nanodollars(input_tokens, output_tokens) if tariff else 0)
