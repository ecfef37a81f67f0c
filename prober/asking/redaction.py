"""Secrets that a provider echoes are taken out of every text of the finished reply, whatever their spelling. Pure."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Final

from prober.asking.readings import Reading, readings
from prober.model.reply import Reply, ToolCall

REDACTED: Final = "[redacted]"
SHORTEST_SECRET: Final = 8
"""Keys shorter than this are dummies such as `none`, which a reply may well contain as a word."""

_MOST_SOUGHT: Final = 40
"""Characters of each end of a secret that are looked for: tokens of some clouds have thousands."""
_BETWEEN: Final = "\x00\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\"'`+*,;:|._/\\-="
_WIDE: Final = 0xFEE0
"""From a character to the same as wide as a Chinese one."""
_FOLDED: Final[dict[int, str]] = {
    **{code + _WIDE: chr(code) for code in range(0x21, 0x7F)},
    **dict.fromkeys(map(ord, "\u0130\u0131"), "i"),
    ord("\u017f"): "s",
    ord("\u212a"): "k",
}
"""Characters that count as one of ASCII → that one."""
_DROPPED: Final = frozenset(
    [code for code in range(0x3001) if chr(code) in _BETWEEN or re.match(r"\s", chr(code))]
    + [ord(one) + _WIDE for one in _BETWEEN if "!" <= one <= "~"]
    + [0xFEFF]
)
"""What may stand between the characters of a secret that was broken over lines or into pieces."""
_ALIKE: Final = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]+")
_SQUEEZED: Final[dict[int, str | None]] = {**_FOLDED, **dict.fromkeys(_DROPPED)}
_IN_PARENTHESES: Final = "[a-zA-Z\u0130\u0131\u017f\u212a .…*]{1,12}"
_MASKS: Final = (
    r"\*\*+|\.\.\.+|……*|••+|●●+|##+|___+|---+|x[xX]{3,}|X[xX]{3,}"
    rf"|\[{_IN_PARENTHESES}\]|<{_IN_PARENTHESES}>|\({_IN_PARENTHESES}\)|\{{{_IN_PARENTHESES}\}}"
)
"""Each begins with a character as it is, by which the places are found fast."""
_MASK: Final = re.compile(_MASKS)
"""What replaces the middle of a masked secret, such as `sk-...abcd` or `sk-<hidden>abcd`."""
_MASK_OR_FOUND: Final = re.compile(rf"\s{{0,4}}(?i:\[redacted\])\s{{0,4}}|{_MASKS}")
"""The same, or a part that was found before."""
_MOST_MASKS: Final = 10_000
"""Masks of one text that are looked at, so that the time is bounded."""
_LEAST_SHOWN, _LEAST_AT_ONE_END = 4, 6
"""Characters of a secret that a masked one must show to count as one: of both ends together, of one end alone."""


def without_secrets(reply: Reply, secrets: Iterable[str | None]) -> Reply:
    """The reply with every text that spells a secret cleaned of it, or the same reply where none does."""
    for secret in secrets:
        if secret is not None and len(secret) >= SHORTEST_SECRET:
            reply = _cleaned(reply, secret)
    return reply


def redacted(text: str, secret: str | None) -> str:
    """`text` without the secret: as it is, escaped for JSON, a URL, HTML or mail, in base64, hex or other
    digits, broken, cut, masked or in the pieces of a stream."""
    if secret is None or len(secret) < SHORTEST_SECRET or not text:
        return text
    return _without_masked(_without_spelled(text, secret), secret)


def redacted_bytes(raw: bytes, secret: str | None) -> bytes:
    """A body without the secret as it is, before it is read."""
    return raw.replace(secret.encode(), REDACTED.encode()) if secret and len(secret) >= SHORTEST_SECRET else raw


def _cleaned(reply: Reply, secret: str) -> Reply:
    def clean(text: str | None) -> str | None:
        return None if text is None else redacted(text, secret)

    return replace(
        reply,
        text=clean(reply.text),
        empty_because=redacted(reply.empty_because, secret),
        error_detail=redacted(reply.error_detail, secret),
        model=clean(reply.model),
        reply_id=clean(reply.reply_id),
        system_fingerprint=clean(reply.system_fingerprint),
        service_tier=clean(reply.service_tier),
        finish_reason=clean(reply.finish_reason),
        refusal=clean(reply.refusal),
        tool_calls=tuple(
            ToolCall(redacted(call.name, secret), redacted(call.arguments, secret)) for call in reply.tool_calls
        ),
        headers={name: redacted(value, secret) for name, value in reply.headers.items()},
        top_logprobs=tuple((redacted(token, secret), logprob) for token, logprob in reply.top_logprobs),
    )


def _without_spelled(text: str, secret: str) -> str:
    text = text.replace(secret, REDACTED)
    kept, at = [], 0
    for start, end in sorted({place for reading in readings(text) for place in _places(reading, secret)}):
        if start >= at:
            kept += [text[at:start], REDACTED]
        at = max(at, end)
    return "".join(kept) + text[at:]


@dataclass(frozen=True)
class _Part:
    """The first part of one spelling of a secret, which gives most of it away, or the last of the secret itself."""

    text: str
    before: str
    after: str
    """What stands before and after it in the whole. All three are squeezed."""
    exact: str = ""
    """What it is unsqueezed, where a text may have its letters by chance: `my-key` is not `my key`."""


def _places(reading: Reading, secret: str) -> Iterator[tuple[int, int]]:
    """(start, end), in the first text, of each spelling of the secret in what was read from it."""
    text = _squeezed(reading.text)
    parts = [part for part in _parts(secret) if part.text in text]
    if not parts:
        return
    where = [-1, *(at for at, one in enumerate(reading.text) if ord(one) not in _DROPPED), len(reading.text)]
    for part in parts:
        at = text.find(part.text)
        while at >= 0:
            end = at + len(part.text)
            if _holds(reading.text[where[at] + 1 : where[end + 1]], part.exact):
                before, after = text[max(at - len(part.before), 0) : at], text[end : end + len(part.after)]
                start, end = at - _same(before[::-1], part.before[::-1]), end + _same(after, part.after)
                yield reading.origin(where[start + 1], where[end] + 1)
            at = text.find(part.text, end)


def _holds(text: str, exact: str) -> bool:
    """Whether all characters of `exact` are in the text, in order."""
    rest = iter(text.translate(_FOLDED).lower())
    return all(one in rest for one in exact)


def _same(one: str, other: str) -> int:
    """Characters from the start that are the same in both."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _squeezed(text: str) -> str:
    # Texts of ASCII alone are translated ten times as fast.
    if not text.isascii():
        return _ALIKE.sub(lambda run: run[0].translate(_SQUEEZED), text).lower()
    return text.translate(_SQUEEZED).lower()


@lru_cache(maxsize=64)
def _parts(secret: str) -> tuple[_Part, ...]:
    raw = secret.encode()
    size = min(max(12, len(secret) // 2), _MOST_SOUGHT, len(secret))
    # A reading has a byte of UTF-8, or a half of a pair of UTF-16, as one character.
    units = re.findall("....", secret.encode("utf-16-be").hex())
    found = {}
    for whole in (secret, raw.decode("latin-1"), "".join(chr(int(unit, 16)) for unit in units)):
        for start, end in ((0, size), (len(whole) - size, len(whole))):
            before, text, after = map(_squeezed, (whole[:start], whole[start:end], whole[end:]))
            found[text] = _Part(text, before, after, exact=whole[start:end].translate(_FOLDED).lower())
    for whole in map(_squeezed, _encoded(secret)):
        length = len(whole) * size // len(secret)
        found.setdefault(whole[:length], _Part(whole[:length], "", whole[length:]))
    return tuple(part for text, part in found.items() if text)


def _encoded(secret: str) -> Iterator[str]:
    raw = secret.encode()
    yield from _within(base64.b64encode, 6, raw)
    yield from _within(base64.b32encode, 5, raw)
    yield base64.b85encode(raw).decode()
    yield base64.a85encode(raw).decode()
    yield raw.hex()
    yield "".join(f"x{byte:02x}" for byte in raw)
    yield raw[::-1].hex()
    yield secret.encode("utf-16-be").hex()
    yield secret.encode("utf-16-le").hex()
    yield "".join(map(str, raw))
    yield "".join(f"{byte:08b}" for byte in raw)
    yield secret[::-1]
    yield codecs.encode(secret, "rot13")


def _within(encode: Callable[[bytes], bytes], bits: int, raw: bytes) -> Iterator[str]:
    """What an encoding of so many bits a character makes of the secret alone, for each place at which the secret may
    begin in what is encoded."""
    for before in range(bits if bits % 2 else bits // 2):
        whole = encode(b"\0" * before + raw).decode()
        yield whole[-(-8 * before // bits) : 8 * (before + len(raw)) // bits]


def _without_masked(text: str, secret: str) -> str:
    """Without the ends that a masked secret shows, and without the start of one that the end of the text cut off."""
    # 4 characters of both ends together, or 6 of one.
    both = secret[:2] in text and secret[-2:] in text
    if not (both or secret[:3] in text or secret[-3:] in text):
        return text
    kept, at = [], 0
    pattern = _MASK_OR_FOUND if REDACTED in text.lower() else _MASK
    for mask in islice(pattern.finditer(text), _MOST_MASKS):
        before = text[max(at, mask.start() - len(secret)) : mask.start()]
        after = text[mask.end() : mask.end() + len(secret)]
        start = next((n for n in range(len(secret) - 1, 0, -1) if before.endswith(secret[:n])), 0)
        end = next((n for n in range(len(secret) - 1, 0, -1) if after.startswith(secret[-n:])), 0)
        if start + end >= (_LEAST_SHOWN if start and end else _LEAST_AT_ONE_END):
            kept += [text[at : mask.start() - start], REDACTED]
            at = mask.end() + end
    text = "".join(kept) + text[at:]
    body = text.rstrip("…")
    cut = next((n for n in range(len(secret) - 1, _LEAST_AT_ONE_END - 1, -1) if body.endswith(secret[:n])), 0)
    return body[: len(body) - cut] + REDACTED + text[len(body) :] if cut else text
