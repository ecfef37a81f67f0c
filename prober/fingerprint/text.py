"""The words themselves: how many, in what script, which exactly, and what was chosen."""

from __future__ import annotations

import math
import re
import unicodedata
import zlib
from collections import Counter
from functools import lru_cache
from typing import Final

import numpy as np

from prober.fingerprint.feature import NONE, Features, digest
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
LETTER = re.compile(r"[^\W\d_]")
SIZE: Final = 128
"""Dimensions: a power of two."""
READ: Final = 4_000
"""Characters that are read."""
DECIMALS: Final = 4
"""To how many decimals each component is kept."""
LOOP: Final = 240
"""Bytes from which a text can be a loop."""
LOOP_SHARE, LOOP_COST = 0.08, 24
"""What a loop is compressed to at most: prose needs a third of its bytes or more, tables a sixth."""
_EDGES = "\x02", "\x03"  # so that how a text begins and ends are trigrams of their own, and one character has one
_FACTORS = np.array([0x9E3779B1, 0x85EBCA77, 0xC2B2AE3D], dtype=np.uint32)
_MIX = np.uint32(0x2C1B3C6D)
_TO_BUCKET = np.uint32(32 - SIZE.bit_length() + 1)
_SIGN = np.uint32(1)
_TOOL_CALL = "tool call"
_NO_REASON = "no finish reason"


def extract(reply: Reply, probe: Probe) -> Features:
    """Numbers `characters` (code points), `words`, `sentences`, `tokens`; categories `script`, `exact`, `choice`,
    `reply_type`.

    And vector `grams`. White space around the text belongs to its layout, see `structure`: it changes nothing here.
    """
    text = (reply.text or "").strip()
    numbers: dict[str, float] = {
        "characters": len(text),
        "words": len(text.split()),
        "sentences": sentences(text),
    }
    categories = {
        "script": script(text),
        "exact": digest(text),
        "choice": choice(text),
        "reply_type": reply_type(reply, text),
    }
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
            count += LETTER.search(text, start, stop.start()) is not None
            start = end
    return max(1, count + (LETTER.search(text, start) is not None))


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


def reply_type(reply: Reply, text: str) -> str:
    """What sort of reply it is, coarsely: its script, how it ended, its size, and whether it repeats itself.

    Such as `Latin, stop, 64 to 511 characters`. Few values in a reference, so that one never seen says something.
    """
    size = len(text).bit_length() // 3
    return ", ".join(
        [
            script(text) if text else "empty",
            _TOOL_CALL if reply.tool_calls else reply.finish_reason or _NO_REASON,
            f"{8**size if size else 0} to {8 ** (size + 1) - 1} characters",
            *(["repeats itself"] if repeats_itself(text) else []),
        ]
    )


def type_in_words(label: str) -> str:
    """A `reply_type` as people say it: `Latin script, ended with stop, 64 to 511 characters`. Live samples have the
    language before the script, which it implies. Another label stays as it is."""
    if label.count(", ") < 2:
        return label
    written, ended, *rest = label.split(", ")
    language, _, script_ = written.rpartition(" ")
    if language and not language.startswith("("):
        written = language
    elif script_ != "empty":
        written = {NONE: "no letters", "Other": "other scripts"}.get(script_, f"{script_} script")
    ended = ended if ended in (_TOOL_CALL, _NO_REASON) else f"ended with {ended}"
    return ", ".join([written, ended, *rest])


def repeats_itself(text: str) -> bool:
    """Whether the second half of a text says the same again and again, as a model in an endless loop does."""
    tail = text[len(text) // 2 :][-READ:].encode("utf-8", "surrogatepass")
    return len(tail) >= LOOP and len(zlib.compress(tail)) <= LOOP_SHARE * len(tail) + LOOP_COST


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


@lru_cache(maxsize=256)
def grams(text: str) -> tuple[float, ...] | None:
    """Shape (SIZE,), of length 1; None for an empty text.

    Each trigram adds one to, or takes one from, the component its hash says. A random sign keeps collisions from
    adding up, so that the cosine of two vectors is on average that of the full trigram counts. Samples of one probe
    often say the same, so the newest texts are remembered.
    """
    if not text:
        return None
    padded = _EDGES[0] + text[:READ] + _EDGES[1]
    codes = np.frombuffer(padded.encode("utf-32-le", "surrogatepass"), dtype="<u4")
    a, b, c = _FACTORS
    mixed = codes[:-2] * a + codes[1:-1] * b + codes[2:] * c
    mixed ^= mixed >> np.uint32(15)
    mixed *= _MIX
    signs = 1.0 - 2.0 * ((mixed >> np.uint32(8)) & _SIGN)
    counts = np.bincount(mixed >> _TO_BUCKET, weights=signs, minlength=SIZE)
    length = math.sqrt(float(counts @ counts))
    if not length:  # two trigrams of a tiny text may cancel out; what is left is how many there are
        return tuple((np.ones(SIZE) / math.sqrt(SIZE)).round(DECIMALS).tolist())
    return tuple(((counts / length).round(DECIMALS) + 0.0).tolist())  # + 0.0 turns -0.0 into 0.0


@lru_cache(maxsize=4096)
def _script_of(character: str) -> str:
    """Empty for what is no letter."""
    if not unicodedata.category(character).startswith("L"):
        return ""
    words = unicodedata.name(character, "").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ").split(" ", 1)
    if words[0] not in SCRIPTS:
        return "Other"
    return {"CJK": "Han", "HIRAGANA": "Kana", "KATAKANA": "Kana"}.get(words[0], words[0].title())
