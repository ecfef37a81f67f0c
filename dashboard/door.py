"""The door of the dashboard: which requests reach it, and as whom. Streamlit lets everyone in.

`python -m dashboard.door run app.py …` is `streamlit run` behind it.
"""

from __future__ import annotations

import ipaddress
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

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
    """Addresses or networks whose word about that is believed, separated by commas."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {name.lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if not self.admits(headers.get(b"host", ""), headers.get(b"origin")):
            await _refuse(scope, send)
            return
        if self.user_header and not self.is_proxy((scope.get("client") or ("",))[0]):
            hidden = self.user_header.encode("latin-1")
            scope = {**scope, "headers": [pair for pair in scope["headers"] if pair[0].lower() != hidden]}

        async def without_frames(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *NO_FRAMES]}
            await send(message)

        await self.app(scope, receive, without_frames)

    def admits(self, host: str, origin: str | None) -> bool:
        """Whether a request with this Host and Origin may come in.

        Names other than the declared one are refused: any web page can make its own name lead to this machine.
        """
        name = _name(f"//{host}")
        if not (_is_address(name) or name in {"localhost", _name(self.url)}):
            return False
        return origin is None or urlsplit(origin).netloc in {host, urlsplit(self.url).netloc}

    def is_proxy(self, client: str) -> bool:
        """Whether a client's address is that of a declared proxy."""
        if not _is_address(client):
            return False
        address = ipaddress.ip_address(client)
        declared = [part.strip() for part in self.proxies.split(",") if part.strip()]
        return any(address in ipaddress.ip_network(one, strict=False) for one in declared)


def _name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


async def _refuse(scope: Scope, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    plain = [(b"content-type", b"text/plain; charset=utf-8"), *NO_FRAMES]
    await send({"type": "http.response.start", "status": 421, "headers": plain})
    await send({"type": "http.response.body", "body": REFUSED})


def main() -> None:
    """Streamlit's command line, with the door in front of its server."""
    from streamlit.web import cli
    from streamlit.web.server.starlette import starlette_server as server

    settings, plain = Settings(), vars(server)["create_starlette_app"]
    header = settings.dashboard_user_header

    def guarded(runtime: Any) -> AsgiApp:
        return Door(
            plain(runtime), settings.dashboard_url, header.lower() if header else None, settings.dashboard_proxies
        )

    vars(server)["create_starlette_app"] = guarded  # uvicorn takes any ASGI app
    sys.argv[0] = "streamlit"
    cli.main()


if __name__ == "__main__":
    main()
