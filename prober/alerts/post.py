"""One JSON POST, and what became of it: what every alerter but Slack and the log is made of."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from typing import IO, Final, TypeAlias
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from prober.alerts.message import Json, notice_key
from prober.alerts.outcomes import of_failure, of_status
from prober.model.notice import Notice, Outcome

TIMEOUT_S: Final = 10.0
"""Longest silence of a receiver; a whole sending may take twice as long."""
NOTHING_TO_SAY: Final = Outcome(True, "not for this channel")
"""Of a notice that the receiver has no place for."""

Template: TypeAlias = Callable[[Notice, datetime], Json]
"""(notice, now) → the body as the receiver wants it; None where it has no place for such a notice. Pure."""


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry a body, and with it a key or a signature, to an address nobody configured."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        return None


_OPENER = build_opener(_NoRedirects)


@dataclass(frozen=True, slots=True)
class PostAlerter:
    """Posts what a template makes of a notice to one address. Another receiver is another template."""

    name: str
    url: str = field(repr=False)
    template: Template = field(repr=False)
    """May hold the receiver's key."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout_s: float = TIMEOUT_S

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
        with _OPENER.open(request, timeout=timeout_s):
            return Outcome(True, "sent", receipt=receipt)
    except HTTPError as error:
        with error:
            return of_status(error.code, error.headers.get("Retry-After"))
    except (OSError, HTTPException) as error:
        return of_failure(error)
