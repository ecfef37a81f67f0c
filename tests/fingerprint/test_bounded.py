"""Declared patterns and schemas on hostile replies: an answer, or `Unjudged` within the limit; never a long wait."""

from __future__ import annotations

import json
import re
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import JsonValue

from prober.fingerprint import bounded
from prober.fingerprint.expectation import Unjudged, extract, holds
from prober.loading.checks import schema_fault
from prober.model.declaration import Check, Probe
from prober.model.reply import Reply


def reply(text: str) -> Reply:
    return Reply(at=datetime(2026, 1, 1, tzinfo=UTC), text=text)


SLOW = "(a|aa)+$"
HOSTILE = "a" * 70 + "!"


def doubling(levels: int) -> dict[str, JsonValue]:
    """A schema whose references double at every level."""
    each = {f"d{n}": {"allOf": [{"$ref": f"#/$defs/d{n + 1}"}] * 2} for n in range(levels)}
    return {"$defs": {**each, f"d{levels}": {"type": "string"}}, "$ref": "#/$defs/d0"}


@pytest.fixture
def _short_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMIT_S", 0.05)


STOPPED = {
    "regex": (Check(type="regex", value=SLOW), HOSTILE),
    "pattern": (Check(type="is-json", value={"pattern": SLOW}), json.dumps(HOSTILE)),
    "patternProperties": (Check(type="is-json", value={"patternProperties": {SLOW: {}}}), json.dumps({HOSTILE: 1})),
    "additionalProperties": (
        Check(type="is-json", value={"patternProperties": {SLOW: {}}, "additionalProperties": False}),
        json.dumps({HOSTILE: 1}),
    ),
    "propertyNames": (Check(type="is-json", value={"propertyNames": {"pattern": SLOW}}), json.dumps({HOSTILE: 1})),
    "references that double": (Check(type="is-json", value=doubling(24)), '"x"'),
}


@pytest.mark.slow
@pytest.mark.usefixtures("_short_limit")
@pytest.mark.parametrize("name", STOPPED)
def test_a_check_that_runs_out_of_time_is_not_judged(name: str) -> None:
    check, text = STOPPED[name]
    with pytest.raises(Unjudged, match="was stopped: it took longer than"):
        holds(check, reply(text))


@pytest.mark.usefixtures("_short_limit")
def test_with_such_a_check_a_reply_neither_passes_nor_fails() -> None:
    other = Check(type="contains", value="!")
    features = extract(reply(HOSTILE), Probe(id="p", prompt="Hi", expect=(Check(type="regex", value=SLOW), other)))
    assert features.categories == {other.label: "pass"}


@pytest.mark.slow
def test_other_threads_go_on_while_a_pattern_is_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded, "LIMIT_S", 0.2)
    done, turns = threading.Event(), 0

    def judge() -> None:
        with pytest.raises(Unjudged):
            holds(Check(type="regex", value=SLOW), reply(HOSTILE))
        done.set()

    thread = threading.Thread(target=judge)
    thread.start()
    while not done.wait(0.001):
        turns += 1
    thread.join()
    assert turns > 3


def test_what_backtracks_for_ever_in_re_is_answered() -> None:
    for pattern in ("^(a+)+$", r"^(\w+\s?)*$"):
        assert not holds(Check(type="regex", value=pattern), reply("a" * 60 + "!"))


def test_unique_items_take_time_as_the_list_is_long() -> None:
    check = Check(type="is-json", value={"uniqueItems": True})
    assert holds(check, reply(json.dumps([{"a": n} for n in range(5_000)])))
    assert not holds(check, reply(json.dumps([*({"a": n} for n in range(5_000)), {"a": 7.0}])))


@pytest.mark.parametrize(
    "items", ["[1, true]", "[0, false]", "[1, 1.0]", '[{"a": 1}, {"a": true}]', "[[1], [1]]", "[]"]
)
def test_items_are_equal_as_the_library_says(items: str) -> None:
    schema: dict[str, JsonValue] = {"uniqueItems": True}
    assert bounded.matches_schema(json.loads(items), schema) == Draft202012Validator(schema).is_valid(json.loads(items))


PATTERNS = (
    "^[A-Z]", r"\bé\w+", r"^\d{4}-\d{2}$", "Blue$", "(?i)straße", r"(\w)\1", "(?<!un)happy(?=!)", r"\s$", "a|b|", "[^a]",
    r"\Aa.c\Z", "(?m)^x$", "(?s)a.b", r"[\w-]+@", "(?P<w>a)(?P=w)", "^$", r"\.$", "x*+y", "(?x) a b # c",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("pattern", PATTERNS)
@settings(max_examples=15)
@given(text=st.text(alphabet="abxyAZé é1234-\n!.[@ßS", max_size=12))
def test_ordinary_patterns_match_as_in_re(pattern: str, text: str) -> None:
    expected, found = re.search(pattern, text), bounded.search(pattern, text)
    assert (None if expected is None else expected.span()) == (None if found is None else found.span())


SCHEMAS: tuple[dict[str, JsonValue], ...] = (
    {"type": "object", "properties": {"a": {"type": "integer"}}, "required": ["a"], "additionalProperties": False},
    {"patternProperties": {"^x": {"type": "string"}}, "additionalProperties": {"type": "number"}},
    {"type": "array", "items": {"pattern": "^a"}, "uniqueItems": True},
    {"anyOf": [{"type": "string", "pattern": "b$"}, {"propertyNames": {"pattern": "^[ab]$"}, "minProperties": 1}]},
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text(alphabet="abx", max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet="abx", max_size=2), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.slow
@given(schema=st.sampled_from(SCHEMAS), answer=JSON)
def test_schemas_say_what_the_library_says(schema: dict[str, JsonValue], answer: JsonValue) -> None:
    assert bounded.matches_schema(answer, schema) == Draft202012Validator(schema).is_valid(answer)


@pytest.mark.parametrize(
    ("pattern", "size"),
    [("abc", 3), ("a{3}b", 4), ("(a{100}){100}", 10_000), ("[a-z]+", 1), ("(?:ab|cd){2,5}", 20), ("a{2,}", 2)],
)
def test_the_size_of_a_pattern_is_that_of_its_repetitions(pattern: str, size: int) -> None:
    assert size <= bounded.size_of(pattern) <= 4 * size


def test_a_pattern_too_large_to_compile_is_not_judged() -> None:
    with pytest.raises(Unjudged, match="repeats more than 100,000 times in all"):
        holds(Check(type="regex", value="((a{1000}){1000}){1000}"), reply("a"))


@pytest.mark.slow
@pytest.mark.parametrize(
    "schema",
    [
        {"allOf": [True] * 200_000},
        {"items": [[]] * 100_000},
        {"enum": [f"value {n}" for n in range(100_000)]},
        {"required": [f"value {n}" for n in range(100_000)]},
        {"pattern": "a|" * 300_000},
        {"properties": {f"key{n}": {"$ref": "#/$defs/a"} for n in range(3_000)}, "$defs": {"a": {}}},
    ],
    ids=lambda schema: str(next(iter(schema))),
)
def test_a_large_schema_of_any_shape_is_refused_before_it_is_checked(schema: dict[str, JsonValue]) -> None:
    assert (schema_fault(schema) or "").startswith("a JSON Schema of more than ")
    with pytest.raises(bounded.TooLarge, match="it has more than "):
        bounded.matches_schema({}, schema)


@pytest.mark.slow
def test_a_schema_that_takes_too_long_to_check_is_refused_before_it_is_checked() -> None:
    schema: dict[str, JsonValue] = {
        "properties": {f"key{n}": {"type": "string"} for n in range(bounded.LARGEST_SCHEMA)}
    }
    with pytest.raises(bounded.TooLarge, match="it has more than 2,000 objects"):
        bounded.matches_schema({}, schema)
    assert "a JSON Schema of more than 2,000 objects, lists, true and false; shorten it" in (schema_fault(schema) or "")
    values: dict[str, JsonValue] = {"enum": [{"n": n} for n in range(9_000)]}  # values are no schemas
    assert schema_fault(values) is None
    assert bounded.matches_schema({"n": 3}, values)


@pytest.mark.parametrize("depth", [50, 150, 250, 400])
@pytest.mark.parametrize("keyword", ["not", "items", "allOf", "anyOf", "properties"])
def test_what_is_nested_too_deeply_is_said_before_python_gives_up(depth: int, keyword: str) -> None:
    """Where Python's own limit is reached within compiled code, what is raised is no `Exception`."""
    answer: JsonValue = "x"
    for _ in range(depth):
        answer = {"a": answer} if keyword == "properties" else [answer]
    tree = {"items": {"$ref": "#"}, "properties": {"a": {"$ref": "#"}}}
    if depth < 100:
        assert bounded.matches_schema(answer, tree)
    else:
        with pytest.raises(RecursionError, match="the answer or the schema is nested too deeply"):
            bounded.matches_schema([answer] * 3, tree)
    schema: JsonValue = {"type": "string"}
    for _ in range(depth):
        schema = {keyword: [schema] if keyword.endswith("Of") else {"a": schema} if keyword == "properties" else schema}
    assert isinstance(schema, dict)
    said = bounded.too_large(schema)
    assert (said is None) == (depth < 60 and keyword in ("not", "items"))
    if said is not None:
        assert said == "more than 60 objects and lists inside each other"
        with pytest.raises(bounded.TooLarge, match="it has more than 60 objects"):
            bounded.matches_schema(answer, schema)
