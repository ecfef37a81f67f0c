"""White space around a reply is layout: it moves the format channel and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prober.fingerprint.fingerprint import fingerprint
from prober.judging.channels import CHANNELS
from prober.lab.compare import compare
from prober.loading.reply_log import LoggedReply
from prober.model.declaration import Probe
from prober.model.reply import Reply
from tests.judging.observed import REFERENCE, judged, observed

pytestmark = pytest.mark.slow

AT = datetime(2026, 1, 1, tzinfo=UTC)
PROBE = Probe(id="p", prompt="Say something.")
REPLY = Reply(AT, model="m-1", input_tokens=9, reasoning_tokens=40, top_logprobs=(("A", -0.1), ("B", -3.0)))
WORDS = ["river", "stone", "lamp", "**green**", "walk", "- seven", "paper.", "cloud\n"]


def text_of(rng: np.random.Generator) -> str:
    return " ".join(rng.choice(WORDS, size=rng.integers(1, 12))).strip()


def prints(text: str):
    return fingerprint(replace(REPLY, text=text), PROBE)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(), min_size=1) | st.text(alphabet='a7 .*-#|`{}[]"\n', min_size=1))
@pytest.mark.parametrize("space", [" ", "\u00a0", "   "])
def test_a_leading_space_changes_the_reading_of_format_only(space: str, text: str) -> None:
    text = text.strip() or "x"
    bare, spaced = prints(text), prints(space + text)
    moved = {name for name, channel in CHANNELS.items() if channel.read(bare) != channel.read(spaced)}
    assert moved == {"format"}


def test_the_judge_finds_a_leading_space_by_format_only() -> None:
    def rounds(space):
        for number in range(REFERENCE + 14):
            rng = np.random.default_rng(number)
            lead = space if number >= REFERENCE + 4 else ""
            yield observed(number, {s: [prints(lead + text_of(rng)) for _ in range(3)] for s in "ab"})

    (_, still), (_, spaced) = judged(rounds("")), judged(rounds(" "))
    assert {j.state for j in still[REFERENCE:]} == {"quiet"}
    assert spaced[-1].state == "alarm"
    assert spaced[-1].verdicts[0].channel == "format"
    others = [{v.channel: v.e_value for v in j[-1].verdicts if v.channel != "format"} for j in (still, spaced)]
    assert others[0] == others[1]


def test_comparing_finds_a_leading_space_by_format_only() -> None:
    rng = np.random.default_rng(7)
    texts = [[text_of(rng) for _ in range(40)] for _ in range(2)]

    def log(side: int, space: str) -> list[LoggedReply]:
        return [LoggedReply("1", "e", str(p), replace(REPLY, text=space + text)) for p, text in enumerate(texts[side])]

    still, spaced = compare(log(0, ""), log(1, "")), compare(log(0, ""), log(1, " "))
    assert still.verdict == "same"
    assert spaced.verdict == "changed"
    assert {one.channel for one in spaced.channels if one.changed} == {"format"}
    assert {one.channel: one.effect for one in still.channels if one.channel != "format"} == {
        one.channel: one.effect for one in spaced.channels if one.channel != "format"
    }
