"""Apprise: e-mail, Teams, Discord, Opsgenie and whatever else it has an address for."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from prober.alerts.keys import notice_key
from prober.alerts.message import body, compose
from prober.alerts.post import TIMEOUT_S, given, within
from prober.model.errors import ConfigurationError
from prober.model.notice import Notice, Outcome
from prober.settings import Settings, secret

ADDRESSES = "PROBER_APPRISE_URLS"


@dataclass(frozen=True, slots=True)
class AppriseAlerter:
    """Sends to every address; where one of them fails, all get the notice again."""

    notify: Callable[[str, str], bool] = field(repr=False)
    """(title, plain text) → whether every address took it. Holds the addresses."""
    timeout_s: float = TIMEOUT_S
    name: str = "apprise"

    def send(self, notice: Notice) -> Outcome:
        title, text = compose(notice).title, body(notice)
        return within(2 * self.timeout_s, lambda: self._send(title, text, notice_key(notice)))

    def _send(self, title: str, body: str, receipt: str) -> Outcome:
        try:
            taken = self.notify(title, body)
        except Exception as error:  # a plug-in of many hands; its message could hold an address
            return Outcome(False, f"alerter_fault: {type(error).__name__}")
        return Outcome(True, "sent", receipt=receipt) if taken else Outcome(False, "unreachable: an address of apprise")


def open_apprise(settings: Settings) -> AppriseAlerter | None:
    """From PROBER_APPRISE_URLS, addresses separated by blanks. Raises `ConfigurationError`, which shows none."""
    addresses = given(secret(ADDRESSES))
    if addresses is None:
        return None
    for library in ("apprise", "urllib3"):  # they would log parts of addresses
        logging.getLogger(library).setLevel(logging.CRITICAL + 1)
    try:
        import apprise
    except ImportError:
        raise ConfigurationError(
            f'{ADDRESSES} is set but apprise is not installed; run pip install "canary-prober[apprise]"'
        ) from None
    sender = apprise.Apprise()
    for number, address in enumerate(addresses.split(), start=1):
        if not sender.add(address):
            raise ConfigurationError(
                f"{ADDRESSES}: address {number} is none that apprise knows; check it with the documentation of apprise"
            )

    def notify(title: str, body: str) -> bool:
        return bool(sender.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))

    return AppriseAlerter(notify)
