"""Shapes into words: what is wrong with a value, and what to write instead."""

from __future__ import annotations

import json
import re
import typing
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from prober.loading.durations import duration_meant, duration_of_fields, time_of_day_meant
from prober.loading.foreign import MEANT, OFF, ON
from prober.loading.lines import Finding, Where
from prober.loading.suggestions import (
    OTHERWISE,
    did_you_mean,
    fields_of,
    list_of,
    number_meant,
    percentage_meant,
    stands_for,
    unknown_check,
    unknown_field,
)
from prober.text import count, quoted, shown

Shape = TypeVar("Shape", bound=BaseModel)

_PLAIN = re.compile(r"[\w./@-]([\w ./@-]*[\w./@-])?")
_DURATIONS = {"every", "jitter", "pause", "lasts", "api_key_lasts", "critical", "warning", "info", "after"}
_DAYS = {"keep_for", "keep_replies"}
_TIMES_OF_DAY = {"at", "begins", "start", "end"}
PATTERNS = {
    r"^[A-Za-z0-9][A-Za-z0-9._/-]*$": "use letters, digits and . _ / - only, a letter or digit first",
    r"^[A-Za-z_][A-Za-z0-9_]*$": "write the name of an environment variable, such as OPENAI_API_KEY",
    r"^\d+(\.\d+)?\s*(s|m|h|d)$": 'write a number and s, m, h or d, such as "30m" or "6h"',
    r"^[1-9]\d{0,4}\s*d$": 'write whole days, such as "90d"',
    r"^([01]\d|2[0-3]):[0-5]\d$": 'write a time of day in quotes, such as "22:00"',
    r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$": "write a moment such as 2026-03-01T02:00Z, with its zone",
    r"^[!-~]([ -~]{0,198}[!-~])?$": "write plain ASCII text without blanks at an end, at most 200 characters",
    r"^\d{1,2}(\.\d+)?\s*%$": 'write a percentage below 100, such as "95 %"',
    r"^[A-Za-z0-9_-]{1,64}$": "use letters, digits, _ and - only, at most 64",
}


MOST_FAULTS: Final = 500
"""Of one shape that are explained: to find the field that was meant takes a millisecond for each."""


def shaped(shape: type[Shape], raw: JsonValue, findings: list[Finding]) -> Shape | None:
    """`raw` as a `shape`; or None, with every fault appended to `findings`."""
    try:
        # By way of JSON, because that alone is both strict (a text is never taken for a number) and knows no tuples.
        return shape.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        if (more := len(faults) - MOST_FAULTS) > 0:
            place: Where = tuple(faults[MOST_FAULTS]["loc"])
            faults = faults[:MOST_FAULTS]
            findings.append(Finding(place[:-1], f"{count(more, 'more fault')} here or below; fix the others first"))
        # A misspelt field would be reported twice, as unknown and as missing.
        misspelt = {
            (*fault["loc"][:-1], field)
            for fault in faults
            if fault["type"] == "extra_forbidden"
            for field in stands_for(str(fault["loc"][-1]), _shape_at(shape, fault["loc"][:-1]))
        }
        for fault in faults:
            if fault["type"] != "missing" or fault["loc"] not in misspelt:
                findings.extend(_finding(shape, fault, raw))
        return None


def _finding(shape: type[BaseModel], fault: Any, raw: JsonValue) -> Iterator[Finding]:
    """One of pydantic's errors in `raw` → a finding."""
    loc: Where = tuple(fault["loc"])
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "too_short" and value:
        return  # pydantic counts faulty items as absent; they are reported themselves
    if kind == "extra_forbidden":
        yield Finding(
            loc[:-1],
            unknown_field(str(loc[-1]), _shape_at(shape, loc[:-1]), _at(raw, loc[:-1]), value),
            line_of=loc,
        )
    elif kind == "missing":
        yield Finding(loc, f'is missing; write "{loc[-1]}: …"')
    elif kind == "literal_error":
        noun = _noun(loc)
        allowed = re.findall(r"'([^']+)'", str(context.get("expected", "")))
        if not isinstance(value, str):
            yield Finding(loc, f"expected a word, found {shown(value)}; write one of: {', '.join(allowed)}")
        elif noun == "check":
            yield Finding(loc, unknown_check(value, allowed))
        else:
            meant = MEANT.get(noun, {}).get(value.lower())
            if noun == "day" and value.lower()[:3] in allowed:
                meant = value.lower()[:3]
            fix = f'did you mean "{meant}"?' if meant else did_you_mean(value, allowed, OTHERWISE.get(noun, ""))
            yield Finding(loc, f"unknown {noun} {_bare(value)}; {fix}")
    elif kind == "model_type":
        yield Finding(loc, _no_fields(_shape_at(shape, loc), value, str(loc[-1]) if loc else ""))
    elif kind == "tuple_type" and (item := _item_at(shape, loc)) is not None:
        fix = switched(str(loc[-1]), value) or list_of(item, value)
        yield Finding(loc, f"expected a list, found {shown(value)}; {fix}")
    else:
        yield Finding(loc, _wrong_value(kind, value, context, str(loc[-1]) if loc else ""))


def _no_fields(shape: type[BaseModel], value: JsonValue, name: str) -> str:
    """What is wrong with what stands in place of the fields of a shape."""
    return f"expected fields, found {shown(value)}; {switched(name, value) or fields_of(shape, value)}"


def switched(name: str, value: JsonValue) -> str | None:
    """What to write where a field that is no switch is switched on or off; None where it is not."""
    word = str(value).lower() if isinstance(value, bool | str) else ""
    if word in ("false", "off", "no", "none", "never", "disabled"):
        return OFF.get(name)
    return ON.get(name) if word in ("true", "on", "yes", "enabled", "default") else None


def _wrong_value(kind: str, value: JsonValue, context: Mapping[str, Any], name: str) -> str:
    found = f"found {shown(value)}"
    number = isinstance(value, bool | int | float)
    if switch := switched(name, value):
        return f"{found}, and is no switch; {switch}"
    whole = value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 100_000 else None
    if name in _DURATIONS and kind == "string_type":
        if isinstance(value, dict) and len(value) == 1 and (meant := duration_of_fields(value)):
            return f'expected a duration, {found}; write "{meant}"'
        such = f'"{whole}s" or "{whole}m"' if whole else '"30m"'
        return f"expected a duration, {found}; write a number and s, m, h or d, such as {such}"
    if name in _DAYS and kind == "string_type":
        return f'expected a number of days, {found}; write whole days, such as "{whole or 90}d"'
    if name in ("at_least", "at_most") and kind == "string_type":
        meant = percentage_meant(value)
        return f"expected a percentage, {found}; write " + (f'"{meant}"' if meant else 'one such as "95 %"')
    if (
        name in _TIMES_OF_DAY
        and kind in ("string_type", "string_pattern_mismatch")
        and (at := time_of_day_meant(value))
    ):
        if name == "begins":
            return f'{found}, which has no date; write at: "{at}" for every day, or a moment such as 2026-03-01T02:00Z'
        return f'{_bare(value)} is not a time of day; write "{at}"'
    if kind == "string_type" and number:
        return f'expected a text, {found}; put it in quotes: "{str(value).lower()}"'
    if kind == "string_pattern_mismatch" and name == "api_key_env":
        # It may be the key itself, in a shape we do not know.
        return f"not the name of an environment variable; {PATTERNS[context['pattern']]}"
    if kind == "string_pattern_mismatch":
        if name == "every" and (at := time_of_day_meant(value)) and ":" in str(value):
            hour, minute = map(int, at.split(":"))
            long = duration_meant(f"{hour}h{minute}m", in_days=False)
            fix = f'cron: "{minute} {hour} * * *" for that time of every day'
            return f"{_bare(value)} is no duration; write {f'{long}, or ' if long else ''}{fix}"
        meant = duration_meant(str(value), in_days=name in _DAYS) if name in _DURATIONS | _DAYS else None
        return f"{_bare(value)} is not allowed; {f'write {meant}' if meant else PATTERNS[context['pattern']]}"
    if name == "endpoints" and kind == "tuple_type" and isinstance(value, dict):
        return "expected a list of names, found fields; write [name], and declare endpoints in a file endpoints.yaml"
    if kind == "too_short":
        return (
            "is empty; write at least one, or leave the field out"
            if name == "messages"
            else "is empty; write at least one"
        )
    if kind == "tuple_type" and isinstance(value, str) and "\n" not in value and len(value) <= 40:
        parts = value.split() if name == "api_key_command" else [part.strip() for part in value.split(",")]
        targets = [f"slack:{part}" if part.startswith("#") else part for part in parts if part]
        items = ", ".join(part if _PLAIN.fullmatch(part) else json.dumps(part) for part in targets)
        return f"expected a list, {found}; write [{items}]"
    limits = {
        "string_too_short": "is empty; write something, or leave the field out",
        "string_too_long": f"longer than {context.get('max_length')} characters; shorten it",
        "greater_than": f"{found}; write a number above {_without_exponent(context.get('gt', 0))}",
        "greater_than_equal": f"{found}; write a number of at least {_without_exponent(context.get('ge', 0))}",
        "less_than": f"{found}; write a number below {_without_exponent(context.get('lt', 0))}",
        "less_than_equal": f"{found}; write a number of at most {_without_exponent(context.get('le', 0))}",
        "string_type": f"expected a text, {found}; write a text",
        "bool_type": f"expected true or false, {found}; write true or false, without quotes",
        "int_type": f"expected a whole number, {found}; {number_meant(value, is_whole=True, name=name)}",
        "float_type": f"expected a number, {found}; {number_meant(value, is_whole=False, name=name)}",
        "tuple_type": f"expected a list, {found}; write [first, second], or one item a line behind a dash",
        "dict_type": f"expected fields, {found}; "
        f"write lines such as {'refusal: critical' if name == 'severity' else 'name: value'}",
    }
    return limits.get(kind, f"{found}, which is not allowed here; see the documentation of this field")


def _at(raw: JsonValue, loc: Where) -> Collection[str]:
    """The names of the fields that stand at a place."""
    found: Any = raw
    for step in loc:
        if isinstance(found, list) and isinstance(step, int) and step < len(found):
            found = found[step]
        else:
            found = found.get(step) if isinstance(found, dict) else None
    return found.keys() if isinstance(found, dict) else ()


def _bare(value: JsonValue) -> str:
    return quoted(value) if isinstance(value, str) else shown(value)


def _shape_at(shape: type[BaseModel], loc: Where) -> type[BaseModel]:
    """The shape that stands at `loc` below `shape`."""
    for step in loc:
        if isinstance(step, str) and step in shape.model_fields:
            shape = next(_shapes_in(shape.model_fields[step].annotation), shape)
    return shape


def _item_at(shape: type[BaseModel], loc: Where) -> type[BaseModel] | None:
    """The shape of the items of the list that stands at `loc`; None where they are texts or numbers."""
    fields = _shape_at(shape, loc[:-1]).model_fields
    return next(_shapes_in(fields[str(loc[-1])].annotation), None) if str(loc[-1]) in fields else None


def _shapes_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _shapes_in(part)


def _noun(loc: Where) -> str:
    """What a word at this place names."""
    named = {
        "type": "check", "api": "interface", "days": "day", "severities": "severity", "personal_data": "kind of data",
    }  # fmt: skip
    for step in reversed(loc):
        if step in ("severity", *named):
            return named.get(str(step), str(step))
    return str(loc[-1])


def _without_exponent(number: float) -> str:
    return f"{Decimal(str(number)).normalize():,f}"
