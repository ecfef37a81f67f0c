"""Whether the reply is what the probe expects: one category a check. What cannot be judged is never a pass."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from time import thread_time
from typing import Final, TypeAlias

from jsonschema.exceptions import SchemaError
from pydantic import JsonValue
from referencing.exceptions import Unresolvable

from prober.fingerprint import bounded
from prober.fingerprint.feature import Features, unreadable
from prober.fingerprint.refusal import refused_by
from prober.fingerprint.structure import NotJson, parse_json
from prober.model.declaration import Check, Probe
from prober.model.reply import Reply

REGEX_READ = 20_000
"""Characters a regex is run on: some patterns take time that grows with the square of the length, or worse."""


class Unjudged(Exception):
    """The check cannot be judged on this reply; the text says why."""


Judge: TypeAlias = Callable[[Reply, JsonValue], bool]
"""Reply and the check's value → does it hold? Raises Unjudged."""


def extract(reply: Reply, probe: Probe) -> Features:
    """Category `<check label>` pass or fail; category `all` and number `pass_rate` over the checks that were judged.

    A check that could not be judged is unreadable under its label. `all` is `fail` as soon as one check fails, and
    `pass` only when every check was judged. A second check of the same label is `label #2`.
    """
    if not probe.expect:
        return unreadable("the probe expects nothing")
    outcomes: dict[str, str] = {}
    reasons: dict[str, str] = {}
    seen: Counter[str] = Counter()
    for check in probe.expect:
        seen[check.label] += 1
        label = check.label if seen[check.label] == 1 else f"{check.label} #{seen[check.label]}"
        try:
            outcomes[label] = "pass" if holds(check, reply) else "fail"
        except Unjudged as reason:
            reasons[label] = str(reason)
    passed = sum(outcome == "pass" for outcome in outcomes.values())
    rate = {"pass_rate": passed / len(outcomes)} if outcomes else {}
    if passed < len(outcomes):
        return Features({**outcomes, "all": "fail"}, rate, unreadable=reasons)
    if reasons:
        missing = {name: "not every check could be judged" for name in ("all", "pass_rate") if name not in rate}
        return Features(outcomes, rate, unreadable={**reasons, **missing})
    return Features({**outcomes, "all": "pass"}, rate)


def holds(check: Check, reply: Reply) -> bool:
    """Does the reply pass this check?

    Raises:
        Unjudged: it cannot be decided; neither the check nor its negation holds.
    """
    return CHECKS[check.base](reply, check.value) is not check.negated


def _equals(reply: Reply, value: JsonValue) -> bool:
    """The very text; a value that is no text is compared as JSON."""
    if isinstance(value, str):
        return _text(reply) == value
    try:
        return _canonical(parse_json(_text(reply))) == _canonical(value)
    except NotJson:
        return False


def _contains(reply: Reply, value: JsonValue) -> bool:
    return _wanted(value) in _text(reply)


def _icontains(reply: Reply, value: JsonValue) -> bool:
    return _wanted(value).casefold() in _text(reply).casefold()


def _contains_any(reply: Reply, value: JsonValue) -> bool:
    if not isinstance(value, list) or not value:
        raise Unjudged("the value must be a list of texts")
    text, until = _text(reply), thread_time() + bounded.LIMIT_S
    for item in map(_wanted, value):
        if item in text:
            return True
        if thread_time() > until:
            raise Unjudged(f"the search was stopped: {bounded.OutOfTime()}")
    return False


def _starts_with(reply: Reply, value: JsonValue) -> bool:
    return _text(reply).startswith(_wanted(value))


def _regex(reply: Reply, value: JsonValue) -> bool:
    """As `re.search`, within a limit of time. Of a long reply only the start is read: a miss proves nothing."""
    text = _text(reply)
    try:
        found = bounded.search(_wanted(value), text[:REGEX_READ])
    except bounded.OutOfTime as reason:
        raise Unjudged(f"the regex was stopped: {reason}") from None
    except (re.error, RecursionError, OverflowError, bounded.TooLarge) as reason:
        raise Unjudged(f"the regex is not valid: {reason}") from None
    if len(text) <= REGEX_READ:
        return found is not None
    # `$` also matches at the cut, and before a line break there: only a match that ends earlier is sure.
    if found is not None and found.end() < REGEX_READ - 1:
        return True
    raise Unjudged(f"a regex is run on the first {REGEX_READ} characters only, and does not match there")


def _is_json(reply: Reply, value: JsonValue) -> bool:
    """JSON and nothing else, as a parser needs it: fenced JSON fails. With a value, valid by that schema."""
    try:
        answer = parse_json(_text(reply))
    except NotJson:
        return False
    return value is None or _valid(answer, value)


def _valid(answer: JsonValue, schema: JsonValue) -> bool:
    if isinstance(schema, bool):  # the schemas that allow everything and nothing
        return schema
    if not isinstance(schema, dict):
        raise Unjudged("the value must be a JSON Schema")
    try:
        return bounded.matches_schema(answer, schema)
    except bounded.OutOfTime as reason:
        raise Unjudged(f"the JSON Schema was stopped: {reason}") from None
    except SchemaError as reason:
        raise Unjudged(f"the JSON Schema is not valid: {reason.message[:200]}") from None
    except Unresolvable as reason:
        raise Unjudged(f"the JSON Schema refers to what is not in it: {str(reason)[:200]}") from None
    except (re.error, RecursionError, OverflowError, TypeError, ValueError) as reason:
        raise Unjudged(f"the JSON Schema cannot be applied: {str(reason)[:200]}") from None


def _is_refusal(reply: Reply, value: JsonValue) -> bool:
    return refused_by(reply) != "none"


def _max_length(reply: Reply, value: JsonValue) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unjudged("the value must be a number of characters")
    return len(_text(reply)) <= value


def _tool_call(reply: Reply, value: JsonValue) -> bool:
    """A call of that tool, or of any when no name is given."""
    return any(value is None or call.name == value for call in reply.tool_calls)


CHECKS: Final[Mapping[str, Judge]] = {
    "equals": _equals,
    "contains": _contains,
    "icontains": _icontains,
    "contains-any": _contains_any,
    "starts-with": _starts_with,
    "regex": _regex,
    "is-json": _is_json,
    "is-refusal": _is_refusal,
    "max-length": _max_length,
    "tool-call": _tool_call,
}
"""`Check.base` → what judges it."""


def _text(reply: Reply) -> str:
    return reply.text or ""


def _wanted(value: JsonValue) -> str:
    """A check's text; YAML reads `contains: 7` as a number, and means the text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return json.dumps(value)
    raise Unjudged("the value must be a text")


def _canonical(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)
