"""What every request passes before it is answered: the host it names, its token, its size, and a total deadline."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from traceback import format_tb
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BODY_BYTES: Final = 1_000_000
DEADLINE_S: Final = 10.0
"""From the end of the headers to the end of the answer."""
OPEN: Final = ("/healthz", "/readyz")
"""Need no token: they say nothing but whether this works."""
PUBLIC: Final = ("/status", "/badge/")
"""Need no token where the service was started with `--public`."""

logger = logging.getLogger("prober.api")


@dataclass(frozen=True, slots=True)
class Entry:
    """Who may enter."""

    token: str | None = field(repr=False)
    """None where everyone may: then it listens on this machine only."""
    hosts: frozenset[str]
    """Names under which it is reached, in lower case."""
    is_public: bool = False
    """Whether the status page and the badges need no token."""


def problem(status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """What went wrong, as RFC 9457 has it."""
    content = {"title": title, "status": status, "detail": detail}
    return JSONResponse(content, status, headers, media_type="application/problem+json")


def is_known_host(host: str | None, hosts: Collection[str]) -> bool:
    """Whether a `Host` header names this service: one of `hosts`, or a bare address.

    A page elsewhere that makes a browser ask here (DNS rebinding) always sends a name of its own.
    """
    name = (host or "").strip().lower()
    if name.startswith("["):
        name, _, port = name[1:].partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = name.partition(":")
    if port and not port.isdecimal():
        return False
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name.rstrip(".") in hosts
    return True


class Guard:
    """Wraps the application. Never raises."""

    def __init__(self, app: ASGIApp, entry: Entry, deadline_s: float = DEADLINE_S) -> None:
        self._app = app
        self._entry = entry
        self._deadline_s = deadline_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        has_begun = False

        async def watched_send(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        refusal = self._refusal(scope["path"], Headers(scope=scope))
        answer = self._app if refusal is None else refusal
        try:
            await asyncio.wait_for(answer(scope, _bounded(receive), watched_send), self._deadline_s)
        except TimeoutError:
            logger.warning("%s %s: given up after %g s", scope["method"], _shown(scope["path"]), self._deadline_s)
            failed = problem(503, "Too slow", f"There was no answer within {self._deadline_s:g} s; try again later.")
        except ClientDisconnect:
            return
        except Exception as error:
            # Not its message: that could hold an address with a secret.
            where = "".join(format_tb(error.__traceback__))
            about = f"{scope['method']} {_shown(scope['path'])}"
            logger.error("%s: crashed: %s\n%s", about, type(error).__name__, where)  # noqa: TRY400
            failed = problem(500, "A bug", "The service failed; its log says where.")
        else:
            return
        if not has_begun:
            await failed(scope, receive, send)

    def _refusal(self, path: str, headers: Headers) -> JSONResponse | None:
        if not is_known_host(headers.get("host"), self._entry.hosts):
            return problem(
                421, "Unknown host", "The Host header names another service; add the name to PROBER_HTTP_HOSTS."
            )
        if not self._needs_token(path) or self._has_token(headers.get("authorization", "")):
            return None
        detail = "Send the token as `Authorization: Bearer TOKEN`."
        return problem(401, "Token missing or wrong", detail, {"WWW-Authenticate": "Bearer"})

    def _needs_token(self, path: str) -> bool:
        if self._entry.token is None or path in OPEN:
            return False
        return not (self._entry.is_public and (path == PUBLIC[0] or path.startswith(PUBLIC[1])))

    def _has_token(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        wanted = (self._entry.token or "").encode()
        return scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), wanted)


def _bounded(receive: Receive) -> Receive:
    """The body, up to its limit."""
    received = 0

    async def bounded() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > MOST_BODY_BYTES:
            raise HTTPException(413, f"A body may have {MOST_BODY_BYTES:,} bytes.", {"Connection": "close"})
        return message

    return bounded


def _shown(path: str) -> str:
    return repr(path[:200])
