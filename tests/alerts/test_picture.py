"""The picture of a history: drawn of anything, the same every time, and left out where there is nothing to draw."""

from __future__ import annotations

import math
from io import BytesIO

import pytest
from PIL import Image

from prober.alerts.slack.picture import LEAST_POINTS, MOST_POINTS, alt_text, history_png
from prober.model.notice import Moved, Point
from tests.alerts.notices import HISTORY, HOSTILE_TEXTS, PLAIN, edited
from tests.alerts.test_hostile import UNSEEN

DRAWN = edited(PLAIN, history=HISTORY)


def picture(notice) -> Image.Image:
    data = history_png(notice)
    assert data is not None
    return Image.open(BytesIO(data))


@pytest.mark.slow
def test_it_is_a_picture_of_the_size_that_slack_shows_whole() -> None:
    assert picture(DRAWN).size == (900, 450)


@pytest.mark.slow
def test_the_same_history_is_the_same_picture_and_another_is_another() -> None:
    assert history_png(DRAWN) == history_png(DRAWN)
    assert history_png(DRAWN) != history_png(edited(DRAWN, history=HISTORY[:-1]))


@pytest.mark.parametrize(
    "history",
    [
        (Point("0001", math.nan, math.nan, math.nan),) * 3 + (Point("0002", 1.0, math.inf, math.inf),) * 2,
        tuple(Point(f"{n:04}", 1e300 * (-1) ** n, -1e300, 1e300) for n in range(5)) + HISTORY[:2],
        HISTORY * 100,
        (Point("$\\frac{", 0.0, 0.0, 0.0),) * 2,
    ],
    ids=["not numbers", "huge", "long", "mathematics"],
)
@pytest.mark.slow
def test_any_numbers_can_be_drawn(history: tuple[Point, ...]) -> None:
    assert picture(edited(DRAWN, history=history)).size == (900, 450)


@pytest.mark.parametrize("text", [*HOSTILE_TEXTS[1:8], "$x^{$", "$$", "\\frac$"])
@pytest.mark.slow
def test_hostile_words_are_drawn_as_they_are(text: str) -> None:
    hostile = edited(DRAWN, endpoint=text, history_unit=text, onset=text, moved=(Moved(text, 1.0, text),))
    assert picture(hostile).size == (900, 450)
    assert not UNSEEN.search(alt_text(hostile)) and len(alt_text(hostile)) < 600


def test_without_a_history_there_is_none() -> None:
    assert history_png(PLAIN) is None
    assert history_png(edited(DRAWN, history=HISTORY[: LEAST_POINTS - 1])) is None
    assert history_png(edited(DRAWN, moved=())) is None
    assert history_png(edited(DRAWN, history=(Point("1", math.nan, 1.0, 1.0),) * 9)) is None


def test_the_words_for_those_who_do_not_see_it() -> None:
    assert alt_text(DRAWN) == "History of length over 18 rounds: 34 % longer."
    assert f"over {MOST_POINTS} rounds" in alt_text(edited(DRAWN, history=HISTORY * 100))
    of_one_set = alt_text(edited(DRAWN, history_set="billing"))
    assert of_one_set == "History of length over 18 rounds of set billing: 34 % longer."
