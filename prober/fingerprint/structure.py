"""How a reply is laid out: what a parser or a reader meets first, in the middle and last. JSON is read as a strict
parser would: hostile input is an answer, never a crash."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable
from types import MappingProxyType

from pydantic import JsonValue

from prober.fingerprint.feature import Features
from prober.model.declaration import Probe
from prober.model.reply import Reply

SCANNED = 100_000
"""Characters that are looked through for fences, lists, tables, headings and emphasis."""
USUAL = MappingProxyType(
    {
        "first_token": "word",
        "leading_space": "none",
        "trailing_space": "none",
        "json": "no",
        "fences": "0",
        "list": "none",
        "table": "no",
        "headings": "no",
        "emphasis": "no",
        "terminal": "stop",
    }
)
"""Plain prose. `shape` names only what differs from it."""
SHAPE_TERMINAL = MappingProxyType(
    {"blank": "blank", "fence": "fence"}
    | dict.fromkeys(("stop", "question", "exclamation"), "stop")
    | dict.fromkeys(("bracket", "word", "number", "punctuation", "symbol"), "open")
)
"""Terminal → how `shape` has it. Which character a reply cut off at its token limit ends in is chance, not shape."""
IN_WORDS = MappingProxyType(
    {
        "first_token=fence": "begins with a code block",
        "first_token=heading": "begins with a heading",
        "first_token=bullet": "begins with a bullet",
        "first_token=numbered": "begins with a numbered item",
        "first_token=number": "begins with a number",
        "first_token=brace": "begins with a bracket",
        "first_token=tag": "begins with a tag",
        "first_token=emphasis": "begins with emphasis",
        "first_token=code": "begins with code",
        "first_token=quote": "begins with a quotation mark",
        "first_token=punctuation": "begins with punctuation",
        "first_token=symbol": "begins with a symbol",
        "first_token=blank": "",
        "leading_space=space": "a space before it",
        "leading_space=newline": "a line break before it",
        "leading_space=other": "white space before it",
        "trailing_space=space": "a space after it",
        "trailing_space=newline": "a line break after it",
        "trailing_space=other": "white space after it",
        "json=object": "a JSON object",
        "json=array": "a JSON array",
        "json=fenced": "JSON in a code block",
        "fences=1": "one code block",
        "fences=2+": "several code blocks",
        "list=bullet": "a bullet list",
        "list=numbered": "a numbered list",
        "table=yes": "a table",
        "headings=yes": "headings",
        "emphasis=yes": "emphasis",
        "terminal=blank": "blank",
        "terminal=fence": "ends with a code block",
        "terminal=open": "no full stop",
    }
)
"""A part of `shape` → how people say it; empty where another part says the same."""
_IMPLIED = MappingProxyType(
    {
        "json=object": {"first_token=brace", "terminal=open"},
        "json=array": {"first_token=brace", "terminal=open"},
        "json=fenced": {"fences=1"},
    }
)
"""A part of `shape` → others that it always comes with."""
FIRST_TOKEN = (
    ("fence", re.compile(r"```|~~~")),
    ("heading", re.compile(r"#{1,6}\s")),
    ("bullet", re.compile(r"[-*+•]\s")),
    ("numbered", re.compile(r"\d{1,3}[.)]\s")),
    ("number", re.compile(r"[-+−]?[.,]?\d")),
    ("brace", re.compile(r"[{\[]")),
    ("tag", re.compile(r"<[\w/!?]")),
    ("emphasis", re.compile(r"[*_]{1,3}\w")),
    ("code", re.compile(r"`")),
    ("quote", re.compile(r"[\"'“”‘’„«»「」『』]")),
    ("word", re.compile(r"[^\W\d_]")),
)
"""Shape → how it begins; the first that fits."""
_BULLET = re.compile(r"[ \t]*+[-*+•][ \t]+\S")
_NUMBERED = re.compile(r"[ \t]*+\d{1,3}[.)][ \t]+\S")
_HEADING = re.compile(r" {0,3}#{1,6}[ \t]+\S")
_FENCE = re.compile(r"[ \t]*+(`{3}|~{3})")
_EMPHASIS = re.compile(r"(?<![0-9A-Za-z_*])(\*\*\*?[^\s*][^*\n]*+\*\*|\*[^\s*][^*\n]*+\*(?!\*))")
DEEPEST = 200
"""Levels of nesting that are read: what is deeper overflows some parsers and not others."""


class NotJson(Exception):
    """The text is not JSON, or nested deeper than `DEEPEST`."""


def extract(reply: Reply, probe: Probe) -> Features:
    """One category a trait, see `USUAL` for the names, and `shape`, which joins those that are not plain prose.

    Time is linear in the length. Traits inside code fences do not count: a comment in code is no heading.
    """
    text = reply.text or ""
    prose, blocks = _unfence(text[:SCANNED])
    traits = {
        "first_token": _first_token(text),
        "leading_space": _space(text[: len(text) - len(text.lstrip())]),
        "trailing_space": _space(text[len(text.rstrip()) :]),
        "json": _json(text, blocks),
        "fences": str(len(blocks)) if len(blocks) < 2 else "2+",
        "list": _list(prose),
        "table": _yes(_has_table(prose)),
        "headings": _yes(any(_HEADING.match(line) for line in prose)),
        "emphasis": _yes(any(_EMPHASIS.search(line) for line in prose)),
        "terminal": _terminal(text),
    }
    coarse = traits | {"terminal": SHAPE_TERMINAL[traits["terminal"]]}
    shape = "|".join(f"{name}={value}" for name, value in coarse.items() if value != USUAL[name])
    reason = {"": f"only the first {SCANNED} characters were read"} if len(text) > SCANNED else {}
    return Features({**traits, "shape": shape or "plain"}, unreadable=reason)


def in_words(shape: str) -> str:
    """A `shape` as people say it: `a JSON object, a line break after it`; `plain prose`. Unknown parts stay as they
    are."""
    parts = shape.split("|")
    implied = {other for part in parts for other in _IMPLIED.get(part, ())}
    said = [IN_WORDS.get(part, part) for part in parts if part not in implied]
    return "plain prose" if shape == "plain" else ", ".join(filter(None, said))


def parse_json(text: str) -> JsonValue:
    """The value of a text that is JSON and nothing else.

    `NaN` and `Infinity` are not JSON. Whole numbers of very many digits become floats, whose reading is linear.

    Raises:
        NotJson: the text is anything else.
    """
    try:
        value: JsonValue = json.loads(text, parse_constant=_refuse, parse_int=_whole)
    except (ValueError, RecursionError) as reason:
        raise NotJson(str(reason)) from None
    if _deeper(value, DEEPEST):
        raise NotJson(f"nested deeper than {DEEPEST} levels")
    return value


def _unfence(text: str) -> tuple[list[str], list[str]]:
    """The lines outside code fences, and the content of each fenced block. An open fence runs to the end."""
    prose: list[str] = []
    blocks: list[list[str]] = []
    closing = ""
    for line in text.splitlines():
        if closing:
            if line.strip().startswith(closing) and not line.strip(closing[0] + " \t"):
                closing = ""
            else:
                blocks[-1].append(line)
        elif opening := _FENCE.match(line):
            closing = opening[1]
            blocks.append([])
        else:
            prose.append(line)
    return prose, ["\n".join(block) for block in blocks]


def _first_token(text: str) -> str:
    start = text.lstrip()[:20]
    if not start:
        return "blank"
    return next((shape for shape, begins in FIRST_TOKEN if begins.match(start)), _kind(start[0]))


def _terminal(text: str) -> str:
    """What the last character that is no white space is."""
    end = text.rstrip()[-3:]
    if not end:
        return "blank"
    if end in {"```", "~~~"}:
        return "fence"
    for kind, characters in (("stop", ".。…"), ("question", "?？"), ("exclamation", "!！"), ("bracket", ")]}>")):
        if end[-1] in characters:
            return kind
    return _kind(end[-1])


def _kind(character: str) -> str:
    major = unicodedata.category(character)[0]
    return {"L": "word", "M": "word", "N": "number", "P": "punctuation"}.get(major, "symbol")


def _space(run: str) -> str:
    """A run of white space at an edge: none, space, newline (any line break in it) or other (tabs and the like)."""
    if not run:
        return "none"
    if "\n" in run or "\r" in run:
        return "newline"
    return "space" if not run.strip(" ") else "other"


def _json(text: str, blocks: list[str]) -> str:
    """`object` or `array` when the reply is that and nothing else, `fenced` when its only fence holds one, or `no`."""
    bare = _json_kind(text)
    if bare == "no" and len(blocks) == 1 and _json_kind(blocks[0]) != "no":
        return "fenced"
    return bare


def _json_kind(text: str) -> str:
    if text.lstrip()[:1] not in {"{", "["}:  # a lone number or string is JSON too, but says nothing of structure
        return "no"
    try:
        value = parse_json(text)
    except NotJson:
        return "no"
    return "object" if isinstance(value, dict) else "array"


def _list(lines: list[str]) -> str:
    """The kind of list with more items, from two items on."""
    bullets = sum(1 for line in lines if _BULLET.match(line))
    numbered = sum(1 for line in lines if _NUMBERED.match(line))
    if max(bullets, numbered) < 2:
        return "none"
    return "bullet" if bullets >= numbered else "numbered"


def _has_table(lines: list[str]) -> bool:
    """A Markdown table: a row of cells above a rule such as `|---|:--:|`."""
    rules = (rule.strip() for rule in lines[1:])
    return any(
        "|" in above and "|" in rule and "--" in rule and not rule.strip("|-: \t")
        for above, rule in zip(lines, rules, strict=False)
    )


def _yes(found: bool) -> str:
    return "yes" if found else "no"


def _refuse(constant: str) -> JsonValue:
    raise ValueError(f"{constant} is not JSON")


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= 400 else float(digits)


def _deeper(value: JsonValue, levels: int) -> bool:
    """Is it nested deeper than this? Level by level, so that the answer does not depend on the stack."""
    layer = [value]
    for _ in range(levels):
        inside = [inner for outer in layer for inner in _items(outer)]
        layer = [inner for inner in inside if isinstance(inner, dict | list)]
        if not layer:
            return False
    return True


def _items(value: JsonValue) -> Iterable[JsonValue]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
