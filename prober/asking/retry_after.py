"""How long a provider asks us to wait, wherever it says so. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from prober.asking.error_body import error_in, message_in
from prober.asking.wire.format import dig, items, text_of

LONGEST_WAIT_S: Final = 7 * 86_400.0
"""No provider asks for a longer wait in earnest."""
_WAIT: Final = re.compile(
    r"(?:try again|retry|reset\w*)(?: after| in)? (?:(?P<h>\d{1,3})h)?(?:(?P<m>\d{1,4})m(?!s))?"
    r"(?:(?P<s>\d{1,6}(?:\.\d+)?) ?(?P<unit>ms|s))?",
    re.IGNORECASE,
)


def retry_after_s(headers: Mapping[str, str], body: object, at: datetime) -> float | None:
    """Seconds we were asked to wait, at most LONGEST_WAIT_S; None where nobody says.

    `retry-after-ms`, `retry-after` (seconds or date), Gemini's RetryInfo, OpenRouter's reset in the body, or "try again
    in 6m0s". A date is held against the answer's own `date`, so that our clock does not matter; without one, against
    `at`.
    """
    waits = [_number(headers.get("retry-after-ms"), 0.001), _number(headers.get("retry-after"), 1.0)]
    until, sent = _date(headers.get("retry-after")), _date(headers.get("date")) or at
    if until is not None:
        waits.append(max(0.0, (until - sent).total_seconds()))
    error = error_in(body)
    for detail in items(dig(error, "details")):
        delay = text_of(dig(detail, "retryDelay")) or ""
        waits.append(_number(delay.removesuffix("s"), 1.0) if delay.endswith("s") else None)
    reset_s = _number(text_of(dig(error, "metadata", "headers", "X-RateLimit-Reset")), 0.001)
    if reset_s is not None:
        waits.append(max(0.0, reset_s - sent.astimezone(UTC).timestamp()))
    waits.append(_wait_in_words(message_in(body) or ""))
    return next((min(wait, LONGEST_WAIT_S) for wait in waits if wait is not None), None)


def _wait_in_words(said: str) -> float | None:
    found = _WAIT.search(said)
    if found is None or not any(found.group("h", "m", "s")):
        return None
    hours, minutes, seconds = (float(part or 0) for part in found.group("h", "m", "s"))
    return 3600 * hours + 60 * minutes + seconds * (0.001 if (found["unit"] or "").lower() == "ms" else 1.0)


def _number(text: str | None, unit: float) -> float | None:
    try:
        value = float(text or "") * unit
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date if date.tzinfo is not None else None
