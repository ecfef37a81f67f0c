"""Hostile text made safe to show; in privacy mode, hashes and measures instead of text.

Replies, prompts and error words come from outside. They may hold terminal sequences, Slack mentions, zero-width and
right-to-left marks, NUL bytes, lone surrogates, or megabytes. Everything shown to people passes through here once:
replies by `visible` and `mrkdwn`; values of a declaration, which may hold a secret, by `one_line`, `quoted` and
`shown`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import takewhile
from typing import Final

from pydantic import JsonValue

from prober.model.notice import ChangeNews, Comparison, Digest, Moved, Notice, ReportNews, TroubleNews

MARK = "…"
"""Marks a cut."""

_UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
# Letters and marks that Unicode calls ignorable: they draw nothing, and hide text from the reader. The two emoji
# selectors U+FE0E and U+FE0F are left alone, because honest replies are full of them.
_UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0") | {
    chr(code) for code in (*range(0xFE00, 0xFE0E), *range(0xE0100, 0xE01F0))
}
_MRKDWN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "`": "'"}
_LINK = re.compile(r"https?://[A-Za-z0-9\[][!-~]*", re.IGNORECASE)
_NOT_IN_A_LINK = frozenset("<>\"'`|\\^{}")
_COMPARED = 100_000
"""Characters within which two replies are searched for their first difference."""
_LEAD = 60
"""Characters shown before that difference."""
SECRETS = re.compile(
    r"""
      (?<![\w-])sk-(?=[\w-]*\d)[\w-]{16,}                 # OpenAI, Anthropic, OpenRouter, DeepSeek
    | (?<!\w)(?:xox[abeprs]|xapp)-[\w-]{10,}              # Slack tokens
    | (?<!\w)AIza[\w-]{30,}                               # Google
    | (?<!\w)(?:gh[pousr]_|github_pat_|hf_|gsk_|xai-)(?=\w*\d)\w{20,}  # GitHub, Hugging Face, Groq, xAI
    | (?<!\w)AKIA[0-9A-Z]{16}(?!\w)                       # Amazon
    | (?<!\w)eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]+         # JSON web tokens
    | (?i:(?<!\w)bearer\s+(?=[\w.~+/-]*\d)[\w.~+/-]{16,}=*)
    | (?i:hooks\.slack\.com/(?:services|workflows|triggers)/[^\s"']+)
    | (?<=://)[^\s/:@"']+:[^\s/@"']+(?=@)                 # user:password in an address
    | (?i:(?<=[?&])(?:api[-_]?key|key|token|access_token|sig)=[^&\s"']{8,})
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY-----
    """,
    re.VERBOSE,
)
"""What looks like a secret."""
LEAKED = (
    "this looks like a secret; take it out of the file and out of its history, put it in an environment variable, and "
    "write only that variable's name, as in api_key_env: OPENAI_API_KEY"
)
_SECRET_NAMES = re.compile(
    r"(?i)^(?:x[-_])?(?:api[-_]?key|key|secret|token|password|authorization|(?:auth|access)[-_]?token)$"
)


def escaped(text: str) -> str:
    """`text` with every invisible character but tab and line feed written as an escape such as `\\u200b`."""
    return text if text.isascii() and text.isprintable() else "".join(_shown(character, True) for character in text)


def shows_nothing(text: str) -> bool:
    """Whether there is nothing to see: blanks and invisible characters only."""
    return all(char.isspace() or char in _UNSEEN or unicodedata.category(char) in _UNSEEN_CATEGORIES for char in text)


def visible(text: str, limit: int, *, lines: bool = True) -> str:
    """`escaped` text in at most `limit` UTF-16 units.

    With `lines=False` the result is one line. A cut ends in `MARK`. `limit` must be at least 1.
    """
    if len(text) <= limit and text.isascii() and text.isprintable():
        return text
    return _fit((_shown(character, lines) for character in _start(text, limit)), limit)


def mrkdwn(text: str, limit: int) -> str:
    """`visible` for Slack's own markup: `&`, `<` and `>` are escaped and back-ticks replaced, and no escape is cut."""
    return _fit((_MRKDWN.get(character) or _shown(character, True) for character in _start(text, limit)), limit)


def link(url: str | None, limit: int = 1000) -> str | None:
    """`url` if it is a plain http(s) address of printable ASCII that fits; None if it must stay text."""
    if not url or len(url) > limit or not _LINK.fullmatch(url) or _NOT_IN_A_LINK.intersection(url):
        return None
    return url


def inline(text: str) -> str:
    """Safe within a line of Markdown: shown, never interpreted."""
    return re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", visible(text, 1_000, lines=False))


def side_by_side(reference: str, recent: str, limit: int) -> tuple[str, str]:
    """Excerpts of both texts that show where they first differ, each in at most `limit` UTF-16 units.

    Two long replies with the same opening would otherwise be cut to the same words.
    """
    pairs = zip(reference[:_COMPARED], recent[:_COMPARED], strict=False)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    long = max(len(reference), len(recent)) > limit and reference != recent
    start = max(0, same - min(_LEAD, limit // 4)) if long else 0
    return _excerpt(reference, start, limit), _excerpt(recent, start, limit)


def redact(text: str) -> str:
    """The text with everything that looks like a secret replaced."""
    return SECRETS.sub("[secret]", text)


def is_secret_name(field: str) -> bool:
    """Whether a field of this name would hold a secret, such as `api_key` or `Authorization`."""
    return _SECRET_NAMES.match(field) is not None


def leaks(text: str) -> bool:
    """Whether a text holds something that looks like a secret."""
    return SECRETS.search(text) is not None


def one_line(text: str) -> str:
    """The text without secrets, and with escapes for all that would break the line or cannot be printed."""
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii") for char in redact(text)
    )


def short(text: str) -> str:
    """At most 40 characters, on one line."""
    text = one_line(text).replace("tag:yaml.org,2002:", "!!")
    return text if len(text) <= 40 else text[:37] + "..."


def quoted(text: str) -> str:
    """At most 50 characters, in double quotes."""
    text = redact(text)
    return one_line(json.dumps(text if len(text) <= 50 else text[:47] + "...", ensure_ascii=False))


def shown(value: JsonValue) -> str:
    """A value as a person would name it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"the truth value {str(value).lower()}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, str):
        return f"the text {quoted(value)}"
    return "a list" if isinstance(value, list) else "fields"


def _excerpt(text: str, start: int, limit: int) -> str:
    if not text:
        return "(empty)"
    return visible(text if start == 0 else MARK + text[start:], limit)


def _start(text: str, limit: int) -> str:
    """The part of `text` that can matter for `limit` units, so that a huge reply costs no more than a short one."""
    return text[: 2 * limit + 2].replace("\r\n", "\n")


def _shown(character: str, lines: bool) -> str:
    if character in "\n\t":
        return character if lines else {"\n": "\\n", "\t": "\\t"}[character]
    if unicodedata.category(character) not in _UNSEEN_CATEGORIES and character not in _UNSEEN:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _fit(pieces: Iterable[str], limit: int) -> str:
    """Join whole pieces up to `limit` UTF-16 units, the strictest way in which a receiver may count."""
    kept: list[str] = []
    used = with_mark = 0
    for piece in pieces:
        used += len(piece) + (piece > "\uffff")
        kept.append(piece)
        if used > limit:
            return "".join(kept[:with_mark]) + MARK
        if used < limit:
            with_mark = len(kept)
    return "".join(kept)


_QUOTED: Final = re.compile("“.*”", re.DOTALL)
# Greedy: a reply may hold such quotation marks itself, and everything between the first and the last may be its own.


def private(notice: Notice) -> Notice:
    """The notice without what was asked and answered; itself where it is not to be private."""
    if not notice.private:
        return notice
    match notice.about:
        case ChangeNews() as change:
            return replace(
                notice,
                about=replace(
                    change,
                    moved=tuple(replace(moved, words=unquoted(moved)) for moved in change.moved),
                    comparisons=tuple(
                        Comparison(one.probe, measured(one.prompt), measured(one.reference), measured(one.recent))
                        for one in change.comparisons
                    ),
                ),
            )
        case TroubleNews() as trouble:  # a provider's words may quote what it was asked
            return replace(notice, about=replace(trouble, detail=""))
        case Digest(items):
            shown = tuple(replace(item, words=_unquoted(item.words)) for item in items)
            return replace(notice, about=Digest(shown))
        case ReportNews() as report:
            sections = tuple((title, tuple(map(_unquoted, lines))) for title, lines in report.sections)
            text = "\n".join(map(_unquoted, report.markdown.split("\n")))
            return replace(notice, about=replace(report, sections=sections, markdown=text))
        case _:
            return notice


def measured(text: str) -> str:
    """Such as `sha256 2c26b46b68ff, 3 characters, 1 line`: equal texts look equal, and nothing of them is shown."""
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]
    lines = text.count("\n") + 1
    return f"sha256 {digest}, {count(len(text), 'character')}, {count(lines, 'line')}"


def unquoted(moved: Moved) -> str:
    """What is said of a channel, without the answers it quotes."""
    return _unquoted(moved.words)


def _unquoted(words: str) -> str:
    return _QUOTED.sub("an answer", words)


def count(number: float, thing: str) -> str:
    """`1 probe`, `2 replies`, `4,320 rounds`, `0.5 days`."""
    many = f"{thing[:-1]}ies" if thing.endswith("y") and thing[-2] not in "aeou" else f"{thing}s"
    return f"{number:,.0f} {many}" if number >= 100 else f"{number:g} {thing if number == 1 else many}"


def number(value: float) -> str:
    """`0.42`, `365`, `12,400`, `4.1 × 10⁸`: enough digits to compare, no more."""
    if math.isnan(value):
        return "none"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0 or 0.001 <= abs(value) < 1e6:
        is_whole = value == 0 or (abs(value) >= 10 and value == round(value))
        digits = 0 if is_whole or abs(value) >= 100 else 1 if abs(value) >= 10 else 2 if abs(value) >= 0.1 else 4
        return f"{value:,.{digits}f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa} × 10{''.join(_superscript(digit) for digit in str(int(exponent)))}"


def _superscript(digit: str) -> str:
    return "⁻" if digit == "-" else unicodedata.lookup(f"SUPERSCRIPT {unicodedata.name(digit).removeprefix('DIGIT ')}")


_THINKING: Final = re.compile(
    r"\A\s*(?:<(think|thinking|reasoning|thought|seed:think)>.*?(?:</\1>|\Z)|\[THINK\].*?(?:\[/THINK\]|\Z)"
    r"|◁think▷.*?(?:◁/think▷|\Z)|<\|channel\|>analysis.*?(?:<\|channel\|>final(?:<\|message\|>)?|\Z))",
    re.DOTALL,
)
_THOUGHT: Final = re.compile(r"</think>\s*?(?:\n|\Z)")
"""An end without a beginning: with some templates the prompt itself begins the thinking."""


def without_thinking(text: str) -> str:
    """A reply without the block of thinking that some servers leave at its start."""
    if "<think>" not in text and (ends := _THOUGHT.search(text)):
        return text[ends.end() :]
    return _THINKING.sub("", text)


def whole_characters(text: str) -> str:
    """A text with the halves of each character put together: some servers send one half in each piece of a stream."""
    return text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def storable(text: str) -> str:
    """A text that every database keeps: NUL and lone halves of characters are U+FFFD. A log may have cut one in two."""
    return re.sub("[\0\ud800-\udfff]", "\ufffd", whole_characters(text))


def span(time: timedelta) -> str:
    """`40 s`, `12 min`, `3 h`, `9 d`: one unit, rounded down."""
    seconds = max(0, int(time.total_seconds()))
    for size, unit, until in ((1, "s", 90), (60, "min", 90 * 60), (3600, "h", 48 * 3600)):
        if seconds < until:
            return f"{seconds // size} {unit}"
    return f"{seconds // 86400} d"
