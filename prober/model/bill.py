"""What the team's own traffic costs: which of it is watched, and what is known of it. Never added to what the prober
spends."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import Field

from prober.model.shape import Duration, Name, Shape, seconds

BillSource = Literal["feature", "account"]
"""`feature`: live samples of one; `account`: what a provider bills."""
BillUnit = Literal["dollars", "tokens"]
"""What is compared with the plan; `tokens` where the price of most calls is not known."""


class Spender(Shape):
    """Something of the team's own that spends."""

    owner: str = Field("", max_length=120)
    """The team, named in incidents."""
    dollars_per_day: float | None = Field(None, gt=0, le=10_000_000)
    """More than this in one day, UTC, opens an incident at once. Nothing is held back."""
    runaway: float = Field(3.0, ge=2, le=1_000)
    """Spending this many times the plan opens an incident; half as many times is tolerated."""


class FeatureTraffic(Spender):
    """The live samples of one feature."""

    share: float = Field(1.0, gt=0, le=1)
    """The share of its calls that is sent as samples, such as `0.01`; the bill is estimated from it. A new share also
    applies to the 40 days before it."""
    max_steps: int | None = Field(100, ge=2, le=1_000_000)
    """More samples of one trace than this within an hour are a loop; `null` allows any number."""
    max_repeats: int | None = Field(50, ge=2, le=1_000_000)
    """The same input more often than this within an hour is a loop: in one trace, or as at least half of the samples
    that have none; `null` allows any number."""


class BilledAccount(Spender):
    """An account at a provider, whose cost report is read."""

    provider: Literal["openai", "anthropic"]
    """`openai` or `anthropic`: whose cost report it is."""
    admin_key_env: str = Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    """Name of the environment variable that holds an admin key; never the key."""
    base_url: str | None = None
    """Another address than the provider's own, such as that of a proxy."""
    every: Duration = "1d"
    """How often the report is read, at least `1h`."""

    @property
    def every_s(self) -> float:
        return seconds(self.every)


class OwnTraffic(Shape):
    """What the team's own traffic costs is watched, not limited."""

    features: dict[str, FeatureTraffic] = Field(default_factory=dict)
    """Feature of live samples → its settings. Features that are not named are watched with the defaults."""
    accounts: dict[Name, BilledAccount] = Field(default_factory=dict)
    """A name of your choice → an account at a provider."""


@dataclass(frozen=True, slots=True)
class Sums:
    """What some calls took together."""

    calls: float = 0.0
    """With tokens."""
    uncounted: float = 0.0
    """Answered, without tokens."""
    input_tokens: float = 0.0
    output_tokens: float = 0.0
    input_squared: float = 0.0
    output_squared: float = 0.0
    product: float = 0.0

    @classmethod
    def of(cls, input_tokens: int | None, output_tokens: int | None, is_answered: bool) -> Sums:
        """Of one call; nothing of one that failed without tokens."""
        if input_tokens is None or output_tokens is None:
            return cls(uncounted=float(is_answered))
        i, o = float(input_tokens), float(output_tokens)
        return cls(1.0, 0.0, i, o, i * i, o * o, i * o)

    def plus(self, other: Sums) -> Sums:
        return Sums(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    @property
    def tokens(self) -> float:
        return self.input_tokens + self.output_tokens

    def cost(self, per_input: float, per_output: float, per_call: float) -> tuple[float, float]:
        """(what the calls cost, the sum of the squares of what each cost), by the price of a token and of a call."""
        total = per_input * self.input_tokens + per_output * self.output_tokens + per_call * self.calls
        squares = (
            per_input**2 * self.input_squared
            + per_output**2 * self.output_squared
            + per_call**2 * self.calls
            + 2 * per_input * per_output * self.product
            + 2 * per_call * (per_input * self.input_tokens + per_output * self.output_tokens)
        )
        return total, squares


@dataclass(frozen=True, slots=True)
class Loop:
    """The trace, or the input, that came most often within an hour."""

    number: int
    first_at: datetime
    trace: str = ""


@dataclass(frozen=True, slots=True)
class BilledDay:
    """One day, UTC, of a feature or an account."""

    day: str
    """`2026-03-01`."""
    dollars: float
    """Cost of the calls whose price is known; an estimate where only a share is sampled."""
    low: float
    """Ends of the 95 % interval of `dollars`, from drawing samples alone; both are `dollars` where all is known."""
    high: float
    calls: float = 0.0
    """Estimated; 0 for an account, whose report does not say."""
    tokens: float = 0.0
    unpriced: float = 0.0
    """How many of `calls` have no known price or tokens."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What is known of the bill of a feature or an account."""

    source: BillSource
    name: str
    endpoint: str
    """The endpoint of a feature; of an account, the name once more."""
    owner: str = ""
    share: float = 1.0
    dollars_per_day: float | None = None
    days: tuple[BilledDay, ...] = ()
    """Oldest first."""
    is_learnt: bool = False
    """Whether it is compared with a plan by now."""
    no_price: str = ""
    """Why the price of some calls is not known; empty where all are."""
    problem: str = ""
    """Why the report could not be read the last time; empty where it could."""
    read_at: datetime | None = None
    """When the report was read, or the newest sample came."""

    @property
    def is_account(self) -> bool:
        return self.source == "account"

    @property
    def has_cost(self) -> bool:
        """Whether there is anything to say of it: samples may come without tokens."""
        return self.is_account or any(one.tokens for one in self.days)

    @property
    def newest(self) -> BilledDay | None:
        return self.days[-1] if self.days else None

    def month(self, now: datetime) -> tuple[float, float, float]:
        """(dollars, low, high) of the UTC month of `now`, so far."""
        return self.dollars_since(f"{now.astimezone(UTC):%Y-%m-01}")

    def dollars_since(self, day: str) -> tuple[float, float, float]:
        """(dollars, low, high) of all days from one on; errors of days are independent."""
        days = [one for one in self.days if one.day >= day]
        total = sum(one.dollars for one in days)
        below = sum((one.dollars - one.low) ** 2 for one in days) ** 0.5
        above = sum((one.high - one.dollars) ** 2 for one in days) ** 0.5
        return total, total - below, total + above


def start_of_last_month(now: datetime) -> str:
    """The first day of the UTC month before that of `now`, such as `2026-02-01`: readers show no older days."""
    first = now.astimezone(UTC).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m-01}"
