"""The server: binds its address before anything else happens, answers in a thread of its own, ends within its grace."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from prober.api.app import application
from prober.api.guard import DEADLINE_S, Entry
from prober.api.source import Source
from prober.asking.access import NoKey, named_secret
from prober.loading.samples import rules_in
from prober.model.errors import ConfigurationError
from prober.model.sample import SampleRules
from prober.service.samples import hash_key
from prober.settings import Settings
from prober.text import quoted

GRACE_S: Final = 5.0
"""How long requests in progress are waited for at the end."""
MOST_CONNECTIONS: Final = 128
SHORTEST_TOKEN: Final = 16
TOKEN: Final = "PROBER_HTTP_TOKEN"

logger = logging.getLogger("prober.api")


@dataclass(frozen=True, slots=True)
class ListenAddress:
    """Where to listen."""

    host: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listen_address(text: str) -> ListenAddress:
    """`HOST:PORT`, `[::1]:PORT`. Raises ConfigurationError."""
    host, _, port = text.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        host = ""
    if not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigurationError(f"--listen: {quoted(text)} is no address; write HOST:PORT, like 127.0.0.1:9464")
    return ListenAddress(host.lower(), int(port))


def entry_of(address: ListenAddress, settings: Settings, *, is_public: bool = False) -> Entry:
    """Who may enter there. Raises ConfigurationError where others reach it and there is no token."""
    token = named_secret(TOKEN)
    if isinstance(token, NoKey):
        raise ConfigurationError(token.reason)
    if token is None and not address.is_local:
        raise ConfigurationError(
            f"{address} is reached by other machines, so a token is needed; set {TOKEN}, {TOKEN}_FILE or "
            f"{TOKEN}_COMMAND, or listen on 127.0.0.1"
        )
    if token is not None and len(token) < SHORTEST_TOKEN:
        raise ConfigurationError(f"the token of {TOKEN} has fewer than {SHORTEST_TOKEN} characters; make a longer one")
    further = (one.strip().lower() for one in (settings.http_hosts or "").split(","))
    names = {"localhost", address.host, socket.gethostname().lower(), *further} - {""}
    return Entry(token, frozenset(names), is_public)


@contextmanager
def listening(
    text: str,
    settings: Settings,
    clock: Callable[[], datetime],
    *,
    is_public: bool = False,
    rules: Path | None = None,
) -> Iterator[ListenAddress]:
    """Serve in the background. Returns the address; for port 0 it has the port that was found. `rules`: a file that
    says what of posted samples is kept. Raises ConfigurationError where the address is wrong, in use, or needs a token,
    and where the rules are wrong or need a secret that is not set.
    """
    kept = rules_in(rules) if rules else SampleRules()
    hash_key(kept)
    address = listen_address(text)
    entry = entry_of(address, settings, is_public=is_public)
    bound = _bound(address)
    source = Source(settings.database_url, clock, kept)
    server = uvicorn.Server(
        uvicorn.Config(
            application(source, entry),
            http=_Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=int(GRACE_S),
            h11_max_incomplete_event_size=16_384,
        )
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    thread = threading.Thread(target=server.run, args=([bound],), name="http", daemon=True)
    thread.start()
    try:
        yield ListenAddress(address.host, bound.getsockname()[1])
    finally:
        server.should_exit = True
        thread.join(GRACE_S + 1)
        bound.close()
        source.close()


def _bound(address: ListenAddress) -> socket.socket:
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        return socket.create_server((address.host, address.port), family=family, backlog=MOST_CONNECTIONS)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ConfigurationError(f"--listen: cannot listen on {address}: {why}; choose another address") from None


class _Protocol(H11Protocol):
    """uvicorn's, which waits without end for headers that never end; this one gives up after DEADLINE_S."""

    _waiting: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        if self._waiting is None:
            self._wait()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(DEADLINE_S, self._give_up)

    def _give_up(self) -> None:
        self._waiting = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.close()
