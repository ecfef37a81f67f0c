"""The words themselves: how many, in what script, which exactly, and what was chosen."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from prober.fingerprint.feature import NONE, Features, digest
from prober.fingerprint.grams import grams
from prober.model.declaration import Probe
from prober.model.reply import Reply

BLANK = "(blank)"
"""The choice of a reply that is white space only; such replies are real tokens."""

CHOICE_WORDS, CHOICE_CHARACTERS = 3, 40
"""A reply up to this long is a choice as a whole; of a longer one the first word is."""

# fmt: off
SCRIPTS = frozenset({
    "LATIN", "CYRILLIC", "GREEK", "ARABIC", "HEBREW", "CJK", "HIRAGANA", "KATAKANA",
    "HANGUL", "BOPOMOFO", "DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "TAMIL", "TELUGU",
    "KANNADA", "MALAYALAM", "SINHALA", "THAI", "LAO", "TIBETAN", "MYANMAR", "KHMER",
    "ETHIOPIC", "GEORGIAN", "ARMENIAN", "MONGOLIAN",
})
# fmt: on
"""First words of the Unicode names of letters that name a script."""

_SPACE = "".join(chr(code) for code in range(0x3001) if chr(code).isspace())
_DRESS = "*_`\"'“”‘’„«»「」『』"
_STOP = re.compile(r"[.!?…。！？\r\n]++[\"'”’»)\]*_]*+")
_ALWAYS = frozenset("。！？\r\n")
_LETTER = re.compile(r"[^\W\d_]")


def extract(reply: Reply, probe: Probe) -> Features:
    """Numbers `characters` (code points), `words`, `sentences`, `tokens`; categories `script`, `exact`, `choice`.

    And vector `grams`. White space around the text belongs to its layout, see `structure`: it changes nothing here.
    """
    text = (reply.text or "").strip()
    numbers: dict[str, float] = {
        "characters": len(text),
        "words": len(text.split()),
        "sentences": sentences(text),
    }
    categories = {"script": script(text), "exact": digest(text), "choice": choice(text)}
    unreadable = {}
    tokens = visible_tokens(reply)
    if isinstance(tokens, str):
        unreadable["tokens"] = tokens
    else:
        numbers["tokens"] = tokens
    vector = grams(text)
    if vector is None:
        unreadable["grams"] = "a blank text has no characters to count"
    return Features(categories, numbers, {} if vector is None else {"grams": vector}, unreadable)


def visible_tokens(reply: Reply) -> int | str:
    """Output tokens without the hidden reasoning; or why they are not known."""
    if reply.output_tokens is None:
        return "the provider did not say"
    visible = reply.output_tokens - (reply.reasoning_tokens or 0)
    return visible if visible >= 0 else "more reasoning tokens than output tokens were reported"


def sentences(text: str) -> int:
    """Pieces between full stops, question marks, exclamation marks and line breaks that hold a letter.

    At least 1 unless the text is blank. A rough count, but the same one every time; linear in the length.
    """
    if not text.strip():
        return 0
    count, start = 0, 0
    for stop in _STOP.finditer(text):
        end = stop.end()
        # A full stop counts where white space follows: `3.14` is one sentence.
        if end == len(text) or text[end].isspace() or not _ALWAYS.isdisjoint(stop[0]):
            count += _LETTER.search(text, start, stop.start()) is not None
            start = end
    return max(1, count + (_LETTER.search(text, start) is not None))


def script(text: str) -> str:
    """The script most letters are of, such as `Latin`, `Han`, `Cyrillic`; `Other`, or `(none)` without letters.

    Japanese mixes kana with Han: where kana is at least a tenth of the two, both count as `Kana`.
    """
    counts: Counter[str] = Counter()
    for character, count in Counter(text).items():
        if name := _script_of(character):
            counts[name] += count
    if counts["Kana"] and counts["Kana"] * 9 >= counts["Han"]:
        counts["Kana"] += counts.pop("Han", 0)
    best = max(counts, key=lambda name: (counts[name], name), default=NONE)
    return best if counts[best] else NONE


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    """Empty for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    words = unicodedata.name(character, "").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ").split(" ", 1)
    if words[0] not in SCRIPTS:
        return "Other"
    return {"CJK": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana"}.get(words[0], words[0].title())


def choice(text: str) -> str:
    """What was chosen, for prompts that ask for one of a few things.

    White space, Markdown emphasis, quotes and a final full stop are taken off, so `7`, ` 7`, `7.`, `"7"` and `**7**`
    are one choice. A short answer is the choice as a whole; of a longer one the first word is, without punctuation.
    """
    stripped = text.strip()
    if not stripped:
        return BLANK
    bare = text.lstrip(_SPACE + _DRESS).rstrip(_SPACE + _DRESS + ".。")
    if not bare:
        bare = stripped
    if len(bare) <= CHOICE_CHARACTERS and len(bare.split()) <= CHOICE_WORDS:
        return bare
    first = bare.split(None, 1)[0]
    return (first.strip(_DRESS + ".,;:!?。，；：！？、") or first)[:CHOICE_CHARACTERS]
