"""One POST over HTTP, once: no retry, no redirect, no kept connection. The only module that knows httpx.

Proxies and certificates of the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`) are honoured: many companies
have no other way out. Every ask opens its own connection, so that latency always means the same and a connection that
went stale between two rounds is never mistaken for a provider that is down.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx

from prober.model.declaration import Timeouts
from prober.model.errors import ConfigurationError
from prober.model.reply import Failure


@dataclass(frozen=True, slots=True)
class Arrived:
    """An HTTP answer of any status."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    """Decoded; of an error status perhaps cut short."""
    latency_s: float
    """From before the connection to the last byte."""
    ttft_s: float | None
    """To the chunk that `first` said yes to."""


@dataclass(frozen=True, slots=True)
class Lost:
    """No usable HTTP answer."""

    failure: Failure
    detail: str
    latency_s: float


class Transport:
    """Used by many threads at once."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._client = httpx.Client(
            follow_redirects=False,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
            headers={"user-agent": "canary-prober", "accept-encoding": "identity"},
        )

    def close(self) -> None:
        self._client.close()

    def post(
        self,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeouts: Timeouts,
        max_bytes: int,
        first: Callable[[bytes], bool] | None = None,
    ) -> Arrived | Lost:
        """Send `content`, read at most `max_bytes` decoded bytes. `first` says whether a chunk brings first content.

        Raises ConfigurationError for an address that cannot be one.
        """
        start = self._clock()
        deadline = _Deadline(timeouts.total_s)
        read_s, connect_s = min(timeouts.read_s, timeouts.total_s), min(timeouts.connect_s, timeouts.total_s)
        answering = False
        try:
            with (
                deadline,
                self._client.stream(
                    "POST",
                    url,
                    headers=dict(headers),
                    content=content,
                    timeout=httpx.Timeout(read_s, connect=connect_s, pool=connect_s),
                    extensions={"trace": deadline.trace},
                ) as response,
            ):
                answering = True
                body, ttft_s, whole = self._read(response, max_bytes, start, first)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ConfigurationError(f"base_url: {error}; write an address such as https://host/v1") from None
        except httpx.ConnectTimeout:
            return Lost("timeout", f"no connection within {connect_s:g} s", self._clock() - start)
        except (httpx.HTTPError, OSError, _Undecodable) as error:
            latency_s = self._clock() - start
            if deadline.passed:
                return Lost("timeout", f"the whole ask took longer than {timeouts.total_s:g} s", latency_s)
            if isinstance(error, httpx.TimeoutException):
                return Lost("timeout", f"silent for {read_s:g} s", latency_s)
            broke = "the answer broke off: " if answering else ""
            return Lost("invalid_reply" if answering else "unreachable", broke + _words(error), latency_s)
        latency_s = self._clock() - start
        if deadline.passed:
            # A cut connection can look like the regular end of an answer that declared no length.
            return Lost("timeout", f"the whole ask took longer than {timeouts.total_s:g} s", latency_s)
        if not whole and response.status_code < 400:
            return Lost("too_large", f"more than {max_bytes} bytes; reading stopped there", latency_s)
        return Arrived(response.status_code, dict(response.headers.items()), body, latency_s, ttft_s)

    def _read(
        self, response: httpx.Response, max_bytes: int, start: float, first: Callable[[bytes], bool] | None
    ) -> tuple[bytes, float | None, bool]:
        """(body, time to first content, whether it is whole)"""
        chunks: list[bytes] = []
        size = 0
        ttft_s: float | None = None
        for chunk in _decoded(response, max_bytes):
            if first is not None and ttft_s is None and first(chunk):
                ttft_s = self._clock() - start
            chunks.append(chunk)
            size += len(chunk)
            if size > max_bytes:
                return b"".join(chunks)[:max_bytes], ttft_s, False
        return b"".join(chunks), ttft_s, True


class _Undecodable(Exception):
    """A body in an encoding that was not asked for."""


def _decoded(response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    """Body as it arrives. No piece is larger than the cap: a small body may unpack into a huge one."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "deflate"):
        raise _Undecodable(f"content-encoding {encoding[:40]!r}, where none was asked for")
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        for packed in response.iter_raw():
            yield unpack.decompress(packed, max_bytes + 1)
    except zlib.error:
        raise _Undecodable(f"not the {encoding} it says it is") from None
    if not unpack.eof:
        raise _Undecodable(f"the {encoding} data ends early")


class _Deadline:
    """Cuts the connection when the whole ask took too long.

    A read timeout alone never ends an answer whose bytes, or headers, trickle; a closed socket does.
    """

    def __init__(self, total_s: float) -> None:
        self.passed = False
        self._stream: Any = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(total_s, self._cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Called by the HTTP library: remember the newest stream of this ask's connection."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            with self._lock:
                self._stream = info["return_value"]
            if self.passed:
                self._shut()

    def _cut(self) -> None:
        self.passed = True
        self._shut()

    def _shut(self) -> None:
        with self._lock:
            connection = None if self._stream is None else self._stream.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):
                # Not the TLS socket's own shutdown, which would pull its state from under the reading thread.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
