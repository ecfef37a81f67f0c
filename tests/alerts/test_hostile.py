"""What cannot be seen is shown, what would be markup is text, and nothing is longer than its limit."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.text import link, mrkdwn, side_by_side, visible
from tests.alerts.notices import HOSTILE_TEXTS

ANY = st.one_of(st.text(st.characters(exclude_categories=()), max_size=200), st.sampled_from(HOSTILE_TEXTS))
# Written as ranges of code points, unlike the code under test, which asks the Unicode database.
UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    "\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff9-\uffff\U000e0000-\U000e0fff]"
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain words, ünïcode 漢字 😀", "plain words, ünïcode 漢字 😀"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("nul\x00", "nul\\x00"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("\ud800", "\\ud800"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("win\r\nunix\nold\rmac\t.", "win\nunix\nold\\x0dmac\t."),
        ("heart \u2764\ufe0f", "heart \u2764\ufe0f"),
    ],
)
def test_unseen_characters_become_escapes(raw: str, shown: str) -> None:
    assert visible(raw, 100) == shown


def test_one_line_stays_one_line() -> None:
    assert visible("a\nb\tc\r\nd", 100, lines=False) == "a\\nb\\tc\\nd"


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("abcdef", 6, "abcdef"),
        ("abcdefg", 6, "abcde…"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀", 4, "😀😀"),
        ("ab\x00", 4, "ab…"),
        ("a", 1, "a"),
        ("ab", 1, "…"),
    ],
)
def test_a_cut_is_marked_counts_utf16_and_halves_no_escape(text: str, limit: int, cut: str) -> None:
    assert visible(text, limit) == cut


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(ANY, st.integers(1, 300), st.booleans())
def test_visible_text_has_nothing_unseen_and_fits(text: str, limit: int, lines: bool) -> None:
    shown = visible(text, limit, lines=lines)
    assert not UNSEEN.search(shown)
    assert len(shown.encode("utf-16-le")) // 2 <= limit
    assert lines or not set("\n\t") & set(shown)


@pytest.mark.slow
@settings(max_examples=50, deadline=None)
@given(ANY, st.integers(1, 300))
def test_mrkdwn_has_no_control_sequence_and_no_broken_entity(text: str, limit: int) -> None:
    shown = mrkdwn(text, limit)
    assert not set("<>`") & set(shown)
    assert not re.search(r"&(?!amp;|lt;|gt;)", shown)
    assert len(shown.encode("utf-16-le")) // 2 <= limit


def test_mrkdwn_reads_as_the_text_did() -> None:
    assert html.unescape(mrkdwn("1 < 2 && <!channel>", 100)) == "1 < 2 && <!channel>"


@pytest.mark.parametrize(
    "url", ["http://localhost:8501/?incident=1", "https://a.example/b#c?d=%20", "http://[::1]:80/"]
)
def test_an_address_is_a_link(url: str) -> None:
    assert link(url) == url


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "javascript:alert(1)",
        "ftp://a.example",
        "https://",
        "https://a.example/ b",
        "https://a.example/\n",
        "https://a.example|x",
        "https://a.example/<x>",
        "https://ä.example",
        "https://a.example/\u202e",
        "https://a.example/" + "x" * 1000,
    ],
)
def test_what_is_no_plain_address_is_no_link(url: str | None) -> None:
    assert link(url) is None


def test_long_replies_are_cut_to_where_they_differ() -> None:
    opening = "The same opening words. " * 100
    reference, recent = side_by_side(opening + "It is 7 %.", opening + "It is 19 %, because", 100)
    assert reference.startswith("…") and reference.endswith("It is 7 %.")
    assert recent.startswith("…") and recent.endswith("It is 19 %, because")


def test_short_replies_are_shown_whole_and_an_empty_one_says_so() -> None:
    assert side_by_side("yes", "yes", 10) == ("yes", "yes")
    assert side_by_side("", "no", 10) == ("(empty)", "no")
    assert side_by_side("a" * 80, "a" * 81, 100) == ("a" * 80, "a" * 81)
    assert side_by_side("x" * 101, "y" * 101, 100) == ("x" * 99 + "…", "y" * 99 + "…")


@settings(max_examples=50, deadline=None)
@given(ANY, ANY, st.integers(1, 300))
def test_both_sides_fit_and_hide_nothing(reference: str, recent: str, limit: int) -> None:
    shown = side_by_side(reference, recent, limit)
    assert all(0 < len(side.encode("utf-16-le")) // 2 <= max(limit, len("(empty)")) for side in shown)
    assert not any(UNSEEN.search(side) for side in shown)
