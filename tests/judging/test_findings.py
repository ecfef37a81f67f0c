"""What the replies show of a change: effects that are counted, and the replies that show it best."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prober.judging.explain.counts import is_clear
from prober.judging.explain.findings import EXAMPLES, find
from prober.judging.explain.summary import kind_of
from prober.model.evidence import Findings, Fingerprint, Observation, Place, Round, Verdict
from prober.model.reply import Reply, ToolCall
from tests.judging.observed import START

HOSTILE = "<!channel>\x00\ud800" + "x" * 5000


def moved(channel, *series):
    return Verdict(channel, 900.0, 0.0, 0.0, "", 0.0, "", "0008", series)


def answers(first, *rounds):
    """Rounds from number `first`: probe → texts, as the features of the words alone."""
    return [
        Round(
            f"{number:04d}", "acme/m", START,
            tuple(
                Observation(series, f"probe {series}", sample, Reply(START, text), Fingerprint(
                    {"text.choice": text, "refusal.refused": "yes" if text.startswith("sorry") else "no"},
                    {"text.characters": float(len(text))},
                ))
                for series, texts in by_series.items()
                for sample, text in enumerate(texts)
            ),
        )
        for number, by_series in enumerate(rounds, first)
    ]  # fmt: skip


BEFORE = answers(0, *[{"a": ["Paris", "Paris", "Rome"], "b": ["blue", "red", "blue"]}] * 8)
SINCE = answers(8, *[{"a": ["Rome", "Rome", "Paris"], "b": ["blue", "red", "green"]}] * 4)


def test_names_are_reported_largest_mover_first_with_what_they_rest_on() -> None:
    (shift,) = find([moved("choice", "a")], BEFORE, SINCE, 2).shifts
    assert shift.words == "probe a: “Paris” 33 % (was 67 %), “Rome” 67 % (was 33 %)"
    assert (shift.channel, shift.replies, shift.reference_replies) == ("choice", 12, 24)


def test_numbers_are_reported_over_every_series_that_moved() -> None:
    since = answers(8, *[{"a": ["sorry", "Rome"], "b": ["blue", "sorry, no"]}] * 4)
    shifts = find([moved("refusal", "a", "b"), moved("length", "a")], BEFORE, since, 2).shifts
    assert [one.channel for one in shifts] == ["refusal", "length", "choice"], "the gravest first"
    assert (shifts[0].words, shifts[0].replies, shifts[0].reference_replies) == (
        "refuses 50 % (was 0 %)", 16, 48,
    )  # fmt: skip
    assert (shifts[1].replies, shifts[1].reference_replies) == (8, 24)


def test_a_length_that_moves_is_said_also_where_its_statistic_read_nothing() -> None:
    """One text again and again has no lengths to learn a scale from."""
    before, since = (answers(n, *[{"a": [text] * 3}] * 8) for n, text in ((0, "x" * 75), (8, "y" * 230)))
    words = {one.channel: one.words for one in find([moved("choice", "a")], before, since, 1).shifts}
    assert words["length"] == "204 % longer", "of the logarithm of one more character"


def test_an_example_is_what_became_rarer_beside_what_grew() -> None:
    (example,) = find([moved("choice", "a")], BEFORE, SINCE, 2).examples
    assert (example.series, example.reference, example.recent) == ("a", Place("0000", 0), Place("0008", 0))


def test_examples_are_one_a_probe_and_no_more_than_a_few() -> None:
    before = answers(0, *[{s: ["yes"] for s in "abcde"}] * 8)
    since = answers(8, *[{s: ["no"] for s in "abcde"}] * 3)
    examples = find([moved("choice", *"edcba"), moved("length", *"abcde")], before, since, 5).examples
    assert [one.series for one in examples] == ["e", "d", "c"]
    assert len(examples) == EXAMPLES


def test_where_the_words_are_the_same_there_is_nothing_to_show() -> None:
    still = answers(8, *[{"a": ["Paris"]}] * 3)
    assert find([moved("choice", "a")], answers(0, *[{"a": ["Paris"]}] * 8), still, 1).examples == ()


def test_a_channel_that_reads_nothing_says_nothing() -> None:
    assert find([moved("embedding", "a")], BEFORE, SINCE, 2) == Findings()
    assert find([moved("choice", "nobody")], BEFORE, SINCE, 2) == Findings()
    assert find([moved("choice", "a")], [], SINCE, 2) == Findings()
    assert find([moved("choice", "a")], BEFORE, [], 2) == Findings()
    assert find([], BEFORE, SINCE, 2) == Findings()


def test_asks_that_failed_are_no_replies() -> None:
    failed = [replace(r, observations=tuple(replace(o, fingerprint=None) for o in r.observations)) for r in SINCE]
    assert find([moved("choice", "a")], BEFORE, [*SINCE, *failed], 2).shifts == find(
        [moved("choice", "a")], BEFORE, SINCE, 2
    ).shifts  # fmt: skip


def test_hostile_replies_are_data() -> None:
    found = find([moved("choice", "a"), moved("length", "a")], BEFORE, answers(8, *[{"a": [HOSTILE]}] * 3), 2)
    (example,) = found.examples
    assert example.recent == Place("0008", 0)
    words = {shift.channel: shift.words for shift in found.shifts}
    assert words["choice"].startswith("probe a: answers never seen before 100 % (was 0 %)")


def test_a_share_of_the_traffic_is_found_among_the_probes_that_moved() -> None:
    rng = np.random.default_rng(0)

    def day(q):
        return {s: [("new" if rng.random() < q else "old") for _ in range(8)] for s in "ab"}

    found = find(
        [moved("choice", "a", "b")],
        answers(0, *[day(0.02) for _ in range(20)]), answers(20, *[day(0.25) for _ in range(20)]), 10,
    )  # fmt: skip
    assert found.share is not None
    assert 0 < found.share.low < 0.25 < found.share.high + 0.05 < 0.9


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (Reply(START, "Paris"), "Paris"),
        (Reply(START, "", refusal="I cannot."), "I cannot."),
        (Reply(START, "", tool_calls=(ToolCall("find", '{"q": 1}'), ToolCall("stop", "{}"))), 'find({"q": 1})\nstop({})'),
        (Reply(START, ""), ""),
    ],
)  # fmt: skip
def test_what_a_person_would_call_the_answer(reply: Reply, words: str) -> None:
    assert reply.said == words


def judged(number, refused, passed, samples=10):
    """A round in which so many of the replies refuse, and so many pass their checks."""
    observations = tuple(
        Observation("a", "probe a", sample, Reply(START, ""), Fingerprint(
            {
                "refusal.refused": "yes" if sample < refused else "no",
                "expectation.all": "pass" if sample >= samples - passed else "fail",
                "text.choice": "sorry" if sample < refused else "well",
            },
        ))
        for sample in range(samples)
    )  # fmt: skip
    return Round(f"{number:04d}", "acme/m", START, observations)


def test_a_grave_channel_without_a_statistic_of_its_own_is_said_first() -> None:
    reference = [judged(n, 1, 9) for n in range(12)]
    found = find([moved("choice", "a")], reference, [judged(n, 7, 3) for n in range(12, 16)], 1)
    assert [(one.channel, one.direction) for one in found.shifts] == [
        ("expectation", "worse"), ("refusal", "worse"), ("choice", ""),
    ]  # fmt: skip
    assert [one.words for one in found.shifts[:2]] == [
        "checks pass 30 % (was 90 %)", "refuses 70 % (was 10 %)",
    ]  # fmt: skip
    assert kind_of(found.shifts) == "contract_break"


def test_what_follows_from_an_improvement_is_marked_and_makes_nothing_grave() -> None:
    reference = [judged(n, 7, 3) for n in range(12)]
    found = find([moved("choice", "a")], reference, [judged(n, 0, 10) for n in range(12, 16)], 1)
    assert [(one.channel, one.direction, one.follows) for one in found.shifts] == [
        ("expectation", "better", False), ("refusal", "better", False), ("choice", "", True),
    ]  # fmt: skip
    assert kind_of(found.shifts) == "behaviour_change"


@pytest.mark.slow
def test_counts_of_a_still_world_are_hardly_ever_clear() -> None:
    rng = np.random.default_rng(1)
    clear = sum(
        is_clear([(rng.multinomial(6, [0.5, 0.3, 0.2], 20), rng.multinomial(6, [0.5, 0.3, 0.2], 8)) for _ in range(4)])
        for _ in range(3000)
    )
    assert clear <= 4, "at 1 in 10,000 more than 4 of 3,000 come once in 30,000 times"


def test_rounds_that_scatter_need_more_to_be_clear() -> None:
    def world(ones):
        return np.array([[10.0 - one, one] for one in ones])

    steady = world([1] * 20), world([4] * 6)
    whole = world([0] * 18 + [10] * 2), world([0, 0, 0, 10, 10, 4])
    assert is_clear([steady])
    assert not is_clear([whole]), "two rounds of six, where two of twenty were like that before"
