"""What a provider says of the limits of an account, and what is left of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


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
