"""What each channel reads from a fingerprint, and how it says what it saw."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.judging.channels import CHANNELS, answer_words, percent
from prober.model.evidence import Fingerprint


def read(channel, **parts):
    return CHANNELS[channel].read(Fingerprint(**parts))


SAID = {
    "identity.model": "m-1",
    "identity.system_fingerprint": "fp_1",
    "identity.header.x-version": "7",
    "identity.service_tier": "(none)",
    "text.choice": "yes",
}


def test_each_part_of_who_answered_and_of_where_is_a_series_of_its_own() -> None:
    said = Fingerprint(categories=SAID | {"identity.service_tier": "flex"})
    assert CHANNELS["identity"].by_series("s", said) == {"model": "m-1", "system_fingerprint": "fp_1"}
    assert CHANNELS["serving"].by_series("s", said) == {"service_tier": "flex", "x-version": "7"}
    silent = Fingerprint(categories={"identity.model": "(none)"})
    assert CHANNELS["identity"].by_series("s", silent) == {} and read("identity", categories=silent.categories) is None


def test_as_one_name_all_parts_are_shown() -> None:
    assert read("identity", categories=SAID) == "model=m-1 system_fingerprint=fp_1"
    assert read("serving", categories=SAID | {"identity.service_tier": "flex"}) == "x-version=7 service_tier=flex"


def test_names_do_not_depend_on_the_order_of_their_parts() -> None:
    backwards = dict(reversed(SAID.items()))
    for channel in ("identity", "serving"):
        assert read(channel, categories=SAID) == read(channel, categories=backwards)


@pytest.mark.parametrize(
    ("channel", "key"), [("choice", "text.choice"), ("format", "structure.shape")], ids=["choice", "format"]
)
def test_names_are_read_as_they_are(channel: str, key: str) -> None:
    assert read(channel, categories={key: "<!channel>"}) == "<!channel>"
    assert read(channel, categories={key: ""}) == ""


@pytest.mark.parametrize(
    ("channel", "key", "yes", "no"),
    [("refusal", "refusal.refused", "yes", "no"), ("expectation", "expectation.all", "pass", "fail")],
    ids=["refusal", "expectation"],
)
def test_yes_and_no_are_one_and_nought_and_nothing_else_can_be_read(channel: str, key: str, yes: str, no: str) -> None:
    assert [read(channel, categories={key: word}) for word in (yes, no)] == [1.0, 0.0]
    assert CHANNELS[channel].atoms == (0.0, 1.0)


@given(st.integers(0, 10**9))
def test_length_is_a_finite_logarithm_that_rises(characters: int) -> None:
    shorter, longer = (read("length", numbers={"text.characters": float(n)}) for n in (characters, 2 * characters + 1))
    assert 0 <= shorter < longer < math.inf


@given(st.floats(-1e3, 1e3), st.floats(-1e3, 1e3))
def test_length_is_shown_as_a_ratio(value: float, reference: float) -> None:
    shown = CHANNELS["length"].show(value, reference)
    assert 0 <= shown < math.inf
    assert CHANNELS["length"].show(reference, reference) == 1.0


@pytest.mark.parametrize(
    ("channel", "recent", "reference", "words"),
    [
        ("length", 1.34, 1.0, "34 % longer"),
        ("length", 0.5, 1.0, "50 % shorter"),
        ("length", 1.0, 1.0, "0 % longer"),
        ("reasoning", 1.34, 1.0, "thinks 34 % longer"),
        ("reasoning", 0.5, 1.0, "thinks 50 % shorter"),
        ("length", 9.9, 1.0, "890 % longer"),
        ("length", 10.0, 1.0, "10 times as long"),
        ("reasoning", 40.0, 1.0, "thinks 40 times as long"),
        ("reasoning", 3901.0, 1.0, "thinks 3,901 times as long"),
        ("text", 0.341, 0.12, "wording moved: distance from the reference 0.34 (was 0.12)"),
        ("refusal", 0.11, 0.02, "refuses 11 % (was 2 %)"),
        ("expectation", 0.903, 1.0, "checks pass 90 % (was 100 %)"),
        ("embedding", 0.341, 0.12, "topic moved: distance from the reference 0.34 (was 0.12)"),
    ],
)
def test_effects_as_a_person_says_them(channel: str, recent: float, reference: float, words: str) -> None:
    assert CHANNELS[channel].words(recent, reference) == words


@pytest.mark.parametrize(
    ("share", "words"), [(0, "0 %"), (0.003, "0.3 %"), (0.11, "11 %"), (0.995, "99.5 %"), (1, "100 %")]
)
def test_shares_as_a_person_writes_them(share: float, words: str) -> None:
    assert percent(share) == words


def test_the_embedding_is_whichever_the_fingerprint_has() -> None:
    assert read("embedding", vectors={"embedding.any": (1.0, 2.0)}) == (1.0, 2.0)


def test_vectors_are_distinguished_by_their_feature() -> None:
    vectors = {"text.grams": (1.0,), "embedding.any": (2.0,)}
    assert read("text", vectors=vectors) == (1.0,)
    assert read("embedding", vectors=vectors) == (2.0,)
    assert read("embedding", vectors={"text.grams": (1.0,)}) is None


def test_the_prompt_as_tokens_is_a_name() -> None:
    assert read("tokens", numbers={"identity.input_tokens": 12.0}) == "12 input tokens"
    assert CHANNELS["tokens"].kind == CHANNELS["serving"].kind == "identity_change"


def test_thinking_is_read_where_it_is_reported_even_if_there_was_none() -> None:
    assert read("reasoning", numbers={"usage.reasoning_tokens": 0.0}) == 0.0
    assert read("reasoning", numbers={"usage.reasoning_tokens": math.e - 1}) == 1.0
    assert read("reasoning", numbers={"usage.output_tokens": 20.0}) is None
    show = CHANNELS["reasoning"].show
    assert show(math.log(1.34), 0.0) == pytest.approx(1.34)


def test_latency_is_context_and_no_channel_reads_it() -> None:
    slow = {"usage.latency_s": 99.0, "usage.ttft_s": 98.0}
    assert [name for name in CHANNELS if read(name, numbers=slow) is not None] == []


def test_a_share_has_no_minus_before_its_zero_and_no_fraction_that_is_none() -> None:
    assert [percent(one) for one in (-1e-17, 1e-17, 0.9999999999, 0.003, 0.114)] == [
        "0 %",
        "0 %",
        "100 %",
        "0.3 %",
        "11 %",
    ]


def test_a_shape_is_said_in_words_and_an_answer_stays_as_it_is() -> None:
    assert answer_words("format", "first_token=brace|json=object|terminal=open") == "a JSON object"
    assert answer_words("format", "leading_space=newline|terminal=open") == "a line break before it, no full stop"
    assert answer_words("format", "plain") == "plain prose"
    assert answer_words("serving", "region=eu|tier=flex") == "region: eu, tier: flex"
    assert answer_words("choice", "x=1|y=2") == "x=1|y=2"
