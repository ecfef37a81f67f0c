"""What a provider bills an organisation by the day, as its cost report says. Sends no prompt, and asks no model.

- OpenAI: `GET /v1/organization/costs?start_time=…&bucket_width=1d`; amounts in dollars;
- Anthropic: `GET /v1/organizations/cost_report?starting_at=…&bucket_width=1d`; amounts as text, in cents.

Both need an admin key, have days of UTC, and name a next page as long as there is one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from prober.asking.redaction import redacted
from prober.asking.transport import Arrived, Transport
from prober.model.bill import BilledAccount, BilledDay
from prober.model.connection import Timeouts
from prober.model.errors import ConfigurationError
from prober.settings import secret

MOST_S: Final = 25.0
"""For all pages together: less than a daemon that is stopped waits."""
MOST_S_A_PAGE: Final = 10.0
MOST_BYTES: Final = 8_000_000
"""The most bytes of all pages together."""
MOST_PAGES: Final = 50
MOST_AMOUNT: Final = 10**12
"""The largest amount of one item."""
ADDRESSES: Final[Mapping[str, str]] = {"openai": "https://api.openai.com", "anthropic": "https://api.anthropic.com"}
_STATUS: Final[Mapping[int, str]] = {
    401: "the key in {key} is refused (HTTP 401); it must be an admin key of the organisation",
    403: "the key in {key} may not read costs (HTTP 403); it must be an admin key of the organisation",
    404: "there is no cost report at this address (HTTP 404); check base_url",
    429: "too many requests (HTTP 429); it is asked again next time",
}


class CostReportError(Exception):
    """Why a report could not be read, in words without secrets."""


def read_report(account: BilledAccount, since: datetime, most_s: float = MOST_S) -> tuple[BilledDay, ...]:
    """What each day from that of `since` on cost, oldest first; the newest are not whole. It takes `most_s` seconds at
    most. Raises CostReportError."""
    key = secret(account.admin_key_env)
    if key is None:
        raise CostReportError(f"the environment variable {account.admin_key_env} is not set where the prober runs")
    first = since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    found: dict[str, Decimal] = {}
    with closing(Transport()) as transport:
        for page in _pages(transport, account, key.get_secret_value(), first, most_s):
            for day, amount in _days(page, account.provider):
                found[day] = found.get(day, Decimal(0)) + amount
    return tuple(BilledDay(day, *[float(found[day])] * 3) for day in sorted(found))


def _pages(
    transport: Transport, account: BilledAccount, key: str, first: datetime, most_s: float
) -> Iterator[Mapping[str, Any]]:
    base = (account.base_url or ADDRESSES[account.provider]).rstrip("/").removesuffix("/v1")
    if account.provider == "openai":
        where = f"{base}/v1/organization/costs"
        asked = {"start_time": f"{first.timestamp():.0f}", "bucket_width": "1d", "limit": "31"}
        headers = {"authorization": f"Bearer {key}"}
    else:
        where = f"{base}/v1/organizations/cost_report"
        asked = {"starting_at": f"{first:%Y-%m-%dT%H:%M:%SZ}", "bucket_width": "1d", "limit": "31"}
        headers = {"x-api-key": key, "anthropic-version": "2023-06-01"}
    left_s, left_bytes, next_page, seen = most_s, MOST_BYTES, "", set[str]()
    for _ in range(MOST_PAGES):
        url = f"{where}?{urlencode({**asked, **({'page': next_page} if next_page else {})})}"
        page_s = min(left_s, MOST_S_A_PAGE)
        within = Timeouts(connect_s=min(page_s, 5.0), read_s=page_s, total_s=page_s)
        try:
            outcome = transport.post(url, headers, b"", within, left_bytes, method="GET")
        except ConfigurationError as error:
            raise CostReportError(str(error)) from None
        if not isinstance(outcome, Arrived):
            # A hostile server may write the key into what is no HTTP.
            raise CostReportError(redacted(f"{outcome.failure}: {outcome.detail}", key))
        left_s -= outcome.latency_s
        left_bytes -= len(outcome.body)
        if outcome.status != 200:
            raise CostReportError(_refused(outcome.status).format(key=account.admin_key_env))
        page = _object(outcome.body)
        yield page
        next_page = page.get("next_page") or ""
        if not page.get("has_more") or not next_page:
            return
        if not isinstance(next_page, str) or next_page in seen or len(next_page) > 2_000:
            raise _unreadable("next_page names no further page")
        if left_s <= 0.1:
            raise CostReportError(f"timeout: all pages together took longer than {most_s:g} s")
        if left_bytes <= 0:
            raise CostReportError(f"too_large: all pages together have more than {MOST_BYTES} bytes")
        seen.add(next_page)
    raise _unreadable(f"more than {MOST_PAGES} pages")


def _refused(status: int) -> str:
    """Never the provider's own words: they may hold the key."""
    if 300 <= status < 400:
        return f"HTTP {status}: redirects are refused; write the final address as base_url"
    return _STATUS.get(status, f"HTTP {status}: the provider gave no report; it is asked again next time")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body, parse_float=Decimal)
    except (ArithmeticError, ValueError, RecursionError):
        raise _unreadable("not JSON") from None
    if not isinstance(said, dict) or not isinstance(said.get("data"), list):
        raise _unreadable("no list under data")
    return said


def _days(page: Mapping[str, Any], provider: str) -> Iterator[tuple[str, Decimal]]:
    """(day, dollars) of every item of a page; a day without an item cost nothing."""
    for number, bucket in enumerate(page["data"]):
        place = f"data[{number}]"
        if not isinstance(bucket, dict) or not isinstance(bucket.get("results"), list):
            raise _unreadable(f"no list under {place}.results")
        day = _day_of(bucket.get("start_time" if provider == "openai" else "starting_at"), place)
        yield day, Decimal(0)
        for index, item in enumerate(bucket["results"]):
            yield day, _dollars(item, provider, f"{place}.results[{index}]")


def _day_of(began: object, place: str) -> str:
    try:
        if isinstance(began, int):
            return f"{datetime.fromtimestamp(began, UTC):%Y-%m-%d}"
        at = datetime.fromisoformat(began if isinstance(began, str) else "")
        return f"{(at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC):%Y-%m-%d}"
    except (ValueError, OverflowError, OSError):
        raise _unreadable(f"{place} does not say when it began") from None


def _dollars(item: object, provider: str, place: str) -> Decimal:
    said: Sequence[object] = ()
    if isinstance(item, dict):
        amount = item.get("amount")
        said = (amount, item.get("currency"))
        if provider == "openai":
            said = (amount.get("value"), amount.get("currency")) if isinstance(amount, dict) else ()
    value, currency = said or (None, None)
    if not isinstance(currency, str) or currency.upper() != "USD":
        raise _unreadable(f"{place} is not in US dollars")
    with suppress(ArithmeticError):  # not a number, or beyond what a Decimal holds
        number = Decimal(value) if isinstance(value, int | Decimal | str) and value is not True else Decimal("NaN")
        if number.is_finite() and abs(number) <= MOST_AMOUNT:
            return number / (100 if provider == "anthropic" else 1)
    raise _unreadable(f"the amount of {place} is no number")


def _unreadable(what: str) -> CostReportError:
    fix = "check that base_url leads to the provider itself and that the prober is up to date, or remove the account"
    return CostReportError(f"invalid_reply: the report is not as the provider documents it: {what}; {fix}")
