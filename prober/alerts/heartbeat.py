"""The heartbeat: a ping to somebody else's watch, in the manner of healthchecks.io, while the daemon is well.

Whoever is pinged notices the silence of a daemon that was killed, whose machine is down, or whose network is cut: the
prober itself can say nothing then.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from prober.alerts.post import TIMEOUT_S, checked_address, given, post
from prober.model.notice import Outcome
from prober.settings import Settings
from prober.text import visible

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
