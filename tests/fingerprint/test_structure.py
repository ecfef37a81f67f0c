from __future__ import annotations

import pytest

from prober.fingerprint.structure import IN_WORDS, SCANNED, USUAL, extract, in_words
from prober.model.declaration import Probe
from tests.fingerprint.conftest import Answer

DEEP = "[" * 5_000
TABLE = "| a | b |\n|---|:-:|\n| 1 | 2 |"


def trait(answer: Answer, probe: Probe, text: str, name: str) -> str:
    return extract(answer(text), probe).categories[name]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("", "blank"), (" \n\t", "blank"),
        ("Hello", "word"), (" Title", "word"), ("漢字", "word"), ("étude", "word"),
        ("7", "number"), ("7.", "number"), ("-3", "number"), (".5", "number"), ("2024. That year", "number"),
        ("1. One", "numbered"), ("12) Twelve", "numbered"),
        ("- one", "bullet"), ("* one", "bullet"), ("• one", "bullet"),
        ("# Title", "heading"), ("### Title", "heading"), ("#hash", "punctuation"),
        ("```py\nx\n```", "fence"), ("~~~\nx", "fence"), ("`x`", "code"),
        ('{"a": 1}', "brace"), ("[1]", "brace"), ("<think>", "tag"), ("< 3", "symbol"),
        ("**Bold**", "emphasis"), ("_it_", "emphasis"),
        ('"quoted"', "quote"), ("“quoted”", "quote"), ("「引用」", "quote"),
        ("\\boxed{1}", "punctuation"), ("...", "punctuation"), ("👍", "symbol"), ("$x$", "symbol"), ("\x00", "symbol"), ("\ud800", "symbol"),
    ],
)  # fmt: skip
def test_first_token(text: str, shape: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, "first_token") == shape


@pytest.mark.parametrize(
    ("run", "kind"),
    [("", "none"), (" ", "space"), ("   ", "space"), ("\n", "newline"), (" \r\n ", "newline"), ("\t", "other"), ("\u00a0", "other")],
)  # fmt: skip
def test_space_at_the_edges(run: str, kind: str, answer: Answer, probe: Probe) -> None:
    found = extract(answer(f"{run}x{run}"), probe).categories
    assert (found["leading_space"], found["trailing_space"]) == (kind, kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"a": [1, 2]}', "object"), (' {"a": 1}\n', "object"), ("[1, 2]", "array"), ("{}", "object"),
        ("7", "no"), ('"text"', "no"), ("null", "no"), ("", "no"),
        ('{"a": 1,}', "no"), ("{'a': 1}", "no"), ('{"a": NaN}', "no"), ('{"a": Infinity}', "no"), ('{"a": 1} done', "no"),
        ('{"a": ' + "9" * 10_000 + "}", "object"), (DEEP, "no"), (DEEP + "]" * len(DEEP), "no"),
        ('{"a": "\ud800"}', "object"), ('{"a": "\x00"}', "no"),
        ('```json\n{"a": 1}\n```', "fenced"), ("```\n[1]\n```", "fenced"), ('Here it is:\n```json\n{"a": 1}\n```\nEnjoy!', "fenced"),
        ("```json\n{broken\n```", "no"), ('```json\n{"a": 1}\n```\n```json\n{"b": 1}\n```', "no"), ("```\n7\n```", "no"),
    ],
)  # fmt: skip
def test_json(text: str, kind: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, "json") == kind


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("plain `code` only", "0"),
        ("```\nx\n```", "1"),
        ("```\nopen to the end", "1"),
        ("  ~~~\nx\n  ~~~", "1"),
        ("```\n~~~\n```", "1"),
        ("```\nx\n```\ntext\n```\ny\n```", "2+"),
        ("```\n```\n" * 5, "2+"),
    ],
)
def test_fences(text: str, count: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, "fences") == count


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("one\ntwo", "none"),
        ("- only one", "none"),
        ("- one\n- two", "bullet"),
        ("Intro:\n\n  * one\n  * two", "bullet"),
        ("1. one\n2. two", "numbered"),
        ("1) one\n\n2) two", "numbered"),
        ("1. one\n   - a\n   - b\n2. two\n3. three", "numbered"),
        ("1. one\n   - a\n   - b\n   - c\n2. two", "bullet"),
        ("-5\n-6", "none"),
        ("2024. year\n2025. year", "none"),
        ("```\n- a\n- b\n```", "none"),
    ],
)
def test_list(text: str, kind: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, "list") == kind


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("table", TABLE, "yes"), ("table", f"Look:\n\n{TABLE}", "yes"), ("table", "a | b\n--|--\n1 | 2", "yes"),
        ("table", "a | b", "no"), ("table", "---", "no"), ("table", "|---|---|", "no"), ("table", f"```\n{TABLE}\n```", "no"),
        ("headings", "# A\ntext", "yes"), ("headings", "text\n\n### B", "yes"),
        ("headings", "#hashtag", "no"), ("headings", "```py\n# comment\n```", "no"), ("headings", "####### seven", "no"),
        ("emphasis", "a **bold** word", "yes"), ("emphasis", "*it*", "yes"), ("emphasis", "这是**重点**", "yes"),
        ("emphasis", "***both***", "yes"), ("emphasis", "**Note:** text", "yes"),
        ("emphasis", "2*3*4", "no"), ("emphasis", "2**3**4", "no"), ("emphasis", "2 * 3 * 4", "no"), ("emphasis", "* a\n* b", "no"),
        ("emphasis", "**never\nclosed**", "no"), ("emphasis", "```\n**x**\n```", "no"),
    ],
)  # fmt: skip
def test_yes_or_no(name: str, text: str, found: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, name) == found


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "blank"), ("Done.", "stop"), ("Done. \n", "stop"), ("完了。", "stop"), ("wait…", "stop"), ("Why?", "question"), ("No！", "exclamation"),
        ("cut off in the mid", "word"), ("42", "number"), ("(a)", "bracket"), ("{}", "bracket"), ("```\nx\n```", "fence"),
        ("**7**", "punctuation"), ("so:", "punctuation"), ("👍", "symbol"), ("5$", "symbol"),
    ],
)  # fmt: skip
def test_terminal(text: str, kind: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, "terminal") == kind


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("A plain sentence.", "plain"),
        (" A plain sentence.", "leading_space=space"),
        ("Why not? Why not!", "plain"),
        ("cut off in the mid", "terminal=open"),
        ("cut off at (", "terminal=open"),
        ("\n", "first_token=blank|leading_space=newline|trailing_space=newline|terminal=blank"),
        ("```json\n{}\n```", "first_token=fence|json=fenced|fences=1|terminal=fence"),
        ("# T\n- **a**\n- b", "first_token=heading|list=bullet|headings=yes|emphasis=yes|terminal=open"),
    ],
)
def test_shape_names_what_is_not_plain_prose(text: str, shape: str, answer: Answer, probe: Probe) -> None:
    assert trait(answer, probe, text, "shape") == shape


def test_every_usual_trait_is_read(answer: Answer, probe: Probe) -> None:
    assert extract(answer("A plain sentence."), probe).categories == {**USUAL, "shape": "plain"}


def test_beyond_the_cap_the_edges_are_still_read(answer: Answer, probe: Probe) -> None:
    found = extract(answer("\n" + "a" * SCANNED + "\n# late\n?"), probe)
    assert found.unreadable == {"": "only the first 100000 characters were read"}
    assert found.categories["shape"] == "leading_space=newline"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}', "a JSON object"),
        ("[1]\n", "a line break after it, a JSON array"),
        ("```json\n[1]\n```", "begins with a code block, JSON in a code block, ends with a code block"),
        ("Yes", "no full stop"),
        ("Yes.", "plain prose"),
        (" ", "a space before it, a space after it, blank"),
        ("- a\n- b", "begins with a bullet, a bullet list, no full stop"),
        ("# A\n\n|a|b|\n|--|--|\n|1|2|\n\n*b* c.", "begins with a heading, a table, headings, emphasis"),
    ],
)
def test_a_shape_is_said_in_words(answer: Answer, probe: Probe, text: str, said: str) -> None:
    assert in_words(extract(answer(text), probe).categories["shape"]) == said


@pytest.mark.parametrize("start", ["7", "{", "<b>", "*a*", "`a`", "“", "…", "€", "1. ", "~~~", "Ω", "\u0301"])
@pytest.mark.parametrize("space", ["", " ", "\n", "\t"])
def test_every_part_of_a_shape_has_words(answer: Answer, probe: Probe, start: str, space: str) -> None:
    shape = extract(answer(f"{space}{start}a{space}"), probe).categories["shape"]
    assert shape == "plain" or set(shape.split("|")) <= set(IN_WORDS)
