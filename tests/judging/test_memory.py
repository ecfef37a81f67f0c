"""A memory survives a restart bit for bit."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from math import nan

import numpy as np
import pytest

from prober.judging.judge import advance
from prober.judging.memory import Memory, decode, encode
from prober.judging.promise import Promise
from tests.judging.observed import history, judged, observed, spoken


def rounds(count, hostile=""):
    rng = np.random.default_rng(7)
    return [
        observed(i, {"a": [spoken(rng)] * 2, "b": [spoken(rng, choice=f"no{hostile}"), spoken(rng)]})
        for i in range(count)
    ]


def same(a, b, path="memory"):
    """Equal to the last bit: types, shapes, signs of zero, NaN."""
    if isinstance(a, np.ndarray):
        assert isinstance(b, np.ndarray), path
        assert (a.dtype, a.shape, a.tobytes()) == (b.dtype, b.shape, b.tobytes()), path
    elif is_dataclass(a):
        assert type(a) is type(b), path
        for field in fields(a):
            same(getattr(a, field.name), getattr(b, field.name), f"{path}.{field.name}")
    elif isinstance(a, dict):
        assert list(a) == list(b), path
        for key in a:
            same(a[key], b[key], f"{path}[{key!r}]")
    elif isinstance(a, tuple):
        assert type(b) is tuple, path
        assert len(a) == len(b), path
        for i, (x, y) in enumerate(zip(a, b, strict=True)):
            same(x, y, f"{path}[{i}]")
    else:
        assert a == b or (a != a and b != b), path
        assert isinstance(b, type(a)) or isinstance(a, type(b)), path


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 12, 16])
def test_a_memory_comes_back_bit_for_bit(count: int) -> None:
    memory, _ = judged(rounds(count))
    same(memory, decode(encode(memory)))


def test_an_empty_memory_comes_back() -> None:
    assert decode(encode(Memory())) == Memory()


@pytest.mark.slow
@pytest.mark.parametrize("hostile", ["\ud800", "\x00", '"}]', "shape", "é\u2028"])
def test_hostile_names_come_back(hostile: str) -> None:
    memory, _ = judged(rounds(14, hostile))
    text = encode(memory)
    assert text.isascii()
    same(memory, decode(text))


@pytest.mark.slow
def test_values_that_are_not_numbers_come_back() -> None:
    memory, _ = judged(rounds(14))
    held = memory.channels["length"]
    odd = replace(held, recent=(*held.recent, ("0099", nan), ("0100", -0.0), ("0101", float("inf"))))
    memory = replace(memory, channels={**memory.channels, "length": odd})
    same(memory, decode(encode(memory)))


@pytest.mark.slow
def test_judging_goes_on_from_the_text_as_if_nothing_had_happened() -> None:
    all_rounds = rounds(16)
    straight, said = judged(all_rounds)
    memory, said_again = Memory(), []
    for i, round_ in enumerate(all_rounds):
        memory, judgement = advance(decode(encode(memory)), round_, history(all_rounds[: i + 1]), Promise())
        said_again.append(judgement)
    same(straight, memory)
    for one, other in zip(said, said_again, strict=True):
        same(one, other)


@pytest.mark.slow
def test_the_text_is_json_and_compact() -> None:
    memory, _ = judged(rounds(20))
    text = encode(memory)
    changing, constant = text.splitlines()
    assert json.loads(changing)["series"] == ["a", "b"]
    assert json.loads(constant).keys() == memory.channels.keys()
    assert '": ' not in text


@pytest.mark.slow
def test_a_text_of_an_older_version_holds_all_in_one_line() -> None:
    memory, _ = judged(rounds(20))
    changing, constant = map(json.loads, encode(memory).splitlines())
    for name, repeats in constant.items():
        changing["channels"][name]["statistic"]["null"]["echoes"] = repeats
    same(memory, decode(json.dumps(changing)))


def test_a_thing_that_is_no_memory_is_not_guessed_at() -> None:
    with pytest.raises(TypeError, match="object is not JSON serializable"):
        encode(replace(Memory(), series=(object(),)))  # type: ignore[arg-type]
