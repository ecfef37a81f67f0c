"""Declared patterns and JSON Schemas, run on a reply within a limit of time: a hostile reply cannot hold up a round.

Patterns are run by `regex`, which reads them as `re` does, gives up after a time, and lets other threads go on.
`re2` reads `\\w`, `\\s` and `$` in another way, and knows neither look-around nor references.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache, partial
from re import _parser  # type: ignore[attr-defined]
from time import thread_time
from typing import Any, Final

import regex
from jsonschema.exceptions import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import Draft202012Validator, extend, validator_for
from pydantic import JsonValue
from referencing import Registry

LIMIT_S: Final = 2.0
"""Time of this thread that one check may take. It never changes what a check says, only whether it can be said."""
LARGEST: Final = 100_000
"""Size of a pattern with its repetitions written out."""
LARGEST_SCHEMA: Final = 2_000
"""Parts of a JSON Schema: objects, lists, true and false. It is checked as a whole before its first use, which takes
about half a millisecond for each, so a second."""
LONGEST_SCHEMA: Final = 500_000
"""Characters of a JSON Schema, written out: its patterns and lists of values take time too."""
DEEPEST_SCHEMA: Final = 60
"""Objects and lists inside each other in a JSON Schema."""
_DEEPEST_CHECK: Final = 200
"""Keywords inside each other while an answer is checked. Deeper, Python's limit of recursion would be reached. Where
that happens in the library's compiled part, it raises what no `except Exception` catches."""
_DATA: Final = frozenset({"enum", "const", "default", "examples"})
"""Keywords of a JSON Schema that hold values, and no schemas."""


@dataclass
class _Check:
    """The check of an answer by a JSON Schema, while it runs."""

    until: float
    """CPU time of this thread at which the check gives up, in seconds."""
    depth: int = 0
    """How many keywords, inside each other, are being checked."""


_check: ContextVar[_Check] = ContextVar("check")


class OutOfTime(Exception):
    """The limit has passed; the text says so."""

    def __init__(self) -> None:
        super().__init__(f"it took longer than {LIMIT_S:g} s of computing on this reply")


class TooLarge(ValueError):
    """The pattern is too large to be run."""


def search(pattern: str, text: str) -> re.Match[str] | regex.Match[str] | None:
    """As `re.search`. Raises re.error, TooLarge or OutOfTime."""
    return _search(_compiled(pattern), text, LIMIT_S)


def matches_schema(answer: JsonValue, schema: Mapping[str, Any]) -> bool:
    """Whether the answer is valid by the schema.

    Raises:
        OutOfTime, SchemaError, Unresolvable, re.error, TooLarge, and what numbers and depth can lead to.
    """
    validator = _validator(json.dumps(schema, sort_keys=True))
    token = _check.set(_Check(thread_time() + LIMIT_S))
    try:
        return validator.is_valid(answer)
    finally:
        _check.reset(token)


def size_of(pattern: str) -> int:
    """Characters of the pattern with its repetitions written out, about. Raises re.error."""
    return _size(_parser.parse(pattern))


def extent_of(schema: JsonValue) -> tuple[int, int]:
    """Parts of a JSON Schema, those of values left out, and how many objects and lists are inside each other.

    Nothing is read beyond one part more than `LARGEST_SCHEMA`.
    """
    parts = deepest = 0
    waiting = [(schema, 0, True)]
    while waiting and parts <= LARGEST_SCHEMA:
        part, depth, counts = waiting.pop()
        deepest = max(deepest, depth)
        parts += counts and isinstance(part, (dict, list, bool))
        if isinstance(part, dict):
            waiting += [(held, depth + 1, counts and key not in _DATA) for key, held in part.items()]
        elif isinstance(part, list):
            waiting += [(held, depth + 1, counts) for held in part]
    return parts, deepest


def too_large(schema: JsonValue) -> str | None:
    """What makes a JSON Schema too large to be checked; None where nothing does."""
    parts, deepest = extent_of(schema)
    if parts > LARGEST_SCHEMA:
        return f"more than {LARGEST_SCHEMA:,} objects, lists, true and false"
    if deepest > DEEPEST_SCHEMA:
        return f"more than {DEEPEST_SCHEMA} objects and lists inside each other"
    if len(json.dumps(schema)) > LONGEST_SCHEMA:
        return f"more than {LONGEST_SCHEMA:,} characters"
    return None


def unbounded(schema_text: str) -> str | None:
    """Why a check by a JSON Schema could not be stopped in time; None where it can."""
    if "patternProperties" in schema_text and "unevaluatedProperties" in schema_text:
        return "unevaluatedProperties beside patternProperties cannot be bounded; write additionalProperties"
    return None


def _size(part: object) -> int:
    if isinstance(part, _parser.SubPattern):
        return sum(_size_of_step(argument) for _, argument in part.data)
    return sum(map(_size, part)) if isinstance(part, (tuple, list)) else 0


def _size_of_step(argument: object) -> int:
    match argument:
        case (int(least), int(most), _parser.SubPattern() as repeated):
            times = least if most is _parser.MAXREPEAT else most
            return max(1, times) * max(1, _size(repeated))
        case _:
            return 1 + _size(argument)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> regex.Pattern[str]:
    re.compile(pattern)  # what is a pattern and what is none is for `re` to say
    if size_of(pattern) > LARGEST:
        raise TooLarge(f"it repeats more than {LARGEST:,} times in all")
    try:
        return regex.compile(pattern, regex.VERSION0)
    except regex.error as error:
        raise re.error(str(error)) from None


def _search(pattern: regex.Pattern[str], text: str, seconds: float) -> regex.Match[str] | None:
    try:
        return pattern.search(text, timeout=max(seconds, 0.001), concurrent=True)
    except TimeoutError:
        raise OutOfTime from None


# JSON Schemas


def _time_left() -> float:
    left = _check.get().until - thread_time()
    if left <= 0:
        raise OutOfTime
    return left


def _found(pattern: str, text: str) -> bool:
    return _search(_compiled(pattern), text, _time_left()) is not None


Errors = Iterator[ValidationError]


def _pattern(validator: Validator, pattern: str, instance: object, schema: object) -> Errors:
    if isinstance(instance, str) and not _found(pattern, instance):
        yield ValidationError("does not match the pattern")


def _pattern_properties(validator: Any, patterns: Mapping[str, Any], instance: object, schema: object) -> Errors:
    if isinstance(instance, dict):
        for pattern, subschema in patterns.items():
            for name, value in instance.items():
                if _found(pattern, name):
                    yield from validator.descend(value, subschema)


def _additional_properties(validator: Any, allowed: Any, instance: object, schema: Mapping[str, Any]) -> Errors:
    if isinstance(instance, dict):
        patterns = schema.get("patternProperties", {})
        for name, value in instance.items():
            if name not in schema.get("properties", {}) and not any(_found(pattern, name) for pattern in patterns):
                if isinstance(allowed, dict):
                    yield from validator.descend(value, allowed)
                elif not allowed:
                    yield ValidationError("has an additional property")


def _unique_items(validator: Validator, wanted: object, instance: object, schema: object) -> Errors:
    if wanted and isinstance(instance, list) and len(set(map(_identity, instance))) < len(instance):
        yield ValidationError("has equal items")


def _identity(value: object) -> object:
    """Equal for values that JSON Schema calls equal: 1 and 1.0, but not 1 and true. Takes time as the value is long."""
    if isinstance(value, dict):
        return frozenset((name, _identity(held)) for name, held in value.items())
    if isinstance(value, list):
        return tuple(map(_identity, value))
    return isinstance(value, bool), value


_OURS: Final[Mapping[str, Callable[..., Errors]]] = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
"""Keywords that the library runs without a bound on their time."""


@lru_cache(maxsize=64)
def _validator(schema_text: str) -> Validator:
    schema = json.loads(schema_text)
    if (fault := too_large(schema)) is not None:
        raise TooLarge(f"it has {fault}")
    library = validator_for(schema, default=Draft202012Validator)
    library.check_schema(schema)
    if (fault := unbounded(schema_text)) is not None:
        raise TooLarge(fault)
    keywords = {name: partial(_bounded, _OURS.get(name, keyword)) for name, keyword in library.VALIDATORS.items()}
    # An empty registry: a schema that refers to an address must not be fetched.
    bounded: Validator = extend(library, keywords)(schema, registry=Registry())  # type: ignore[no-untyped-call]
    return bounded


def _bounded(keyword: Callable[..., Errors | None], *arguments: Any) -> Errors:
    """Every keyword looks at time and depth before it begins, so that schemas that double on the way end too."""
    _time_left()
    check = _check.get()
    if check.depth == _DEEPEST_CHECK:
        raise RecursionError("the answer or the schema is nested too deeply")
    check.depth += 1
    try:
        yield from keyword(*arguments) or ()
    finally:
        check.depth -= 1
