"""When a reference is complete, and what is asked beside the schedule: while it is gathered, and after a suspicion."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from prober.model.shape import Duration, Shape, seconds


class WarmUp(Shape):
    """A burst of rounds at the beginning of a reference."""

    rounds: int = Field(ge=2, le=100)
    """Rounds of the burst, the first one included."""
    pause: Duration = "60s"
    """From the end of a round to the next one."""


class ReferenceRule(Shape):
    """When a reference is complete, and what is asked for it beside the schedule."""

    rounds: int = Field(12, ge=4, le=1000)
    """Rounds that a series needs."""
    hours: float = Field(168.0, ge=0, le=24 * 90)
    """Hours that they must cover, so that a reference has days, nights and a weekend."""
    warm_up: WarmUp | None = None
    """A burst at the beginning. Without it, rounds are due by the schedule from the first one on."""
    asked_again: int = Field(4, ge=0, le=20)
    """Rounds that are asked again a minute and an hour later, to learn whether rounds so close together are
    independent; 0 for none."""


TRIAL: Final = ReferenceRule(rounds=8, hours=0, warm_up=WarmUp(rounds=9), asked_again=0)
"""A reference within ten minutes, to see what the product does."""
Reference: TypeAlias = Annotated[
    ReferenceRule,
    BeforeValidator(lambda it: TRIAL if it == "trial" else it, json_schema_input_type=ReferenceRule | Literal["trial"]),
]


class Confirm(Shape):
    """When a suspected endpoint is asked again soon, and how often at most."""

    at: float = Field(0.1, gt=0, le=0.9)
    """The share of the threshold at which suspicion begins, if no odd round began it."""
    rounds: int = Field(6, ge=0, le=100)
    """Confirmation rounds for one suspicion, over all probe sets; 0 switches them off."""
    per_day: int = Field(12, ge=1, le=1000)
    """Confirmation rounds of one probe set in a UTC day."""
    pause: Duration = "60s"
    """From the end of a round to its confirmation round, so that another replica or batch can answer."""

    @property
    def pause_s(self) -> float:
        return seconds(self.pause)
