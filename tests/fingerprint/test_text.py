from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.fingerprint.text import BLANK, CHOICE_CHARACTERS, LETTER, choice, extract, script, sentences, type_in_words
from prober.model.declaration import Probe
from prober.model.reply import Reply
from tests.fingerprint.conftest import Answer

PROBE = Probe(id="p", prompt="Say something.")


def test_counts(answer: Answer, probe: Probe) -> None:
    found = extract(answer("Two words. Ünd  dann\n👍!", output_tokens=20, reasoning_tokens=8), probe)
    assert found.numbers == {"characters": 23, "words": 5, "sentences": 2, "tokens": 12}
    assert found.unreadable == {}


def test_tokens_without_reasoning_are_all_output_tokens(answer: Answer, probe: Probe) -> None:
    assert extract(answer("x", output_tokens=20), probe).numbers["tokens"] == 20


@pytest.mark.parametrize(
    ("usage", "why"),
    [
        ({}, "the provider did not say"),
        ({"reasoning_tokens": 3}, "the provider did not say"),
        ({"output_tokens": 3, "reasoning_tokens": 4}, "more reasoning tokens than output tokens were reported"),
    ],
)
def test_unknown_tokens_are_never_guessed_from_words(
    usage: dict[str, int], why: str, answer: Answer, probe: Probe
) -> None:
    found = extract(answer("some words", **usage), probe)
    assert "tokens" not in found.numbers
    assert found.unreadable == {"tokens": why}


def test_exact_distinguishes_any_two_texts_white_space_around_them_aside(answer: Answer, probe: Probe) -> None:
    texts = ["", "7", "7  7", "7 7", "7\n7", "7\x00", "\ud800", "\ud801", "é", "e\u0301"]
    hashes = [extract(answer(text), probe).categories["exact"] for text in texts]
    assert len(set(hashes)) == len(texts)
    assert {len(h) for h in hashes} == {16}
    spaced = [extract(answer(f" \n{text}\t"), probe).categories["exact"] for text in texts]
    assert spaced == hashes


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 0),
        (" \n ", 0),
        ("7", 1),
        ("...", 1),
        ("Pi is 3.14 and e is 2.72", 1),
        ("One. Two! Three?", 3),
        ("One... Two?! Three", 3),
        ('He said "no." She left.', 2),
        ("一。二！三？", 3),
        ("1. first\n2. second\n\n3. third", 3),
        ("see example.com for more", 1),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert sentences(text) == count


PLAIN_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’»)\]*_]*(?=\s|\Z)|[。！？]+|[\r\n]+")
"""The rule as one pattern; its time may grow with the square of the length."""


@given(st.text(alphabet="ab1 .!?…。！\r\n\"')*_\x1c\u2028", max_size=30))
def test_sentences_are_what_the_plain_pattern_says(text: str) -> None:
    pieces = sum(1 for piece in PLAIN_END.split(text) if LETTER.search(piece))
    assert sentences(text) == (max(1, pieces) if text.strip() else 0)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("", "(none)"),
        ("7 + 3 = 10 👍", "(none)"),
        ("Hello, world", "Latin"),
        ("Ｆｕｌｌ ｗｉｄｔｈ", "Latin"),
        ("Привет, world!", "Cyrillic"),
        ("Γειά σου", "Greek"),
        ("مرحبا", "Arabic"),
        ("שלום", "Hebrew"),
        ("你好，世界 ok", "Han"),
        ("東京都は日本の首都です", "Kana"),
        ("这是一个很长的中文句子只有一个の字", "Han"),
        ("안녕하세요", "Hangul"),
        ("नमस्ते", "Devanagari"),
        ("สวัสดี", "Thai"),
        ("𝔘𝔫𝔦𝔠𝔬𝔡𝔢", "Other"),
        ("\ud800\ud800a", "Latin"),
    ],
)
def test_script(text: str, name: str) -> None:
    assert script(text) == name


@pytest.mark.parametrize(
    "text",
    ["7", " 7", "\n7", "\u00a07", "7\n", "7.", "7。", "**7**", "**7**.", "**7.**", "*7*", "`7`", '"7"', "“7.”", "‘7’", '\n "**7.**" \n'],
)  # fmt: skip
def test_dress_does_not_change_the_choice(text: str) -> None:
    assert choice(text) == "7"


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", "(blank)"),
        (" ", "(blank)"),
        ("\n\u3000\t", "(blank)"),
        (".", "."),
        ("**", "**"),
        (" Title", "Title"),
        ("heads", "heads"),
        ("Heads", "Heads"),
        ("-7", "-7"),
        ("3.5", "3.5"),
        (".5", ".5"),
        ("dark sky blue", "dark sky blue"),
        ("Yes, I think so.", "Yes"),
        ("**Yes**, because it is true", "Yes"),
        ("42 is my favourite number!", "42"),
        ("— well, that depends on it", "—"),
        ("!!! this is much too long", "!!!"),
        ("我认为这个问题的答案取决于许多不同的因素因此不能简单地回答是或者不是需要更多信息才能判断究竟怎样", "我认为这个问题的答案取决于许多不同的因素因此不能简单地回答是或者不是需要更多信息"[:40]),
        ("a" * 41, "a" * 40),
        ("\x00", "\x00"),
    ],
)  # fmt: skip
def test_choice(text: str, chosen: str) -> None:
    assert choice(text) == chosen


@pytest.mark.slow
@given(st.text(alphabet=" \t\n\u00a0\u3000"), st.text(alphabet=st.characters()) | st.text(alphabet='a7 .*"\n'))
def test_white_space_around_never_changes_the_choice(space: str, text: str) -> None:
    chosen = choice(text)
    assert choice(space + text) == choice(text + space) == chosen
    assert 0 < len(chosen) <= CHOICE_CHARACTERS
    assert (chosen == BLANK) is (not text.strip())


@given(st.text(alphabet=st.characters()), st.text(alphabet="aé漢 .!?。\n"))
def test_counts_are_in_order(one: str, other: str) -> None:
    for text in (one, other):
        assert (sentences(text) == 0) is (not text.strip())
        assert sentences(text) <= max(1, len(text))
        assert sentences(text + "\nOne more.") == sentences(text if LETTER.search(text) else "") + 1


@pytest.mark.slow
@given(
    st.text(alphabet=" \t\n\u00a0\u3000", min_size=1), st.text(alphabet=st.characters()) | st.text(alphabet='a7 .*"\n')
)
def test_white_space_around_changes_nothing_of_the_words(space: str, text: str) -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    bare, before, behind = (extract(Reply(at=at, text=t), PROBE) for t in (text, space + text, text + space))
    assert bare == before == behind


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("Latin, stop, 64 to 511 characters", "Latin script, ended with stop, 64 to 511 characters"),
        ("Han, no finish reason, 0 to 7 characters", "Han script, no finish reason, 0 to 7 characters"),
        ("empty, tool call, 0 to 7 characters", "empty, tool call, 0 to 7 characters"),
        ("(none), length, 8 to 63 characters, repeats itself", "no letters, ended with length, 8 to 63 characters, repeats itself"),
        ("German Latin, stop, 8 to 63 characters", "German, ended with stop, 8 to 63 characters"),
        ("(none) Cyrillic, stop, 8 to 63 characters", "Cyrillic script, ended with stop, 8 to 63 characters"),
        ("a1b2c3", "a1b2c3"),
    ],
)  # fmt: skip
def test_a_type_in_words(label: str, words: str) -> None:
    assert type_in_words(label) == words
