"""Reads JSON as a strict parser would: hostile input is an answer, never a crash."""

from __future__ import annotations

import json
from collections.abc import Iterable

from pydantic import JsonValue

DEEPEST = 200
"""Levels of nesting that are read: what is deeper overflows some parsers and not others."""


class NotJson(Exception):
    """The text is not JSON, or nested deeper than `DEEPEST`."""


def parse(text: str) -> JsonValue:
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
