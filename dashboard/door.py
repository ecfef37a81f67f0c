"""The door of the dashboard: which requests reach it, and as whom. Streamlit lets everyone in."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from importlib import import_module
from threading import Thread
from typing import Any, Final, TypeAlias
from urllib.parse import quote, unquote, urlsplit

from prober.settings import Settings

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

NO_FRAMES: Final = (
    (b"x-frame-options", b"DENY"),
    (b"content-security-policy", b"frame-ancestors 'none'"),
)
"""A page of another origin that frames this one could have its viewer click on what they do not see."""
SIGN_IN, SIGNED_IN = "/auth/login", "/oauth2callback"
"""Ends of Streamlit's addresses: where one leaves for the identity provider, and where one comes back."""
_HOST: Final = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""What a browser sends: a name or an address, and perhaps a port."""
_PORTS: Final = {"http": 80, "https": 443}
_COOKIE: Final = "canary_signs_in_from"
_LONGEST_PLACE: Final = 2_000
Header: TypeAlias = tuple[bytes, bytes]
REFUSED: Final = b"this name is not one of the dashboard's; set PROBER_DASHBOARD_URL to the address that people use\n"


@dataclass(frozen=True, slots=True)
class Door:
    """Passes on what may come in, and forbids every page to be framed."""

    app: AsgiApp
    url: str
    """Address that people use."""
    user_header: str | None
    """Lower-case name of the header in which a proxy names who is signed in."""
    proxies: str
    """Addresses or networks that are trusted to say that, separated by commas."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        given = Counter(name.lower() for name, _ in scope["headers"])
        is_clear = given[b"host"] <= 1 and given[b"origin"] <= 1  # if there are two, the pages might read the other one
        if not is_clear or not self.admits(headers.get(b"host", ""), headers.get(b"origin")):
            await _refuse(scope, send)
            return
        if place := page_of_link(scope):
            await _answer(send, 302, (b"location", place))
            return
        hidden = self.user_header.encode("latin-1") if self.user_header else b""
        # If it is there twice, the client may have sent one and the proxy the other: nobody knows who is signed in.
        if hidden and (given[hidden] > 1 or not self.is_proxy((scope.get("client") or ("",))[0])):
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != hidden]}

        has_left = False

        async def without_frames(message: MutableMapping[str, Any]) -> None:
            nonlocal has_left
            if message["type"] == "http.response.start":
                sent = [*message.get("headers", ()), *NO_FRAMES]
                message = {**message, "headers": self.back_where_one_was(str(scope.get("path", "")), headers, sent)}
            try:
                await send(message)
            except OSError:
                has_left = True
                raise

        try:
            await self.app(scope, receive, without_frames)
        except RuntimeError:
            # Streamlit goes on reading from a page that was closed while it was being drawn: nothing is wrong.
            if not has_left:
                raise

    def back_where_one_was(self, path: str, asked: dict[bytes, str], sent: list[Header]) -> list[Header]:
        """Headers of an answer: who signs in from a page, such as that of an incident, comes back to it.

        Streamlit leads to the overview. So the way out leaves a cookie with the page, and the way back in uses it up.
        """
        if path.endswith(SIGN_IN):
            place = quote(self.place_of(asked.get(b"referer", ""), asked.get(b"host", "")), safe="")
            return [*sent, (b"set-cookie", f"{_COOKIE}={place}; Path=/; Max-Age=600; HttpOnly; SameSite=Lax".encode())]
        if not path.endswith(SIGNED_IN):
            return sent
        place = _kept_place(asked.get(b"cookie", ""))
        if not place or self.place_of(place, "") != place:
            return sent
        kept = [pair for pair in sent if pair[0].lower() != b"location"]
        used = (b"set-cookie", f"{_COOKIE}=; Path=/; Max-Age=0".encode())
        return sent if len(kept) == len(sent) else [*kept, (b"location", place.encode("ascii")), used]

    def place_of(self, url: str, host: str) -> str:
        """Path and query of an address of the dashboard, or of a path without a host. Empty for any other address, so
        that nobody is sent to another site."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return ""
        place = parts.path + (f"?{parts.query}" if parts.query else "")
        is_path = not (host or parts.scheme or parts.netloc)
        ours = is_path or self._is_ours(parts.scheme, parts.netloc, host)
        plain = place.startswith("/") and not place.startswith("//") and "\\" not in place and place.isascii()
        return place if ours and plain and place.isprintable() and len(place) <= _LONGEST_PLACE else ""

    def admits(self, host: str, origin: str | None) -> bool:
        """Whether a request with this Host and Origin may come in.

        Names other than the declared one are refused: any web page can make its own name lead to this machine.
        """
        name = _name(f"//{host}") if _HOST.fullmatch(host) else ""
        if not (_is_address(name) or name in {"localhost", _name(self.url)}):
            return False
        if origin is None:
            return True
        scheme, _, place = origin.partition("://")
        return self._is_ours(scheme, place, host)

    def _is_ours(self, scheme: str, place: str, host: str) -> bool:
        """Whether a host and port are those of the request or of the declared address. Capitals are small letters, and
        the usual port of a scheme may be left out, as browsers do."""
        if scheme not in _PORTS or not _HOST.fullmatch(place):
            return False
        asked, declared = (_place(f"{scheme}://{one}") for one in (place, host))
        return asked is not None and asked in {declared, _place(self.url)}

    def is_proxy(self, client: str) -> bool:
        """Whether a client's address is that of a declared proxy."""
        if not _is_address(client):
            return False
        address = ipaddress.ip_address(client)
        # How a socket that takes both kinds names an address of IPv4.
        address = getattr(address, "ipv4_mapped", None) or address
        declared = [part.strip() for part in self.proxies.split(",") if part.strip()]
        return any(address in ipaddress.ip_network(one, strict=False) for one in declared)


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _place(url: str) -> tuple[str, int] | None:
    """Host in small letters, and port; None where it is no address of the web."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None


def _kept_place(cookies: str) -> str:
    try:
        kept = SimpleCookie(cookies).get(_COOKIE)
    except CookieError:
        return ""
    return "" if kept is None else unquote(kept.value)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def page_of_link(scope: Scope) -> bytes:
    """Where a link of a message leads, which is the bare address with the number of an incident; empty for others.

    Streamlit would lead there too, but with a step in the browser's history that leads back to the same page.
    """
    query: bytes = scope.get("query_string", b"")
    is_bare = scope["type"] == "http" and str(scope.get("path", "")).endswith("/")
    return b"incident?" + query if is_bare and query.startswith(b"incident=") else b""


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await _answer(send, 421, (b"content-type", b"text/plain; charset=utf-8"), REFUSED)


async def _answer(send: Send, status: int, header: Header, body: bytes = b"") -> None:
    await send({"type": "http.response.start", "status": status, "headers": [header, *NO_FRAMES]})
    await send({"type": "http.response.body", "body": body})


def main() -> None:
    """Streamlit's command line, with the door in front of its server."""
    from streamlit import net_util
    from streamlit.web import cli
    from streamlit.web.server.starlette import starlette_server as server

    settings, plain = Settings(), vars(server)["create_starlette_app"]
    header = settings.dashboard_user_header

    def guarded(runtime: Any) -> AsgiApp:
        return Door(
            plain(runtime), settings.dashboard_url, header.lower() if header else None, settings.dashboard_proxies
        )

    # It would ask a host of Amazon for the address of this machine, at each start and of each page of another origin.
    vars(net_util)["get_external_ip"] = lambda: None
    vars(server)["create_starlette_app"] = guarded  # uvicorn takes any ASGI app
    # Otherwise uvicorn puts whom X-Forwarded-For names in the place of the proxy that really knocks.
    os.environ["FORWARDED_ALLOW_IPS"] = ""
    # While the browser loads Streamlit's own files; a page that is asked for sooner waits for the rest of the import.
    Thread(target=import_module, args=("dashboard.overview",), daemon=True).start()
    sys.argv[0] = "streamlit"
    cli.main()
