"""Every way a shape can be missed has words of its own."""

from __future__ import annotations

import typing
from collections.abc import Iterator

import pytest
from pydantic import BaseModel, JsonValue

from prober.loading.lines import Finding
from prober.loading.suggestions import did_you_mean
from prober.loading.validation_errors import MOST_FAULTS, PATTERNS, shaped
from prober.model.declaration import Endpoint, ProbeSet
from prober.text import one_line, quoted, shown


def patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for inner in schema.values():
            yield from patterns(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from patterns(inner)


@pytest.mark.parametrize("shape", [Endpoint, ProbeSet])
def test_every_pattern_of_the_shapes_has_words(shape: type[BaseModel]) -> None:
    found = set(patterns(shape.model_json_schema()))
    assert found
    assert found <= PATTERNS.keys()


RIGHT: dict[str, typing.Any] = {
    "name": "a",
    "owner": "team",
    "endpoints": ["demo"],
    "schedule": {"every": "1h"},
    "probes": [
        {
            "id": "a",
            "messages": [{"role": "user", "content": "Hello"}],
            "tools": [{"name": "t"}],
            "expect": [{"type": "is-json"}],
        }
    ],
}
WRONG: list[typing.Any] = [None, True, 3, -1, 1.5, 1e300, "", "x y", "z" * 1000, [], [None], {}, {"a": 1}]


def replaced(value: typing.Any, new: typing.Any) -> Iterator[typing.Any]:
    """The value with each of its parts, at every depth, replaced in turn."""
    yield new
    if isinstance(value, dict):
        for key, inner in value.items():
            for other in replaced(inner, new):
                yield value | {key: other}
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            for other in replaced(inner, new):
                yield [*value[:index], other, *value[index + 1 :]]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: repr(wrong)[:12])
def test_no_part_is_missed_without_words(wrong: typing.Any) -> None:
    endpoint = {
        "name": "a", "provider": "openai", "model": "m", "api": "chat", "api_key_env": "KEY", "parameters": {},
        "stream": True, "timeouts": {"read_s": 5}, "budget": {"asks_per_day": 4}, "concurrency": 3, "base_url": "x",
        "capabilities": {"seed": True}, "reference": {"rounds": 8}, "false_alarms_per_year": 1, "max_reply_bytes": 9999,
    }  # fmt: skip
    shapes: list[tuple[type[BaseModel], typing.Any]] = [(ProbeSet, RIGHT), (Endpoint, endpoint)]
    for shape, right in shapes:
        for raw in replaced(right, wrong):
            findings: list[Finding] = []
            result = shaped(shape, raw, findings)
            assert (result is None) == bool(findings)
            for finding in findings:
                assert "; " in finding.message
                assert "see the documentation" not in finding.message, finding


def test_right_stays_right() -> None:
    findings: list[Finding] = []
    probe_set = shaped(ProbeSet, RIGHT, findings)
    assert findings == []
    assert probe_set is not None
    assert probe_set.probes[0].tools[0].parameters == {"type": "object", "properties": {}}


@pytest.mark.parametrize(
    ("word", "suggestion"),
    [
        ("promt", 'did you mean "prompt"?'),
        ("PROMPT", 'did you mean "prompt"?'),
        ("zzz", "write one of: prompt, samples"),
        ("p" * 100_000, "write one of: prompt, samples"),
    ],
    ids=["near", "case", "far", "huge"],
)
def test_did_you_mean(word: str, suggestion: str) -> None:
    assert did_you_mean(word, ["prompt", "samples"]) == suggestion


def test_values_are_shown_short_on_one_line_and_without_secrets() -> None:
    assert one_line("a\nb\u2028c\0d\ud800é") == "a\\nb\\u2028c\\x00d\\ud800é"
    assert quoted("a\nb") == '"a\\nb"'
    assert len(quoted("x" * 10_000)) < 60
    assert "0000" not in quoted("my key is sk-this-is-no-real-key-0000")
    values: list[JsonValue] = [None, True, 3, "x", [1], {"a": 1}]
    assert [shown(value) for value in values] == [
        "nothing", "the truth value true", "the number 3", 'the text "x"', "a list", "fields",
    ]  # fmt: skip


def test_only_the_first_of_very_many_faults_are_explained() -> None:
    findings: list[Finding] = []
    assert shaped(ProbeSet, {f"field{number}": 1 for number in range(3_000)}, findings) is None
    assert len(findings) == MOST_FAULTS + 1
    assert "more faults here or below; fix the others first" in findings[0].message
