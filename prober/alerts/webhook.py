"""The generic webhook: one signed JSON POST a notice. `docs/reference/webhook.md` is its contract."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from prober.alerts.addresses import checked_address, given
from prober.alerts.message import notice_key
from prober.alerts.payload import payload
from prober.alerts.post import TIMEOUT_S, encoded, post
from prober.model.errors import ConfigurationError
from prober.model.notice import Notice, Outcome
from prober.settings import Settings


@dataclass(frozen=True, slots=True)
class WebhookAlerter:
    """Posts to one address. A receiver tells a repeated notice by its `X-Prober-Notice`."""

    url: str = field(repr=False)
    secret: str | None = field(repr=False)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    timeout_s: float = TIMEOUT_S
    name: str = "webhook"

    def send(self, notice: Notice) -> Outcome:
        body = encoded(payload(notice))
        key, timestamp = notice_key(notice), str(int(self.now().timestamp()))
        headers = {"X-Prober-Notice": key, "X-Prober-Timestamp": timestamp}
        if self.secret is not None:
            headers["X-Prober-Signature"] = f"v1={signature(self.secret, timestamp, body)}"
        return post(self.url, body, headers, key, self.timeout_s)


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
