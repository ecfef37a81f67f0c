"""What the judge says of live samples: in windows, and of questions as questions."""

from __future__ import annotations

import pytest

from prober.judging.samples import words_of
from prober.model.sample import Side


@pytest.mark.parametrize(
    ("side", "said", "words"),
    [
        ("inputs", "inputs: answers never seen before 23 % (was 0.0 %)", "questions never seen before 23 % (was 0.0 %)"),
        ("inputs", "inputs: rare answers 23 % (was 4 %)", "rare questions 23 % (was 4 %)"),
        ("inputs", "inputs: “Latin, no finish reason, 8 to 63 characters” 46 %", "“Latin, 8 to 63 characters” 46 %"),
        ("outputs", "outputs: answers never seen before 23 %", "answers never seen before 23 %"),
        ("outputs", "outputs: “Latin, no finish reason, 8 to 63 characters”", "“Latin, no finish reason, 8 to 63 characters”"),
        (
            "outputs",
            "outputs: “a JSON object” 100 % (was 75 %) (provisional: 4 rounds against the 2 before them)",
            "“a JSON object” 100 % (was 75 %) (provisional: 4 windows against the 2 before them)",
        ),
        (
            "inputs",
            "the reference of 1 probe needs 114 more of 168 hours and 1 more of 12 rounds",
            "the reference needs 114 more of 168 hours and 1 more of 12 windows",
        ),
        ("outputs", "34 % longer", "34 % longer"),
        ("outputs", "“round” 9 % (provisional: 1 round)", "“round” 9 % (provisional: 1 window)"),
    ],
)  # fmt: skip
def test_windows_and_questions(side: Side, said: str, words: str) -> None:
    assert words_of(said, side) == words
