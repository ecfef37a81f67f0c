"""One POST over HTTP, once: no retry, no redirect. The only module that knows httpx.

Proxies and certificates of the environment (`HTTPS_PROXY`, `NO_PROXY`, `SSL_CERT_FILE`) are honoured: many companies
have no other way out. See `egress`.

A connection is used again where the server says that it keeps it (`connection: keep-alive`), soon, and not once KEPT_S
have passed. One that was closed meanwhile is seen to be closed, and replaced before anything is sent on it. Where it
closes in that very moment the ask fails at once, as `unreachable`: sent again it might be answered, and paid, twice.
"""

from __future__ import annotations

import contextlib
import logging
import re
import ssl
import threading
import time
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Literal

import httpx

from prober.asking.deadlines import Deadline, Line, Watch
from prober.asking.egress import USUAL, Certificates, bad_proxy, context_of, proxy_for, tls_fault
from prober.model.connection import Timeouts
from prober.model.errors import ConfigurationError
from prober.model.reply import Failure

for _library in ("httpx", "httpcore"):
    # They log whole addresses and headers, which may hold what the environment has put in.
    logging.getLogger(_library).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Arrived:
    """An HTTP answer of any status."""

    status: int
    headers: Mapping[str, str]
    """Lower-case names."""
    body: bytes
    """Unpacked, and text of a declared character set in UTF-8; of an error status perhaps cut short."""
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


KEPT_S: Final = 2.0
"""Well below what servers wait before they close an idle connection (5 s is common)."""
MOST_OF_AN_ERROR: Final = 256_000
"""Bytes that are read of the body of an error status."""
_ASIDE: Final = "prober.aside"
_HUNG_UP: Final = "Server disconnected without sending a response."
"""What the HTTP library says of a server that closes the connection without a word."""
_NO_TEXT: Final = "illegal request line"
"""What it says of an answer whose first byte is no printable character."""
_CHARSET: Final = re.compile(
    r"charset\s*=\s*[\"']?((?:utf-?(?:16|32)|iso-?8859|latin|windows|cp\d|shift|sjis|gb|big5|euc|koi8)[\w.:-]{0,20})",
    re.IGNORECASE,
)
"""Declared character sets that are read. Others are slow to decode (`punycode`), or none (`rot13`)."""


class _Lane(Line):
    """A connection to one host, for one ask at a time; when it is closed, the next one."""

    def __init__(self, certificates: ssl.SSLContext) -> None:
        try:
            self.client = httpx.Client(
                verify=certificates,
                follow_redirects=False,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=1, keepalive_expiry=KEPT_S),
                headers={"user-agent": "canary-prober", "accept-encoding": "identity"},
                # A cookie would tie an ask to those before it.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                event_hooks={"response": [_set_location_aside]},
            )
        except (ValueError, ImportError, httpx.InvalidURL):
            # Never the error's own words: a proxy's address may hold a password.
            raise ConfigurationError(bad_proxy()) from None

    def drop(self) -> None:
        """The next ask opens a connection of its own."""
        with contextlib.suppress(OSError):
            self.stream.close()


class Transport:
    """Used by many threads at once."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._contexts: dict[Certificates, ssl.SSLContext] = {}
        """Reading certificates takes a while; once for all endpoints that declare the same."""
        self._reading = threading.Lock()
        self._idle: dict[tuple[httpx.URL, Certificates], deque[_Lane]] = {}
        """Host and certificates → lanes that nobody uses now."""
        self._lanes: list[_Lane] = []
        self._watch = Watch()

    def close(self) -> None:
        self._watch.close()
        for lane in self._lanes:
            lane.client.close()

    @contextlib.contextmanager
    def _lane(self, url: str, certificates: Certificates) -> Iterator[_Lane]:
        """A lane to this host: the one that was used last, so that the others can rest."""
        idle = self._idle.setdefault((_parsed(url)[1], certificates), deque())
        try:
            lane = idle.pop()
        except IndexError:
            lane = _Lane(self._context(certificates))
            self._lanes.append(lane)
        try:
            yield lane
        finally:
            idle.append(lane)

    def _context(self, certificates: Certificates) -> ssl.SSLContext:
        with self._reading:
            if certificates not in self._contexts:
                self._contexts[certificates] = context_of(certificates, httpx.create_ssl_context)
            return self._contexts[certificates]

    def post(
        self,
        url: str,
        headers: Mapping[str, str],
        content: bytes,
        timeouts: Timeouts,
        max_bytes: int,
        first: Callable[[bytes], bool] | None = None,
        certificates: Certificates = USUAL,
        method: Literal["POST", "GET"] = "POST",
    ) -> Arrived | Lost:
        """Send `content`, read at most `max_bytes` decoded bytes. `first` says whether a chunk brings first content.

        Raises ConfigurationError for an address or a proxy that cannot be one, and for certificates that are none.
        """
        try:
            parsed = _parsed(url)[0]
        except httpx.InvalidURL as error:
            raise ConfigurationError(f"base_url: {error}; write an address such as https://host/v1") from None
        start = self._clock()
        read_s, connect_s = min(timeouts.read_s, timeouts.total_s), min(timeouts.connect_s, timeouts.total_s)
        answering = False
        deadline: Deadline | None = None
        try:
            with (
                self._lane(url, certificates) as lane,
                self._watch.over(lane, timeouts.total_s) as deadline,
                lane.client.stream(
                    method,
                    parsed,
                    headers=dict(headers),
                    content=content,
                    timeout=httpx.Timeout(read_s, connect=connect_s, pool=connect_s),
                    extensions={"trace": deadline.trace},
                ) as response,
            ):
                answering = True
                body, ttft_s, whole = self._read(response, max_bytes, start, first)
                if not _is_kept(response.headers):
                    lane.drop()
        except httpx.UnsupportedProtocol as error:
            raise ConfigurationError(f"base_url: {error}; write an address such as https://host/v1") from None
        except httpx.ConnectTimeout:
            return Lost("timeout", f"no connection within {connect_s:g} s", self._clock() - start)
        except (httpx.HTTPError, OSError, _Undecodable, UnicodeEncodeError) as error:
            latency_s = self._clock() - start
            if deadline is not None and deadline.passed:
                return Lost("timeout", f"the whole ask took longer than {timeouts.total_s:g} s", latency_s)
            if isinstance(error, httpx.TimeoutException):
                return Lost("timeout", f"silent for {read_s:g} s", latency_s)
            if answering:
                return Lost("invalid_reply", f"the answer broke off: {_words(error)}", latency_s)
            if isinstance(error, httpx.RemoteProtocolError) and str(error) != _HUNG_UP:
                return Lost("invalid_reply", f"the answer is not HTTP as it should be: {_words(error)}", latency_s)
            by_way = f"through the proxy of {proxy}: " if (proxy := proxy_for(parsed.scheme, parsed.host)) else ""
            return Lost("unreachable", by_way + _words(error), latency_s)
        latency_s = self._clock() - start
        if deadline is not None and deadline.passed:
            # A cut connection can look like the regular end of an answer that declared no length.
            return Lost("timeout", f"the whole ask took longer than {timeouts.total_s:g} s", latency_s)
        if not whole and response.status_code < 400:
            return Lost("too_large", f"more than {max_bytes} bytes; reading stopped there", latency_s)
        arrived_headers = dict(response.headers.items()) | response.extensions.get(_ASIDE, {})
        body = _in_utf8(body, arrived_headers.get("content-type", ""))
        return Arrived(response.status_code, arrived_headers, body, latency_s, ttft_s)

    def _read(
        self, response: httpx.Response, max_bytes: int, start: float, first: Callable[[bytes], bool] | None
    ) -> tuple[bytes, float | None, bool]:
        """(body, time to first content, whether it is whole)"""
        chunks: list[bytes] = []
        size = 0
        ttft_s: float | None = None
        is_error = response.status_code >= 400
        max_bytes = min(max_bytes, MOST_OF_AN_ERROR) if is_error else max_bytes
        try:
            for chunk in _decoded(response, max_bytes):
                if first is not None and ttft_s is None and first(chunk):
                    ttft_s = self._clock() - start
                chunks.append(chunk)
                size += len(chunk)
                if size > max_bytes:
                    return b"".join(chunks)[:max_bytes], ttft_s, False
        except (httpx.HTTPError, OSError, _Undecodable):
            if not is_error:
                raise
            # The status alone says what happened.
            return b"".join(chunks), ttft_s, False
        return b"".join(chunks), ttft_s, True


class _Undecodable(Exception):
    """A body in an encoding that was not asked for."""


def _decoded(response: httpx.Response, max_bytes: int) -> Iterator[bytes]:
    """Body as it arrives. No piece is larger than the cap: a small body may unpack into a huge one."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("", "identity"):
        yield from response.iter_raw()
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise _Undecodable(f"content-encoding {encoding[:40]!r}, where none was asked for")
    unpack = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        for packed in response.iter_raw():
            yield unpack.decompress(packed, max_bytes + 1)
    except zlib.error:
        raise _Undecodable(f"not the {encoding} it says it is") from None
    if not unpack.eof:
        raise _Undecodable(f"the {encoding} data ends early")


def _in_utf8(body: bytes, kind: str) -> bytes:
    """Text of another declared character set in UTF-8. What is UTF-8 already stays: many declare what is not so."""
    charset = _CHARSET.search(kind)
    if charset is None:
        return body
    with contextlib.suppress(UnicodeDecodeError):
        body.decode()
        if b"\0" not in body:
            return body
    with contextlib.suppress(UnicodeError, LookupError):
        return body.decode(charset[1]).encode()
    return body


def _set_location_aside(response: httpx.Response) -> None:
    """httpx reads where a redirect leads even if it is not to be followed, and fails where that is no address."""
    if response.has_redirect_location:
        response.extensions[_ASIDE] = {"location": response.headers.pop("location")}


@lru_cache(maxsize=256)
def _parsed(url: str) -> tuple[httpx.URL, httpx.URL]:
    """(the address, its host alone), read once."""
    parsed = httpx.URL(url)
    return parsed, parsed.copy_with(raw_path=b"/")


def _is_kept(headers: httpx.Headers) -> bool:
    """Many servers close a connection after the answer without a word; only one that is said to be kept is."""
    return "keep-alive" in headers.get("connection", "").lower() or "keep-alive" in headers


def _words(error: Exception) -> str:
    if isinstance(error, httpx.LocalProtocolError | UnicodeEncodeError):
        # Never the error's own words: they hold the header, which may be that of the key.
        return "a header holds characters that cannot be sent; check the key"
    said = str(error) or type(error).__name__
    if said == _NO_TEXT:
        return "it is no text; if the port speaks TLS, write https:// in base_url"
    if said == _HUNG_UP:
        return (
            "the server hung up without an answer; it was restarted, or check the port, and whether it is for http or "
            "https"
        )
    return (tls_fault(said) if "SSL" in said or "EOF" in said else "") or said
