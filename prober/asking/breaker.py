"""The circuit breaker: an endpoint that answers nothing is not asked whole rounds. Pure, from stored outcomes.

Closed, everything is asked. It opens after three failures within 30 s, or ten in a row, with no answer between. From
then on a round only tests the endpoint: with one ask, or three where the prompt may be the reason. An answer closes it,
and the rest of the round is asked. Between two tests lie at least 30 s, twice as long after each that fails, up to ten
minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, NamedTuple

from prober.asking.gates import Refused
from prober.asking.interface import Answer, Ask
from prober.model.reply import Reply
from prober.model.watch import CLOCK_SLACK, cause_in_words

OPENS_AFTER: Final = 3
"""Failures within `WINDOW`, with no answer between them."""
WINDOW: Final = timedelta(seconds=30)
SURELY: Final = 10
"""Failures in a row, however far apart, that open it too: slow ones come one by one."""
REMEMBERED: Final = 40
"""Newest outcomes that decide."""
FIRST_PAUSE_S: Final = 30.0
LONGEST_PAUSE_S: Final = 600.0
JITTER: Final = 0.25
"""By how much of itself a pause is longer or shorter, so that many endpoints of a provider are not asked at once."""

EVERY_ASK: Final = frozenset(
    {"unauthorized", "out_of_credit", "model_not_found", "model_retired", "not_found", "unreachable", "missing_key",
     "missing_library", "unsupported_parameter"}
)  # fmt: skip
"""Failures that any other ask would meet as well: one ask tells whether it is over."""
ANY_ASK: Final = EVERY_ASK | {"rate_limited", "provider_error", "timeout"}
"""Failures that may be of the endpoint. All others are of one ask, and show that the endpoint answers."""


class Outcome(NamedTuple):
    """What came of one ask."""

    at: datetime
    failure: str | None
    wait_s: float = 0.0
    """What the provider asked to wait."""


@dataclass(frozen=True, slots=True)
class Breaker:
    """How it stands after some outcomes."""

    failures: int = 0
    """In a row, newest."""
    failure: str = ""
    """The newest of them."""
    opened_at: datetime | None = None
    """None while it is closed."""
    next_test_at: datetime | None = None
    """When an ask may look again; None while it is closed."""

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    @property
    def looks(self) -> int:
        """How many asks one look makes."""
        return 1 if self.failure in EVERY_ASK else OPENS_AFTER

    @property
    def words(self) -> str:
        why = cause_in_words(self.failure)
        if self.failures == 1:
            return f"the last ask failed: {why}"
        return f"the last {self.failures} asks failed, the newest one: {why}"


def outcome_of(reply: Reply) -> Outcome:
    return Outcome(reply.at, reply.failure, reply.retry_after_s or 0.0)


def breaker(outcomes: Iterable[Outcome], name: str = "") -> Breaker:
    """How it stands after these, oldest first. `name`: of the endpoint; decides about the jitter."""
    failed: list[datetime] = []
    found, pauses = Breaker(), 0
    for one in outcomes:
        if one.failure not in ANY_ASK:
            failed, found, pauses = [], Breaker(), 0
            continue
        failed.append(one.at)
        is_look = found.next_test_at is not None and one.at >= found.next_test_at
        is_new = not found.is_open and _opens(failed)
        opened_at = one.at if is_new else found.opened_at
        next_test_at = found.next_test_at
        if is_look or is_new:
            pauses += 1
            next_test_at = one.at + timedelta(seconds=max(one.wait_s, _pause_s(pauses, f"{name} {opened_at}")))
        found = Breaker(len(failed), one.failure or "", opened_at, next_test_at)
    return found


def _opens(failed: Sequence[datetime]) -> bool:
    soon = len(failed) >= OPENS_AFTER and failed[-1] - failed[-OPENS_AFTER] <= WINDOW
    return soon or len(failed) >= SURELY


def _pause_s(number: int, seed: str) -> float:
    pause_s = min(FIRST_PAUSE_S * 2.0 ** (number - 1), LONGEST_PAUSE_S)
    share = int.from_bytes(sha256(f"{seed} {number}".encode()).digest()[:4]) / 2**32
    return pause_s * (1 + JITTER * (2 * share - 1))


class BreakerGate:
    """Refuses asks while the breaker of their endpoint is open."""

    def __init__(
        self,
        outcomes: Iterable[Outcome],
        clock: Callable[[], datetime],
        name: str = "",
        *,
        keeps_pause: bool = True,
        opens_by_limits: bool = True,
    ) -> None:
        """`outcomes`: what is stored, oldest first. `keeps_pause`: whether the pause between two looks is kept.
        `opens_by_limits`: whether `rate_limited` counts as a failure; not where whoever asks waits for limits."""
        self._outcomes, self._clock, self._name, self._keeps_pause = [*outcomes], clock, name, keeps_pause
        self._opens_by_limits = opens_by_limits
        self._in_flight = 0
        self._looked = 0
        """Asks of the look that this gate has made; it makes one."""
        self._state = breaker(self._outcomes, name)

    @property
    def is_ahead(self) -> bool:
        """While the endpoint answers."""
        return bool(self._outcomes) and self._outcomes[-1].failure not in ANY_ASK

    def admit(self, asks: Sequence[Ask]) -> tuple[int, Refused | None]:
        room = len(asks)
        if self._state.is_open:
            now, next_test_at = self._clock(), self._state.next_test_at
            is_ahead = self._outcomes[-1].at > now + CLOCK_SLACK  # the clock was set back since
            due = not self._keeps_pause or next_test_at is None or now >= next_test_at or is_ahead or self._looked > 0
            room = max(0, self._state.looks - self._looked) if due else 0
        elif not self.is_ahead:
            room = max(0, OPENS_AFTER - self._state.failures - self._in_flight) or int(not self._in_flight)
        count = min(len(asks), room)
        self._in_flight += count
        self._looked += count if self._state.is_open else 0
        return count, Refused(f"breaker_open: {self._state.words}") if count < len(asks) else None

    def settle(self, answers: Sequence[Answer]) -> None:
        self._in_flight -= len(answers)
        was_open = self._state.is_open
        new = [outcome_of(one.reply) for one in answers]
        self._outcomes += [one for one in new if self._opens_by_limits or one.failure != "rate_limited"]
        self._outcomes = self._outcomes[-REMEMBERED:]
        self._state = breaker(self._outcomes, self._name)
        if not self._state.is_open:
            self._looked = 0
        elif not was_open:
            self._looked = OPENS_AFTER  # whoever saw it open does not look again

    def release(self, asks: Sequence[Ask]) -> None:
        self._in_flight -= len(asks)
        self._looked = max(0, self._looked - len(asks))
