"""Streams of events, read as they arrive: server-sent events, and Amazon's frames. Pure."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Callable
from typing import Final

from prober.asking.wire.format import BrokenWire
from prober.asking.wire.frames import FrameReader

_START: Final = 2_000
_EVENTS: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*(?::[^\r\n]*[\r\n]\s*)*(?:data|event|id): ?\S")
"""How a stream begins, perhaps after comments."""
_DONE: Final = frozenset({"[DONE]", "DONE", "[EOF]", "[END]"})
"""What ends some streams, in place of JSON."""
_FRAME: Final = b"\0"
"""How a frame begins."""


class EventReader:
    """Bytes in, the `data` of each finished event out. Comments, names and ids of events are left out; the data of an
    event that is named `error` comes as `{"error": …}`."""

    def __init__(self) -> None:
        self._tail = b""
        self._is_begun = False
        self._data: list[bytes] = []
        self._is_error = False

    def feed(self, chunk: bytes) -> list[str]:
        """Events finished by this chunk. Chunks may split anywhere, even inside a character or the end of a line."""
        arrived = self._tail + chunk
        open_end = b"\r" if arrived.endswith(b"\r") else b""  # the first half of a line end, perhaps
        whole = arrived.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, tail = whole.split(b"\n")
        self._tail = tail + open_end
        if lines and not self._is_begun:
            self._is_begun, lines[0] = True, lines[0].removeprefix(codecs.BOM_UTF8)
        return [event for line in lines if (event := self._line(line)) is not None]

    def finish(self) -> list[str]:
        """What the end of the stream finishes: some servers leave out the last blank line."""
        return self.feed(b"\n\n")

    def _line(self, line: bytes) -> str | None:
        if line:
            name, _, value = line.partition(b":")
            if name == b"data":
                self._data.append(value.removeprefix(b" "))
            elif name == b"event":
                self._is_error = value.strip() == b"error"
            return None
        data, is_error = b"\n".join(self._data).decode("utf-8", errors="replace"), self._is_error
        self._data, self._is_error = [], False
        if not data.strip():
            return None
        return _named_error(data) if is_error else data


def _named_error(data: str) -> str:
    """What an event says that is an error by its name, perhaps by that alone."""
    try:
        said = json.loads(data)
    except (ValueError, RecursionError):
        said = data
    return data if isinstance(said, dict) and "error" in said else json.dumps({"error": said})


def read_events(body: bytes) -> list[object]:
    """A whole stream → its events as parsed JSON, without the `[DONE]` that ends some. Raises BrokenWire."""
    reader = reader_of(body)
    try:
        return [event for data in reader.feed(body) + reader.finish() for event in _parsed(data)]
    except (ValueError, RecursionError):
        raise BrokenWire("the stream holds an event that is not JSON, or broke off inside one") from None


def _parsed(data: str) -> list[object]:
    """The JSON of an event; several where a server leaves out the blank lines between them. Raises ValueError."""
    if data.strip().upper() in _DONE:
        return []
    try:
        return [json.loads(data, strict=False)]
    except ValueError:
        if "\n" not in data:
            raise
        return [event for line in data.splitlines() for event in _parsed(line)]


def json_lines(body: bytes) -> list[object]:
    """A stream of JSON objects, one a line, as Ollama's own API sends it; empty where a body is none."""
    lines = [line for line in body.splitlines() if line.strip()]
    if len(lines) < 2 or not all(line.startswith(b"{") for line in lines):
        return []
    try:
        return [json.loads(line, strict=False) for line in lines]
    except (ValueError, RecursionError):
        return []


def is_stream(kind: str, body: bytes) -> bool:
    """Whether a body is a stream of events, as its content type says or as it begins (some say `text/plain`)."""
    known = kind.lower().startswith(("text/event-stream", "application/vnd.amazon.eventstream"))
    # A whole answer that only calls itself a stream begins as JSON does.
    return (known and not body.startswith((b"{", b"["))) or _EVENTS.match(body[:_START]) is not None


def says_done(body: bytes) -> bool:
    """Whether a stream ends in `[DONE]`, as those do that arrived whole."""
    return body.rstrip()[-20:].rpartition(b":")[2].strip().decode(errors="replace").upper() in _DONE


def reader_of(start: bytes) -> EventReader | FrameReader:
    """What reads a stream that starts so."""
    return FrameReader() if start.startswith(_FRAME) else EventReader()


class FirstContent:
    """Watches a stream go by until the first piece of the answer has come."""

    def __init__(self, has_content: Callable[[object], bool]) -> None:
        self._reader: EventReader | FrameReader | None = None
        self._has_content = has_content

    def __call__(self, chunk: bytes) -> bool:
        """Whether this chunk brings content. Not called again once it has said yes."""
        self._reader = self._reader or reader_of(chunk)
        try:
            return any(self._is_content(data) for data in self._reader.feed(chunk))
        except BrokenWire:
            return False  # read_events will report it

    def _is_content(self, data: str) -> bool:
        try:
            return any(map(self._has_content, _parsed(data)))
        except (ValueError, RecursionError):
            return False  # a broken event, which read_events will report
