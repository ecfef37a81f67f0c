"""Rounds sort by what their labels mean; a mixture is an error with its line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prober.lab.replay import rounds_of
from prober.loading.reply_log import read
from prober.loading.round_labels import sortable
from prober.model.errors import ConfigurationError, LogError


def log(path: Path, *labels: object, **more: object) -> Path:
    lines = [{"round": label, "endpoint": "e", "probe": "p", "text": f"t{n}", **more} for n, label in enumerate(labels)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


@pytest.mark.parametrize(
    ("labels", "texts", "found"),
    [
        ((10, 9, "8"), ["t2", "t1", "t0"], ["08", "09", "10"]),
        (("0010", "0009"), ["t1", "t0"], ["0009", "0010"]),
        ((2.5, 10.0), ["t0", "t1"], ["02.500000", "10"]),
        (("2026-03-01T01:00:00+02:00", "2026-02-28T23:30:00Z", "2026-03-01"), ["t0", "t1", "t2"],
         ["2026-02-28T23:00:00.000000Z", "2026-02-28T23:30:00.000000Z", "2026-03-01T00:00:00.000000Z"]),
        ((1772323200, "1772323100.5", 1772323300_000), ["t1", "t0", "t2"],
         ["2026-02-28T23:58:20.500000Z", "2026-03-01T00:00:00.000000Z", "2026-03-01T00:01:40.000000Z"]),
        ((1772323200_000_000_000, 1772323100_000_000), ["t1", "t0"],
         ["2026-02-28T23:58:20.000000Z", "2026-03-01T00:00:00.000000Z"]),
        (("2026-03-02", "2026-03-01"), ["t1", "t0"], ["2026-03-01", "2026-03-02"]),
        (("week 10", "week 9"), ["t1", "t0"], ["week 09", "week 10"]),
        (("main", "before"), ["t1", "t0"], ["before", "main"]),
    ],
)  # fmt: skip
def test_rounds_are_in_the_order_they_mean(
    labels: tuple[object, ...], texts: list[str], found: list[str], tmp_path: Path
) -> None:
    rounds = rounds_of(read(log(tmp_path / "a.jsonl", *labels)))["e"]
    assert [one.label for one in rounds] == found
    assert [one.observations[0].reply.text for one in rounds] == texts


@pytest.mark.parametrize("dated", ["31/1/2026", "31.01.2026", "Jan 5", "5 March 2026", "2026-01-05 9:00 PM", "Tuesday"])
def test_dates_that_do_not_sort_are_refused(dated: str) -> None:
    with pytest.raises(ConfigurationError, match=rf'the round "{dated}" says when it was, .* write an ISO 8601 date'):
        sortable([dated, "now and then"])
    assert sortable(["march-release", "5.1.26", "sunny", "may-1b", "x 1/2/26"])["5.1.26"]  # names


def test_one_moment_in_two_spellings_is_one_round(tmp_path: Path) -> None:
    (only,) = rounds_of(read(log(tmp_path / "a.jsonl", "2026-03-01T00:00Z", "2026-03-01T01:00+01:00")))["e"]
    assert [(one.reply.text, one.sample) for one in only.observations] == [("t0", 0), ("t1", 1)]


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        ((1, 2, "2026-03-01"), "a.jsonl:3: round: is a moment, and in the lines before it is a number; use one kind"),
        (("2026-03-01", "later"), "a.jsonl:2: round: is a name, and in the lines before it is a moment"),
        ((1772323200, 3), "a.jsonl:2: round: is a number, and in the lines before it is a moment"),
        ((True,), "a.jsonl:1: round: is true"),
        ((-1,), "a.jsonl:1: round: is -1"),
        (("",), "a.jsonl:1: round: is required"),
    ],
)
def test_a_mixture_names_its_line(labels: tuple[object, ...], words: str, tmp_path: Path) -> None:
    with pytest.raises(LogError, match=words):
        list(read(log(tmp_path / "a.jsonl", *labels)))


def test_whole_numbers_may_be_written_with_a_point(tmp_path: Path) -> None:
    (one,) = read(log(tmp_path / "a.jsonl", 7.0, input_tokens=3.0))
    assert (one.round, one.reply.input_tokens) == ("7", 3)
    with pytest.raises(LogError, match=r"input_tokens: is 3.5"):
        list(read(log(tmp_path / "a.jsonl", 7.0, input_tokens=3.5)))


@given(st.sets(st.integers(0, 10**8), min_size=1, max_size=8))
def test_numbers_sort_as_numbers(numbers: set[int]) -> None:
    labels = sortable([str(number) for number in numbers])
    assert sorted(numbers) == [int(label) for label in sorted(labels.values())]
