"""Secrets that a provider echoes are taken out of every text of the finished reply, whatever their spelling. Pure."""

from __future__ import annotations

import base64
import codecs
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from html.entities import html5
from itertools import islice
from typing import Final

from prober.model.reply import Reply, ToolCall

REDACTED: Final = "[redacted]"
SHORTEST_SECRET: Final = 8
"""Keys shorter than this are dummies such as `none`, which a reply may well contain as a word."""

_BETWEEN: Final = (
    "(?:[\\s\\x00\u00ad\u200b-\u200f\u2060\ufeff\"'`+*,;:|._/-]|<br ?/?>|&shy;"
    r"|\\{1,8}[nrt]|\\{1,8}u(?:00ad|200[b-f]|2060|feff)|%(?:25){0,3}(?:0[ad]|20)|&(?:amp;){0,3}#(?:1[03]|xa|xd);"
    r"|=\r?\n){0,5}?"
)
"""What may stand between two characters of a secret that was broken over lines or into pieces, or hidden with empty
characters: as it is, or escaped for JSON, a URL or HTML."""
_WRAPPED: Final = r"(?:\s|\\{1,8}[nr]|=\r?\n|%0[ad]){0,3}"
"""Where a secret in base64 may be broken over lines."""
_NAMES: Final[dict[str, list[str]]] = {}
"""Character → its names in HTML, with the semicolon."""
for _name, _character in html5.items():
    if _name.endswith(";") and _character.isascii() and len(_character) == 1:
        _NAMES.setdefault(_character, []).append(_name)
_MOST_SPELLED: Final = 40
"""Characters of each part of a secret that are looked for one by one: tokens of some clouds have thousands."""
_MOST_ENCODED: Final = 160
"""The same of each encoding of a secret."""
_ESCAPE: Final = re.compile(
    r"[\\%&=<\uff01-\uff5e](?:(?<=[\uff01-\uff5e])|(?<=\\)(?:[uxnrtUXNRT]|[0-7]{3})|(?<=%)(?:25){0,3}[0-9a-fA-F]{2}"
    r"|(?<=&)(?:#|[A-Za-z]+;)|(?<==)(?:[0-9a-fA-F]{2}|\r?\n)|(?<=<)[bB][rR])"
)
"""Where a text spells a character in another way than as it is."""
_NEAR, _FAR = 16, 700
"""Characters before an escape: enough for three that count, and enough for any start: 40 characters of a secret with up
to 8 backslashes and 5 separators each, or 160 of an encoding with 3 line breaks each."""
_SPARSE: Final = 40
"""Characters an escape, on average, below which it is no slower to look everywhere."""
_DROPPED: Final = "\x00\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\"'`+*,;:|._/\\-"
_SQUEEZED: Final[dict[int, str | None]] = {
    **dict.fromkeys(code for code in range(0x3001) if chr(code) in _DROPPED or re.match(r"\s", chr(code))),
    ord("\ufeff"): None,
    **dict.fromkeys(map(ord, "\u0130\u0131"), "i"),
    ord("\u017f"): "s",
    ord("\u212a"): "k",
}
"""What may stand between the characters of a secret → nothing, and letters that count as others in any case."""
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
    digits, broken, cut or masked."""
    if secret is None or len(secret) < SHORTEST_SECRET or not text:
        return text
    return _without_masked(without_spelled(text, secret), secret)


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


def without_spelled(text: str, secret: str) -> str:
    """What `spellings(secret).sub(REDACTED, text)` gives, and where escapes are rare in a tenth of its time."""
    escapes = [escape.start() for escape in _ESCAPE.finditer(text)]
    if not secret.isascii() or len(escapes) > len(text) / _SPARSE or _begins_plainly(text, secret):
        return spellings(secret).sub(REDACTED, text)
    kept, at, matched_at = [], 0, spellings(secret).match
    for place in _places(text, escapes, secret):
        if place >= at and (found := matched_at(text, place)):
            kept += [text[at:place], REDACTED]
            at = found.end()
    return "".join(kept) + text[at:]


def _begins_plainly(text: str, secret: str) -> bool:
    squeezed = _squeezed(text)
    return any(start in squeezed for start in _starts(secret))


def _places(text: str, escapes: list[int], secret: str) -> Iterator[int]:
    """Where in a text a spelling may begin that has an escape within what `_starts` holds, in order.

    Up to its first escape such a spelling is a part of a start as it is, separators aside.
    """
    threes, first, seen = _threes(secret), _first_character(secret), 0
    for at in escapes:
        before = _squeezed(text[max(at - _NEAR, 0) : at])[-3:]
        begins_near = len(before) == 3 and before not in threes
        yield from (
            one.start() for one in first.finditer(text, max(at - (_NEAR if begins_near else _FAR), seen), at + 1)
        )
        seen = at + 1


def _squeezed(text: str) -> str:
    return text.translate(_SQUEEZED).lower()


@lru_cache(maxsize=64)
def _threes(secret: str) -> frozenset[str]:
    """Every three characters that stand side by side in one of the starts."""
    return frozenset(start[at : at + 3] for start in _starts(secret) for at in range(len(start) - 2))


@lru_cache(maxsize=64)
def _first_character(secret: str) -> re.Pattern[str]:
    """The first character of a spelling that has an escape."""
    plain = {one[0] for one in (secret, secret[-_long_part(secret) :], *_encoded(secret))}
    wide = {chr(ord(one) + 0xFEE0) for one in plain if "!" <= one <= "~"}
    return re.compile(f"[{re.escape(''.join(sorted(plain | wide)))}\\\\%&=]", re.IGNORECASE)


@lru_cache(maxsize=64)
def _starts(secret: str) -> frozenset[str]:
    """How each of the spellings begins where no character is escaped, squeezed."""
    raw, long_part = secret.encode(), _long_part(secret)
    first, second = f"{raw[0]:02x}", f"{raw[1]:02x}"
    numbers = [
        *(first + prefix + second for prefix in ("", "x", "0x")),
        f"{raw[0]}{raw[1]}",
        f"{raw[0]:08b}{raw[1]:08b}",
    ]
    spelled = [secret[:long_part], secret[-long_part:], *(one[:_MOST_ENCODED] for one in _encoded(secret)), *numbers]
    return frozenset(map(_squeezed, spelled))


def _long_part(secret: str) -> int:
    return min(max(12, len(secret) // 2), _MOST_SPELLED)


@lru_cache(maxsize=64)
def spellings(secret: str) -> re.Pattern[str]:
    """One pattern for all spellings of a secret; those that hold the most of it come first."""
    long_part = _long_part(secret)
    start = _BETWEEN.join(map(_spelled, secret[:long_part]))
    # A text that was cut within the secret still shows most of it.
    tail = secret[long_part : long_part + _MOST_SPELLED]
    rest = "".join(f"(?:{_BETWEEN}{_spelled(character)}" for character in tail) + ")?" * len(tail)
    rest += r"[\w.~+/=-]*" if len(secret) > long_part + len(tail) else ""
    end = _BETWEEN.join(map(_spelled, secret[-long_part:]))
    raw = secret.encode()
    in_numbers = (
        r"[\s:,-]{0,2}".join(f"(?:0?x)?{byte:02x}" for byte in raw),
        r"[\s,;]{1,2}".join(map(str, raw)),
        r"[\s,;]{0,2}".join(f"{byte:08b}" for byte in raw),
    )
    wrapped = {
        _WRAPPED.join(map(_in_a_url, text[:_MOST_ENCODED])) + (r"[\w+/=%-]*" if len(text) > _MOST_ENCODED else "")
        for text in _encoded(secret)
    }
    return re.compile("|".join([start + rest, end, *in_numbers, *wrapped]), re.IGNORECASE)


_WIDE: Final = ("utf-16-le", "utf-16-be")
"""Two bytes for each character, as Windows and PowerShell encode texts."""


def _encoded(secret: str) -> list[str]:
    raw = secret.encode()
    return [
        *_in_base64(secret),
        *_in_base64(base64.b64encode(raw).decode()),
        *(secret.encode(wide).hex() for wide in _WIDE),
        *(base64.b64encode(secret.encode(wide)).decode().rstrip("=") for wide in _WIDE),
        base64.b32encode(raw).decode().rstrip("="),
        base64.b85encode(raw).decode(),
        base64.a85encode(raw).decode(),
        secret[::-1],
        raw[::-1].hex(),
        codecs.encode(secret, "rot13"),
    ]


def _in_a_url(character: str) -> str:
    """A character as itself, or, where a URL would escape it, that."""
    return character if character.isalnum() else f"(?:{re.escape(character)}|%(?:25)?{ord(character):02x})"


def _spelled(character: str) -> str:
    """A character as itself, escaped for JSON, a URL, HTML or mail, once or several times over, or as wide as a Chinese
    one."""
    code, in_bytes, escape = ord(character), character.encode(), r"\\{1,8}"
    units = re.findall("....", character.encode("utf-16-be").hex())
    names = "".join(f"|{name}" for name in _NAMES.get(character, ()))
    json, url, html, mail = (
        f"{escape}(?:u{f'{escape}u'.join(units)}|u\\{{0{{0,4}}{code:x}\\}}|U{code:08x}|x{code:02x}"
        f"|{escape.join(f'{byte:03o}' for byte in in_bytes)})",
        "".join(f"%(?:25){{0,3}}{byte:02x}" for byte in in_bytes),
        f"&(?:amp;){{0,3}}(?:#0{{0,3}}{code};|#x0{{0,2}}{code:x};{names})",
        "".join(f"={byte:02x}" for byte in in_bytes),
    )
    wide = f"|{chr(code + 0xFEE0)}" if 0x21 <= code <= 0x7E else ""
    return rf"(?:{json}|{url}|{html}|{mail}|\\{{0,8}}{re.escape(character)}{wide})"


def _in_base64(secret: str) -> Iterator[str]:
    """What base64 makes of the secret alone, for each place at which the secret may begin in what is encoded."""
    raw = secret.encode()
    for before in range(3):
        whole = base64.b64encode(b"\0" * before + raw).decode().rstrip("=")
        first = (8 * before + 5) // 6
        last = (8 * (before + len(raw))) // 6
        yield whole[first:last]
        yield whole[first:last].replace("+", "-").replace("/", "_")


def _without_masked(text: str, secret: str) -> str:
    """Without the ends that a masked secret shows, and without the start of one that the end of the text cut off."""
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
