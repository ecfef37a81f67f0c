"""How onset, extent and course are said."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from prober.alerts.kinds import steps
from prober.alerts.phrases import (
    between,
    course_words,
    resting_on,
    since_when,
    state_words,
    title_of,
    title_of_event,
    when,
)  # fmt: skip
from prober.model.evidence import Share
from prober.model.notice import IncidentNews
from tests.alerts.notices import NAMED, edited


@pytest.mark.parametrize(
    ("stretch", "words"),
    [
        (None, ""),
        (("0031", "0031"), ""),
        (("0029", "0031"), " (between round 0029 and round 0031)"),
        (("2026-01-29T12:00:00Z", "2026-01-29T15:00:00Z"), " (between 2026-01-29 12:00 and 15:00 UTC)"),
        (
            ("2026-01-29T23:00:00Z", "2026-01-30T01:00:00Z"),
            " (between 2026-01-29 23:00 UTC and 2026-01-30 01:00 UTC)",
        ),
        (("<!channel>\x00", "0031"), " (between <!channel>\\x00 and round 0031)"),
    ],
)
def test_a_stretch_of_rounds(stretch: tuple[str, str] | None, words: str) -> None:
    assert between(stretch) == words


def test_what_words_rest_on() -> None:
    assert resting_on(412.0, 48, 2560) == " (evidence 412, 48 replies against 2,560)"
    assert resting_on(0.0, 48, 2560) == " (48 replies against 2,560)"
    assert resting_on(0.0, 0, 0) == resting_on(0.0, 5, 0) == ""


def test_a_share_of_the_traffic() -> None:
    assert Share(0.163, 0.101, 0.22).words == "at least 16 % of the replies (10–22 %)"
    assert Share(0.4, 0.2, 0.6, 4, 12).words.endswith("; it comes in whole rounds: 4 of 12 changed")


def test_whether_it_lasts() -> None:
    assert course_words("unknown", None) == ""
    assert course_words("persistent", None) == "persistent: the rounds after the alarm are changed too"
    assert course_words("persistent", None, is_provisional=True).startswith("provisional: there was no reference yet")
    assert course_words("transient", "0033") == ("passed: the endpoint answers as the reference again since round 0033")


@pytest.mark.parametrize(
    ("onset", "is_ahead"),
    [
        ("2026-03-01T04:00:00.000000Z", False),
        ("2026-03-01T05:00:30Z", False),
        ("2026-03-01T09:00:00+02:00", True),
        ("2027-01-01T00:00:00.000003Z", True),
        ("17", False),
        ("release-4", False),
    ],
)
def test_an_onset_behind_its_detection_is_said_to_be_of_a_wrong_clock(onset: str, is_ahead: bool) -> None:
    said = since_when(onset, datetime(2026, 3, 1, 5, tzinfo=UTC))
    assert said == when(onset) + (" (by a clock that was once ahead)" if is_ahead else "")


@pytest.mark.parametrize("event", ["recovered", "trouble_over", "objective_over", "runaway_over"])
def test_what_a_person_closed_is_not_said_to_be_over(event: str) -> None:
    by_itself = NAMED[event]
    by_hand = edited(by_itself, actor="bob", note="known")
    assert title_of_event(by_itself) != "Closed by hand"
    assert title_of_event(by_hand) == "Closed by hand"
    assert ", was" not in title_of(by_hand, title_of_event(by_hand))
    assert isinstance(by_hand.about, IncidentNews) and state_words(by_hand.about) == "closed by bob: known"
    assert "nothing was measured" in " ".join(steps(by_hand, buttons=False))
