"""What HTTP says about a sending, as an Outcome with a named reason."""

from __future__ import annotations

import math
import ssl
from http.client import HTTPException
from urllib.error import URLError

from prober.model.notice import Outcome

PASSING_STATUSES = frozenset({408, 409, 421, 425})
"""4xx that may go well on another try, besides 429."""

OUTAGES = (
    "alerter_fault", "connection_lost", "fatal_error", "http_", "internal_error", "invalid_answer", "message_limit",
    "rate_limited", "ratelimited", "request_timeout", "server_error", "service_unavailable", "timeout", "tls_failed",
    "unreachable",
)  # fmt: skip
"""How reasons begin that say nothing of the message: in time it will get through."""


def of_status(status: int, retry_after: str | None) -> Outcome:
    """The outcome of an answer that is not a success. A 4xx is for a person to mend; 429 and 5xx pass."""
    if status == 429:
        return Outcome(False, "rate_limited", retry_after_s=seconds_to_wait(retry_after))
    if status >= 500:
        return Outcome(False, f"server_error: {status}", retry_after_s=seconds_to_wait(retry_after))
    if status in PASSING_STATUSES:
        return Outcome(False, f"http_{status}")
    if 300 <= status < 400:
        return Outcome(False, f"redirected: {status}; write the final address", permanent=True)
    return Outcome(False, f"http_{status}", permanent=True)


def of_failure(error: OSError | HTTPException) -> Outcome:
    """The outcome of no answer at all. After `timeout` and `connection_lost` the message may have arrived."""
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return Outcome(False, "timeout")
    if isinstance(reason, ssl.SSLError):
        return Outcome(False, "tls_failed")
    if isinstance(reason, (ConnectionResetError, BrokenPipeError, HTTPException)):
        return Outcome(False, "connection_lost")
    return Outcome(False, "unreachable")


def seconds_to_wait(retry_after: str | None) -> float | None:
    """`Retry-After` in seconds; None where it is absent, a date, or nonsense."""
    try:
        wait_s = float(retry_after or "")
    except ValueError:
        return None
    return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None
