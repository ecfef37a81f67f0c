"""Apprise: e-mail, Teams, Discord, Opsgenie and whatever else it has an address for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from threading import Thread
from time import monotonic
from typing import Final

from prober.alerts.keys import notice_key
from prober.alerts.message import body, compose
from prober.alerts.post import TIMEOUT_S, given
from prober.model.errors import ConfigurationError
from prober.model.notice import Notice, Outcome
from prober.settings import Settings, secret

ADDRESSES: Final = "PROBER_APPRISE_URLS"
REMEMBERED: Final = 1000
"""Number of notices, the newest, for which the alerter remembers which addresses took them."""


@dataclass(frozen=True, slots=True)
class AppriseAlerter:
    """Sends to every address, to all at once: one that hangs holds up no other. Where one of them fails, only those
    that have not taken the notice get it again, as long as this process lives."""

    addresses: Sequence[Callable[[str, str], bool]] = field(repr=False)
    """Each: (title, plain text) → whether it took it. They hold the addresses."""
    timeout_s: float = TIMEOUT_S
    name: str = "apprise"
    _taken: dict[str, set[int]] = field(default_factory=dict, repr=False, compare=False)
    """Key of a notice → numbers of the addresses that took it."""

    def send(self, notice: Notice) -> Outcome:
        title, text, key = compose(notice).title, body(notice), notice_key(notice)
        taken = self._taken.setdefault(key, set())
        for oldest in list(self._taken)[:-REMEMBERED]:
            del self._taken[oldest]
        faults: dict[int, str] = {}

        def to(number: int, notify: Callable[[str, str], bool]) -> None:
            try:
                if notify(title, text):
                    taken.add(number)
                else:
                    faults[number] = "unreachable, or answers with an error or a redirect"
            except Exception as error:  # anybody may have written the plug-in; its message could hold an address
                faults[number] = f"alerter_fault: {type(error).__name__}"

        waiting = [
            Thread(target=to, args=(number, notify), name="sending", daemon=True)
            for number, notify in enumerate(self.addresses, start=1)
            if number not in taken
        ]
        end = monotonic() + 2 * self.timeout_s
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(max(0.0, end - monotonic()))
        failed = [number for number in range(1, len(self.addresses) + 1) if number not in taken]
        if not failed:
            return Outcome(True, "sent", receipt=key)
        fault = faults.get(failed[-1], f"timeout: not over within {2 * self.timeout_s:g} s")
        which = f"{'address' if len(failed) == 1 else 'addresses'} {', '.join(map(str, failed))} of {ADDRESSES}"
        return Outcome(False, f"{fault}: {which}")


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
    # A redirect that is followed makes a GET of a POST: the receiver says 200, and the notice is lost.
    senders = [apprise.Apprise(asset=apprise.AppriseAsset(http_redirects=False)) for _ in addresses.split()]
    for number, (sender, address) in enumerate(zip(senders, addresses.split(), strict=True), start=1):
        if not sender.add(address):
            raise ConfigurationError(
                f"{ADDRESSES}: address {number} is none that apprise knows; check it with the documentation of apprise"
            )
        if any(service.redirects for service in sender):
            raise ConfigurationError(
                f"{ADDRESSES}: address {number} asks to follow redirects, which loses notices; remove redirect= and "
                "write the final address"
            )

    def notify(sender: apprise.Apprise, title: str, body: str) -> bool:
        return bool(sender.notify(body=body, title=title, body_format=apprise.NotifyFormat.TEXT))

    return AppriseAlerter([partial(notify, sender) for sender in senders])
