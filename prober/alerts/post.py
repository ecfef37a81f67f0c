"""One POST of JSON: to an address that is checked at start, once, with a named reason for what became of it.

The heartbeat is here too: a ping to an outside watchdog, in the manner of healthchecks.io, while the daemon is well.
"""

from __future__ import annotations

import json
import math
import ssl
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from typing import IO, Final, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit, urlunsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from pydantic import SecretStr

from prober.alerts.keys import Json, notice_key
from prober.model.errors import ConfigurationError
from prober.model.notice import Notice, Outcome
from prober.settings import Settings
from prober.text import link, visible


def given(value: SecretStr | str | None) -> str | None:
    """The value in clear; None where it is unset, empty or blank, which Compose files make of an unset variable."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return (text or "").strip() or None


def checked_address(variable: str, url: str) -> str:
    """`url` where a request can be sent to it. Raises `ConfigurationError` without showing it: it may hold a secret."""
    try:
        parts = urlsplit(url)
        valid = link(url, 3000) is not None and bool(parts.hostname) and parts.port != 0 and not parts.username
    except ValueError:
        valid = False
    if not valid:
        raise ConfigurationError(
            f"{variable} is not an address messages can be posted to; write http(s)://host/path, without user or blanks"
        )
    return url


def checked_secret(variable: str, secret: str) -> str:
    """`secret` where it can stand in an HTTP header. Raises `ConfigurationError` without showing it."""
    if not all("!" <= character <= "~" for character in secret):
        raise ConfigurationError(f"{variable} holds blanks or characters no token has; copy the token again")
    return secret


PASSING_STATUSES = frozenset({408, 409, 421, 425})
"""4xx that may go well on another try, besides 429."""

OUTAGES = (
    "alerter_fault", "connection_lost", "external_channel_migrating", "fatal_error", "http_", "internal_error",
    "invalid_answer", "message_limit", "rate_limited", "ratelimited", "request_timeout", "server_error",
    "service_unavailable", "team_added_to_org", "team_quota_exceeded", "timeout", "tls_failed", "unreachable",
)  # fmt: skip
"""How reasons begin that say nothing of the message: in time it will get through."""


def of_status(status: int, retry_after: str | None) -> Outcome:
    """The outcome of an answer that is not a success. A 4xx is for a person to fix; 429 and 5xx pass."""
    if status == 429:
        return Outcome(False, "rate_limited", retry_after_s=seconds_to_wait(retry_after))
    if status >= 500:
        return Outcome(False, f"server_error: {status}", retry_after_s=seconds_to_wait(retry_after))
    if status in PASSING_STATUSES:
        return Outcome(False, f"http_{status}")
    if 300 <= status < 400:
        return Outcome(False, f"redirected: {status}; write the final address", permanent=True)
    return Outcome(False, f"http_{status}", permanent=True)


def of_failure(error: OSError | HTTPException | UnicodeError) -> Outcome:
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


TIMEOUT_S: Final = 10.0
"""Longest silence of a receiver; a whole sending may take twice as long."""
NOTHING_TO_SAY: Final = Outcome(True, "not for this channel")
"""Outcome of a notice that the receiver has no place for."""

Template: TypeAlias = Callable[[Notice, datetime], Json]
"""(notice, now) → the body as the receiver wants it; None where it has no place for such a notice. Pure."""


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry a body, and with it a key or a signature, to an address nobody configured."""

    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message
    ) -> None:  # the address is not even parsed: it may be invalid
        return None

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


OPENER: Final = build_opener(_NoRedirects)
"""Follows no redirect; knows the proxies of the environment."""


@dataclass(frozen=True, slots=True)
class PostAlerter:
    """Posts what a template makes of a notice to one address. Another receiver is another template."""

    name: str
    url: str = field(repr=False)
    template: Template = field(repr=False)
    """May hold the receiver's key."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout_s: float = TIMEOUT_S
    forgets: bool = False
    """Whether what fires has to be sent again and again: the receiver keeps it in memory only."""

    def send(self, notice: Notice) -> Outcome:
        content = self.template(notice, self.now())
        if content is None:
            return NOTHING_TO_SAY
        return post(self.url, encoded(content), {}, notice_key(notice), self.timeout_s)


def encoded(content: Json) -> bytes:
    """JSON in ASCII: whatever a receiver takes the encoding for, it reads the same."""
    return json.dumps(content, allow_nan=False).encode("ascii")


def within(seconds: float, send: Callable[[], Outcome]) -> Outcome:
    """What `send` gives, or that it took too long. Raises what `send` raises.

    A socket's timeout begins again with every byte: a receiver that drips would be waited for without end. A sending
    that is given up goes on in a thread that holds up nothing, not even the end of the process.
    """
    done: Future[Outcome] = Future()

    def run() -> None:
        try:
            done.set_result(send())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="sending", daemon=True).start()
    try:
        return done.result(seconds)
    except TimeoutError:
        if done.done():
            return done.result()
        return Outcome(False, f"timeout: not over within {seconds:g} s")


def post(url: str, body: bytes, headers: Mapping[str, str], receipt: str, timeout_s: float = TIMEOUT_S) -> Outcome:
    """Send once, never follow a redirect, never raise for bad luck. `receipt` is of a sending that went well; JSON,
    unless the headers say otherwise."""
    always = {"Content-Type": "application/json", "User-Agent": "canary-prober"}
    request = Request(url, data=body, headers={**always, **headers}, method="POST")
    return within(2 * timeout_s, lambda: _post(request, receipt, timeout_s))


def _post(request: Request, receipt: str, timeout_s: float) -> Outcome:
    try:
        with OPENER.open(request, timeout=timeout_s):
            return Outcome(True, "sent", receipt=receipt)
    except HTTPError as error:
        with error:
            return of_status(error.code, error.headers.get("Retry-After"))
    except (OSError, HTTPException, UnicodeError) as error:  # UnicodeError: an impossible host name
        return of_failure(error)


BODY_LIMIT: Final = 2000
"""Characters of what is said; healthchecks.io keeps the first 100 kB."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Pings one address, or the one below it that says that something is wrong."""

    url: str = field(repr=False)
    timeout_s: float = TIMEOUT_S

    def send(self, well: bool, words: str) -> Outcome:
        """Once. Never raises for bad luck."""
        body = visible(words, BODY_LIMIT).encode()
        address = self.url if well else _failing(self.url)
        return post(address, body, {"Content-Type": "text/plain; charset=utf-8"}, "", self.timeout_s)


def open_ping(settings: Settings) -> Ping | None:
    """From PROBER_HEARTBEAT_URL. Raises `ConfigurationError` where it is no address."""
    url = given(settings.heartbeat_url)
    return None if url is None else Ping(checked_address("PROBER_HEARTBEAT_URL", url))


def _failing(url: str) -> str:
    """`…/fail`, before any query."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/fail"))
