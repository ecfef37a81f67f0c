"""From logs to verdict: pairing, what is left out, and what is said when there is too little."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from prober.lab.compare import compare
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Check
from prober.model.errors import ConfigurationError, NotEnough
from tests.lab.compare.worlds import log, logged

WORDS = ("river", "stone", "lamp", "green", "walk", "seven", "paper", "cloud")


def prose(seed: int, probes: int = 30, words: int = 20) -> list[str]:
    rng = np.random.default_rng(seed)
    return [" ".join(rng.choice(WORDS, size=words + rng.integers(6))) + "." for _ in range(probes)]


def moved(compared):
    return {one.channel for one in compared.channels if one.changed}


def test_two_draws_of_one_behaviour_are_the_same():
    compared = compare(log(prose(1)), log(prose(2)))
    assert compared.verdict == "same"
    assert compared.paired
    assert compared.exchanged == "replies"
    assert (compared.probes, compared.replies, compared.failed, compared.unmatched) == (30, (30, 30), (0, 0), 0)
    assert {one.channel for one in compared.channels} == {
        "choice", "length", "format", "reply_type", "text", "refusal", "embedding"
    }  # fmt: skip
    assert {one.channel for one in compared.left_out} == {
        "identity", "serving", "tokens", "exact", "logprobs", "reasoning", "expectation", "language"
    }  # fmt: skip
    assert compared.missing == ""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "channels"),
    [
        (lambda text: f"{text} {text}", {"length"}),
        (lambda text: f"```\n{text}\n```", {"format"}),
        (lambda text: "I'm sorry, but I can't help with that.", {"refusal", "length", "choice", "embedding"}),
    ],
)
def test_a_change_is_named_by_its_channels(change, channels):
    compared = compare(log(prose(1)), log([change(text) for text in prose(2)]))
    assert compared.verdict == "changed"
    assert moved(compared) >= channels
    assert "identity" not in moved(compared)


@pytest.mark.slow
def test_groups_of_prompts_that_share_no_probe():
    def other(texts):
        return [logged(f"other-{probe}", text) for probe, text in enumerate(texts)]

    still = compare(log(prose(1)), other(prose(2)))
    assert (still.verdict, still.paired, still.probes, still.unmatched) == ("same", False, 60, 0)
    longer = compare(log(prose(1)), other([text + text for text in prose(2)]))
    assert longer.verdict == "changed"
    assert "length" in moved(longer)


@pytest.mark.slow
def test_the_order_of_lines_does_not_matter():
    reference, candidate = log(prose(1)), log([text + " More." for text in prose(2)])
    permuted = [candidate[i] for i in np.random.default_rng(0).permutation(len(candidate))]
    assert compare(reference, candidate) == compare(reversed(reference), iter(permuted))


def test_a_log_against_itself_is_the_same():
    compared = compare(log(prose(1)), log(prose(1)))
    assert compared.verdict == "same"
    assert {one.p_value for one in compared.channels} == {1.0}


@pytest.mark.slow
def test_too_few_probes_is_said_with_what_would_be_enough():
    other = "no, never, not in a thousand years"
    for probes, of_still, of_changed in ((7, "insufficient_evidence", "insufficient_evidence"),
                                         (8, "insufficient_evidence", "changed"),
                                         (11, "same", "changed")):  # fmt: skip
        reference = log(["yes"] * probes)
        still, changed = compare(reference, reference), compare(reference, log([other] * probes))
        assert (still.verdict, changed.verdict) == (of_still, of_changed)
        if of_still == "insufficient_evidence":
            assert still.missing.startswith("with one reply a probe on each side at least 11 shared probes are needed")


def test_failed_asks_are_left_out_and_counted():
    candidate = log(prose(2))
    failed = logged("0", None, error="timeout")
    compared = compare(log(prose(1)), [failed, *candidate[1:]])
    assert (compared.failed, compared.probes, compared.unmatched) == ((0, 1), 29, 1)
    with pytest.raises(NotEnough, match="candidate log holds no answered reply"):
        compare(log(prose(1)), [failed])
    with pytest.raises(NotEnough, match="reference log holds no reply"):
        compare([], candidate)


def test_an_edited_prompt_is_another_probe():
    def asked(texts, prompt):
        return [logged(probe, text, prompt=prompt if probe == 0 else "the same") for probe, text in enumerate(texts)]

    compared = compare(asked(prose(1), "old"), asked(prose(2), "new"))
    assert (compared.paired, compared.probes, compared.unmatched) == (True, 29, 2)


def test_logs_that_do_not_say_their_prompts_are_paired_by_name():
    asked = [logged(probe, text, prompt="p") for probe, text in enumerate(prose(1))]
    assert compare(asked, log(prose(2))).probes == 30


def test_several_endpoints_in_one_log_are_refused():
    with pytest.raises(ConfigurationError, match=r"candidate log holds replies of 2 endpoints \(e, f\)"):
        compare(log(prose(1)), [*log(prose(2)), logged("0", "hello", endpoint="f")])


@pytest.mark.parametrize("alpha", [0.0, -1.0, 0.5, 1.0, 1e-9, float("nan")])
def test_an_alpha_out_of_range_is_refused(alpha):
    with pytest.raises(ConfigurationError, match="write a number from"):
        compare(log(prose(1)), log(prose(2)), alpha)


@pytest.mark.slow
def test_who_answers_is_evidence_of_one_endpoint_and_chosen_of_two():
    reference = log(prose(1), model="m-2024")
    assert moved(compare(reference, log(prose(2), model="m-2025"))) == {"identity"}
    upgrade = compare(reference, log(prose(2), model="m-2025", endpoint="next"))
    assert upgrade.verdict == "same"
    assert "identity" not in {one.channel for one in upgrade.channels}


@pytest.mark.slow
def test_both_sides_are_held_to_the_checks_of_the_reference():
    checks = (Check(type="contains", value="."),)
    reference = log(prose(1), expect=checks)
    candidate = log([text.rstrip(".") for text in prose(2)])
    compared = compare(reference, candidate)
    assert "expectation" in moved(compared)
    [one] = [one for one in compared.channels if one.channel == "expectation"]
    assert one.words == "checks pass 0 % (was 100 %)"


@pytest.mark.slow
def test_enough_rounds_are_shuffled_whole():
    def rounds(count, seed):
        return [
            logged(probe, text, round=f"{day:02}")
            for day in range(count)
            for probe, text in enumerate(prose(seed + day, probes=3))
        ]

    assert compare(rounds(8, 0), rounds(8, 50)).exchanged == "rounds"
    assert compare(rounds(8, 0), rounds(1, 50)).exchanged == "rounds of a probe"


@pytest.mark.slow
def test_hostile_replies_are_data():
    hostile = [
        "\x00",
        "\ud800",
        "<!channel>",
        "",
        " \n",
        "```" * 999,
        "x" * 50_000,
        "\x1b[31m",
        "💥" * 99,
        "{" * 999,
        "a",
        "b",
    ]
    compared = compare(log(hostile), log([text[::-1] + "!" for text in hostile]))
    assert compared.verdict in ("same", "changed")
    assert all(one.words.isprintable() for one in compared.channels)
    json.dumps(asdict(compared), allow_nan=False).encode()


@pytest.mark.slow
def test_the_same_seed_says_the_same_and_another_nearly_the_same():
    reference, candidate = log(prose(1)), log(prose(2))
    first = compare(reference, candidate, rng=1)
    assert first == compare(reference, candidate, rng=np.random.default_rng(1))
    other = {one.channel: one.p_value for one in compare(reference, candidate, rng=2).channels}
    assert all(abs(other[one.channel] - one.p_value) < 0.1 for one in first.channels)


@pytest.mark.slow
def test_first_tokens_are_compared_by_their_probabilities():
    def told(side: int, yes: float) -> list[LoggedReply]:
        rng = np.random.default_rng(side)
        lines = []
        for line in log(prose(side)):
            p = yes + 0.02 * rng.normal()
            tokens = (("yes", float(np.log(p))), ("no", float(np.log(0.95 - p))))
            lines.append(replace(line, reply=replace(line.reply, top_logprobs=tokens)))
        return lines

    assert moved(compare(told(1, 0.7), told(2, 0.7))) == set()
    compared = compare(told(1, 0.7), told(2, 0.6))
    assert moved(compared) == {"logprobs"}
    [one] = [one for one in compared.channels if one.channel == "logprobs"]
    assert one.effect == pytest.approx(0.1, abs=0.02)
    assert one.unit == "total variation distance"
    assert one.words in {"“yes” 60 % (was 70 %)", "“no” 35 % (was 25 %)"}


@pytest.mark.slow
def test_exact_texts_are_compared_where_they_come_again():
    def asked(end):
        return [logged(p, f"text {p}{end}", round=str(r)) for p in range(12) for r in range(3)]

    compared = compare(asked("."), asked("."))
    assert "exact" in {one.channel for one in compared.channels}
    once = compare(log(prose(1)), log(prose(2)))
    assert "exact" in {one.channel for one in once.left_out}
    assert "exact" in moved(compare(asked("."), asked(" .")))


def test_formats_are_said_in_words():
    compared = compare(log(prose(1)), log([f"```\n{text}\n```" for text in prose(2)]))
    (words,) = (one.words for one in compared.channels if one.channel == "format")
    assert "code block" in words and "=" not in words, words
