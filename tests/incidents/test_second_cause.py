"""A second cause of which there is evidence is said beside the one that is named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prober.incidents.triage.ranking import further
from prober.model.triage import Answer, Cause, Check, Ranked, Triage

AT = datetime(2026, 3, 2, tzinfo=UTC)


def answered(name: str, answer: Answer) -> Check:
    return Check(name, f"{name}?", answer, f"{name} was found")


@pytest.mark.parametrize(
    ("named", "name", "answer", "is_said"),
    [
        (("configuration",), "control_moved", "yes", True),
        (("configuration",), "tokens_added", "yes", True),
        (("configuration",), "endpoint_edited", "yes", False),
        (("system_prompt",), "tokens_added", "yes", False),
        (("configuration",), "tokens_added", "no", False),
        (("configuration",), "tokens_added", "unknown", False),
        (("configuration", "model"), "tokens_added", "yes", False),
        (("none",), "tokens_added", "yes", False),
        ((), "tokens_added", "yes", False),
    ],
)
def test_a_yes_that_one_named_cause_seldom_brings_about(
    named: tuple[Cause, ...], name: str, answer: Answer, is_said: bool
) -> None:
    assert [one.name for one in further(named, [answered(name, answer)])] == ([name] if is_said else [])


def test_the_first_line_says_so() -> None:
    ranking = (Ranked("configuration", 0.9, (), (), ""),)
    said = Triage("bot", AT, AT, (), ranking, ("configuration",), "", (answered("model_renamed", "yes"),))
    assert said.words == "your configuration (90 %); perhaps another cause too: model_renamed was found"
