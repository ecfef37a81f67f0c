"""The limits of a provider's account: what answers say of them, and the gate that waits rather than provoke a 429."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final, Protocol

from prober.asking.gates import Refused, cost_of
from prober.asking.interface import Answer, Ask
from prober.model.allowance import Admitted, Allowance, Told
from prober.model.budget import NOTHING, Spent
from prober.model.reply import Reply
from prober.tokens import TokenEstimate

PAUSE_AFTER_429_S: Final = 10.0
"""Where a provider does not say how long to wait."""
LONGEST_WAIT_S: Final = 600.0
"""How long asks wait in all for limits, in one round or one block of a gate; then it is cut short."""
_HEADERS: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "asks": (
        ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests"),
        ("x-ratelimit-limit-req-minute", "x-ratelimit-remaining-req-minute"),
        ("anthropic-ratelimit-requests-limit", "anthropic-ratelimit-requests-remaining"),
    ),
    "tokens": (
        ("x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens"),
        ("x-ratelimit-limit-tokens-minute", "x-ratelimit-remaining-tokens-minute"),
        ("anthropic-ratelimit-tokens-limit", "anthropic-ratelimit-tokens-remaining"),
        ("anthropic-ratelimit-output-tokens-limit", "anthropic-ratelimit-output-tokens-remaining"),
        ("anthropic-ratelimit-input-tokens-limit", "anthropic-ratelimit-input-tokens-remaining"),
    ),
}
"""Unit → headers with the limit of a minute and what is left of it, the first that is there counts."""


def limits_in(reply: Reply) -> Told:
    """What a reply says, by its headers, and by being a 429."""
    found = {unit: _allowance(reply.headers, names) for unit, names in _HEADERS.items()}
    blocked_s = (reply.retry_after_s or PAUSE_AFTER_429_S) if reply.error == "rate_limited" else 0.0
    return Told(found["asks"], found["tokens"], blocked_s)


def _allowance(headers: Mapping[str, str], names: Sequence[tuple[str, str]]) -> Allowance | None:
    for limit, left in names:
        try:
            most, rest = int(float(headers[limit])), int(float(headers[left]))
        except (KeyError, ValueError, OverflowError):
            continue
        if most > 0 and rest >= 0:
            return Allowance(most, min(rest, most))
    return None


class Minutes(Protocol):
    """What was asked of an account in the last minute, where all processes see it."""

    def is_limited(self) -> bool:
        """Whether a limit is known."""
        ...

    def book(self, costs: Sequence[Spent]) -> Admitted:
        """As many of these asks as the minute holds, from the first on."""
        ...

    def settle(self, booked_at: datetime, unused: Spent, said: Told) -> None:
        """What of a booking was not used, and what the answer says."""
        ...


class LimitGate:
    """Admits what the account's limits of a minute hold. Where no limit is known, everything."""

    def __init__(self, minutes: Minutes, estimate: TokenEstimate, clock: Callable[[], datetime]) -> None:
        self._minutes, self._estimate, self._clock = minutes, estimate, clock
        self._booked: dict[tuple[str, int], tuple[datetime, Spent]] = {}
        self._is_limited = minutes.is_limited()

    @property
    def is_ahead(self) -> bool:
        """Until a limit is known."""
        return not self._is_limited

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        if not asks:
            return 0, None
        if not self._is_limited:
            self._booked.update(((ask.series, ask.sample), (self._clock(), NOTHING)) for ask in asks)
            return len(asks), None
        costs = [Spent(1, sum(self._estimate.of(ask.probe))) for ask in asks]
        now = self._clock()
        found = self._minutes.book(costs)
        for ask, cost in zip(asks[: found.count], costs, strict=False):
            self._booked[ask.series, ask.sample] = now, cost
        if found.count == len(asks):
            return found.count, None
        return found.count, Refused(f"rate_limited: {found.reason}", found.wait_s)

    def settle(self, answers: Sequence[Answer]) -> None:
        for ask, reply in answers:
            at, booked = self._booked.pop((ask.series, ask.sample))
            said = limits_in(reply)
            unused = NOTHING if booked == NOTHING else booked.minus(cost_of(reply, booked))
            if not said.is_silent or unused != NOTHING:
                self._minutes.settle(at, unused, said)
                self._is_limited = self._is_limited or not said.is_silent
            self._estimate.learn(ask.probe, reply)

    def release(self, asks: Sequence[Ask]) -> None:
        for ask in asks:
            at, booked = self._booked.pop((ask.series, ask.sample))
            if booked != NOTHING:
                self._minutes.settle(at, booked, Told())
