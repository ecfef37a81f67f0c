"""Budgets: hard limits of what asks may cost in the last hour, day and month, and what was spent of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from pydantic import Field

from prober.model.bill import OwnTraffic
from prober.model.shape import Shape

Unit: TypeAlias = Literal["asks", "tokens", "dollars"]
Period: TypeAlias = Literal["hour", "day", "month"]
PERIODS: Final[tuple[Period, ...]] = get_args(Period)
SPANS: Final[dict[Period, timedelta]] = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "month": timedelta(days=30),
}
"""How far each window reaches back. It moves on with time: nothing is renewed at midnight."""
A_PERIOD: Final[dict[str, str]] = {"hour": "an hour", "day": "a day", "month": "a month"}
"""As it is written behind an amount."""
WINDOWS: Final[dict[Period, str]] = {"hour": "last hour", "day": "last 24 hours", "month": "last 30 days"}
PARTS: Final = 60
"""What is spent is kept in so many parts of a window. The running part counts and the 59 before it, so that a round
that takes all of a window can be asked once in each, although none begins at the same second as the one before it."""
NANO: Final = 1_000_000_000
"""Dollars are kept as whole billionths of a dollar, so that sums are exact."""


class Spent(NamedTuple):
    """What asks have cost, or may cost."""

    asks: int
    tokens: int
    """Input and output, hidden reasoning within; also what is set aside for asks without a reply."""
    nanodollars: int = 0

    def plus(self, other: Spent) -> Spent:
        return Spent(self.asks + other.asks, self.tokens + other.tokens, self.nanodollars + other.nanodollars)

    def minus(self, other: Spent) -> Spent:
        return Spent(self.asks - other.asks, self.tokens - other.tokens, self.nanodollars - other.nanodollars)

    def of(self, unit: Unit) -> int:
        """In the smallest unit: asks, tokens or billionths of a dollar."""
        return self.nanodollars if unit == "dollars" else self.tokens if unit == "tokens" else self.asks


NOTHING: Final = Spent(0, 0)


class Limit(NamedTuple):
    """One limit of a budget."""

    unit: Unit
    period: Period
    most: int
    """Asks, tokens or billionths of a dollar."""

    @property
    def name(self) -> str:
        """As it is declared, such as `tokens_per_day`."""
        return f"{self.unit}_per_{self.period}"

    @property
    def shown(self) -> float:
        """The limit as it is declared; dollars as dollars."""
        return self.most / NANO if self.unit == "dollars" else self.most

    def amount(self, spent: Spent) -> float:
        """What counts in this limit, in the same unit as `shown`."""
        return spent.nanodollars / NANO if self.unit == "dollars" else spent.of(self.unit)

    def words(self, spent: Spent) -> str:
        """`25 of 25 asks of the last 24 hours are spent`."""
        used = spent.of(self.unit)
        if self.unit == "dollars":
            return f"${used / NANO:,.4f} of ${self.most / NANO:,.4f} of the {WINDOWS[self.period]} are spent"
        return f"{used} of {self.most} {self.unit} of the {WINDOWS[self.period]} are spent"


class Budget(Shape):
    """Hard limits of the last 60 minutes, 24 hours and 30 days, checked before every ask."""

    asks_per_hour: int | None = Field(None, ge=1)
    """Asks, confirmation rounds included."""
    asks_per_day: int | None = Field(None, ge=1)
    """Asks, confirmation rounds included."""
    asks_per_month: int | None = Field(None, ge=1)
    """Asks, confirmation rounds included."""
    tokens_per_hour: int | None = Field(None, ge=1)
    """Input, output and reasoning tokens together."""
    tokens_per_day: int | None = Field(None, ge=1)
    """Input, output and reasoning tokens together."""
    tokens_per_month: int | None = Field(None, ge=1)
    """Input, output and reasoning tokens together."""
    dollars_per_hour: float | None = Field(None, ge=1 / NANO, le=1_000_000)
    """US dollars, by the price of the endpoint."""
    dollars_per_day: float | None = Field(None, ge=1 / NANO, le=1_000_000)
    """US dollars, by the price of the endpoint."""
    dollars_per_month: float | None = Field(None, ge=1 / NANO, le=1_000_000)
    """US dollars, by the price of the endpoint."""

    @property
    def limits(self) -> tuple[Limit, ...]:
        """The limits that are declared."""
        return tuple(self._limits())

    def _limits(self) -> Iterator[Limit]:
        for unit in get_args(Unit):
            for period in PERIODS:
                most = getattr(self, f"{unit}_per_{period}")
                if most is not None:
                    yield Limit(unit, period, round(most * NANO) if unit == "dollars" else most)


class Budgets(Shape):
    """The file `budgets.yaml`: what all that owners ask may cost, and everything in all; and which of the team's own
    traffic is watched."""

    all: Budget = Budget()
    """Everything that any process on the same database asks."""
    owners: dict[str, Budget] = Field(default_factory=dict)
    """Owner of probe sets → what all sets of that owner together may cost."""
    own_traffic: OwnTraffic = OwnTraffic()
    """What the team's own traffic costs. It is watched, not limited, and never added to what the prober spends."""


class ScopedBudget(NamedTuple):
    """A budget, and whose asks it limits."""

    scope: str
    """The name of an endpoint, `set:NAME`, `owner:NAME`, or `all:`."""
    budget: Budget
    sets: tuple[str, ...] | None = None
    """Names of the probe sets whose asks count; None where those of all do."""
    endpoint: str | None = None
    """Only asks of this endpoint count; None where those of all do."""

    @property
    def whose(self) -> str:
        """For people; empty for an endpoint, which is named beside it."""
        kind, _, name = self.scope.partition(":")
        return "" if self.endpoint else "the budget of everything: " if kind == "all" else f"the {kind} {name}: "


def whose(scope: str) -> str:
    """`everything`, `owner payments`, `set billing`, or the name of an endpoint."""
    return "everything" if scope == "all:" else scope.replace(":", " ", 1)


def part_of(period: Period, moment: datetime) -> datetime:
    """When the part of a window began that a moment lies in, UTC."""
    length_s = SPANS[period].total_seconds() / PARTS
    return datetime.fromtimestamp(moment.timestamp() // length_s * length_s, UTC)


def since(period: Period, now: datetime) -> datetime:
    """When the oldest part began that counts now, UTC."""
    return part_of(period, now) - SPANS[period] * (PARTS - 1) / PARTS


def fitting(limits: Sequence[tuple[Limit, Spent]], wanted: Sequence[Spent]) -> tuple[int, tuple[int, Spent] | None]:
    """How many asks, from the first on, all limits hold, of which so much is spent; and the number of the limit that
    does not hold the next one, with what is spent of it by then. `wanted` is the most that each ask may cost."""
    before = NOTHING
    for count, one in enumerate(wanted):
        after = before.plus(one)
        for number, (limit, spent) in enumerate(limits):
            if spent.of(limit.unit) + after.of(limit.unit) > limit.most:
                return count, (number, spent.plus(before))
        before = after
    return len(wanted), None
