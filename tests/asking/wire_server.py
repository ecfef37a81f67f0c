"""A real HTTP server that says what a test tells it to, well or badly, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    body: dict[str, object]


@dataclass
class WireServer:
    """`url` is its address; `behave` decides what the next answers look like."""

    behave: Callable[[BaseHTTPRequestHandler], None] = lambda handler: None
    behave_on_get: Callable[[BaseHTTPRequestHandler], None] = lambda handler: handler.send_error(501)
    """The same for what is not posted: lists of models, what a server says of itself."""
    asked: list[Asked] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    """Set at the end of a test, so that slow behaviours end with it."""
    url: str = ""

    def says(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Answer with a whole body, whose length is announced."""

        def behave(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response_only(status)
            for name, value in {**headers, "content-length": str(len(body))}.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(body)

        self.behave = behave

    def forget(self) -> None:
        """End what the last test left running, and begin anew."""
        self.stop.set()
        self.stop, self.asked = threading.Event(), []

    def __enter__(self) -> WireServer:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["content-length"]))
                names = {name.lower(): value for name, value in self.headers.items()}
                outer.asked.append(Asked(self.path, names, json.loads(raw)))
                self.close_connection = True
                with contextlib.suppress(OSError):  # the prober hung up, as several tests want it to
                    outer.behave(self)

            def do_GET(self) -> None:
                self.close_connection = True
                with contextlib.suppress(OSError):
                    outer.behave_on_get(self)

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        self._server.shutdown()
        self._server.server_close()
