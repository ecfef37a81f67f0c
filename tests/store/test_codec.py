"""What is packed comes back equal, bit for bit: hostile text, NaN, the infinities."""

from __future__ import annotations

import math
import struct
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.model.errors import StoreError
from prober.model.evidence import Fingerprint, Judgement, Verdict
from prober.model.reply import Reply, ToolCall
from prober.store import codec
from prober.store.rows.columns import HostileText, Number, Utc
from tests.store.world import NOW, judge, verdict

ANY_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)  # lone surrogates and NUL included
ANY_FLOAT = st.floats()
OPTIONAL_TEXT = st.none() | ANY_TEXT
COUNT = st.none() | st.integers(0, 10**30)
REPLIES = st.builds(
    Reply,
    at=st.sampled_from([NOW, NOW.astimezone(timezone(timedelta(hours=-5, minutes=-30))), NOW + timedelta.resolution]),
    text=OPTIONAL_TEXT,
    error=OPTIONAL_TEXT,
    error_detail=ANY_TEXT,
    retry_after_s=st.none() | ANY_FLOAT,
    model=OPTIONAL_TEXT,
    refusal=OPTIONAL_TEXT,
    tool_calls=st.lists(st.builds(ToolCall, ANY_TEXT, ANY_TEXT), max_size=2).map(tuple),
    headers=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3),
    input_tokens=COUNT,
    cached_tokens=COUNT,
    top_logprobs=st.lists(st.tuples(ANY_TEXT, ANY_FLOAT), max_size=3).map(tuple),
    latency_s=st.none() | ANY_FLOAT,
)
FEW = settings(max_examples=30, deadline=None)
FINGERPRINTS = st.builds(
    Fingerprint,
    categories=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=3),
    numbers=st.dictionaries(ANY_TEXT, ANY_FLOAT, max_size=3),
    vectors=st.dictionaries(ANY_TEXT, st.lists(ANY_FLOAT, max_size=5).map(tuple), max_size=2),
    unreadable=st.dictionaries(ANY_TEXT, ANY_TEXT, max_size=2),
)


@pytest.mark.slow
@FEW
@given(REPLIES)
def test_replies_come_back(reply: Reply) -> None:
    assert repr(codec.unpack_reply(codec.pack_reply(reply))) == repr(reply)  # by spelling: NaN is not equal to itself


@FEW
@given(FINGERPRINTS)
def test_fingerprints_come_back(fingerprint: Fingerprint) -> None:
    assert repr(codec.unpack_fingerprint(codec.pack_fingerprint(fingerprint))) == repr(fingerprint)


@pytest.mark.slow
@FEW
@given(st.lists(st.builds(Verdict, *[ANY_TEXT, *[ANY_FLOAT] * 3, ANY_TEXT, ANY_FLOAT, ANY_TEXT, OPTIONAL_TEXT],
                          st.lists(ANY_TEXT, max_size=3).map(tuple)), max_size=3))  # fmt: skip
def test_verdicts_and_judgements_come_back(verdicts: list[Verdict]) -> None:
    judgement = Judgement("r", "alarm", math.inf, 365.0, tuple(verdicts), "r", "contract_break", "nothing")
    assert repr(codec.unpack_judgement(codec.pack_judgement(judgement))) == repr(judgement)
    assert repr(codec.unpack_verdicts(codec.pack_verdicts(verdicts))) == repr(tuple(verdicts))


@FEW
@given(ANY_FLOAT)
def test_floats_keep_every_bit(value: float) -> None:
    packed = codec.pack_fingerprint(Fingerprint(numbers={"x": value}))
    unpacked = codec.unpack_fingerprint(packed)
    assert unpacked is not None
    if not math.isnan(value):  # NaN has many spellings, and means the same in all
        assert struct.pack("d", unpacked.numbers["x"]) == struct.pack("d", value)


def test_numbers_of_numpy_are_numbers() -> None:
    numpy_made = Fingerprint(numbers={"a": np.float32(0.5), "b": np.int64(3)}, vectors={"v": (np.float32(0.1),)})
    unpacked = codec.unpack_fingerprint(codec.pack_fingerprint(numpy_made))
    assert unpacked == Fingerprint(numbers={"a": 0.5, "b": 3.0}, vectors={"v": (float(np.float32(0.1)),)})


def test_a_failed_ask_has_no_fingerprint() -> None:
    assert codec.pack_fingerprint(None) is None
    assert codec.unpack_fingerprint(None) is None


def test_defaults_are_left_out_so_that_old_rows_read_under_new_fields() -> None:
    bare = codec.pack_reply(Reply(at=NOW, text="x"))
    assert codec.unpack_text(bare) == '{"at":"2026-03-01T12:00:00+00:00","text":"x"}'


def test_a_large_reply_is_packed_small() -> None:
    assert len(codec.pack_reply(Reply(at=NOW, text="the same again " * 100_000))) < 10_000


@pytest.mark.parametrize("damaged", [b"", b"not zlib", codec.pack_text("x")[:-3]])
def test_damage_is_named_with_its_fix(damaged: bytes) -> None:
    with pytest.raises(StoreError, match=r"is damaged .* restore the database from a backup"):
        codec.unpack_reply(damaged)


@pytest.mark.parametrize("content", ["{", "[]", '{"text":"no time"}', '{"at":"x"}', '{"at":"2026-03-01","unknown":1}'])
def test_content_that_is_no_reply_is_damage_too(content: str) -> None:
    with pytest.raises(StoreError, match="is damaged"):
        codec.unpack_reply(codec.pack_text(content))


@FEW
@given(ANY_TEXT)
def test_hostile_text_comes_back_and_is_storable_anywhere(text: str) -> None:
    column = HostileText()
    stored = column.process_bind_param(text, None)  # type: ignore[arg-type]
    assert stored is not None
    assert b"\x00" not in stored.encode()  # strict UTF-8: no lone surrogate either
    assert column.process_result_value(stored, None) == text  # type: ignore[arg-type]


def test_what_looks_like_an_escape_is_not_one() -> None:
    column = HostileText()
    for text in ("\\u0000", "\\\\u0000", "C:\\users", "\\", "\ud83d\ude00"):
        assert column.process_result_value(column.process_bind_param(text, None), None) == text  # type: ignore[arg-type]
    assert column.process_bind_param("plain é 😀", None) == "plain é 😀"  # type: ignore[arg-type]


def test_empty_columns_stay_empty() -> None:
    for column in (HostileText(), Utc()):
        assert column.process_bind_param(None, None) is None  # type: ignore[arg-type]
        assert column.process_result_value(None, None) is None  # type: ignore[arg-type]
    assert Number().process_bind_param(math.nan, None) is None  # type: ignore[arg-type]
    assert math.isnan(Number().process_result_value(None, None))  # type: ignore[arg-type]


def test_times_are_utc_whatever_the_database_gives_back() -> None:
    tokyo = NOW.astimezone(timezone(timedelta(hours=9)))
    assert Utc().process_bind_param(tokyo, None) == NOW  # type: ignore[arg-type]
    for given_back in (NOW.replace(tzinfo=None), tokyo):
        assert Utc().process_result_value(given_back, None) == datetime(2026, 3, 1, 12, tzinfo=UTC)  # type: ignore[arg-type]


def test_a_judgement_without_verdicts_comes_back() -> None:
    judgement = replace(judge("r"), verdicts=())
    assert codec.unpack_judgement(codec.pack_judgement(judgement)) == judgement
    assert codec.unpack_verdicts(codec.pack_verdicts([verdict()])) == (verdict(),)
