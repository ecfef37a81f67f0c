"""What is taken away: complete, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from dashboard import frame
from dashboard.cached_store import CachedStore
from prober.loading import reply_log
from prober.store import Store
from tests.dashboard import seeded
from tests.dashboard.canned import HOSTILE


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_rows_come_back_as_they_were():
    rows = [{"a": 1, "b": 0.5, "c": 'said "no",\nthen left', "d": None}]
    assert read(frame.csv_text(rows)) == [{"a": "1", "b": "0.5", "c": 'said "no",\nthen left', "d": ""}]
    assert frame.csv_text([]) == "\n"


@pytest.mark.parametrize(
    "formula",
    ["=1+1", "+1", "-cmd", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n=1", "\u00a0+1", "＝1", "　－1", "\u200b=1", "\ufeff=1",
     "\u2060 ＝1", "\ufe0f=1", "\u3164=1", "\u00ad@x", "\u202e+1", "﹢1", "＠SUM(A1)", "\u180e=1", "\x00=1", "\x1f=1", "\u034f-1",
     *(blank + sign + "1" for blank in "\u2800\u3000\u2028\x0b\x85\u2066\u115f\U000e0001\u0301" for sign in "=+-@＝＋－＠﹦﹣")],
)  # fmt: skip
def test_no_cell_is_a_formula(formula):
    assert read(frame.csv_text([{"a": formula}]))[0]["a"][0] in "'\\"
    assert frame.csv_text([{formula: "a"}]).lstrip('"')[0] in "'\\"


def test_numbers_below_nothing_stay_numbers():
    assert read(frame.csv_text([{"a": -1.5}]))[0]["a"] == "-1.5"


def test_hostile_texts_can_be_written():
    frame.csv_text([{"a": HOSTILE}]).encode()


@pytest.mark.parametrize(
    ("name", "stem"), [("a/b c", "a-b-c"), ("../../etc", "etc"), ("", "export"), ("<b>\x00", "b"), ("x" * 99, "x" * 80)]
)
def test_file_names_stay_in_their_folder(name, stem):
    assert frame.file_stem(name) == stem


@pytest.mark.slow
def test_the_reply_log_is_one_that_replay_reads(tmp_path):
    url = f"sqlite:///{tmp_path / 'prober.db'}"
    seeded.seed(url, datetime.now(UTC), rounds=14)
    with Store.open(url, read_only=True) as store:
        lines = list(CachedStore(store, url, "1").log("support-bot", None, None))
        assert list(CachedStore(store, url, "1", private=True).log("support-bot", None, None)) == []
    log = tmp_path / "replies.jsonl"
    log.write_text("".join(lines))
    replies = list(reply_log.read(log))
    assert len(replies) == 14
    assert {one.endpoint for one in replies} == {"support-bot"}
    assert replies[0].reply.text == seeded.BEFORE
