"""Amazon's event streams (`application/vnd.amazon.eventstream`): events in binary frames, read as they arrive. Pure.

A frame: total length and length of its headers (4 bytes each, big-endian), their CRC-32, the headers, the payload, and
the CRC-32 of all before it. A header: length and name, a type, and a value; text is type 7, with a length of 2 bytes.
"""

from __future__ import annotations

import base64
import binascii
import json
import struct
import zlib
from collections.abc import Iterator
from typing import Final

from prober.asking.error_body import parse
from prober.asking.wire.format import BrokenWire, dig, text_of

LONGEST: Final = 2**24
"""Bytes of a frame. Every frame begins with a zero byte, then, and no other stream or JSON does."""
_PRELUDE, _END = 12, 4
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Type of a header → bytes of its value. Types 6 and 7 have their length before them."""


class FrameReader:
    """Bytes in, each finished event out as the text of a JSON object: `{"<event type>": payload}`.

    A frame of kind `chunk` holds another event in base64: that one comes out as it is. An exception comes out as
    `{"error": {"type": …, "message": …}}`. Raises BrokenWire.
    """

    def __init__(self) -> None:
        self._tail = b""

    def feed(self, chunk: bytes) -> list[str]:
        self._tail += chunk
        return list(self._frames())

    def finish(self) -> list[str]:
        if self._tail:
            raise BrokenWire("the stream broke off inside an event")
        return []

    def _frames(self) -> Iterator[str]:
        while len(self._tail) >= _PRELUDE:
            length, header_length = struct.unpack_from(">II", self._tail)
            if not _PRELUDE + _END + header_length <= length < LONGEST:
                raise BrokenWire("a frame of the stream has an impossible length")
            if len(self._tail) < length:
                return
            frame, self._tail = self._tail[:length], self._tail[length:]
            if struct.unpack(">I", frame[-_END:])[0] != zlib.crc32(frame[:-_END]):
                raise BrokenWire("a frame of the stream is damaged: its checksum is another")
            start = _PRELUDE + header_length
            yield _event(_headers(frame[_PRELUDE:start]), frame[start:-_END])


def _headers(raw: bytes) -> dict[str, str]:
    """Headers that are text."""
    found: dict[str, str] = {}
    try:
        while raw:
            end = 1 + raw[0]
            name, kind, raw = raw[1:end].decode("utf-8", errors="replace"), raw[end], raw[end + 1 :]
            size = _SIZES.get(kind)
            if size is None:
                size, raw = struct.unpack(">H", raw[:2])[0], raw[2:]
            if kind == 7:
                found[name] = raw[:size].decode("utf-8", errors="replace")
            raw = raw[size:]
    except (IndexError, struct.error):
        raise BrokenWire("a frame of the stream has damaged headers") from None
    return found


def _event(headers: dict[str, str], payload: bytes) -> str:
    said = parse(payload)
    if headers.get(":message-type", "event") != "event":
        kind = headers.get(":exception-type") or headers.get(":error-code") or "error"
        message = text_of(dig(said, "message")) or headers.get(":error-message") or kind
        return json.dumps({"error": {"type": kind, "message": message}})
    inner = text_of(dig(said, "bytes"))
    if inner is None:
        return json.dumps({headers.get(":event-type", ""): said})
    try:
        return base64.b64decode(inner, validate=True).decode("utf-8", errors="replace")
    except (binascii.Error, ValueError):
        raise BrokenWire("a frame of the stream holds no base64") from None
