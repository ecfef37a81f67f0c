"""Reply logs: what is written is what is read, and a broken line says where it is and how to fix it."""

from __future__ import annotations

import gzip
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.loading.reply_log import LONGEST_LINE, UNKNOWN_TIME, LoggedReply, line_of, read, write
from prober.loading.round_labels import moment_of
from prober.model.declaration import Check
from prober.model.errors import LogError
from prober.model.reply import Reply

AT = datetime(2026, 1, 30, 12, tzinfo=UTC)
FULL = LoggedReply(
    round="2026-01-30T12:00:00Z",
    endpoint="acme/m-1",
    probe="set/probe",
    prompt="Name a colour.",
    system="Be brief.",
    expect=(Check(type="is-json"), Check(type="not-contains", value="sorry")),
    reply=Reply(
        at=AT,
        text="Blue",
        model="m-1-2026",
        system_fingerprint="fp_1",
        service_tier="default",
        finish_reason="stop",
        refusal="no",
        headers={"x-version": "7"},
        input_tokens=5,
        output_tokens=1,
        reasoning_tokens=0,
        cached_tokens=3,
        latency_s=0.25,
        ttft_s=0.125,
        top_logprobs=(("Blue", -0.5), ("Red", -1.25)),
    ),
    extra={"temperature": 0.5, "nested": {"a": [1, None]}},
)
MINIMAL = {"round": "1", "endpoint": "e", "probe": "p", "text": "hi"}

# Any text there can be, lone surrogates and NUL bytes too.
texts = st.text(st.characters(exclude_categories=()), max_size=12)
some = st.none() | texts
seconds = st.none() | st.floats(min_value=0, allow_infinity=False)
whole = st.none() | st.integers(0, 2**31 - 1)
replies = st.builds(
    Reply,
    at=st.datetimes(timezones=st.just(UTC)) | st.just(UNKNOWN_TIME),
    text=texts,
    model=some,
    system_fingerprint=some,
    service_tier=some,
    finish_reason=some,
    refusal=some,
    headers=st.dictionaries(texts, texts, max_size=2),
    input_tokens=whole,
    output_tokens=whole,
    reasoning_tokens=whole,
    cached_tokens=whole,
    latency_s=seconds,
    ttft_s=seconds,
    top_logprobs=st.lists(st.tuples(texts, st.floats(allow_nan=False)), max_size=2).map(tuple),
) | st.builds(Reply, at=st.just(AT), error=texts)
known = set(json.loads(line_of(FULL)))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
logged = st.builds(
    LoggedReply,
    round=texts.filter(bool),
    endpoint=texts.filter(bool),
    probe=texts.filter(bool),
    reply=replies,
    prompt=some,
    system=some,
    expect=st.just(()) | st.just(FULL.expect),
    extra=st.dictionaries(texts.filter(lambda key: key not in known | {"error"}), json_values, max_size=2),
)


def lines(path: Path, *contents: object) -> Path:
    path.write_bytes(b"".join(c if isinstance(c, bytes) else json.dumps(c).encode() + b"\n" for c in contents))
    return path


def refusal_of(path: Path) -> str:
    with pytest.raises(LogError) as caught:
        list(read(path))
    assert len(caught.value.problems) == 1
    return str(caught.value)


@pytest.mark.parametrize("name", ["log.jsonl", "log.jsonl.gz"])
def test_every_key_of_the_contract_is_written_and_read(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    assert write(path, [FULL, FULL]) == 2
    assert list(read(path)) == [FULL, FULL]
    assert known == {
        "round", "endpoint", "probe", "text", "at", "prompt", "system", "expect", "headers", "top_logprobs",
        "model", "system_fingerprint", "finish_reason", "refusal", "service_tier", "latency_s", "ttft_s",
        "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "temperature", "nested",
    }  # fmt: skip


def test_a_gzipped_log_is_gzipped_and_a_plain_one_is_plain(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl.gz", [FULL])
    write(tmp_path / "log.jsonl", [FULL])
    assert gzip.decompress((tmp_path / "log.jsonl.gz").read_bytes()) == (tmp_path / "log.jsonl").read_bytes()


def test_packing_is_recognised_by_content_not_by_name(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl.gz", [FULL])
    (tmp_path / "log.jsonl.gz").rename(tmp_path / "log.jsonl")
    assert list(read(tmp_path / "log.jsonl")) == [FULL]


@pytest.mark.slow
@settings(max_examples=20)
@given(logged)
def test_writing_and_reading_is_the_identity(tmp_path_factory, one: LoggedReply) -> None:
    path = tmp_path_factory.getbasetemp() / "identity.jsonl"
    write(path, [one])
    assert list(read(path)) == [one]
    assert path.read_bytes().isascii()
    assert path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize(
    "text", ["", "\x00\x01", "\ud800", "a\u2028b\r\nc", "<!channel>", "\x1b[2J", "é" * 3, '"}\n{"', "x" * 1_000_000]
)
def test_hostile_texts_come_back_as_they_were(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.jsonl"
    write(path, [LoggedReply("1", "e", "p", Reply(at=AT, text=text))] * 2)
    assert [one.reply.text for one in read(path)] == [text] * 2


def test_the_least_line_is_enough(tmp_path: Path) -> None:
    (one,) = read(lines(tmp_path / "log.jsonl", MINIMAL))
    assert one == LoggedReply("1", "e", "p", Reply(at=UNKNOWN_TIME, text="hi"))
    assert json.loads(line_of(one)) == MINIMAL, "what a log did not say is not made up"


def test_a_failed_ask_has_a_reason_and_no_text(tmp_path: Path) -> None:
    failed = {**MINIMAL, "text": "half an ans", "error": "http_500"}
    (one,) = read(lines(tmp_path / "log.jsonl", failed))
    assert (one.reply.text, one.reply.error, one.reply.answered) == (None, "http_500", False)


def test_an_empty_answer_is_an_answer(tmp_path: Path) -> None:
    (one,) = read(lines(tmp_path / "log.jsonl", {**MINIMAL, "text": ""}))
    assert one.reply.answered


def test_null_is_as_good_as_absent(tmp_path: Path) -> None:
    nulls = dict.fromkeys(known - set(MINIMAL) - set(FULL.extra))
    (one,) = read(lines(tmp_path / "log.jsonl", {**MINIMAL, **nulls, "error": None}))
    assert one == LoggedReply("1", "e", "p", Reply(at=UNKNOWN_TIME, text="hi"))


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    path = lines(tmp_path / "log.jsonl", {**MINIMAL, "seed": 7, "meta": {"x": [1, {"y": None}]}})
    (one,) = read(path)
    assert one.extra == {"seed": 7, "meta": {"x": [1, {"y": None}]}}
    write(path, [one])
    assert list(read(path)) == [one]


def test_blank_lines_and_a_missing_last_line_end_are_no_errors(tmp_path: Path) -> None:
    path = lines(tmp_path / "log.jsonl", MINIMAL, b"\n", b"   \r\n", json.dumps(MINIMAL).encode())
    assert len(list(read(path))) == 2


def test_an_empty_log_holds_nothing(tmp_path: Path) -> None:
    assert list(read(lines(tmp_path / "log.jsonl"))) == []
    assert write(tmp_path / "log.jsonl.gz", []) == 0
    assert list(read(tmp_path / "log.jsonl.gz")) == []


@pytest.mark.parametrize(
    ("at", "read_as"),
    [
        ("2026-01-30T12:00:00Z", AT),
        ("2026-01-30T12:00:00+00:00", AT),
        ("2026-01-30T12:00:00", AT),
        ("2026-01-30T14:00:00+02:00", AT),
    ],
)
def test_times_are_read_as_iso_8601_and_as_utc_where_they_do_not_say(tmp_path: Path, at: str, read_as) -> None:
    (one,) = read(lines(tmp_path / "log.jsonl", {**MINIMAL, "at": at}))
    assert one.reply.at == read_as
    assert one.reply.at.tzinfo is not None


@pytest.mark.parametrize(
    ("label", "at"),
    [
        ("2026-01-30", datetime(2026, 1, 30, tzinfo=UTC)),
        ("2026-01-30T12:00:00Z", AT),
        ("2026-01-30T14:00+02:00", datetime(2026, 1, 30, 14, tzinfo=timezone(timedelta(hours=2)))),
        ("20260130", None),
        ("000012", None),
        ("", None),
        ("a round with a name", None),
        ("2026-13-45", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("9999-12-31T23:59:59-01:00", None),
        ("9999-12-31", None),
    ],
)
def test_the_label_of_a_round_names_a_time_or_does_not(label: str, at: datetime | None) -> None:
    assert moment_of(label) == at


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{\n", "not JSON (Expecting property name enclosed in double quotes); every line is one JSON object"),
        (b'{"round": "1"\n', "not JSON (Expecting ',' delimiter); every line is one JSON object"),
        (b"\x80\x81\xff\x00\n", "not JSON: it holds NUL bytes, so it is no text; save the file as UTF-8, one JSON object a line"),
        (b"[" * 100_000 + b"\n", "not JSON (nested too deeply); every line is one JSON object"),
        (b"[]\n", 'not a JSON object; write {"round": …, "endpoint": …, "probe": …, "text": …}'),
        (b"null\n", 'not a JSON object; write {"round": …, "endpoint": …, "probe": …, "text": …}'),
        ({"round": "1", "endpoint": "e", "probe": "p"}, 'neither "text" nor "error"; a reply has a text, a failed ask has an error'),
        ({"endpoint": "e", "probe": "p", "text": ""}, "round: is required; write a text that is not empty"),
        ({**MINIMAL, "endpoint": ""}, "endpoint: is required; write a text that is not empty"),
        ({**MINIMAL, "probe": None}, "probe: is required; write a text that is not empty"),
        ({**MINIMAL, "round": [7]}, "round: is [7]; write a text, or a number that is not negative"),
        ({**MINIMAL, "text": ["hi"]}, 'text: is ["hi"]; write a text or null'),
        ({**MINIMAL, "error": True}, "error: is true; write a text or null"),
        ({**MINIMAL, "model": {}}, "model: is {}; write a text or null"),
        ({**MINIMAL, "at": "0001-01-01T00:00:00+14:00"}, 'at: is "0001-01-01T00:00:00+14:00"; write an ISO 8601 time'
         " such as 2026-01-30T12:00:00Z"),
        ({**MINIMAL, "at": "9999-12-31T23:59:59Z"}, 'at: is "9999-12-31T23:59:59Z"; write an ISO 8601 time such as 2026-01-30T12:00:00Z'),
        (json.dumps(MINIMAL).encode() + b",\n", "a comma behind the JSON object; leave it out: every line is one JSON object"),
        ({**MINIMAL, "at": "yesterday"}, 'at: is "yesterday"; write an ISO 8601 time such as 2026-01-30T12:00:00Z'),
        ({**MINIMAL, "input_tokens": -1}, "input_tokens: is -1; write a whole number that is not negative, or null"),
        ({**MINIMAL, "output_tokens": 1.5}, "output_tokens: is 1.5; write a whole number that is not negative, or null"),
        ({**MINIMAL, "cached_tokens": True}, "cached_tokens: is true; write a whole number that is not negative, or null"),
        ({**MINIMAL, "latency_s": "fast"}, 'latency_s: is "fast"; write a number that is not negative, or null'),
        ({**MINIMAL, "latency_s": -0.5}, "latency_s: is -0.5; write a number that is not negative, or null"),
        ({**MINIMAL, "latency_s": math.nan}, "latency_s: is NaN; write a number that is not negative, or null"),
        ({**MINIMAL, "ttft_s": -math.inf}, "ttft_s: is -Infinity; write a number that is not negative, or null"),
        ({**MINIMAL, "latency_s": 10**400}, f"latency_s: is 1{'0' * 59}; write a number that is not negative, or null"),
        ({**MINIMAL, "round": 10**400}, f"round: is 1{'0' * 59}; write a text, or a number that is not negative"),
        ({**MINIMAL, "input_tokens": 10**400}, f"input_tokens: is 1{'0' * 59}; write a whole number of at most 2,147,483,647, or null"),
        ({**MINIMAL, "output_tokens": 1e30}, "output_tokens: is 1e+30; write a whole number of at most 2,147,483,647, or null"),
        ({**MINIMAL, "top_logprobs": [["a", -(10**400)]]}, f'top_logprobs: is [["a", -1{"0" * 51}; write a list of [token, logprob]'),
        ({**MINIMAL, "headers": ["x"]}, 'headers: is ["x"]; write an object of texts'),
        ({**MINIMAL, "headers": {"x": 1}}, 'headers: is {"x": 1}; write an object of texts'),
        ({**MINIMAL, "top_logprobs": [["a"]]}, 'top_logprobs: is [["a"]]; write a list of [token, logprob]'),
        ({**MINIMAL, "top_logprobs": [["a", "b"]]}, 'top_logprobs: is [["a", "b"]]; write a list of [token, logprob]'),
        ({**MINIMAL, "top_logprobs": 3}, "top_logprobs: is 3; write a list of [token, logprob]"),
        ({**MINIMAL, "expect": [{"type": "is-jsonn"}]}, 'expect: is no list of checks; write one such as [{"type": "is-json"}]'),
        ({**MINIMAL, "expect": 3}, 'expect: is no list of checks; write one such as [{"type": "is-json"}]'),
    ],
    ids=lambda value: None if isinstance(value, str) else "line",
)  # fmt: skip
def test_a_broken_line_says_where_it_is_and_how_to_fix_it(tmp_path: Path, line, message: str) -> None:
    path = lines(tmp_path / "log.jsonl", MINIMAL, b"\n", line)
    assert refusal_of(path) == f"{path}:3: {message}"


def test_a_long_wrong_value_is_not_repeated_whole(tmp_path: Path) -> None:
    assert len(refusal_of(lines(tmp_path / "log.jsonl", {**MINIMAL, "headers": ["x" * 10**6]}))) < 300


def test_what_comes_before_a_broken_line_is_read(tmp_path: Path) -> None:
    reading = read(lines(tmp_path / "log.jsonl", MINIMAL, b"{\n"))
    assert next(reading).reply.text == "hi"
    with pytest.raises(LogError):
        next(reading)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "none.jsonl"
    assert refusal_of(path) == f"{path}: no such file; give the path of a .jsonl or .jsonl.gz reply log"


def test_a_folder_is_no_log(tmp_path: Path) -> None:
    want = f"{tmp_path}: cannot be read (Is a directory); give the path of a .jsonl or .jsonl.gz reply log"
    assert refusal_of(tmp_path) == want


def test_a_truncated_gzip_says_after_which_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    write(path, [FULL] * 3)
    path.write_bytes(path.read_bytes()[:-9])
    message = refusal_of(path)
    assert message.startswith(f"{path}:")
    assert "cannot be read" in message
    assert message.endswith("a .gz log must be a complete gzip file")


def test_a_gzip_whose_inside_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl.gz"
    packed = bytearray(gzip.compress(b"".join(json.dumps(MINIMAL).encode() + b"\n" for _ in range(50))))
    packed[20:40] = bytes(20)
    path.write_bytes(packed)
    assert "cannot be read" in refusal_of(path)


def test_a_log_appears_only_when_it_is_whole(tmp_path: Path) -> None:
    def failing():
        yield FULL
        raise RuntimeError

    path = lines(tmp_path / "log.jsonl", MINIMAL)
    with pytest.raises(RuntimeError):
        write(path, failing())
    assert len(list(read(path))) == 1, "the old log is untouched"
    assert [p.name for p in tmp_path.iterdir()] == ["log.jsonl"], "no draft is left behind"


def test_a_place_that_cannot_be_written_to(tmp_path: Path) -> None:
    path = tmp_path / "nowhere" / "log.jsonl"
    with pytest.raises(LogError) as caught:
        write(path, [FULL])
    assert str(caught.value) == f"{path}: cannot be written (No such file or directory); choose another place"


def test_progress_is_reported_of_every_byte(tmp_path: Path) -> None:
    write(tmp_path / "log.jsonl", [FULL] * 3)
    told: list[int] = []
    list(read(tmp_path / "log.jsonl", told.append))
    assert sum(told) == (tmp_path / "log.jsonl").stat().st_size
    assert len(told) == 3


def test_a_failure_keeps_its_reason_through_writing(tmp_path: Path) -> None:
    failed = LoggedReply("1", "e", "p", Reply(at=AT, error="timeout"))
    write(tmp_path / "log.jsonl", [failed])
    assert list(read(tmp_path / "log.jsonl")) == [failed]
    assert "text" not in json.loads((tmp_path / "log.jsonl").read_text())


def test_a_log_may_be_packed_twice_and_a_line_may_not_be_endless(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl.gz"
    log.write_bytes(gzip.compress(gzip.compress(json.dumps(MINIMAL).encode())))
    assert [one.reply.text for one in read(log)] == ["hi"]
    line = json.dumps({**MINIMAL, "text": "x" * LONGEST_LINE}).encode()
    log.write_bytes(gzip.compress(json.dumps(MINIMAL).encode() + b"\n" + line, 1))
    with pytest.raises(
        LogError, match=r"log.jsonl.gz:2: the line has 50,000,\d+ bytes; a line is one reply, of at most"
    ):
        list(read(log))
