"""Shapes into words: what is wrong with a value, and what to write instead."""

from __future__ import annotations

import difflib
import json
import re
import typing
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, JsonValue, ValidationError

from prober.loading.foreign import CHECKS, FIELDS, RENAMED
from prober.loading.lines import Finding, Where
from prober.model.alerting import Alerts, Digest, QuietHours, Reminders, Route
from prober.model.declaration import Check, CheckType, Endpoint, Maintenance, Message, Probe, Schedule, Tool
from prober.model.reference import Confirm, ReferenceRule
from prober.text import is_secret_name, quoted, shown

Shape = TypeVar("Shape", bound=BaseModel)

NO_KEYS = "a secret must not be in a file; put it in an environment variable and write that variable's name, as in"

# What to write where no allowed word is near.
_OTHERWISE = {
    "check": f"write one of: {', '.join(name for name in typing.get_args(CheckType) if not name.startswith('not-'))}; "
    "or one with not- in front",
}

_PLAIN = re.compile(r"[\w./@-]([\w ./@-]*[\w./@-])?")
_BASES = {name.removeprefix("not-") for name in typing.get_args(CheckType)}
_DURATIONS = {"every", "jitter", "pause", "lasts", "api_key_lasts", "critical", "warning", "info", "after"}
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

_THINGS: Mapping[type[BaseModel], str] = {
    Probe: "a probe has fields such as id and prompt",
    Check: "a check has fields type and value, such as {type: contains, value: Paris}",
    Message: "a message has fields role and content",
    Tool: "a tool has fields such as name and parameters",
    Schedule: 'a schedule has a field every or cron, such as {every: "6h"}',
    Endpoint: "an endpoint has fields such as provider and model",
    Maintenance: 'a window has fields begins or at, and lasts, such as {at: "02:00", lasts: 2h}',
    Route: "a route has fields such as to and severity, such as {to: [slack], severity: warning}",
    QuietHours: 'quiet hours have fields start and end, such as {start: "22:00", end: "07:00"}',
    Digest: 'a digest has fields at and severities, such as {at: "09:00"}',
    Reminders: "reminders are fields such as {critical: 1h, warning: 1d}",
    Alerts: "a file of alerts has fields such as routes, quiet_hours and digest",
    ReferenceRule: "a reference has fields rounds and hours, or is the word trial",
    Confirm: "confirm has fields such as rounds and pause; {rounds: 0} switches it off",
}


def shaped(shape: type[Shape], raw: JsonValue, findings: list[Finding]) -> Shape | None:
    """`raw` as a `shape`; or None, with every fault appended to `findings`."""
    try:
        # By way of JSON, because that alone is both strict (a text is never taken for a number) and knows no tuples.
        return shape.model_validate_json(json.dumps(raw), strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False)
        # A misspelt field would be reported twice, as unknown and as missing.
        misspelt = {
            (*fault["loc"][:-1], _meant(str(fault["loc"][-1]), _shape_at(shape, fault["loc"][:-1])))
            for fault in faults
            if fault["type"] == "extra_forbidden"
        }
        for fault in faults:
            if fault["type"] != "missing" or fault["loc"] not in misspelt:
                findings.extend(_finding(shape, fault))
        return None


def _base(check: str) -> str:
    """A kind of check without its negation, in our spelling."""
    return check.lower().replace("_", "-").removeprefix("not-")


def did_you_mean(word: str, allowed: Iterable[str], otherwise: str = "", least: float = 0.6) -> str:
    """The fix of a misspelt word: the nearest allowed one, or `otherwise`, or all. `least`: how near, 0 to 1."""
    names = list(allowed)
    if near := _nearest(word, names, least):
        return f'did you mean "{near}"?'
    return otherwise or f"write one of: {', '.join(names)}"


def _finding(shape: type[BaseModel], fault: Any) -> Iterator[Finding]:
    """One of pydantic's errors → a finding."""
    loc: Where = tuple(fault["loc"])
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "too_short" and value:
        return  # pydantic counts faulty items as absent; they are reported themselves
    if kind == "extra_forbidden":
        yield Finding(loc[:-1], _unknown_field(str(loc[-1]), _shape_at(shape, loc[:-1])), line_of=loc)
    elif kind == "missing":
        yield Finding(loc, f'is missing; write "{loc[-1]}: …"')
    elif kind == "literal_error":
        noun = _noun(loc)
        allowed = re.findall(r"'([^']+)'", str(context.get("expected", "")))
        word = value if isinstance(value, str) else ""
        if noun == "check" and (instead := CHECKS.get(_base(word))):
            yield Finding(loc, f"there is no check {quoted(word)}; {instead}")
            return
        least = 0.85 if noun == "check" else 0.6  # checks of like names may mean the opposite
        fix = did_you_mean(word, allowed, _OTHERWISE.get(noun, ""), least)
        yield Finding(loc, f"unknown {noun} {_bare(value)}; {fix}")
    elif kind == "model_type":
        thing = _THINGS.get(_shape_at(shape, loc), "write it as fields, each on a line of its own")
        yield Finding(loc, f"expected fields, found {shown(value)}; {thing}")
    else:
        yield Finding(loc, _wrong_value(kind, value, context, str(loc[-1]) if loc else ""))


def _wrong_value(kind: str, value: JsonValue, context: Mapping[str, Any], name: str) -> str:
    found = f"found {shown(value)}"
    number = isinstance(value, bool | int | float)
    if name in _DURATIONS and kind == "string_type":
        return f'expected a duration, {found}; write a number and s, m, h or d, such as "30m"'
    if kind == "string_type" and number:
        return f'expected a text, {found}; put it in quotes: "{str(value).lower()}"'
    if kind == "string_pattern_mismatch" and name == "api_key_env":
        # It may be the key itself, in a shape we do not know.
        return f"not the name of an environment variable; {PATTERNS[context['pattern']]}"
    if kind == "string_pattern_mismatch":
        return f"{_bare(value)} is not allowed; {PATTERNS[context['pattern']]}"
    if name == "endpoints" and kind == "tuple_type" and isinstance(value, dict):
        return "expected a list of names, found fields; write [name], and declare endpoints in a file endpoints.yaml"
    if kind == "too_short":
        return (
            "is empty; write at least one, or leave the field out"
            if name == "messages"
            else "is empty; write at least one"
        )
    if kind == "tuple_type" and isinstance(value, str) and "\n" not in value and len(value) <= 40:
        whole = f"slack:{value}" if value.startswith("#") else value
        return f"expected a list, {found}; write [{whole if _PLAIN.fullmatch(whole) else json.dumps(whole)}]"
    limits = {
        "string_too_short": "is empty; write something, or leave the field out",
        "string_too_long": f"longer than {context.get('max_length')} characters; shorten it",
        "greater_than": f"{found}; write a number above {context.get('gt', 0):g}",
        "greater_than_equal": f"{found}; write a number of at least {context.get('ge', 0):g}",
        "less_than": f"{found}; write a number below {context.get('lt', 0):g}",
        "less_than_equal": f"{found}; write a number of at most {context.get('le', 0):g}",
        "string_type": f"expected a text, {found}; write a text",
        "bool_type": f"expected true or false, {found}; write true or false, without quotes",
        "int_type": f"expected a whole number, {found}; write a whole number, without quotes",
        "float_type": f"expected a number, {found}; write a number, without quotes",
        "tuple_type": f"expected a list, {found}; write [first, second], or one item a line behind a dash",
        "dict_type": f"expected fields, {found}; write lines such as name: value",
    }
    return limits.get(kind, f"{found}, which is not allowed here; see the documentation of this field")


def _unknown_field(name: str, shape: type[BaseModel]) -> str:
    unknown = f"unknown field {quoted(name)}"
    if is_secret_name(name):
        return f"{unknown}; {NO_KEYS} api_key_env: OPENAI_API_KEY"
    if shape is Check and _base(name) in _BASES:
        return f"{unknown}; write {{type: {name}, value: …}}"
    if name in FIELDS and not _nearest(name, list(shape.model_fields), 0.85):
        return f"{unknown}; {FIELDS[name]}"
    if meant := _meant(name, shape):
        return f'{unknown}; did you mean "{meant}"?'
    if shape is Endpoint:
        return f"{unknown}; what is sent to the model belongs under parameters"
    return f"{unknown}; write one of: {', '.join(shape.model_fields)}"


def _meant(name: str, shape: type[BaseModel]) -> str | None:
    """The field a misspelt name stands for, if any."""
    # The name of an endpoint is the key above its fields, not one of them.
    fields = [field for field in shape.model_fields if not (shape is Endpoint and field == "name")]
    if shape is Check and _base(name) in _BASES:
        return "type"
    known = RENAMED.get(name)
    return known if known in fields else _nearest(name, fields)


def _nearest(word: str, names: list[str], least: float = 0.6) -> str | None:
    near = difflib.get_close_matches(word.lower(), names, n=1, cutoff=least) if len(word) <= 60 else []
    return near[0] if near else None


def _bare(value: JsonValue) -> str:
    return quoted(value) if isinstance(value, str) else shown(value)


def _shape_at(shape: type[BaseModel], loc: Where) -> type[BaseModel]:
    """The shape that stands at `loc` below `shape`."""
    for step in loc:
        if isinstance(step, str) and step in shape.model_fields:
            shape = next(_shapes_in(shape.model_fields[step].annotation), shape)
    return shape


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
