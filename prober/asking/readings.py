"""Every way to read a text that may hide a secret: as it is, unescaped, out of base64, its pieces joined. Pure."""

from __future__ import annotations

import binascii
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html.entities import html5
from itertools import islice
from typing import Final

_DEEPEST: Final = 5
"""Readings on top of each other: a body may be JSON in JSON in base64."""
_MOST, _MOST_TIMES, _LEAST = 40, 8, 10_000
"""Readings of one text, and characters of all of them for each of its own and at least, so that the time is bounded."""

_ESCAPES: Final = (
    r"(?<=\\)\\{0,7}(?:u(?P<hex1>[0-9a-fA-F]{4})|u\\{0,4}\{0{0,4}(?P<hex2>[0-9a-fA-F]{1,6})\\{0,4}\}"
    r"|U(?P<hex3>[0-9a-fA-F]{8})|x(?P<hex4>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})|(?P<letter>[nrt\"'/]))"
    r"|(?<=%)(?P<hex5>[0-9a-fA-F]{2})"
    r"|(?<=&)(?:#0{0,4}(?P<decimal>\d{1,7});|#[xX]0{0,4}(?P<hex6>[0-9a-fA-F]{1,6});|(?P<name>[A-Za-z]{2,31};))"
)
"""Of JSON and programs, of a URL, of HTML."""
_CSS: Final = r"(?<=\\)\\{0,7}(?P<css>0{0,4}[2-7][0-9a-fA-F])(?![0-9a-fA-F])"
_MAIL: Final = r"(?<==)(?P<mail>[0-9a-fA-F]{2})"
_TAG: Final = r"(?<=<)/?[a-zA-Z][^<>]{0,80}>"
_COMMON: Final = re.compile(rf"[\\%&](?:{_ESCAPES})")
_RARE: Final = re.compile(rf"[\\%&=<](?:{_CSS}|{_MAIL}|{_TAG}|{_ESCAPES})")
"""With those that ordinary texts may have by chance, such as `=41`."""
_PREFIX: Final = re.compile(r"(?<![0-9a-zA-Z])0?[xX](?=[0-9a-fA-F]{2}(?![0-9a-zA-Z]))")
"""Of a byte in hex."""
_FRAME: Final = re.compile(r"[\r\n](?:data: ?|(?:event|id|retry)?:[^\r\n]*)")
"""What a stream writes between two pieces."""
_FIELD: Final = re.compile(r'"(\w{1,40})"\s{0,4}:\s{0,4}"((?:[^"\\]|\\.)*)"')
_SHORTEST_RUN, _MOST_RUNS = 20, 200
_NO_DIGITS: Final = {code: " " for code in range(128) if not re.match("[A-Za-z0-9+/_-]", chr(code))}
_DIGITS: Final = "[A-Za-z0-9+/_-]"
_BASE64: Final = re.compile(
    rf"(?<!{_DIGITS}){_DIGITS}{{{_SHORTEST_RUN},}}"
    rf"(?:[ \t]{{0,8}}\r?\n[ \t]{{0,8}}{_DIGITS}+(?![^\s=\"'\\<])(?! ))*={{0,2}}"
)
"""Where a line is broken, the next one has nothing else."""


_UUENCODED: Final = re.compile(r"(?m)^[!-M][ -`]{4,84}$")


@dataclass(frozen=True)
class Reading:
    """A text, and where each of its characters was in the text from which it was read."""

    text: str
    _at: tuple[int, ...] = (0,)
    """Where each segment begins in `text`, in order."""
    _spans: tuple[tuple[int, int], ...] = ()
    """(start, end) of each segment where it was read. One that has another length there counts as a whole."""
    _source: Reading | None = None

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """(start, end) in the first text of what stands from `start` to `end` in this one."""
        if self._source is None:
            return start, end
        first, last = bisect_right(self._at, start) - 1, bisect_left(self._at, end) - 1
        begin, stop = self._spans[first][0], self._spans[last][1]
        if self._is_literal(first):
            begin += start - self._at[first]
        if self._is_literal(last):
            stop = self._spans[last][0] + end - self._at[last]
        return self._source.origin(begin, stop)

    def _is_literal(self, segment: int) -> bool:
        end = self._at[segment + 1] if segment + 1 < len(self._at) else len(self.text)
        begin, stop = self._spans[segment]
        return end - self._at[segment] == stop - begin

    def of(self, segments: list[tuple[str, int, int]]) -> Reading:
        """What is read out of this one: (text, start, end) of each segment, where start and end are in this one."""
        kept = [segment for segment in segments if segment[0]]
        at, size = [], 0
        for text, _, _ in kept:
            at.append(size)
            size += len(text)
        return Reading("".join(text for text, _, _ in kept), tuple(at), tuple((a, b) for _, a, b in kept), self)


def readings(text: str) -> Iterator[Reading]:
    """The text itself, and every other text that can be read out of it, and out of those."""
    layer, seen, left = [Reading(text)], {text}, _MOST_TIMES * len(text) + _LEAST
    yield layer[0]
    for _ in range(_DEEPEST):
        found = [other for one in layer for read in _WAYS for other in read(one)]
        layer = []
        for one in found:
            if one.text and one.text not in seen and len(seen) < _MOST and len(one.text) <= left:
                seen.add(one.text)
                left -= len(one.text)
                layer.append(one)
                yield one


def _without(pattern: re.Pattern[str], *marks: str) -> Callable[[Reading], Iterator[Reading]]:
    """Reads what each match of `pattern` means, in texts that have one of the marks: without one there is no match."""
    looked_for = [re.compile(mark) for mark in marks]

    def read(one: Reading) -> Iterator[Reading]:
        segments, at = [], 0
        for found in pattern.finditer(one.text) if any(mark.search(one.text) for mark in looked_for) else ():
            segments += [(one.text[at : found.start()], at, found.start()), (_meaning(found), *found.span())]
            at = found.end()
        if segments:
            yield one.of([*segments, (one.text[at:], at, len(one.text))])

    return read


def _meaning(escape: re.Match[str]) -> str:
    """A byte of UTF-8 and a half of a pair of UTF-16 are each one character here."""
    kind = escape.lastgroup
    if kind is None:
        return ""
    if kind == "letter":
        return _LETTERS.get(escape[kind], escape[kind])
    if kind == "name":
        return html5.get(escape[kind], "")
    code = int(escape[kind], {"octal": 8, "decimal": 10}.get(kind, 16))
    return chr(code) if code <= 0x10FFFF else ""


_BEGINNINGS: Final = (r"\\[uUxnrt0-9\"'/\\]", "%[0-9a-fA-F]", "&[#a-zA-Z]")
_WITHOUT_ALL: Final = _without(_RARE, *_BEGINNINGS, "=[0-9a-fA-F]", "<[/a-zA-Z]")
_WITHOUT_COMMON: Final = _without(_COMMON, *_BEGINNINGS)


def _unescaped(one: Reading) -> Iterator[Reading]:
    """Without all escapes, and without the common ones only, for the rare may be there by chance."""
    for reading in _WITHOUT_ALL(one):
        yield reading
        yield from _WITHOUT_COMMON(one)


def _joined_fields(one: Reading) -> Iterator[Reading]:
    """For each name of a field, its values one behind the other: a stream has a piece in each of its frames."""
    if one.text.count('":') < 2:
        return
    pieces: dict[str, list[tuple[str, int, int]]] = {}
    for field in _FIELD.finditer(one.text):
        pieces.setdefault(field[1], []).append((field[2], *field.span(2)))
    for segments in pieces.values():
        if len(segments) > 1:
            yield one.of(segments)


def _out_of_base64(one: Reading) -> Iterator[Reading]:
    """Each run of base64, wherever in it the encoded text begins."""
    if max(map(len, one.text.translate(_NO_DIGITS).split()), default=0) >= _SHORTEST_RUN:
        runs = islice(_BASE64.finditer(one.text), _MOST_RUNS)
        segments = [(text, *run.span()) for run in runs for start in range(4) if (text := _decoded(run[0], start))]
        if segments:
            yield one.of(segments)


def _out_of_uuencode(one: Reading) -> Iterator[Reading]:
    """All its lines, one behind the other."""
    if "begin " in one.text:
        yield one.of([(_line_of_uuencode(line[0]), *line.span()) for line in _UUENCODED.finditer(one.text)])


def _line_of_uuencode(line: str) -> str:
    try:
        return binascii.a2b_uu(line).decode("latin-1")
    except binascii.Error:
        return ""


def _decoded(run: str, start: int) -> str:
    """What base64 from `start` on means, or nothing where that is no text."""
    digits = "".join(run.split()).rstrip("=").translate(_URL_SAFE)[start:]
    rest = digits[: len(digits) - (len(digits) % 4 == 1)]
    raw = binascii.a2b_base64(rest + "=" * (-len(rest) % 4))
    is_text = len(raw.translate(None, _BEYOND_ASCII)) > 0.7 * len(raw)
    return raw.decode("ascii", errors="replace").replace("\ufffd", "?") + "\0" if is_text else ""


_BEYOND_ASCII: Final = bytes(range(128, 256))
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_URL_SAFE: Final = str.maketrans("-_", "+/")
_WAYS: Final[tuple[Callable[[Reading], Iterator[Reading]], ...]] = (
    _unescaped,
    _without(_PREFIX, "0x", "0X"),
    _without(_FRAME, "\ndata:", "\rdata:"),
    _joined_fields,
    _out_of_base64,
    _out_of_uuencode,
)
