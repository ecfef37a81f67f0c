"""The table, the keys, and what is promised of any reply whatsoever."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from prober.fingerprint.feature import LONGEST_CATEGORY, Features, digest, merge, printable
from prober.fingerprint.fingerprint import FEATURES, fingerprint
from prober.model.declaration import Check, Probe
from prober.model.evidence import Fingerprint
from prober.model.reply import Reply, ToolCall

NOW = datetime(2026, 1, 1, tzinfo=UTC)
EVERY_CHECK = Probe(
    id="p",
    prompt="x",
    expect=(
        Check(type="equals", value="7"),
        Check(type="equals", value={"a": 1}),
        Check(type="contains", value="a"),
        Check(type="not-icontains", value="SORRY"),
        Check(type="contains-any", value=["a", "b"]),
        Check(type="starts-with", value=" "),
        Check(type="regex", value=r"^\d+$"),
        Check(type="is-json", value={"type": "object", "required": ["a"]}),
        Check(type="not-is-refusal"),
        Check(type="max-length", value=10),
        Check(type="tool-call", value="search"),
    ),
)

snippets = st.sampled_from(
    [
        "```", "~~~", "```json\n", "\n", "\r", "\t", " ", "|", "|---|", "- ", "1. ", "# ", "**", "*", "_", "{", "}", "[", "]",
        '"a":', "1", "7.", "NaN", "<!channel>", "\x00", "\ud800", "\udfff", "\u200b", "\u2028", "。", "…", "...", "!?", "I can't help",
        "Sorry, ", "抱歉，我无法", "できません", "ﷺ", "e\u0301", "𝕳", "👩‍👩‍👧", "\x1b[31m", "1" * 5000, "9e999", "the quick", "“", "'",
    ]
)  # fmt: skip
hostile = st.one_of(
    st.text(alphabet=st.characters(), max_size=200),  # lone surrogates included
    st.lists(snippets, max_size=40).map("".join),
    st.builds(lambda piece, n: piece * n, snippets, st.integers(1, 400)),
)
maybe_count = st.none() | st.integers(0, 10**9)
number = st.floats(allow_nan=True, allow_infinity=True)
replies = st.builds(
    Reply,
    at=st.just(NOW),
    text=hostile,
    model=st.none() | hostile,
    system_fingerprint=st.none() | hostile,
    service_tier=st.none() | hostile,
    finish_reason=st.none() | hostile,
    refusal=st.none() | hostile,
    tool_calls=st.lists(st.builds(ToolCall, name=hostile, arguments=hostile), max_size=2).map(tuple),
    headers=st.dictionaries(
        st.sampled_from(["x-ms-region", "X-MS-Region", "body:provider", "body:\x00\ud800", "date"]), hostile
    ),
    input_tokens=maybe_count,
    output_tokens=maybe_count,
    reasoning_tokens=maybe_count,
    top_logprobs=st.lists(st.tuples(hostile, number), max_size=5).map(tuple),
    latency_s=st.none() | number,
    ttft_s=st.none() | number,
)


def storable(found: Fingerprint) -> None:
    """Fit for any database: strict JSON, printable categories, no word in two places."""
    everything = [found.categories, found.numbers, {k: list(v) for k, v in found.vectors.items()}, found.unreadable]
    json.dumps(everything, allow_nan=False, ensure_ascii=False).encode("utf-8")
    assert all(key.isprintable() for key in [*found.categories, *found.numbers, *found.vectors, *found.unreadable])
    for value in found.categories.values():
        assert value.isprintable()
        assert len(value) <= 10 * LONGEST_CATEGORY + 17  # `\U0001f469` is the longest escape
    keys = [*found.categories, *found.numbers, *found.vectors]
    assert len(keys) == len(set(keys))
    assert {key.split(".")[0] for key in [*keys, *found.unreadable]} == set(FEATURES)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(replies)
@pytest.mark.slow
def test_any_reply_has_a_storable_fingerprint_and_always_the_same(reply: Reply) -> None:
    found = fingerprint(reply, EVERY_CHECK)
    storable(found)
    assert fingerprint(reply, EVERY_CHECK) == found


@pytest.mark.parametrize(
    "piece",
    [
        "a", "\n", "```\n", "[", '{"a":', "\x00", "i am sorry but i am ",
        *(pytest.param(piece, marks=pytest.mark.slow) for piece in (
            " ", "\t\n", "`", "~~~\n```\n", "*", "**a", "* ", "- ", "1. ", "# ", "|", "|-|\n", "{", "(",
            ".", ".)", ".\"", "!?", "。", "\r", "\u2028", "1", "-", '"', "\\", "I can't ", "sorry i ", "leider kann ", "抱歉", "je ne peux ",
            "as an ai ", "\ud800", "ﷺ", "é", "漢", "_a_", "<",
        )),
    ],
)  # fmt: skip
def test_a_huge_reply_of_one_piece_is_read(piece: str) -> None:
    """A pattern that takes time quadratic in the length would not come back from these within the test run."""
    text = piece * (200_000 // len(piece)) + "x"
    found = fingerprint(Reply(at=NOW, text=text), EVERY_CHECK)
    storable(found)
    assert found.numbers["text.characters"] == len(text.strip())
    assert found.unreadable["structure"] == "only the first 100000 characters were read"


def test_every_key_of_a_plain_reply() -> None:
    reply = Reply(
        at=NOW,
        text="7",
        model="m-1",
        system_fingerprint="fp_1",
        service_tier="default",
        headers={"x-ms-region": "Sweden"},
        input_tokens=9,
        output_tokens=12,
        reasoning_tokens=10,
        cached_tokens=0,
        top_logprobs=(("7", math.log(0.75)), ("3", math.log(0.25))),
        latency_s=0.5,
        ttft_s=0.25,
    )
    probe = Probe(id="p", prompt="x", expect=(Check(type="contains", value="7"),))
    found = fingerprint(reply, probe)
    assert dict(found.categories) == {
        "identity.model": "m-1",
        "identity.system_fingerprint": "fp_1",
        "identity.service_tier": "default",
        "identity.header.x-ms-region": "Sweden",
        "text.script": "(none)",
        "text.exact": digest("7"),
        "text.reply_type": "(none), no finish reason, 0 to 7 characters",
        "text.choice": "7",
        "structure.first_token": "number",
        "structure.leading_space": "none",
        "structure.trailing_space": "none",
        "structure.json": "no",
        "structure.fences": "0",
        "structure.list": "none",
        "structure.table": "no",
        "structure.headings": "no",
        "structure.emphasis": "no",
        "structure.terminal": "number",
        "structure.shape": "first_token=number|terminal=open",
        "refusal.refused": "no",
        "refusal.by": "none",
        'expectation.contains("7")': "pass",
        "expectation.all": "pass",
        "embedding.source": found.categories["embedding.source"],
        "logprobs.top_token": "7",
    }
    assert dict(found.numbers) == pytest.approx(
        {
            "identity.input_tokens": 9,
            "text.characters": 1,
            "text.words": 1,
            "text.sentences": 1,
            "text.tokens": 2,
            "expectation.pass_rate": 1,
            "logprobs.top1": math.log(0.75),
            "logprobs.token.7": round(math.log(0.75), 4),
            "logprobs.token.3": round(math.log(0.25), 4),
            "logprobs.entropy_nats": -(0.75 * math.log(0.75) + 0.25 * math.log(0.25)),
            "usage.output_tokens": 12,
            "usage.reasoning_tokens": 10,
            "usage.cached_tokens": 0,
            "usage.latency_s": 0.5,
            "usage.ttft_s": 0.25,
        }
    )
    assert list(found.vectors) == ["text.grams", "embedding.wordllama"]
    assert found.unreadable == {"language.name": "too few words"}


def test_what_a_bare_reply_does_not_say_is_listed(probe: Probe) -> None:
    found = fingerprint(Reply(at=NOW, text="  "), probe)
    assert dict(found.unreadable) == {
        "identity.input_tokens": "the provider did not say",
        "language.name": "too few words",
        "text.tokens": "the provider did not say",
        "text.grams": "a blank text has no characters to count",
        "expectation": "the probe expects nothing",
        "embedding": "a blank text has no direction",
        "logprobs": "the reply has no log-probabilities",
        **{
            f"usage.{name}": "the reply does not say"
            for name in ("output_tokens", "reasoning_tokens", "cached_tokens", "latency_s", "ttft_s")
        },
    }


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Reply(at=NOW, error="timeout"), "this ask failed: timeout"),
        (Reply(at=NOW, error="timeout", text="half an ans"), "this ask failed: timeout"),
        (Reply(at=NOW), "this ask failed: no text"),
    ],
)
def test_a_failed_ask_has_no_fingerprint(reply: Reply, why: str, probe: Probe) -> None:
    with pytest.raises(ValueError, match=why):
        fingerprint(reply, probe)


def test_the_table_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        FEATURES["new"] = FEATURES["text"]  # type: ignore[index]


def test_printable_leaves_short_plain_values_alone() -> None:
    assert printable("gpt-4o “mini” 漢字 \\n") == "gpt-4o “mini” 漢字 \\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("a\nb", r"a\nb"), ("\x00", r"\x00"), ("\ud800", r"\ud800"), ("\u202eevil", r"\u202eevil"), ("\xa0", r"\xa0")],
)
def test_printable_escapes_what_databases_and_terminals_choke_on(value: str, shown: str) -> None:
    assert printable(value) == shown


def test_printable_keeps_long_values_apart() -> None:
    one, other = printable("x" * 500 + "1"), printable("x" * 500 + "2")
    assert one != other
    assert one[:LONGEST_CATEGORY] == "x" * LONGEST_CATEGORY
    assert len(one) == LONGEST_CATEGORY + 17


def test_merge_names_each_number_that_is_none() -> None:
    found = merge({"f": Features(numbers={"a": math.nan, "b": math.inf, "c": 1}, unreadable={"": "why", "d": "other"})})
    assert found.numbers == {"f.c": 1.0}
    assert found.unreadable == {"f": "why", "f.a": "not a finite number", "f.b": "not a finite number", "f.d": "other"}
