"""A receiver of posts, over real HTTP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Hook:
    """A receiver that keeps what it gets and answers as told; status 0 hangs, -1 hangs up, -2 answers byte by byte
    without an end."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    received: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    """(path, headers, body)"""
    base: str = ""
    """Its address."""
    url: str = ""
    """A place there, with something secret in it."""
    closing: threading.Event = field(default_factory=threading.Event)


@contextmanager
def listening() -> Iterator[Hook]:
    hook = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.received.append((self.path, dict(self.headers.items()), body))
            if hook.status <= 0:
                if hook.status == 0:
                    hook.closing.wait(30)
                if hook.status == -2:
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    with suppress(OSError):
                        while not hook.closing.wait(0.02):
                            self.wfile.write(b"x")
                return
            self.send_response(hook.status)
            for name, value in hook.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *arguments: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    hook.base = f"http://127.0.0.1:{server.server_address[1]}"
    hook.url = f"{hook.base}/hook?key=not-a-real-secret"
    yield hook
    hook.closing.set()
    server.shutdown()
    server.server_close()
