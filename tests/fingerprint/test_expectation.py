from __future__ import annotations

from typing import Any, get_args

import pytest

from prober.fingerprint.expectation import CHECKS, REGEX_READ, Unjudged, extract, holds
from prober.fingerprint.feature import Features
from prober.model.declaration import Check, CheckType, Probe
from prober.model.reply import ToolCall
from tests.fingerprint.conftest import Answer

PERSON = {"type": "object", "properties": {"age": {"type": "integer"}}, "required": ["age"]}


def test_every_declared_check_can_be_judged() -> None:
    assert {check.removeprefix("not-") for check in get_args(CheckType)} == set(CHECKS)


CASES: list[tuple[str, Any, str, bool]] = [
    ("equals", "7", "7", True),
    ("equals", "7", " 7", False),
    ("equals", 7, "7", True),
    ("equals", 7, "7\n", True),
    ("equals", 1, "true", False),
    ("equals", {"a": 1, "b": 2}, '{"b": 2, "a": 1}', True),
    ("equals", {"a": 1}, "not json", False),
    ("contains", "cat", "a cat", True),
    ("contains", "Cat", "a cat", False),
    ("contains", 7, "it is 7", True),
    ("icontains", "STRASSE", "die straße", True),
    ("icontains", "dog", "a cat", False),
    ("contains-any", ["dog", "cat"], "a cat", True),
    ("contains-any", ["dog", 4], "a cat", False),
    ("starts-with", "a ", "a cat", True),
    ("starts-with", "cat", "a cat", False),
    ("regex", r"^\d+$", "42", True),
    ("regex", r"\d", "none", False),
    ("regex", "\ud800", "a\ud800", True),
    ("is-json", None, '{"a": 1}', True),
    ("is-json", None, " [1]\n", True),
    ("is-json", None, "7", True),
    ("is-json", None, "", False),
    ("is-json", None, '```json\n{"a": 1}\n```', False),
    ("is-json", None, "{'a': 1}", False),
    ("is-json", None, '{"a": NaN}', False),
    ("is-json", None, "[" * 5_000, False),
    ("is-json", PERSON, '{"age": 4}', True),
    ("is-json", PERSON, '{"age": "4"}', False),
    ("is-json", PERSON, "{}", False),
    ("is-json", PERSON, "no", False),
    ("is-json", True, "[]", True),
    ("is-json", False, "[]", False),
    (
        "is-json",
        {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 3, "exclusiveMinimum": True},
        "3",
        False,
    ),
    ("is-json", {"$defs": {"n": {"type": "null"}}, "$ref": "#/$defs/n"}, "null", True),
    ("is-refusal", None, "I'm sorry, but I can't help with that.", True),
    ("is-refusal", None, "Sure!", False),
    ("max-length", 3, "abc", True),
    ("max-length", 3, "abcd", False),
    ("max-length", 1, "👍", True),
]


@pytest.mark.parametrize(("kind", "value", "text", "expected"), CASES)
def test_checks_and_their_negations(kind: Any, value: Any, text: str, expected: bool, answer: Answer) -> None:
    assert holds(Check(type=kind, value=value), answer(text)) is expected
    assert holds(Check(type=f"not-{kind}", value=value), answer(text)) is not expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "called", "expected"),
    [(None, (), False), (None, ("a",), True), ("a", ("b", "a"), True), ("a", ("b",), False), ("a", (), False)],
)
def test_tool_call(value: str | None, called: tuple[str, ...], expected: bool, answer: Answer) -> None:
    reply = answer("", tool_calls=tuple(ToolCall(name, "{broken") for name in called))
    assert holds(Check(type="tool-call", value=value), reply) is expected
    assert holds(Check(type="not-tool-call", value=value), reply) is not expected


LONG = "a" * REGEX_READ


@pytest.mark.parametrize(
    ("kind", "value", "text", "why"),
    [
        ("regex", "(", "x", "the regex is not valid: missing ), unterminated subpattern"),
        ("regex", None, "x", "the value must be a text"),
        ("regex", "b", LONG + "b", "a regex is run on the first 20000 characters only"),
        ("regex", "a$", LONG + "b", "a regex is run on the first 20000 characters only"),
        ("regex", "a$", LONG[:-1] + "\nb", "a regex is run on the first 20000 characters only"),
        ("contains", ["a"], "x", "the value must be a text"),
        ("contains", True, "x", "the value must be a text"),
        ("contains-any", "a", "x", "the value must be a list of texts"),
        ("contains-any", [], "x", "the value must be a list of texts"),
        ("contains-any", [None], "x", "the value must be a text"),
        ("max-length", "3", "x", "the value must be a number of characters"),
        ("max-length", True, "x", "the value must be a number of characters"),
        ("is-json", "object", "{}", "the value must be a JSON Schema"),
        ("is-json", {"type": "objekt"}, "{}", "the JSON Schema is not valid: 'objekt'"),
        ("is-json", {"$ref": "https://127.0.0.1:1/s.json"}, "{}", "the JSON Schema refers to what is not in it"),
        ("is-json", {"$ref": "#/$defs/none"}, "{}", "the JSON Schema refers to what is not in it"),
        ("is-json", {"$ref": "#"}, "{}", "the JSON Schema cannot be applied"),
        ("is-json", {"pattern": "("}, '"x"', "the JSON Schema"),
    ],
)
def test_what_cannot_be_judged_is_neither_pass_nor_fail(
    kind: Any, value: Any, text: str, why: str, answer: Answer
) -> None:
    for check in (Check(type=kind, value=value), Check(type=f"not-{kind}", value=value)):  # type: ignore[arg-type]
        with pytest.raises(Unjudged) as raised:
            holds(check, answer(text))
        assert str(raised.value).startswith(why)


def test_a_regex_that_matches_early_in_a_long_reply_is_judged(answer: Answer) -> None:
    assert holds(Check(type="regex", value="^aaa"), answer(LONG * 100))


def read(answer: Answer, text: str, *checks: Check) -> Features:
    return extract(answer(text), Probe(id="p", prompt="x", expect=checks))


GOOD, BAD, UNJUDGED = Check(type="contains", value="a"), Check(type="regex", value="b"), Check(type="regex", value="(")
WHY = "the regex is not valid: missing ), unterminated subpattern at position 0"


def test_all_pass(answer: Answer) -> None:
    found = read(answer, "a", GOOD, Check(type="not-is-refusal"))
    assert found == Features({'contains("a")': "pass", "not-is-refusal": "pass", "all": "pass"}, {"pass_rate": 1.0})


def test_one_fails(answer: Answer) -> None:
    found = read(answer, "a", GOOD, BAD)
    assert found == Features({'contains("a")': "pass", 'regex("b")': "fail", "all": "fail"}, {"pass_rate": 0.5})


def test_one_fails_and_one_is_not_judged(answer: Answer) -> None:
    found = read(answer, "a", BAD, UNJUDGED)
    assert found == Features({'regex("b")': "fail", "all": "fail"}, {"pass_rate": 0.0}, unreadable={'regex("(")': WHY})


def test_one_passes_and_one_is_not_judged(answer: Answer) -> None:
    found = read(answer, "a", GOOD, UNJUDGED)
    assert found.categories == {'contains("a")': "pass"}
    assert found.numbers == {"pass_rate": 1.0}
    assert found.unreadable == {'regex("(")': WHY, "all": "not every check could be judged"}


def test_none_is_judged(answer: Answer) -> None:
    found = read(answer, "a", UNJUDGED)
    assert not found.categories
    assert not found.numbers
    reason = "not every check could be judged"
    assert found.unreadable == {'regex("(")': WHY, "all": reason, "pass_rate": reason}


def test_nothing_expected(answer: Answer, probe: Probe) -> None:
    assert extract(answer("a"), probe) == Features(unreadable={"": "the probe expects nothing"})


def test_long_values_with_one_label_stay_apart(answer: Answer) -> None:
    one, other = (Check(type="contains", value="x" * 100 + end) for end in "ab")
    assert one.label == other.label
    found = read(answer, "x" * 100 + "a", one, other)
    assert found.categories == {one.label: "pass", f"{one.label} #2": "fail", "all": "fail"}
