from __future__ import annotations

import math

import pytest

from prober.fingerprint.structure import DEEPEST, NotJson, parse_json


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("text", "value"),
    [("7", 7), (' {"a": [1, 2.5, null, true]}\r\n', {"a": [1, 2.5, None, True]}), ('"\ud800"', "\ud800"), ("-0", 0)],
)
def test_json_is_read(text: str, value: object) -> None:
    assert parse_json(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "{'a': 1}",
        '{"a": 1,}',
        "NaN",
        "[Infinity]",
        "-Infinity",
        "1 2",
        "\ufeff{}",
        "\xa0{}",
        '"\n"',
        "\x00",
        "\ud800",
    ],
)
def test_anything_else_is_not(text: str) -> None:
    with pytest.raises(NotJson):
        parse_json(text)


def test_numbers_of_many_digits() -> None:
    assert parse_json("9" * 400) == int("9" * 400)
    assert parse_json("9" * 100_000) == math.inf


def test_the_depth_that_is_read_depends_on_nothing_but_the_text() -> None:
    assert parse_json(nested(DEEPEST)) != []
    assert parse_json('{"a":' * (DEEPEST - 1) + "[1]" + "}" * (DEEPEST - 1))
    for text in (nested(DEEPEST + 1), '{"a":' * DEEPEST + "[1]" + "}" * DEEPEST, nested(100_000), "[" * 100_000):
        with pytest.raises(NotJson):
            parse_json(text)
