"""What the value of a check must be, whether a JSON Schema is one, and objectives that count checks."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

import jsonschema
from pydantic import JsonValue
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, specification_with

from prober.fingerprint.bounded import LARGEST, extent_of, size_of, too_large, unbounded
from prober.loading.lines import Finding
from prober.loading.suggestions import did_you_mean
from prober.loading.validation_errors import shaped
from prober.model.declaration import Check, Probe
from prober.model.objective import Objective
from prober.text import quoted, shown

LIMITS: Final[Mapping[str, tuple[str, str]]] = {"faster_than": ("seconds", "2"), "cheaper_than": ("dollars", "0.002")}
"""Measure of an objective → the field it needs, and an example."""
LARGEST_SCHEMAS: Final = 4_000
"""Parts of all the different JSON Schemas of one file: looking at them takes about two seconds."""
_TEXTS = {"equals", "contains", "icontains", "starts-with", "regex"}


def value_fault(check: Check) -> str | None:
    """What is wrong with the value of a check, and what to write; None where nothing is."""
    base, value = check.base, check.value
    if base in _TEXTS:
        return _text_fault(check)
    if base == "contains-any" and not (
        isinstance(value, list) and value and all(isinstance(text, str) and text for text in value)
    ):
        texts = [part.strip() for part in value.split(",")] if isinstance(value, str) else []
        items = ", ".join(json.dumps(part, ensure_ascii=False) for part in texts if part)
        fix = f"write value: [{items if 0 < len(items) <= 80 else 'first, second'}]"
        return f"{check.type} needs a list of texts, found {_items(value)}; {fix}"
    if base == "max-length" and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        number = int(value) if isinstance(value, str) and re.fullmatch(r"[1-9]\d{0,8}", value.strip()) else 0
        fix = f"write {number}, without quotes" if number else "write for instance value: 200"
        return f"{check.type} needs a whole number of characters, found {shown(value)}; {fix}"
    if base == "is-refusal" and value is not None:
        return f"{check.type} has no value; remove it"
    if base == "is-json" and value is not None:
        return schema_fault(value)
    if base == "tool-call" and not (value is None or (isinstance(value, str) and value)):
        return f"{check.type} needs the name of a tool, found {shown(value)}; write it, or leave value out for any tool"
    return None


def value_findings(raw_checks: Sequence[JsonValue]) -> Iterator[Finding]:
    """Checks of one probe whose value is of the wrong kind."""
    for index, raw in enumerate(raw_checks):
        check = shaped(Check, raw, [])
        if check is not None and (fault := value_fault(check)):
            yield Finding(("expect", index, "value"), fault)


def _text_fault(check: Check) -> str | None:
    """`equals` also takes a list or fields, compared as JSON."""
    value = check.value
    if value is None:
        return f"{check.type} needs something to compare the answer with; write value: …"
    if isinstance(value, bool | int | float):
        return f'{check.type} needs a text, found {shown(value)}; put it in quotes: "{str(value).lower()}"'
    if check.base == "equals" and isinstance(value, dict | list):
        return None
    if not isinstance(value, str):
        return f"{check.type} needs a text, found {shown(value)}; {_several(check)}"
    if not value and check.base != "equals":
        return f"{check.type} of an empty text checks nothing; write the text to look for"
    return _regex_fault(value) if check.base == "regex" else None


def _several(check: Check) -> str:
    """What means the same for several texts."""
    if check.base not in ("contains", "icontains"):
        return "write one text"
    each = f"write a check {check.type} for each text that must {'not ' if check.negated else ''}be there"
    if check.type == "contains":
        return f"{each}, or contains-any if one of them is enough"
    return each


_OF_JAVASCRIPT: Final = re.compile(r"/(.+)/([gimsuy]*)")


def _regex_fault(pattern: str) -> str | None:
    if found := _OF_JAVASCRIPT.fullmatch(pattern):
        flags = "".join(flag for flag in "ims" if flag in found[2])
        meant = (f"(?{flags})" if flags else "") + found[1]
        return f"slashes and what stands behind them are part of the pattern here; write {quoted(meant)}"
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if size_of(pattern) > LARGEST:
                return f"a regular expression that repeats more than {LARGEST:,} times in all; shorten it"
            re.compile(pattern)
    except re.error as error:
        return f"not a regular expression ({error}); fix it, or write contains for plain text"
    except (OverflowError, RecursionError):
        return "a regular expression too large to compile; shorten it"
    return None


_ANNOTATIONS: Final = frozenset(
    {"$schema", "$id", "$defs", "definitions", "title", "description", "$comment", "examples"}
)
"""Keywords of a JSON Schema that check nothing by themselves."""


def schema_fault(schema: JsonValue) -> str | None:
    """What is wrong with a JSON Schema; None where it is one."""
    if not isinstance(schema, dict):
        return f"expected a JSON Schema, found {shown(schema)}; write fields such as type: object"
    if (fault := too_large(schema)) is not None:
        return f"a JSON Schema of {fault}; shorten it, or split it over several checks"
    keywords = set(jsonschema.validators.validator_for(schema, jsonschema.Draft202012Validator).VALIDATORS)
    if schema and not keywords & schema.keys() and not _ANNOTATIONS & schema.keys():
        odd = quoted(next(iter(schema)))
        return f"{odd} is no keyword of JSON Schema, so nothing would be checked; write fields such as type: object"
    return _schema_fault(json.dumps(schema))


@lru_cache(maxsize=256)
def _schema_fault(text: str) -> str | None:
    """What is wrong with a JSON Schema by its own rules. Remembered: a file may use one in many places."""
    schema = json.loads(text)
    try:
        validator = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
        validator.check_schema(schema)
        return unbounded(text) or _fault_within(schema)
    except jsonschema.SchemaError as error:
        place = ".".join(str(step) for step in error.absolute_path) or "its top"
        return f"not a JSON Schema: at {place}, {error.message[:100]}; see json-schema.org"
    except Exception as error:
        # A schema is free text: whatever its reader trips over is a fault of the schema.
        return f"not a JSON Schema that can be read ({type(error).__name__}); simplify it"


_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_SINGLE: Final = ("not", "if", "then", "else")
_ON_THE_SAME: Final = ("allOf", "anyOf", "oneOf", *_SINGLE, "dependentSchemas", "dependencies")
"""Keywords whose schemas look at the same value as the schema that they are in."""


def _fault_within(schema: Mapping[str, JsonValue]) -> str | None:
    """What no reply could be judged by, though it is a JSON Schema."""
    specification = specification_with(str(schema.get("$schema", "")), default=DRAFT202012)
    root = specification.create_resource(schema)
    waiting = [(root, Registry().resolver_with_root(root))]
    finished: set[int] = set()
    while waiting:
        part, resolver = waiting.pop()
        contents = part.contents if isinstance(part.contents, dict) else {}
        for pattern in (contents.get("pattern"), *contents.get("patternProperties", ())):
            if isinstance(pattern, str) and size_of(pattern) > LARGEST:
                return f"the schema has a pattern that repeats more than {LARGEST:,} times in all; shorten it"
        for name in contents.keys() & _REFERENCES:
            try:
                resolver.lookup(contents[name])
            except Unresolvable:
                return _no_such(contents[name])
        if (name := _endless(contents, resolver, frozenset(), finished)) is not None:
            return (
                f"the schema comes back to {quoted(name)} on the same value, so it never ends; refer to it from within "
                "properties or items, or remove the reference"
            )
        waiting += [(below, resolver.in_subresource(below)) for below in part.subresources()]
    return None


def _no_such(reference: str) -> str:
    if reference.startswith("#"):
        return f"the schema refers to {quoted(reference)}, which is not in it; correct the name, or write it there"
    return f"the schema refers to {quoted(reference)}, which is never fetched; copy it in and refer to #/$defs/…"


def _endless(part: Any, resolver: Any, above: frozenset[int], finished: set[int]) -> str | None:
    """The reference by which a schema leads to itself before it looks at another value; None where none does.

    Args:
        above: the schemas that led here, by identity.
        finished: schemas that are known to end, by identity.
    """
    if not isinstance(part, dict) or id(part) in finished:
        return None
    above |= {id(part)}
    for name in part.keys() & _REFERENCES:
        try:
            there = resolver.lookup(part[name])
        except Unresolvable:  # it is reported where it stands
            continue
        if id(there.contents) in above:
            return str(part[name])
        if found := _endless(there.contents, there.resolver, above, finished):
            return found
    for name in part.keys() & _ON_THE_SAME:
        held = part[name]
        each = held if isinstance(held, list) else [held] if name in _SINGLE else list(held.values())
        for one in each:
            if found := _endless(one, resolver, above, finished):
                return found
    finished.add(id(part))
    return None


class SchemaSum:
    """What the JSON Schemas of one file have come to so far."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def add(self, probe: Mapping[str, JsonValue]) -> Finding | None:
        """Count those of one more probe, raw; the finding where they are too many together."""
        for field, name in (("expect", "value"), ("tools", "parameters")):
            rows = probe.get(field)
            for index, row in enumerate(rows if isinstance(rows, list) else ()):
                schema = row.get(name) if isinstance(row, dict) else None
                if not isinstance(schema, dict):
                    continue
                self._seen.setdefault(json.dumps(schema), extent_of(schema)[0])
                if sum(self._seen.values()) > LARGEST_SCHEMAS:
                    message = (
                        f"the JSON Schemas of this file have more than {LARGEST_SCHEMAS:,} parts together; shorten "
                        "them, or split the file over several"
                    )
                    return Finding((field, index, name), message)
        return None


def tool_fault(check: Check, probe: Probe) -> str | None:
    """A call is expected of a tool the probe does not offer."""
    if check.base != "tool-call":
        return None
    offered = [tool.name for tool in probe.tools]
    if not offered:
        return f"{check.type}, but the probe offers no tools; declare them under tools"
    if isinstance(check.value, str) and check.value and check.value not in offered:
        return f"no tool {quoted(check.value)} is offered; {did_you_mean(check.value, offered)}"
    return None


def _items(value: JsonValue) -> str:
    if not isinstance(value, list):
        return shown(value)
    odd = [item for item in value if not (isinstance(item, str) and item)]
    if not odd:
        return "an empty list"
    return "an empty text in it" if odd[0] == "" else f"{shown(odd[0])} in it"


RIGHT = frozenset({"equals", "contains", "icontains", "contains-any", "starts-with", "regex"})
"""Checks that know the right answer."""


def objective_findings(objectives: Sequence[Objective], probes: Sequence[Probe]) -> Iterator[Finding]:
    """Faults of the objectives; the window is at most 90 days."""
    names: set[str] = set()
    checks = [check for probe in probes for check in probe.expect]
    for index, one in enumerate(objectives):
        where = ("objectives", index)
        if one.name in names:
            yield Finding((*where, "name"), f"{quoted(one.name)} is the name of an earlier objective; write another")
        names.add(one.name)
        if (one.at_least is None) == (one.at_most is None):
            yield Finding(where, "write either at_least or at_most, such as at_least: 95 %")
        elif not 0 < one.allowed < 1:
            which = "at_least" if one.at_least is not None else "at_most"
            yield Finding((*where, which), "must be above 0 % and below 100 %")
        if not 3600 <= one.window_s <= 90 * 86_400:
            yield Finding((*where, "window"), "must be from 1h to 90d; write for instance 28d")
        for measure, (limit, example) in LIMITS.items():
            if one.measure == measure and getattr(one, limit) is None:
                yield Finding((*where, "measure"), f"{measure} needs {limit}; write for instance {limit}: {example}")
            elif one.measure != measure and getattr(one, limit) is not None:
                yield Finding((*where, limit), f"goes with measure: {measure} only; remove it, or write that measure")
        if one.measure == "passed" and not checks:
            yield Finding((*where, "measure"), "no probe of this set has a check; write expect: in a probe")
        if one.measure == "right" and not any(check.type in RIGHT for check in checks):
            known = ", ".join(sorted(RIGHT))
            message = f"no probe has a check that knows the answer; write one of {known}, or measure: passed"
            yield Finding((*where, "measure"), message)
