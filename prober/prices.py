"""Tokens → dollars: the price a team declares, else that of the list `genai-prices` carries. Nobody is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from math import ceil, sqrt
from statistics import fmean, stdev
from typing import Final

from prober.model.budget import NANO
from prober.model.declaration import Endpoint

MILLION: Final = 1_000_000
_SAMPLE: Final = 1_000
"""Tokens a price is read off at: prices of some models rise with the length of the prompt, and probes are short."""


@dataclass(frozen=True, slots=True)
class Tariff:
    """What an endpoint charges, US dollars."""

    input_per_million: float
    """A million input tokens; a discount for cached ones is not counted on."""
    output_per_million: float
    """A million output tokens, reasoning among them."""
    per_ask: float
    """On top, where each request has a price of its own."""
    source: str
    """Where it stands: `declared`, or which entry of which list."""

    def dollars(self, asks: float, input_tokens: float, output_tokens: float) -> float:
        """What so many asks with so many tokens in all come to."""
        tokens = self.input_per_million * input_tokens + self.output_per_million * output_tokens
        return self.per_ask * asks + tokens / MILLION

    def nanodollars(self, input_tokens: int, output_tokens: int) -> int:
        """Billionths of a dollar that one ask comes to, rounded up."""
        return ceil(round(NANO * self.dollars(1, input_tokens, output_tokens), 3))


@dataclass(frozen=True, slots=True)
class Unpriced:
    """The price is not known, which is not the same as free."""

    reason: str


def tariff(endpoint: Endpoint, now: datetime) -> Tariff | Unpriced:
    """The price of an endpoint at a time: as declared, nothing for scripted ones, else as listed."""
    if endpoint.price is not None:
        price = endpoint.price
        return Tariff(price.input_per_million, price.output_per_million, price.per_ask, "declared")
    if endpoint.provider == "scripted":
        return Tariff(0.0, 0.0, 0.0, "scripted: nobody is asked")
    return _listed(endpoint, now)


def tariff_of_model(model: str, now: datetime) -> Tariff | Unpriced:
    """The listed price of a model of which no more is known than its name."""
    return _look_up(model, model or "a model without a name", None, None, _minute(now))


def _listed(endpoint: Endpoint, now: datetime) -> Tariff | Unpriced:
    where = endpoint.base_url or endpoint.provider
    provider = None if endpoint.base_url else endpoint.provider
    return _look_up(endpoint.model, f"{endpoint.model} at {where}", provider, endpoint.base_url, _minute(now))


def _minute(now: datetime) -> datetime:
    """When it began: prices change with the day, and some with the time of day."""
    return now.replace(second=0, microsecond=0)


@lru_cache(maxsize=4096)  # thousands of endpoints are of few models
def _look_up(model: str, shown: str, provider: str | None, base_url: str | None, now: datetime) -> Tariff | Unpriced:
    # Here, because it takes half a second, and most verbs want no price.
    import genai_prices

    usage = genai_prices.Usage(input_tokens=_SAMPLE, output_tokens=_SAMPLE)
    list_ = f"genai-prices {genai_prices.__version__}"
    try:
        if base_url is None:
            found = genai_prices.calc_price(usage, model, provider_id=provider, genai_request_timestamp=now)
        else:
            found = genai_prices.calc_price(usage, model, provider_api_url=base_url, genai_request_timestamp=now)
    except (LookupError, ValueError):
        return Unpriced(f"{list_} has no price of {shown}; declare price: of the endpoint")
    entry = f"{found.provider.id} {found.model.id}"
    # What a list leaves out counts as nothing in its sum; an answer that costs nothing is a gap, not a gift.
    if found.model_price.input_mtok is None or found.model_price.output_mtok is None:
        return Unpriced(f"{list_} has no whole price of {entry}; declare price: of the endpoint")
    return Tariff(
        input_per_million=_per_million(found.input_price),
        output_per_million=_per_million(found.output_price),
        per_ask=float(found.total_price - found.input_price - found.output_price),
        source=f"{list_}: {entry}",
    )


def _per_million(price: Decimal) -> float:
    return float(price * MILLION / _SAMPLE)


def forecast(so_far: float, per_day: float, now: datetime) -> float:
    """What the UTC month of `now` comes to: so far, and the daily rate for what is left of it."""
    return so_far + per_day * _days_left(now)


def forecast_between(so_far: float, daily: Sequence[float], now: datetime) -> tuple[float, float] | None:
    """Where the month ends in 9 of 10 cases, if its days vary independently as those of `daily`, dollars a day.

    The prediction interval of a sum of normal values (Hahn & Meeker 1991, *Statistical Intervals*, section 4.6). None
    for fewer than three days; never below what is spent.
    """
    n, left = len(daily), _days_left(now)
    if n < 3:
        return None
    from scipy.special import stdtrit  # not at the top: every verb would wait for it

    half = float(stdtrit(n - 1, 0.95)) * stdev(daily) * sqrt(left + left * left / n)
    middle = forecast(so_far, fmean(daily), now)
    return max(so_far, middle - half), middle + half


def _days_left(now: datetime) -> float:
    """Of the UTC month."""
    now = now.astimezone(UTC)
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (first + timedelta(days=32)).replace(day=1)
    return (following - now) / timedelta(days=1)


def dollars(amount: float) -> str:
    """`$12.30`, `$0.0012`, `$0`: two digits that matter, cents at least."""
    if amount == 0:
        return "$0"
    return f"${amount:,.2f}" if amount >= 0.1 else f"${Decimal(f'{amount:.2g}'):f}"
