"""The generic webhook: one signed JSON POST a notice. `docs/webhook.md` is its contract."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPException
from typing import IO
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from prober.alerts.addresses import checked_address, given
from prober.alerts.message import notice_key
from prober.alerts.outcomes import of_failure, of_status
from prober.alerts.payload import payload
from prober.errors import ConfigurationError
from prober.notice import Notice, Outcome
from prober.settings import Settings


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would carry a signed body to an address nobody configured."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> Request | None:
        return None


_OPENER = build_opener(_NoRedirects)


@dataclass(frozen=True, slots=True)
class WebhookAlerter:
    """Posts to one address. A receiver tells a repeated notice by its `X-Prober-Notice`."""

    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout_s: float = 10.0
    """Longest silence of the receiver."""
    name: str = "webhook"

    def send(self, notice: Notice) -> Outcome:
        body = json.dumps(payload(notice), allow_nan=False).encode("ascii")
        timestamp = str(int(self.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "canary-prober",
            "X-Prober-Notice": notice_key(notice),
            "X-Prober-Timestamp": timestamp,
        }
        if self.secret is not None:
            headers["X-Prober-Signature"] = f"v1={signature(self.secret, timestamp, body)}"
        request = Request(self.url, data=body, headers=headers, method="POST")
        try:
            with _OPENER.open(request, timeout=self.timeout_s):
                return Outcome(True, "sent", receipt=notice_key(notice))
        except HTTPError as error:
            with error:
                return of_status(error.code, error.headers.get("Retry-After"))
        except (OSError, HTTPException) as error:
            return of_failure(error)


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 of `<timestamp>.<body>`, in hex. The time is signed too, so that a receiver can refuse old bodies."""
    return hmac.new(secret.encode(), timestamp.encode("ascii") + b"." + body, hashlib.sha256).hexdigest()


def open_webhook(settings: Settings) -> WebhookAlerter | None:
    """From PROBER_WEBHOOK_URL and, to sign, PROBER_WEBHOOK_SECRET. Raises `ConfigurationError` where it cannot work."""
    secret = given(settings.webhook_secret)
    url = given(settings.webhook_url)
    if url is None:
        if secret is not None:
            raise ConfigurationError(
                "PROBER_WEBHOOK_SECRET is set but PROBER_WEBHOOK_URL is not; set the address, or unset the secret"
            )
        return None
    return WebhookAlerter(checked_address("PROBER_WEBHOOK_URL", url), secret)
