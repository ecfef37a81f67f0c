from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dashboard import formatting
from tests.dashboard.canned import HOSTILE


@pytest.mark.parametrize(
    ("text", "legible"),
    [
        ("a\x00b", "a\\x00b"),
        ("a\ud800b", "a\\ud800b"),
        ("pay \u202e001", "pay \\u202e001"),
        ("tab\tand\nline", "tab\tand\nline"),
        ("dos\r\nline", "dos\nline"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("日本語 😀", "日本語 😀"),
    ],
)
def test_what_cannot_be_shown_is_spelled_out(text, legible):
    assert formatting.legible(text) == legible


@pytest.mark.slow
@given(st.text(st.characters(), max_size=300))
def test_every_text_can_be_sent_to_a_browser(text):
    for made in (
        formatting.legible(text),
        formatting.one_line(text),
        formatting.inline(text),
        formatting.shown(text).text,
    ):
        made.encode("utf-8")
        assert "\x00" not in made


def test_a_long_reply_is_cut_and_says_by_how_much():
    shown = formatting.shown("x" * 5_000)
    assert (len(shown.text), shown.cut) == (4_000, 1_000)
    many_lines = formatting.shown("\n" * 1_000)
    assert many_lines.text.count("\n") == 199
    assert many_lines.cut == 801
    assert formatting.shown("short").cut == 0


@pytest.mark.parametrize(
    "plain",
    [
        "support-bot",
        "eu/claude.v2",
        "since 2026-01-29 14:05 UTC",
        "3 of 8 rounds",
        "did not move (7 rounds against 28, p = 1)",
        "(7 rounds against 20, p = 1)",
        "“text no. 2” 15 % (was 32 %)".replace(" %", "\u00a0%"),
        "is it so? no!",
        "snake_case of 12:30, or so: yes",
        "4 of 5, −3 dB → done · more",
        "هل يمكنني إرجاع الحذاء بعد 40 يومًا؟",
        "क्या मैं जूते वापस कर सकता हूँ। 「はい」、30日",
        "e\u0301te\u0301 🙂 done",
    ],
)
def test_harmless_text_stays_as_it_is(plain):
    assert formatting.inline(plain) == plain


@pytest.mark.parametrize(
    ("plain", "made"),
    [
        ("34 % longer", "34\u00a0% longer"),
        ("refuses 11 % (was 2 %)", "refuses 11\u00a0% (was 2\u00a0%)"),
        ("3 of 8 rounds, 12 h", "3 of 8 rounds, 12\u00a0h"),
        ("90 min, 0.5 s and 40 ms", "90\u00a0min, 0.5\u00a0s and 40\u00a0ms"),
        ("2 hours, 5 days, 3 strange minds", "2 hours, 5 days, 3 strange minds"),
        ("0.12 USD", "0.12\u00a0USD"),
    ],
)
def test_no_line_ends_between_a_number_and_its_unit(plain, made):
    assert formatting.inline(plain) == made == formatting.inline(made)


@pytest.mark.parametrize(
    ("hostile", "made"),
    [
        ("**b**", "`**b**`"),
        ("<b>", "`<b>`"),
        (":smile:", "`:smile:`"),
        ("a:red[b]", "`a:red[b]`"),
        ("www.evil.example", "`www.evil.example`"),
        ("https://evil.example", "`https://evil.example`"),
        ("a@b.example", "`a@b.example`"),
        ("$x$", "`$x$`"),
        ("_x_", "`_x_`"),
        ("- list", "`-` list"),
        ("16:100:16", "`16:100:16`"),
        ("says `no`", "says `` `no` ``"),
        ("by ada@example.org, since 12:30 UTC", "by `ada@example.org,` since 12:30 UTC"),
        ("no deploy was recorded (`prober mark deploy`)", "no deploy was recorded `` (`prober mark deploy`) ``"),
        ("“a *b* c” 3 of 8, d", "`“a *b* c”` 3 of 8, d"),
        ("ask again --ask 120", "ask again `--ask` 120"),
        ("a _b_ c __d__", "a `_b_` c `__d__`"),
        ("1. one", "`1.` one"),
        ("1) one", "`1)` one"),
        (":material/home: x", "`:material/home:` x"),
        (":material_home: x", "`:material_home:` x"),
        (":streamlit: :+1: x", "`:streamlit: :+1:` x"),
        (":red-background[a b] c", "`:red-background[a b]` c"),
        (":rainbow[a] :small[b]", "`:rainbow[a] :small[b]`"),
        ("a <- b -> c <-> d", "a `<-` b `->` c `<->` d"),
        ("\\(x\\) $$y$$ \\[z\\]", "`\\(x\\) $$y$$ \\[z\\]`"),
        ("see [^1] and [x]: y", "see `[^1]` and `[x]:` y"),
        ("a ~~b~~ ==c== ^d^", "a `~~b~~ ==c== ^d^`"),
        ("&lt;b&gt; &#58;", "`&lt;b&gt; &#58;`"),
        ("+ one", "`+` one"),
        ("= one =", "`=` one `=`"),
        ("ends with:", "ends `with:`"),
        (":a b: c", "`:a` b: c"),
        ("a WWW.evil.example b", "a `WWW.evil.example` b"),
        ("``two``", "``` ``two`` ```"),
        ("two\nlines*", "two `lines*`"),
        ("“_x_” يومًا *b*", "`“_x_”` يومًا `*b*`"),
        ("", "` `"),
    ],
)
def test_what_could_be_read_as_markup_becomes_code(hostile, made):
    assert formatting.inline(hostile) == made


@given(st.text("`ab1 \n<>*_~-+=.:()[]!#|\\&;“”\"'@$", max_size=60) | st.text(max_size=60))
def test_no_text_is_read_as_markup_whatever_stands_around_it(text):
    """CommonMark reads nothing but words and code, and all of it."""
    for before in ("", "**Why**: "):
        (paragraph, inline, end) = MarkdownIt().parse(before + formatting.inline(text))
        assert (paragraph.type, end.type) == ("paragraph_open", "paragraph_close")
        seen = [one for one in inline.children or () if one.type != "text" or one.content]
        around = ["strong_open", "text", "strong_close", "text"] if before else []
        assert {one.type for one in seen[len(around) - bool(before) :]} <= {"text", "code_inline"}
        read = "".join(one.content for one in seen).replace("\u00a0", " ").removeprefix(before.replace("*", ""))
        assert " ".join(read.split()) == " ".join(formatting.one_line(text).replace("\u00a0", " ").split())


def test_one_line_is_one_line_of_bounded_length():
    assert formatting.one_line("a\n\n  b\tc") == "a b c"
    assert formatting.one_line("y" * 10_000_000, 20) == "y" * 19 + "…"
    assert "\n" not in formatting.one_line(HOSTILE)


def test_labels_are_times_or_numbers():
    at = datetime(2026, 1, 29, 14, 5, tzinfo=UTC)
    assert formatting.moment("2026-01-29T14:05:00+00:00") == at
    assert formatting.moment("2026-01-29T15:05:00+01:00") == at
    assert formatting.moment("2026-01-29T14:05:00") == at
    assert formatting.moment("20260129") is None
    assert formatting.moment("round x") is None
    assert formatting.round_name("2026-01-29T14:05:00.123456+00:00") == "2026-01-29 14:05 UTC"
    assert formatting.round_name("00017") == "00017"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "0 s ago"),
        (89, "89 s ago"),
        (90, "1 min ago"),
        (5_399, "89 min ago"),
        (5_400, "1 h ago"),
        (172_799, "47 h ago"),
        (172_800, "2 d ago"),
    ],
)
def test_ages(seconds, text):
    now = datetime(2026, 1, 29, tzinfo=UTC)
    assert formatting.ago(now - timedelta(seconds=seconds), now) == formatting.joined(text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (1.0, "1.00"), (0.02, "0.0200"), (12.34, "12.3"), (365, "365"), (12_400, "12,400"), (4.1e8, "4.1 × 10⁸"), (2e-5, "2.0 × 10⁻⁵"), (math.inf, "∞"), (-math.inf, "−∞"), (math.nan, "none"), (-0.34, "-0.34")],
)  # fmt: skip
def test_numbers(value, text):
    assert formatting.number(value) == text


def test_the_share_of_evidence_is_on_a_log_scale():
    assert formatting.share(365.0, 365.0) == 1.0
    assert formatting.share(math.sqrt(365.0), 365.0) == pytest.approx(0.5)
    assert formatting.share(0.2, 365.0) == formatting.share(math.nan, 365.0) == 0.0
    assert math.isfinite(formatting.share(math.inf, 365.0))
    assert formatting.share(5.0, 1.0) == 1.0
    assert formatting.share(5.0, 0.0) == 0.0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", 3),
        ("007", 7),
        ("x", None),
        ("-1", None),
        ("1e9", None),
        ("9" * 40, None),
        ("", None),
        ("٣", None),
        ("²", None),
    ],
)
def test_numbers_of_incidents(text, number):
    assert formatting.incident_number(text) == number


def test_lists_and_counts():
    assert formatting.listed([]) == ""
    assert formatting.listed(["a"]) == "a"
    assert formatting.listed(["a", "b", "c"]) == "a, b and c"
    assert formatting.listed(list("abcdefg")) == "a, b, c and 4 more"


def test_replies_beside_each_other_mark_what_only_one_of_them_has() -> None:
    assert formatting.compared("No. Returns within 30 days.", "No. We take returns within 40 days.") == (
        "No. <del>Returns</del> within <del>30</del> days.",
        "No. <ins>We take returns</ins> within <ins>40</ins> days.",
    )
    assert formatting.compared("same words", "same words") == ("same words", "same words")
    assert formatting.compared("", "new") == ("", "<ins>new</ins>")


@pytest.mark.slow
def test_hostile_replies_beside_each_other_are_bounded_legible_and_no_markup() -> None:
    old, new = formatting.compared("a \x00 \u202e" + "x " * 100_000, "<b>\ud800</b>&amp; <ins>" * 100_000)
    assert "\\x00" in old and "\\ud800" in new and "&lt;b&gt;" in new and "&amp;amp;" in new
    assert "<" not in new.replace("<ins>", "").replace("</ins>", "")
    assert max(len(old), len(new)) < 10 * formatting.CUT_CHARACTERS
