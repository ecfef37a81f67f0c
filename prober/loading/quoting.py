"""How values of a file appear in a message: on one line, short, and without secrets."""

from __future__ import annotations

import json

from pydantic import JsonValue

from prober.loading.leaks import redact


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
