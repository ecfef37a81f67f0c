"""What a provider says of the limits of an account, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from pydantic import Field

from prober.model.shape import Shape


class AccountLimits(Shape):
    """The most that the account of an endpoint is asked in a minute: all endpoints of one address, key and model."""

    asks_per_minute: int | None = Field(None, ge=1)
    """Requests."""
    tokens_per_minute: int | None = Field(None, ge=1)
    """Input, output and reasoning tokens together."""

    @property
    def by_unit(self) -> dict[str, int]:
        """`asks` and `tokens`, as far as declared."""
        named = {"asks": self.asks_per_minute, "tokens": self.tokens_per_minute}
        return {unit: most for unit, most in named.items() if most is not None}


class MinuteLimit(NamedTuple):
    """One limit of an account, and what is used of it."""

    unit: str
    """`asks` or `tokens`."""
    most: int
    """A minute: the lower of what is declared and what the provider named."""
    used: int
    """In the last minute."""
    is_declared: bool
    """Whether it is the declared one; else the provider named it."""


@dataclass(frozen=True, slots=True)
class AccountView:
    """The limits of one account."""

    account: str
    """A hash; no secret is in it."""
    endpoints: tuple[str, ...]
    """Names of those that were asked last."""
    limits: tuple[MinuteLimit, ...]
    waiting: int
    """Asks that wait for it now, at least."""
    blocked_until: datetime | None
    """Until when the provider asks to wait; None where it does not."""


class Allowance(NamedTuple):
    """What a provider says of one limit."""

    limit: int
    """A minute."""
    left: int


@dataclass(frozen=True, slots=True)
class Told:
    """What an answer says of the limits of its account."""

    asks: Allowance | None = None
    tokens: Allowance | None = None
    blocked_s: float = 0.0
    """How long nothing may be asked."""

    @property
    def is_silent(self) -> bool:
        return self == Told()


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the minute holds."""

    count: int
    wait_s: float = 0.0
    """After which the next ask may be offered again."""
    reason: str = ""
