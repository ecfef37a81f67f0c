"""Gates: what admits an ask or refuses it, with a reason. A gate is one object; a list of them is asked in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from prober.asking.failures import FREE
from prober.asking.interface import Answer, Ask
from prober.model.declaration import Probe
from prober.model.reply import Reply

UNLIMITED: Final = 512
"""Output tokens set aside for an ask where the endpoint declares no limit, until ENOUGH_SEEN replies were seen."""
ENOUGH_SEEN: Final = 12
MARGIN: Final = 3
"""Afterwards, so many times the longest of them."""
OVERHEAD: Final = 64
"""Input tokens set aside beyond the bytes of a prompt, for what a provider puts around it."""

_LIMITS = frozenset({"max_tokens", "max_completion_tokens", "max_output_tokens", "maxOutputTokens"})
"""Parameters that limit the tokens of an answer, as providers name them."""


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


@dataclass(frozen=True, slots=True)
class Booking:
    """What a ledger says to asks that are to be made."""

    count: int
    """How many of them it holds, from the first on."""
    reason: str
    """Why it does not hold the next one."""
    page: str
    """Where they are booked, such as the day."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An ask that was booked, and what it cost in the end."""

    answer: Answer
    page: str
    booked: int
    """Tokens."""
    cost: int
    """Tokens."""


class Ledger(Protocol):
    """What is spent of a budget, kept where it outlives the process."""

    def book(self, tokens: Sequence[int]) -> Booking:
        """Asks that may cost so many tokens each, as many as the budget holds."""
        ...

    def settle(self, entries: Sequence[Entry]) -> None:
        """What these asks cost takes the place of what was booked for them."""
        ...

    def cancel(self, page: str, tokens: int) -> None:
        """An ask that was booked there, with so many tokens, was not made."""
        ...


class BudgetGate:
    """Admits an ask where the budget holds the most it may cost. It counts from then on, whatever becomes of it."""

    def __init__(self, ledger: Ledger, estimate: TokenEstimate) -> None:
        self._ledger, self._estimate = ledger, estimate
        self._booked: dict[tuple[str, int], tuple[str, int]] = {}
        """(series, sample) → page and tokens."""

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        if not asks:
            return 0, None
        most = [self._estimate.of(ask.probe) for ask in asks]
        booking = self._ledger.book(most)
        for ask, tokens in zip(asks[: booking.count], most, strict=False):
            self._booked[ask.series, ask.sample] = booking.page, tokens
        return booking.count, Refused(booking.reason) if booking.count < len(asks) else None

    def settle(self, answers: Sequence[Answer]) -> None:
        entries: list[Entry] = []
        for answer in answers:
            ask, reply = answer
            page, booked = self._booked.pop((ask.series, ask.sample))
            entries.append(Entry(answer, page, booked, cost_of(reply, booked)))
            self._estimate.learn(ask.probe, reply)
        self._ledger.settle(entries)

    def release(self, asks: Sequence[Ask]) -> None:
        for ask in asks:
            self._ledger.cancel(*self._booked.pop((ask.series, ask.sample)))


def cost_of(reply: Reply, booked: int) -> int:
    """Tokens an ask has cost: as the provider counts them; where it does not say, as many as were booked."""
    if reply.tokens is not None:
        return reply.tokens
    return 0 if reply.error in FREE else booked


class TokenEstimate:
    """The most tokens that an ask may cost, learnt from the replies to others."""

    def __init__(self, reply_limit: int | None) -> None:
        """`reply_limit`: the most output tokens of one reply, None where the endpoint declares no limit."""
        self._limit = reply_limit
        self._seen = self._longest = 0
        self._overhead = OVERHEAD

    def of(self, probe: Probe) -> int:
        """A prompt is never more tokens than bytes."""
        if self._limit is not None:
            return _bytes(probe) + self._overhead + max(self._limit, self._longest)
        limit = max(MARGIN * self._longest, 0 if self._seen >= ENOUGH_SEEN else UNLIMITED)
        return _bytes(probe) + self._overhead + limit

    def learn(self, probe: Probe, reply: Reply) -> None:
        """What providers add to a prompt, and how long replies get, is known from the replies."""
        self._seen += reply.answered
        self._longest = max(self._longest, reply.all_output_tokens or 0)
        if reply.input_tokens is not None:
            self._overhead = max(self._overhead, reply.input_tokens - _bytes(probe))


def output_limit(parameters: object) -> int | None:
    """The most tokens of one answer that the parameters allow; None if they set no limit."""
    if not isinstance(parameters, dict):
        return None
    for name, value in parameters.items():
        found = value if name in _LIMITS and isinstance(value, int) else output_limit(value)
        if found is not None:
            return found
    return None


def _bytes(probe: Probe) -> int:
    said = [probe.system or "", *(message.content for message in probe.conversation)]
    said += [tool.model_dump_json() for tool in probe.tools]
    return sum(len(text.encode(errors="replace")) for text in said)
