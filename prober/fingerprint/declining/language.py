"""How one language declines, and the one spelling in which its patterns and the replies are written."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

WITHIN: Final = "[^.!?。！？।]"
"""Anything within one sentence. Every gap is bounded, so the time is bounded too."""
_SPELLED_OTHERWISE: Final = str.maketrans(
    {"أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا", "ى": "ي", "ی": "ي", "ک": "ك", "ہ": "ه", "ـ": "", "ł": "l", "Ł": "L"}
)
_ACCENTED: Final = ((0x00C0, 0x0250), (0x0370, 0x0400), (0x1E00, 0x2000))
"""Latin and Greek letters, which lose their accents; kana keep theirs, which change the word."""
_MARKS: Final = ((0x0591, 0x05C8), (0x0610, 0x061B), (0x064B, 0x0660), (0x200B, 0x2010))
"""Hebrew and Arabic vowel signs, and characters of no width."""


@dataclass(frozen=True)
class Language:
    """How one language declines. Its patterns are compiled when a text is first searched: all together take seconds."""

    holds: str
    """Pattern of what every refusal holds: most answers have none, and are spared the search."""
    declines: str
    """Pattern of what declines."""
    in_ascii: bool
    """Whether it can be written without any other letters."""

    @cached_property
    def sign(self) -> re.Pattern[str]:
        return re.compile(self.holds)

    @cached_property
    def refuses(self) -> re.Pattern[str]:
        return re.compile(self.declines)


def folded(text: str) -> str:
    """The text with one spelling of each letter: no accents, no vowel signs; compatibility forms as usual ones."""
    return text if text.isascii() else "".join(map(_folded, unicodedata.normalize("NFKC", text)))


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    code = ord(character)
    if any(low <= code < high for low, high in _MARKS):
        return ""
    if any(low <= code < high for low, high in _ACCENTED):
        character = unicodedata.normalize("NFD", character)[0]
    return character.translate(_SPELLED_OTHERWISE)


def also(language: Language, *patterns: str) -> Language:
    """The language with more patterns of what declines, which every text is searched for."""
    more = "".join(f"|{folded(pattern)}" for pattern in patterns)
    return Language(language.holds + more, language.declines + more, language.in_ascii)


def from_patterns(sign: str, *patterns: str) -> Language:
    whole = "|".join(f"(?:{pattern})" for pattern in patterns)
    return Language(folded(sign), folded(whole), re.search("[a-z]{2}", sign) is not None)


def from_parts(sorry: str, cannot: str, do: str, *more: str, ends_in_cannot: bool = False) -> Language:
    """A language of which the three parts are enough: sorry … cannot, cannot … do, and do … cannot."""
    patterns = [f"(?:{sorry}){WITHIN}{{0,90}}(?:{cannot})", f"(?:{cannot}){WITHIN}{{0,60}}(?:{do})", *more]
    if ends_in_cannot:
        patterns.append(f"(?:{do}){WITHIN}{{0,40}}(?:{cannot})")
    return from_patterns("|".join([f"(?:{cannot})", *map("(?:{})".format, more)]), *patterns)
